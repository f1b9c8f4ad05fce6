//! What of a watched room is worth telling.

use std::collections::BTreeMap;

use ruma::{OwnedRoomId, RoomId};

use super::{
    change::is_policy_rule,
    membership::{Transition, transition},
};
use crate::{model::Event, rules::member::Membership, text::target::RoomTarget};

/// How much of a room is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `off`: nothing.
    Off,
    /// `moderation`: kicks, bans, unbans, revoked invitations, refused knocks; changes of power, of who can join, of
    /// the servers that may take part and of what is banned by policy; a room that is closed; and what should not
    /// happen at all.
    #[default]
    Moderation,
    /// `all`: every change of membership and of the room's state.
    All,
}

impl Level {
    /// The word for it in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Moderation => "moderation",
            Self::All => "all",
        }
    }

    /// The level of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Off, Self::Moderation, Self::All].into_iter().find(|level| level.as_str() == word)
    }

    /// Whether a state event is told at this level.
    pub fn wants(self, event: &Event) -> bool {
        match self {
            Self::Off => false,
            Self::Moderation => is_moderation(event),
            Self::All => event.state_key().is_some(),
        }
    }
}

/// How much of which room is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Of rooms that are not named.
    pub default: Level,
    /// Of single rooms.
    pub rooms: Vec<(RoomTarget, Level)>,
}

/// Where the aliases of [`Feed::rooms`] lead, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The levels of the rooms that they lead to.
    pub rooms: BTreeMap<OwnedRoomId, Level>,
    /// The levels of those that are waited for: any room may be the one.
    pub unknown: Vec<Level>,
}

impl Feed {
    /// The level of a room, with the aliases of [`Feed::rooms`] resolved.
    pub fn level(&self, room: &RoomId, aliases: &BTreeMap<OwnedRoomId, Level>) -> Level {
        let by_id = self.rooms.iter().find_map(|(target, level)| match target {
            RoomTarget::Id(id) if id == room => Some(*level),
            RoomTarget::Id(_) | RoomTarget::Alias(_) => None,
        });
        by_id.or_else(|| aliases.get(room).copied()).unwrap_or(self.default)
    }

    /// Whether an event is told; `None` where that depends on whether its room is the one that an alias leads to that is
    /// not resolved yet.
    pub fn wants(&self, room: &RoomId, event: &Event, aliases: &Resolved) -> Option<bool> {
        let wants = self.level(room, &aliases.rooms).wants(event);
        let is_named =
            self.rooms.iter().any(|(target, _)| matches!(target, RoomTarget::Id(id) if id == room));
        let may_differ = !is_named && aliases.unknown.iter().any(|level| level.wants(event) != wants);
        (!may_differ).then_some(wants)
    }

    /// Whether anything of a room may have to be told, as far as is known without resolving aliases.
    pub fn may_want_anything(&self, room: &RoomId) -> bool {
        self.may_be(room).any(|level| level != Level::Off)
    }

    /// Whether an event may have to be told, as far as is known without resolving aliases: what never has to be need
    /// not be kept.
    pub fn may_want(&self, room: &RoomId, event: &Event) -> bool {
        self.may_be(room).any(|level| level.wants(event))
    }

    /// The levels that a room may have: any room may be the one that an alias leads to.
    fn may_be(&self, room: &RoomId) -> impl Iterator<Item = Level> {
        let by_alias = self.rooms.iter().filter_map(|(target, level)| match target {
            RoomTarget::Alias(_) => Some(*level),
            RoomTarget::Id(_) => None,
        });
        let known = self.level(room, &BTreeMap::new());
        by_alias.chain([known])
    }
}

/// Whether a state event is an act of moderation, changes who may do what, or should not have happened.
pub fn is_moderation(event: &Event) -> bool {
    match event.kind() {
        "m.room.member" => match transition(event) {
            // A kick, the end of a ban or a refusal, of which the server does not show what was before.
            Transition::Unseen(Membership::Leave) => event.state_key() != Some(event.sender()),
            transition => is_act(transition),
        },
        "m.room.power_levels"
        | "m.room.server_acl"
        | "m.room.join_rules"
        | "m.room.tombstone"
        | "m.room.policy" => true,
        // "Empty content": an invitation by e-mail that was revoked.
        "m.room.third_party_invite" => event.content().as_object().is_none_or(serde_json::Map::is_empty),
        kind => is_policy_rule(kind),
    }
}

