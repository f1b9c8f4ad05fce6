//! What a sentence about a membership can carry behind who did what to whom.

use serde_json::Value;

use super::{email::display_name, table::By, transition::Transition, user_of, words::Words};
use crate::{
    model::Event,
    reply::Line,
    rules::{event::reason, member::Membership, names::Names},
    text::clean::clean,
};

/// What goes for the invitation, the join or the ban itself.
pub(super) fn circumstances(line: Line, event: &Event, transition: Transition, names: &Names) -> Line {
    use Transition as To;

    let prev_sender = unsigned(event, "prev_sender").filter(|user| !user.is_empty());
    let by_another = prev_sender.filter(|user| *user != event.sender());
    let line = match transition {
        To::Invited
        | To::InvitationRepeated
        | To::KnockAccepted
        | To::InvitedThemselves
        | To::InvitedThoughJoined
        | To::InvitedThoughBanned
        | To::Unseen(Membership::Invite)
        | To::UnknownBefore(Membership::Invite) => invitation(line, event),
        To::InvitationAccepted => {
            let line = match prev_sender {
                Some(inviter) => line.text(" from ").append(user_of(inviter, names)),
                None => line,
            };
            vouched(line, event, names)
        }
        To::InvitationDeclined => match prev_sender {
            Some(inviter) => line.text(" from ").append(user_of(inviter, names)),
            None => line,
        },
        To::InvitationWithdrawn => match by_another {
            Some(inviter) => line.text(", who had been invited by ").append(user_of(inviter, names)),
            None => line,
        },
        To::Unbanned => match by_another {
            Some(banner) => line.text(", who had been banned by ").append(user_of(banner, names)),
            None => line,
        },
        To::Joined
        | To::JoinedWithoutAnswer
        | To::JoinedByOther
        | To::JoinedThoughBanned
        | To::UnknownBefore(Membership::Join) => vouched(line, event, names),
        To::UnknownMembership => line.text(": ").user(event.text("membership").unwrap_or_default()),
        To::NoUser => line.text(", to ").user(event.text("membership").unwrap_or("nothing")),
        To::Unseen(Membership::Join | Membership::Leave) => line.text(" (what was before is not shown)"),
        _ => line,
    };
    match (transition, event.prev_content().and_then(|content| content.get("membership")?.as_str())) {
        (To::UnknownBefore(_), Some(before)) => {
            line.text(", after a membership that servers do not know: ").user(before)
        }
        _ => line,
    }
}

fn invitation(line: Line, event: &Event) -> Line {
    let line = match event.content().get("is_direct") {
        Some(Value::Bool(true)) => line.text(" to a direct chat"),
        _ => line,
    };
    // "The third_party_invite property will be set if this invite is an invite event and is the successor of an
    // m.room.third_party_invite event."
    match event.content().get("third_party_invite").map(display_name) {
        Some(Some(name)) => line.text("; the e-mail invitation for ").user(name).text(" became this one"),
        Some(None) => line.text("; an e-mail invitation became this one"),
        None => line,
    }
}

/// "This field is used to denote which homeserver (through representation of a user with sufficient power level)
/// authorised the user's join": that user vouched, and invited nobody.
fn vouched(line: Line, event: &Event, names: &Names) -> Line {
    match event.text("join_authorised_via_users_server").filter(|user| !user.is_empty()) {
        Some(user) => line.text(", vouched for by ").append(user_of(user, names)),
        None => line,
    }
}

/// Whether the sender wants everything hidden that the user wrote in the room (MSC4293): with a kick or a ban alone.
pub(super) fn hides_messages(event: &Event) -> bool {
    let is_set = |key: &str| event.content().get(key) == Some(&Value::Bool(true));
    let removes = matches!(Membership::of(event.content()), Some(Membership::Ban | Membership::Leave));
    removes
        && By::of(event) == By::Other
        && (is_set("org.matrix.msc4293.redact_events") || is_set("redact_events"))
}

/// Adds that all messages are to be hidden. Whether they are is up to each server: few know that yet, and those that do
/// ask whether the sender has the power.
pub(super) fn hiding(line: Line, event: &Event, words: Words) -> Line {
    match (hides_messages(event), words.is_open()) {
        (false, _) => line,
        (true, true) => line.text(" and asked servers to hide all their messages"),
        (true, false) => line.text(", and asked servers to hide all their messages"),
    }
}

/// The reason, and of a changed ban the one before.
pub(super) fn because<'a>(line: Line, event: &'a Event, transition: Transition) -> Line {
    let said = |content: &'a Value| {
        content.get("reason").and_then(Value::as_str).filter(|reason| !clean(reason, 1).is_empty())
    };
    let (before, after) = (event.prev_content().and_then(said), said(event.content()));
    match (transition, before) {
        (Transition::BanChanged, Some(before)) if after != Some(before) => {
            let line = match after {
                // What was redacted may have had one.
                None if super::is_redacted(event) => line,
                None => line.text(", without a reason now"),
                Some(_) => reason(line, event),
            };
            line.text(" (before: ").user(before).text(")")
        }
        _ => reason(line, event),
    }
}

/// That what an event said was removed, when it was, and by whom.
pub(super) fn redaction(line: Line, event: &Event, what: &str, names: &Names) -> Line {
    if !super::is_redacted(event) {
        return line;
    }
    let line = line.text(format!("; {what} was removed from this event by "));
    match event.redacted_because() {
        Some(redaction) => reason(line.append(user_of(redaction.sender(), names)), &redaction),
        None => line.text("somebody"),
    }
}

/// A string of `unsigned`.
fn unsigned<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
    event.0.get("unsigned")?.get(key)?.as_str()
}
