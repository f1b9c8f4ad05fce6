//! What is said of a step that ended and was about people, files or reports.

use crate::{
    model::MemberChange,
    plan::{Effect, NotRedacted, RoomRef, Step},
    reply::Line,
    text::number::counted,
    wrote::{in_kinds, staying},
};

/// How many rooms and failures are named.
const NAMED: usize = 3;

pub(super) fn done(line: Line, step: &Step, effect: &Effect) -> Line {
    let room = || step.room_ref().map(RoomRef::line).unwrap_or_default();
    match (step, effect) {
        (Step::RedactEvent { event_id, .. }, Effect::EventRedacted) => {
            line.code(event_id.as_str()).text(" in ").append(room()).text(" is redacted.")
        }
        (Step::RedactUser { user, .. }, Effect::UserRedacted { rooms, events, rest }) => {
            let line = line.text("The messages of ").code(user.as_str()).text(" are redacted");
            let line = match (rest.failures, rest.unread_rooms) {
                (0, 0) => line.text("."),
                (0, rooms) => line.text(format!(", but {} could not be read.", counted(rooms, "room"))),
                (n, 0) => line.text(format!(", but {} could not be.", counted(n, "event"))),
                (n, rooms) => line.text(format!(
                    ", but {} could not be, and {} could not be read.",
                    counted(n, "event"),
                    counted(rooms, "room")
                )),
            };
            redacted(line, *rooms, *events, rest)
        }
        (Step::Member { user, change, .. }, Effect::MemberChanged { before }) => {
            let was_so = change.is_done(before.as_deref());
            let (words, end) = match (change, was_so) {
                (MemberChange::Kick, false) => (" is kicked from ", "."),
                (MemberChange::Kick, true) => (" was not in ", " any more."),
                (MemberChange::Ban, false) => (" is banned from ", "."),
                (MemberChange::Ban, true) => (" was banned from ", " before already."),
                (MemberChange::Unban, false) => {
                    (" is no longer banned from ", ". Whether they come back is up to them.")
                }
                (MemberChange::Unban, true) => (" was not banned from ", "."),
                (MemberChange::Invite, false) => (" is invited to ", "."),
                (MemberChange::Invite, true) => (" was in ", ", or invited, before already."),
            };
            line.code(user.as_str()).text(words).append(room()).text(end)
        }
        (Step::Member { room, user, .. }, Effect::ChangedSince) => {
            let line = line.text("Somebody else has banned ").code(user.as_str()).text(" from ");
            let line = line.append(room.line()).text(" since, so that ban is left as it is: ");
            line.code(format!("!unban {user} {}", room.id)).text(" lifts it.")
        }
        (Step::SetPower { user, .. }, Effect::ChangedSince) => {
            let line = line.text("The power of ").code(user.as_str()).text(" in ").append(room());
            line.text(" was changed since, and is left as it is.")
        }
        (Step::Sanction { user, sanction }, Effect::Sanctioned { before }) => {
            let line = line.code(user.as_str()).text(if *before { " was " } else { " is " });
            line.text(sanction.participle()).text(if *before { " before already." } else { "." })
        }
        (Step::Lift { user, sanction }, Effect::Lifted { before }) => {
            let line = line.code(user.as_str()).text(if *before { " is no longer " } else { " was not " });
            line.text(sanction.participle()).text(".")
        }
        (Step::QuarantineMedia { media, .. }, Effect::Quarantined { before }) => {
            line.code(media.to_string()).text(if *before {
                " was in quarantine before already."
            } else {
                " is in quarantine: nobody can download it from this server, nor any equal file."
            })
        }
        (Step::UnquarantineMedia { media }, Effect::Unquarantined { before }) => line
            .code(media.to_string())
            .text(if *before { " is no longer in quarantine." } else { " was not in quarantine." }),
        (Step::Tell { user, .. }, Effect::Told { room_id }) => {
            let line = line.code(user.as_str()).text(" is told");
            match room_id {
                Some(room) => line.text(", in the direct chat ").code(room.as_str()).text("."),
                None => line.text(", by a server notice."),
            }
        }
        _ => line.append(step.describe()).text(": done."),
    }
}

/// How much is redacted, and what is not and why.
fn redacted(line: Line, rooms: u64, events: u64, rest: &NotRedacted) -> Line {
    let line = match rooms {
        0 => line.text(" There was nothing left to redact."),
        rooms => line.text(format!(" Redacted: {} in {}.", counted(events, "event"), counted(rooms, "room"))),
    };
    let line = if rest.powerless.is_empty() {
        line
    } else {
        let line = line.text(format!(" I lack the power for {}", in_kinds(&rest.powerless)));
        let line = rest.closed.iter().take(NAMED).enumerate().fold(line, |line, (n, room)| {
            line.text(if n == 0 { ": " } else { ", " }).code(format!("!room-admin {room}"))
        });
        line.text(" gives it to you, then invite me and give it to me; then send the command again.")
    };
    let mut failed = rest.failed.iter();
    let line = failed
        .by_ref()
        .take(NAMED)
        .fold(line, |line, (event, why)| line.text(" ").code(event).text(": ").user(why));
    let line = line.text(if failed.next().is_some() { " …" } else { "" });
    let mut unread = rest.unread.iter();
    let line = unread
        .by_ref()
        .take(NAMED)
        .fold(line, |line, (room, why)| line.text(" ").code(room.as_str()).text(": ").user(why));
    let line = line.text(if unread.next().is_some() { " …" } else { "" });
    match rest.staying {
        0 => line,
        n => line.text(" ").text(staying(n)),
    }
}
