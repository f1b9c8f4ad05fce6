//! Who may do what in a room, and which event says so: may they join, read, be invited, ban …; what is missing, and who
//! could grant it. By the authorization rules of the room's version, with ruma's reading of the power levels.
//!
//! ```
//! use gleipnir_core::{
//!     model::Event,
//!     reply::Reply,
//!     rules::{can::{Action, Answer, Known, may}, names::Names, room_state::RoomState},
//!     ruma::user_id,
//! };
//! use serde_json::json;
//!
//! let state = RoomState::of(
//!     [
//!         Event(json!({"type": "m.room.create", "state_key": "", "sender": "@ana:hs", "content": {"room_version": "11"}})),
//!         Event(json!({"type": "m.room.join_rules", "state_key": "", "sender": "@ana:hs", "content": {"join_rule": "public"}})),
//!     ],
//!     None,
//! );
//! let verdict = may(user_id!("@bob:hs"), &Action::Join, &state, &Known::default());
//! assert_eq!(verdict.answer, Answer::Yes);
//! let why = verdict.reason.in_words(&Names::default());
//! assert_eq!(Reply::text(why).render().text, "the room is public: anyone can join");
//! ```
//!
//! <https://spec.matrix.org/v1.19/rooms/v12/#authorization-rules>

mod act;
mod case;
mod join;
mod levels;
mod past;
mod see;
mod verdict;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use ruma::{OwnedUserId, ServerName, UserId};

use self::case::Case;
pub use self::{
    join::allow_rooms,
    levels::{Levels, Reading},
    past::what_made_possible,
    verdict::{Answer, Grant, Grantors, Missing, Reason, Remark, Source, Verdict},
};
use super::room_state::RoomState;
use crate::model::{Account, BlockStatus};

/// Something that somebody may want to do in a room. Where another user can be named and is not, it is about those
/// who have no power of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Become a member.
    Join,
    /// Read what was written.
    See,
    /// Be invited by somebody.
    BeInvited,
    /// Ask to be let in.
    Knock,
    /// Invite somebody.
    Invite(Option<OwnedUserId>),
    /// Remove somebody; withdraw an invitation, refuse a request to be let in.
    Kick(Option<OwnedUserId>),
    /// Ban somebody.
    Ban(Option<OwnedUserId>),
    /// Lift a ban.
    Unban(Option<OwnedUserId>),
    /// Redact what others wrote.
    Redact,
    /// Write.
    Speak,
    /// Change power levels.
    ChangePower {
        /// Whose; levels in general when `None`.
        of: Option<OwnedUserId>,
        /// To which level.
        to: Option<i64>,
    },
    /// Set the state of a type, such as `m.room.topic`.
    ChangeState(String),
}

/// What is known beside the room's state. Nothing is required; what is not known is not held against anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The server that the answer is for: its users are the local ones.
    pub here: Option<&'a ServerName>,
    /// The joined members, of all servers.
    pub joined: Option<&'a BTreeSet<OwnedUserId>>,
    /// How many member events the state has.
    pub memberships: Memberships,
    /// Whether the user is a member of the rooms whose members may join, by room ID, as far as that is known.
    pub in_allow_rooms: Option<&'a BTreeMap<String, bool>>,
    /// Whether the server keeps its users out of the room.
    pub block: Option<&'a BlockStatus>,
    /// The user's account, when it is a local one.
    pub account: Option<&'a Account>,
    /// Whether the user is a guest.
    pub is_guest: Option<bool>,
}

/// How many of a room's member events its state has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memberships {
    /// All: whoever has none was never in the room.
    #[default]
    All,
    /// Not all: whoever has none may be banned or invited.
    Some,
}

/// Whether a user may do something in a room whose state is `state`, and why.
pub fn may(user: &UserId, action: &Action, state: &RoomState, known: &Known<'_>) -> Verdict {
    let case = Case::new(user, state, known);
    if state.the("m.room.create").is_none() {
        return Verdict::new(Answer::NotKnown, Reason::NoState);
    }
    if let Some(no) = case.account(action) {
        return no;
    }
    let verdict = match action {
        Action::Join => join::join(&case),
        Action::See => see::see(&case),
        Action::BeInvited => join::be_invited(&case),
        Action::Knock => join::knock(&case),
        Action::Invite(target) => act::invite(&case, target.as_deref()),
        Action::Kick(target) => act::kick(&case, target.as_deref()),
        Action::Ban(target) => act::ban(&case, target.as_deref()),
        Action::Unban(target) => act::unban(&case, target.as_deref()),
        Action::Redact => act::redact(&case),
        Action::Speak => act::speak(&case),
        Action::ChangePower { of, to } => act::change_power(&case, of.as_deref(), *to),
        Action::ChangeState(kind) => act::change_state(&case, kind),
    };
    case.remark(verdict)
}

