//! Changes of a room's state in words, all but memberships: who set what, from what to what, what that changes one by
//! one, and what to look out for.
//!
//! <https://spec.matrix.org/v1.19/client-server-api/#room-events>

mod acl;
mod aliases;
mod create;
mod encryption;
mod join_rules;
mod pinned;
mod policy_rule;
mod policy_server;
mod power_levels;
mod redacted;
#[cfg(test)]
mod scene;
mod space;
mod tombstone;
mod unknown;
mod values;
mod visibility;
mod words;

use serde_json::Value;

use super::{
    explain::{Around, Explanation},
    names::Names,
    room_state::RoomState,
};
use crate::{model::Event, reply::Line};

/// Explains a state event that is no membership. “Set” is said of what was set for the first time or whose previous
/// content is not known, “changed” only when it is. Never fails: what has a wrong type counts as missing, and is told.
///
/// ```
/// use gleipnir_core::{model::Event, reply::Reply, rules::{change::explain, explain::Around}};
///
/// let event = Event(serde_json::json!({
///     "type": "m.room.name", "state_key": "", "sender": "@ana:hs.test", "content": {"name": "Club"},
///     "unsigned": {"prev_content": {"name": "Lounge"}},
/// }));
/// let said = Reply::text(explain(&event, &Around::default()).sentence).render().text;
/// assert_eq!(said, "`@ana:hs.test` changed the room's name from “Lounge” to “Club”");
/// ```
pub fn explain(event: &Event, around: &Around<'_>) -> Explanation {
    let nothing = Names::default();
    let change = Change { event, names: around.names.unwrap_or(&nothing), around: *around };
    if let Some(redaction) = event.redacted_because() {
        return redacted::explain(&change, &redaction);
    }
    if !change.key().is_empty() && has_one(event.kind()) {
        return unknown::without_effect(&change);
    }
    match event.kind() {
        "m.room.create" => create::explain(&change),
        "m.room.name" => values::name(&change),
        "m.room.topic" => values::topic(&change),
        "m.room.avatar" => values::avatar(&change),
        "m.room.canonical_alias" => aliases::explain(&change),
        "m.room.join_rules" => join_rules::explain(&change),
        "m.room.history_visibility" => visibility::history(&change),
        "m.room.guest_access" => visibility::guests(&change),
        "m.room.encryption" => encryption::explain(&change),
        "m.room.power_levels" => power_levels::explain(&change),
        "m.room.server_acl" => acl::explain(&change),
        "m.room.policy" => policy_server::explain(&change),
        "m.room.tombstone" => tombstone::explain(&change),
        "m.room.pinned_events" => pinned::explain(&change),
        "m.space.child" => space::child(&change),
        "m.space.parent" => space::parent(&change),
        kind if policy_rule::subject(kind).is_some() => policy_rule::explain(&change),
        _ => unknown::explain(&change),
    }
}

/// Whether a room has one event of a type at most, so that a state key other than the empty one means nothing.
fn has_one(kind: &str) -> bool {
    matches!(
        kind,
        "m.room.create"
            | "m.room.name"
            | "m.room.topic"
            | "m.room.avatar"
            | "m.room.canonical_alias"
            | "m.room.join_rules"
            | "m.room.history_visibility"
            | "m.room.guest_access"
            | "m.room.encryption"
            | "m.room.power_levels"
            | "m.room.server_acl"
            | "m.room.policy"
            | "m.room.tombstone"
            | "m.room.pinned_events"
    )
}

/// A state event and what is known around it.
struct Change<'a> {
    event: &'a Event,
    names: &'a Names,
    around: Around<'a>,
}

impl<'a> Change<'a> {
    /// Who made the change: what each sentence begins with.
    fn who(&self) -> Line {
        self.names.user(self.event.sender())
    }

    /// The content before, if it is known and there was any.
    fn before(&self) -> Option<&'a Value> {
        self.event.prev_content().filter(|content| content.is_object())
    }

    fn after(&self) -> &'a Value {
        self.event.content()
    }

    fn key(&self) -> &'a str {
        self.event.state_key().unwrap_or_default()
    }

    /// Whether it is known that nothing is different.
    fn is_repeated(&self) -> bool {
        self.before() == Some(self.after())
    }

    fn state(&self) -> Option<&'a RoomState> {
        self.around.state
    }
}
