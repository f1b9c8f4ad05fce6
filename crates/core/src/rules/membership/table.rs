//! From an `m.room.member` event to its meaning: the table of the specification, as an exhaustive `match` over the
//! membership before and after, and over who sent the event.

use ruma::UserId;
use serde_json::Value;

use super::{profile, transition::Transition};
use crate::{model::Event, rules::member::Membership};

/// Who sent the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The one whose membership it is.
    Oneself,
    /// Somebody else.
    Other,
}

impl By {
    pub(super) fn of(event: &Event) -> Self {
        if event.state_key() == Some(event.sender()) { Self::Oneself } else { Self::Other }
    }
}

/// What an `m.room.member` event means, whatever its shape.
pub fn transition(event: &Event) -> Transition {
    use By::{Oneself, Other};
    use Membership::{Ban, Invite, Join, Knock, Leave};
    use Transition as To;

    let Some(target) = event.state_key() else { return To::NotState };
    if <&UserId>::try_from(target).is_err() {
        return To::NoUser;
    }
    let Some(after) = Membership::of(event.content()) else {
        return match event.text("membership") {
            Some(_) => To::UnknownMembership,
            None => To::NoMembership,
        };
    };
    let before = match event.prev_content() {
        Some(content) if content.get("membership").is_some_and(Value::is_string) => {
            let Some(before) = Membership::of(content) else { return To::UnknownBefore(after) };
            before
        }
        None if replaces(event) => return To::Unseen(after),
        // "If not present, the user's previous membership must be assumed as leave."
        Some(_) | None => Leave,
    };
    // Above each branch the table's own words; where it does not tell the sender, those of the authorization rules.
    match (before, after, By::of(event)) {
        // "No change."
        (Invite, Invite, Other) => To::InvitationRepeated,
        // "User joined the room."
        (Invite, Join, Oneself) => To::InvitationAccepted,
        // "If the state_key is the same as the sender, the user rejected the invite."
        (Invite, Leave, Oneself) => To::InvitationDeclined,
        // "Otherwise, the state_key user had their invite revoked."
        (Invite, Leave, Other) => To::InvitationWithdrawn,
        // "User was banned."
        (Invite, Ban, Other) => To::InviteeBanned,
        // "User is re-knocking." But: "If the sender's current membership is not ban, invite, or join, allow. Otherwise,
        // reject."
        (Invite, Knock, Oneself | Other) => To::KnockedThoughInvited,

        // "Must never happen."
        (Join, Invite, Oneself | Other) => To::InvitedThoughJoined,
        // "displayname or avatar_url changed."
        (Join, Join, Oneself) => profile::transition(event),
        // "If the sender does not match state_key, reject."
        (Join, Join, Other) => To::ProfileChangedByOther,
        // "If the state_key is the same as the sender, the user left."
        (Join, Leave, Oneself) => To::Left,
        // "Otherwise, the state_key user was kicked."
        (Join, Leave, Other) => To::Kicked,
        // "User was kicked and banned."
        (Join, Ban, Other) => To::KickedAndBanned,
        // "Must never happen."
        (Join, Knock, Oneself | Other) => To::KnockedThoughJoined,

        // "New invitation sent."
        (Leave, Invite, Other) => To::Invited,
        // "User joined."
        (Leave, Join, Oneself) => To::Joined,
        // "No change." But: "If the sender matches state_key, allow if and only if that user's current membership state
        // is invite, join, or knock."
        (Leave, Leave, Oneself) => To::LeftAgain,
        // "No change." Others can write the state so, even of somebody who never was in the room.
        (Leave, Leave, Other) => To::RecordedAsGone,
        // "User was banned."
        (Leave, Ban, Other) => To::Banned,
        // "User is knocking."
        (Leave, Knock, Oneself) => To::Knocked,

        // "Must never happen."
        (Ban, Invite, Oneself | Other) => To::InvitedThoughBanned,
        // "Must never happen."
        (Ban, Join, Oneself | Other) => To::JoinedThoughBanned,
        // "User was unbanned."
        (Ban, Leave, Other) => To::Unbanned,
        // "… allow if and only if that user's current membership state is invite, join, or knock."
        (Ban, Leave, Oneself) => To::UnbannedThemselves,
        // "No change." But of the reason, mostly.
        (Ban, Ban, Other) => To::BanChanged,
        // "Must never happen."
        (Ban, Knock, Oneself | Other) => To::KnockedThoughBanned,

        // "Knock accepted."
        (Knock, Invite, Other) => To::KnockAccepted,
        // "Must never happen." It does: when the room was opened, or they meet the condition of a restricted one.
        (Knock, Join, Oneself) => To::JoinedWithoutAnswer,
        // "If the state_key is the same as the sender, the user retracted the knock."
        (Knock, Leave, Oneself) => To::KnockRetracted,
        // "Otherwise, the state_key user had their knock denied."
        (Knock, Leave, Other) => To::KnockRefused,
        // "User was banned."
        (Knock, Ban, Other) => To::KnockerBanned,
        // "No change."
        (Knock, Knock, Oneself) => To::KnockRepeated,

        // "If the sender's current membership state is not join, reject. If target user's current membership state is
        // join or ban, reject." Nobody is both in and out.
        (Invite | Leave | Knock, Invite, Oneself) => To::InvitedThemselves,
        // "If the sender does not match state_key, reject."
        (Invite | Leave | Knock, Join, Other) => To::JoinedByOther,
        (Leave | Knock, Knock, Other) => To::KnockedByOther,
        // "… and the target user's power level is less than the sender's power level, allow. Otherwise, reject." Nobody
        // has less power than themselves.
        (Invite | Join | Leave | Ban | Knock, Ban, Oneself) => To::BannedThemselves,
    }
}