/// Whether a change of membership is something that one user does against another, or that should not happen.
fn is_act(transition: Transition) -> bool {
    use Transition as To;
    transition.is_anomaly()
        || matches!(
            transition,
            To::RecordedAsGone
                | To::Banned
                | To::InvitationWithdrawn
                | To::InviteeBanned
                | To::Kicked
                | To::KickedAndBanned
                | To::Unbanned
                | To::BanChanged
                | To::KnockRefused
                | To::KnockerBanned
                | To::Unseen(Membership::Ban)
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, content: &serde_json::Value) -> Event {
        Event(json!({"type": kind, "state_key": "", "sender": "@a:hs", "content": content}))
    }

    fn member(sender: &str, before: &str, after: &str) -> Event {
        Event(json!({"type": "m.room.member", "state_key": "@t:hs", "sender": sender,
            "content": {"membership": after}, "unsigned": {"prev_content": {"membership": before}}}))
    }

    #[test]
    fn what_is_moderation() {
        for (by, before, after, is) in [
            ("@t:hs", "leave", "join", false),
            ("@s:hs", "leave", "invite", false),
            ("@t:hs", "join", "leave", false),
            ("@t:hs", "invite", "leave", false),
            ("@t:hs", "leave", "knock", false),
            ("@t:hs", "knock", "leave", false),
            ("@s:hs", "knock", "invite", false),
            ("@t:hs", "join", "join", false),
            ("@s:hs", "join", "leave", true),
            ("@s:hs", "invite", "leave", true),
            ("@s:hs", "knock", "leave", true),
            ("@s:hs", "ban", "leave", true),
            ("@s:hs", "join", "ban", true),
            ("@s:hs", "ban", "ban", true),
            ("@s:hs", "leave", "leave", true),
            ("@t:hs", "ban", "join", true),
            ("@t:hs", "join", "knock", true),
            ("@t:hs", "leave", "prison", true),
        ] {
            assert_eq!(is_moderation(&member(by, before, after)), is, "{by} {before} {after}");
        }
        let unseen = |sender: &str, after: &str| {
            let mut event = member(sender, "", after);
            event.0["unsigned"] = json!({"replaces_state": "$before"});
            event
        };
        for (by, after, is) in [
            ("@s:hs", "leave", true),
            ("@t:hs", "leave", false),
            ("@s:hs", "ban", true),
            ("@t:hs", "join", false),
        ] {
            assert_eq!(is_moderation(&unseen(by, after)), is, "what was before is not shown: {by} {after}");
        }
        for (kind, is) in [
            ("m.room.power_levels", true),
            ("m.room.server_acl", true),
            ("m.room.join_rules", true),
            ("m.room.tombstone", true),
            ("m.policy.rule.user", true),
            ("org.matrix.mjolnir.rule.server", true),
            ("m.policy.rule.a_million_others", false),
            ("m.room.third_party_invite", true),
            ("m.room.name", false),
            ("m.room.topic", false),
            ("m.space.child", false),
            ("org.example", false),
        ] {
            assert_eq!(is_moderation(&event(kind, &json!({}))), is, "{kind}");
        }
        assert!(!is_moderation(&event("m.room.third_party_invite", &json!({"display_name": "x"}))));
    }

    #[test]
    fn levels() {
        let id = ruma::owned_room_id!("!a:hs");
        let other = ruma::owned_room_id!("!b:hs");
        let feed = Feed {
            default: Level::Moderation,
            rooms: vec![
                (RoomTarget::Id(id.clone()), Level::Off),
                ("#lobby:hs".parse().expect("an alias"), Level::All),
            ],
        };
        let (name, ban) = (event("m.room.name", &json!({})), member("@s:hs", "join", "ban"));
        let aliases = BTreeMap::from([(other.clone(), Level::All)]);
        assert_eq!(feed.level(&id, &aliases), Level::Off);
        assert_eq!(feed.level(&other, &aliases), Level::All);
        assert_eq!(feed.level(&other, &BTreeMap::new()), Level::Moderation);
        assert!(Level::All.wants(&name) && !Level::Moderation.wants(&name) && !Level::Off.wants(&ban));
        assert!(!Level::All.wants(&Event(json!({"type": "m.room.message"}))));
        // Any room may be the one that the alias leads to.
        assert!(feed.may_want(&other, &name));
        let plain = Feed { rooms: feed.rooms[..1].to_vec(), ..feed };
        assert!(!plain.may_want(&other, &name) && plain.may_want(&other, &ban) && !plain.may_want(&id, &ban));
        for level in [Level::Off, Level::Moderation, Level::All] {
            assert_eq!(Level::from_word(level.as_str()), Some(level));
        }
        assert_eq!(Level::from_word("everything"), None);
    }
}