#[cfg(test)]
mod tests {
    use ruma::{
        events::room::power_levels::{PowerLevelAction, PowerLevelUserAction, RoomPowerLevels},
        owned_user_id, server_name, user_id,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        model::Event,
        reply::Reply,
        rules::{names::Names, power::Level},
    };

    const VERSIONS: [&str; 4] = ["9", "10", "11", "12"];

    fn event(kind: &str, key: &str, content: &Value) -> Event {
        Event(json!({"type": kind, "state_key": key, "sender": "@ana:hs", "content": content,
            "event_id": "$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "origin_server_ts": 1_795_219_200_000_i64}))
    }

    fn member(user: &str, membership: &str) -> Event {
        event("m.room.member", user, &json!({"membership": membership}))
    }

    /// Ana made the room; Mod has 50, and the others nothing.
    fn room(version: &str, more: Vec<Event>) -> RoomState {
        let users =
            if version == "12" { json!({"@mod:hs": 50}) } else { json!({"@ana:hs": 100, "@mod:hs": 50}) };
        let mut events = vec![
            event("m.room.create", "", &json!({"room_version": version, "creator": "@ana:hs"})),
            event(
                "m.room.power_levels",
                "",
                &json!({"users": users, "invite": 10, "redact": 40, "kick": 30}),
            ),
            event("m.room.join_rules", "", &json!({"join_rule": "invite"})),
        ];
        let inside = ["@ana:hs", "@mod:hs", "@joe:hs", "@far:far"];
        events.extend(inside.map(|user| member(user, "join")));
        events.extend([member("@bad:hs", "ban"), member("@inv:hs", "invite"), member("@ask:hs", "knock")]);
        events.extend(more);
        RoomState::of(events, Some(version))
    }

    fn joined() -> BTreeSet<OwnedUserId> {
        BTreeSet::from([
            owned_user_id!("@ana:hs"),
            owned_user_id!("@mod:hs"),
            owned_user_id!("@joe:hs"),
            owned_user_id!("@far:far"),
        ])
    }

    fn text(line: crate::reply::Line) -> String {
        Reply::text(line).render().text
    }

    /// “yes/no/not known: why | missing | who | remarks”
    fn told(verdict: &Verdict) -> String {
        let names = Names::default();
        let answer = match verdict.answer {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::NotKnown => "not known",
        };
        let mut all = vec![format!("{answer}: {}", text(verdict.reason.in_words(&names)))];
        all.extend(
            verdict.missing.iter().map(|missing| format!("missing {}", text(missing.in_words(&names)))),
        );
        all.extend(verdict.who_can_grant.iter().map(|who| text(who.in_words(&names))));
        all.extend(verdict.remarks.iter().map(|remark| text(remark.in_words())));
        all.join(" | ")
    }

    #[track_caller]
    fn check(user: &str, action: &Action, state: &RoomState, want: &str) {
        let joined = joined();
        let known = Known { here: Some(server_name!("hs")), joined: Some(&joined), ..Known::default() };
        let user = <&UserId>::try_from(user).expect("a user ID");
        let verdict = may(user, action, state, &known);
        assert_eq!(told(&verdict), want, "{user} {action:?} in version {:?}", state.version());
    }

    fn some(user: &str) -> Option<OwnedUserId> {
        Some(user.try_into().expect("a user ID"))
    }

    #[test]
    fn print() {
        for version in VERSIONS {
            let state = room(version, Vec::new());
            let joined = joined();
            let known = Known { here: Some(server_name!("hs")), joined: Some(&joined), ..Known::default() };
            for user in ["@ana:hs", "@mod:hs", "@joe:hs", "@bad:hs", "@inv:hs", "@new:far"] {
                for action in [
                    Action::Join,
                    Action::See,
                    Action::BeInvited,
                    Action::Knock,
                    Action::Invite(None),
                    Action::Invite(some("@bad:hs")),
                    Action::Kick(None),
                    Action::Kick(some("@mod:hs")),
                    Action::Ban(None),
                    Action::Ban(some("@joe:hs")),
                    Action::Unban(some("@bad:hs")),
                    Action::Redact,
                    Action::Speak,
                    Action::ChangePower { of: None, to: None },
                    Action::ChangeState("m.room.topic".into()),
                ] {
                    let verdict = may(<&UserId>::try_from(user).unwrap(), &action, &state, &known);
                    println!(
                        "{version} {user} {}: {}",
                        text(action.in_words(&"R".into(), &Names::default())),
                        told(&verdict)
                    );
                }
            }
        }
    }
}