/// Whether there was an event before, as the server tells.
fn replaces(event: &Event) -> bool {
    let unsigned = event.0.get("unsigned");
    unsigned.and_then(|unsigned| unsigned.get("replaces_state")).is_some_and(Value::is_string)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: &str = "@bob:hs.test";
    const OTHER: &str = "@mod:hs.test";

    fn means(sender: &str, before: Option<&str>, after: &str) -> Transition {
        let unsigned = before.map(|before| json!({"prev_content": {"membership": before}}));
        transition(&Event(json!({"type": "m.room.member", "sender": sender, "state_key": OWN,
            "content": {"membership": after}, "unsigned": unsigned})))
    }

    /// What an older table of the specification says beside what is said today.
    enum Then {
        /// The old words mean the same as today.
        Same,
        /// They do not; why today's answer is right.
        Differs(&'static str),
    }

    /// The table of before knocking existed, with every row that it has. What it calls “Not implemented” is told today,
    /// and its silence about a missing previous membership is filled.
    #[test]
    fn an_older_table_beside_todays_answers() {
        use Then::{Differs, Same};
        use Transition as To;

        let rows = [
            (Some("invite"), "invite", OTHER, "No change.", To::InvitationRepeated, Same),
            (Some("invite"), "join", OWN, "User joined the room.", To::InvitationAccepted, Same),
            (Some("invite"), "leave", OWN, "… the user rejected the invite.", To::InvitationDeclined, Same),
            (Some("invite"), "leave", OTHER, "… had their invite revoked.", To::InvitationWithdrawn, Same),
            (Some("invite"), "ban", OTHER, "User was banned.", To::InviteeBanned, Same),
            (
                Some("invite"),
                "knock",
                OWN,
                "Not implemented.",
                To::KnockedThoughInvited,
                Differs("knocking exists since room version 7, and the rules forbid it to who is invited"),
            ),
            (Some("join"), "invite", OTHER, "Must never happen.", To::InvitedThoughJoined, Same),
            (
                Some("join"),
                "join",
                OWN,
                "displayname or avatar_url changed.",
                To::JoinRepeated,
                Differs("a join can be sent again with another field, such as a reason, and neither changed"),
            ),
            (Some("join"), "leave", OWN, "… the user left.", To::Left, Same),
            (Some("join"), "leave", OTHER, "… the state_key user was kicked.", To::Kicked, Same),
            (Some("join"), "ban", OTHER, "User was kicked and banned.", To::KickedAndBanned, Same),
            (
                Some("join"),
                "knock",
                OWN,
                "Not implemented.",
                To::KnockedThoughJoined,
                Differs("knocking exists, and today's table says of this pair that it must never happen"),
            ),
            (
                Some("leave"),
                "knock",
                OWN,
                "This is a reserved word, which currently has no meaning.",
                To::Knocked,
                Differs("the word has had its meaning since room version 7: they ask to be let in"),
            ),
            (
                Some("knock"),
                "invite",
                OTHER,
                "This is a reserved word, which currently has no meaning.",
                To::KnockAccepted,
                Differs("with knocking came the answer to it"),
            ),
            (
                Some("knock"),
                "join",
                OWN,
                "This is a reserved word, which currently has no meaning.",
                To::JoinedWithoutAnswer,
                Differs(
                    "servers allow it once the room is public, or the condition of a restricted one is met",
                ),
            ),
            (
                None,
                "join",
                OWN,
                "",
                To::Joined,
                Differs("without a previous content the old table has no row; today it counts as leave"),
            ),
            (
                None,
                "ban",
                OTHER,
                "",
                To::Banned,
                Differs("the same: who never was in a room can be banned from it"),
            ),
        ];
        for (before, after, sender, then, today, compared) in rows {
            assert_eq!(means(sender, before, after), today, "{before:?} to {after} by {sender}");
            let had_an_answer = !["", "Not implemented."].contains(&then) && !then.contains("reserved word");
            match compared {
                Same => assert!(had_an_answer, "{before:?} to {after}: the old table says nothing"),
                // A row that says something and differs all the same has its own reason, and there is only that one.
                Differs(why) => assert!(!had_an_answer || today == To::JoinRepeated, "{why}"),
            }
        }
        // What the old table says of join → join is right where something visible changed.
        let renamed = Event(json!({"sender": OWN, "state_key": OWN,
            "content": {"membership": "join", "displayname": "b"},
            "unsigned": {"prev_content": {"membership": "join", "displayname": "a"}}}));
        assert_eq!(transition(&renamed), To::NameChanged);
        // "Must never happen." was not said of knock → join by the old table, and is said by today's: servers do it.
        assert!(!To::JoinedWithoutAnswer.is_anomaly());
    }

    #[test]
    fn the_previous_content_of_the_old_format_counts() {
        let event = Event(json!({"sender": OTHER, "state_key": OWN, "content": {"membership": "leave"},
            "prev_content": {"membership": "ban"}}));
        assert_eq!(transition(&event), Transition::Unbanned);
    }

    #[test]
    fn self_is_told_by_the_whole_id() {
        for (sender, want) in [
            (OWN, Transition::Left),
            ("@bob:hs.test ", Transition::Kicked),
            ("@BOB:hs.test", Transition::Kicked),
            ("@bob:evil.test", Transition::Kicked),
            ("", Transition::Kicked),
        ] {
            assert_eq!(means(sender, Some("join"), "leave"), want, "{sender:?}");
        }
    }
}
