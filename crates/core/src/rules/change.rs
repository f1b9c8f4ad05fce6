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
    membership,
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
        kind if is_policy_rule(kind) => policy_rule::explain(&change),
        // Done to somebody who has no ID yet: the words for it are those of memberships.
        "m.room.third_party_invite" => membership::explain_third_party_invite(event, change.names).into(),
        _ => unknown::explain(&change),
    }
}

/// Whether a type is one of the rules of policy lists.
pub(super) fn is_policy_rule(kind: &str) -> bool {
    policy_rule::subject(kind).is_some()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use ruma::server_name;
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    const KINDS: [&str; 21] = [
        "m.room.create",
        "m.room.name",
        "m.room.topic",
        "m.room.avatar",
        "m.room.canonical_alias",
        "m.room.join_rules",
        "m.room.history_visibility",
        "m.room.guest_access",
        "m.room.encryption",
        "m.room.power_levels",
        "m.room.server_acl",
        "m.room.policy",
        "m.room.tombstone",
        "m.room.pinned_events",
        "m.room.third_party_invite",
        "m.space.child",
        "m.space.parent",
        "m.policy.rule.user",
        "org.matrix.mjolnir.rule.server",
        "m.room.member",
        "</code><a href=x>@room",
    ];

    /// Fields that something is made of.
    const FIELDS: &str = "name|topic|url|alias|alt_aliases|join_rule|allow|deny|allow_ip_literals|history_visibility|\
        guest_access|algorithm|users|users_default|events|state_default|ban|kick|notifications|via|replacement_room|\
        body|pinned|suggested|canonical|entity|recommendation|reason|org\\.matrix\\.msc4205\\.hashes|sha256|type|room_id|\
        room_version|additional_creators|predecessor|m\\.federate|m\\.room\\.power_levels|@ana:hs\\.test";

    /// Words of strangers, and words that mean something.
    const WORDS: &str = "([<>&\"'`“”*?\n\u{202e}\u{200b}]|https://a\\.b|@room|@bob:hs\\.test|</code>|<a href=x>|\\PC){0,40}|\
        public|restricted|knock|private|m\\.ban|m\\.room_membership|!club:hs\\.test|hs\\.*|12|50|world_readable";

    /// JSON of any shape that looks like a content.
    fn content() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (0_i64..101).prop_map(Value::from),
            WORDS.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 40, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::vec((FIELDS, inner), 0..8).prop_map(|fields| fields.into_iter().collect()),
            ]
        })
    }

    /// The message that an explanation makes.
    fn message(event: &Event, around: &Around<'_>) -> crate::reply::Rendered {
        let told = explain(event, around);
        assert!(!told.sentence.is_empty());
        let reply = Reply::text(told.sentence).list(told.details);
        told.warnings.into_iter().fold(reply, Reply::paragraph).render()
    }

    /// Nothing of a stranger's is markup, a link or a mention outside of code.
    fn is_harmless(html: &str) -> bool {
        let mut left = html.to_owned();
        while let Some(start) = left.find("<code>") {
            let end = left[start..].find("</code>").map_or(left.len(), |end| start + end + "</code>".len());
            left.replace_range(start..end, "");
        }
        for tag in ["p", "ul", "li"] {
            left = left.replace(&format!("<{tag}>"), "").replace(&format!("</{tag}>"), "");
        }
        !left.contains(['<', '>', '"', '\'', '\u{202e}', '\u{200b}'])
            && !left.contains("@bob:hs")
            && !left.contains("://")
    }

    proptest! {
        #[test]
        fn contents_of_any_shape(
            kind in prop::sample::select(&KINDS[..]), key in WORDS, empty_key: bool, sender in WORDS,
            after in content(), before in content(), first: bool, redaction in content(), whole: bool, version in "9|12|x",
        ) {
            let key = if empty_key { "" } else { &key };
            let mut event = Event(json!({"type": kind, "state_key": key, "sender": sender, "content": after}));
            if !first {
                event.0["unsigned"] = json!({"prev_content": before});
            }
            let other = |kind: &str, content: &Value| {
                Event(json!({"type": kind, "state_key": "", "sender": sender, "content": content}))
            };
            let state = RoomState::of(
                KINDS.iter().map(|kind| other(kind, &redaction)).chain([event.clone()]),
                Some(&version),
            );
            let names = Names::of(&[Event(json!({"type": "m.room.member", "state_key": sender,
                "content": {"displayname": key}}))]).with_room(key, Some(&sender), Some(&sender));
            let public = BTreeSet::from(["!club:hs.test".to_owned()]);
            let around = Around { names: Some(&names), here: Some(server_name!("hs.test")), state: Some(&state),
                public_rooms: Some(&public) };
            for around in [Around::default(), around] {
                let rendered = message(&event, &around);
                prop_assert!(rendered.text.chars().count() <= 10_000);
                prop_assert!(is_harmless(&rendered.html), "{}", rendered.html);
            }
            if whole {
                event.0["unsigned"] = json!({"redacted_because": {"sender": sender, "content": redaction}});
                prop_assert!(is_harmless(&message(&event, &around).html));
            }
        }

        #[test]
        fn events_of_any_shape(event in content(), unsigned in content()) {
            let mut event = Event(event);
            if let Some(fields) = event.0.as_object_mut() {
                fields.insert("unsigned".to_owned(), unsigned);
            }
            message(&event, &Around::default());
        }
    }

    #[test]
    fn floods_stay_within_a_message() {
        let flood = "<@bob:hs.test> ".repeat(4_400);
        let many: Vec<String> = (0..3_000).map(|n| format!("{n}.{}", "x".repeat(15))).collect();
        let levels: serde_json::Map<String, Value> = many.iter().map(|id| (id.clone(), json!(50))).collect();
        for kind in KINDS {
            let fields = [
                "name",
                "topic",
                "url",
                "alias",
                "join_rule",
                "algorithm",
                "via",
                "body",
                "entity",
                "reason",
            ];
            let mut content: serde_json::Map<String, Value> =
                fields.into_iter().map(|field| (field.to_owned(), json!(flood))).collect();
            for list in ["allow", "deny", "pinned", "alt_aliases"] {
                content.insert(list.to_owned(), json!(many));
            }
            content.insert("users".to_owned(), Value::from(levels.clone()));
            content.insert("recommendation".to_owned(), json!(flood));
            for key in ["", &flood] {
                let event =
                    Event(json!({"type": kind, "state_key": key, "sender": flood, "content": content,
                    "unsigned": {"prev_content": {}}}));
                let told = explain(&event, &Around::default());
                let sentence = Reply::text(told.sentence).render();
                assert!(sentence.text.chars().count() < 4_000, "{kind}: {}", sentence.text.chars().count());
                let rendered = message(&event, &Around::default());
                assert!(rendered.text.chars().count() <= 10_000, "{kind}");
                assert!(is_harmless(&rendered.html), "{kind}");
            }
        }
    }
}
