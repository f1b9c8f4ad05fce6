//! The members of a room, as a list: in which order, and each in one line.

use ruma::OwnedUserId;
use serde_json::Value;

use super::power::Power;
use crate::{
    model::{Event, Millis},
    reply::{Line, user_line},
    text::duration::date,
};

/// `membership` of `m.room.member`.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Membership {
    /// In the room.
    #[default]
    Join,
    /// Invited.
    Invite,
    /// Asking to be let in.
    Knock,
    /// Banned.
    Ban,
    /// Left, was kicked or unbanned, or declined.
    Leave,
}

impl Membership {
    /// What the content of an `m.room.member` event says; `None` when it is none of the five words.
    pub fn of(content: &Value) -> Option<Self> {
        match content.get("membership")?.as_str()? {
            "join" => Some(Self::Join),
            "invite" => Some(Self::Invite),
            "knock" => Some(Self::Knock),
            "ban" => Some(Self::Ban),
            "leave" => Some(Self::Leave),
            _ => None,
        }
    }

    /// The specification's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Invite => "invite",
            Self::Knock => "knock",
            Self::Ban => "ban",
            Self::Leave => "leave",
        }
    }
}

/// A user of a room. The ID is what the room's state says, and may be no user ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user ID.
    pub id: String,
    /// Their membership.
    pub membership: Membership,
    /// The display name.
    pub name: Option<String>,
    /// The `mxc:` URI of the picture.
    pub avatar: Option<String>,
    /// Who made them so: themselves, or somebody else.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub since: Option<Millis>,
    /// The event that says so.
    pub event_id: Option<String>,
}

impl Member {
    /// The joined members, whose events may be known.
    pub fn joined(ids: &[OwnedUserId], events: &[Event]) -> Vec<Self> {
        let mut events: Vec<(&str, &Event)> = events
            .iter()
            .filter(|event| event.text("membership") == Some("join"))
            .filter_map(|event| Some((event.state_key()?, event)))
            .collect();
        events.sort_unstable_by_key(|(user, _)| *user);
        let of = |id: &str| {
            let n = events.binary_search_by_key(&id, |(user, _)| user).ok()?;
            Some(events[n].1)
        };
        ids.iter().map(|id| Self::new(id.as_str(), Membership::Join, of(id.as_str()))).collect()
    }

    /// Those who have a membership, by the room's member events.
    pub fn with(membership: Membership, events: &[Event]) -> Vec<Self> {
        events
            .iter()
            .filter(|event| event.kind() == "m.room.member")
            .filter(|event| event.text("membership") == Some(membership.as_str()))
            .filter_map(|event| Some(Self::new(event.state_key()?, membership, Some(event))))
            .collect()
    }

    fn new(id: &str, membership: Membership, event: Option<&Event>) -> Self {
        let text = |key: &str| {
            let text = event?.text(key)?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        Self {
            id: id.to_owned(),
            membership,
            name: text("displayname"),
            avatar: text("avatar_url"),
            by: event.map(|event| event.sender().to_owned()).filter(|sender| !sender.is_empty()),
            reason: text("reason"),
            since: event.map(Event::time).filter(|time| *time > 0),
            event_id: event.and_then(Event::event_id).map(ToString::to_string),
        }
    }

    /// The server of the user; empty for what is no user ID.
    pub fn server(&self) -> &str {
        self.id.split_once(':').map_or("", |(_, server)| server)
    }

    /// When, in words.
    pub fn time(&self) -> Option<String> {
        self.since.map(date)
    }
}

/// Those of the server `here` first, then server by server; in each by ID.
pub fn sorted(mut members: Vec<Member>, here: &str) -> Vec<Member> {
    members.sort_by_cached_key(|member| {
        (member.server() != here, member.server().to_owned(), member.id.clone())
    });
    members
}

/// A member in a line: name, ID, power; for the others than those who are in also who made them so, when and why.
pub fn in_words(member: &Member, power: &Power) -> Line {
    let line = user_line(member.name.as_deref(), &member.id);
    if member.membership == Membership::Join {
        return match power.in_words(&member.id) {
            Some(words) => line.text(", ").append(words),
            None => line,
        };
    }
    let by = member.by.as_deref().filter(|by| *by != member.id);
    let line = match (member.membership, by) {
        (Membership::Join | Membership::Knock, _) | (_, None) => line,
        (Membership::Invite, Some(by)) => line.text(", invited by ").code(by),
        (Membership::Ban, Some(by)) => line.text(", banned by ").code(by),
        (Membership::Leave, Some(by)) => line.text(", removed by ").code(by),
    };
    let line = match member.time() {
        Some(time) => line.text(format!(", {time}")),
        None => line,
    };
    match &member.reason {
        Some(reason) => line.text(", because ").user(reason),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use ruma::owned_user_id;
    use serde_json::json;

    use super::*;
    use crate::reply::Reply;

    fn event(user: &str, sender: &str, content: &Value) -> Event {
        Event(json!({"type": "m.room.member", "state_key": user, "sender": sender, "content": content,
            "origin_server_ts": 1_795_219_200_000_i64}))
    }

    #[track_caller]
    fn check(member: &Member, want: &str) {
        let power = Power::of(None, Some(&Event(json!({"content": {"users": {"@a:hs": 50}}}))), None);
        assert_eq!(Reply::text(in_words(member, &power)).render().text, want);
    }

    #[test]
    fn members_in_words() {
        let ids = [owned_user_id!("@a:hs"), owned_user_id!("@b:hs")];
        let events = [
            event("@a:hs", "@a:hs", &json!({"membership": "join", "displayname": "Ana"})),
            event("@b:hs", "@b:hs", &json!({"membership": "leave", "displayname": "Not this"})),
            event("@c:hs", "@c:hs", &json!({"membership": "join", "displayname": "Not in the list"})),
        ];
        let joined = Member::joined(&ids, &events);
        assert_eq!(joined.len(), 2);
        check(&joined[0], "Ana (`@a:hs`), power 50");
        check(&joined[1], "`@b:hs`");
        let one = |membership: Membership, sender: &str, reason: &str| {
            let content = json!({"membership": membership.as_str(), "reason": reason});
            Member::with(membership, &[event("@x:far", sender, &content)]).remove(0)
        };
        let time = ", 2026-11-21 00:00:00 UTC";
        for (member, want) in [
            (
                one(Membership::Ban, "@a:hs", "spam"),
                format!("`@x:far`, banned by `@a:hs`{time}, because “spam”"),
            ),
            (one(Membership::Invite, "@a:hs", ""), format!("`@x:far`, invited by `@a:hs`{time}")),
            (one(Membership::Leave, "@a:hs", ""), format!("`@x:far`, removed by `@a:hs`{time}")),
            (one(Membership::Leave, "@x:far", "bye"), format!("`@x:far`{time}, because “bye”")),
            (one(Membership::Knock, "@x:far", "let me in"), format!("`@x:far`{time}, because “let me in”")),
        ] {
            check(&member, &want);
        }
        assert!(Member::with(Membership::Ban, &events).is_empty());
    }

    #[test]
    fn what_is_no_user_id_is_listed_all_the_same() {
        let events = ["", "@", "no user", "@a:b:c", "@z:hs", ":"]
            .map(|user| event(user, "@a:hs", &json!({"membership": "ban", "displayname": 7})));
        let members = sorted(Member::with(Membership::Ban, &events), "hs");
        let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
        assert_eq!(ids, ["@z:hs", "", ":", "@", "no user", "@a:b:c"]);
        assert_eq!(members[5].server(), "b:c");
    }
}
