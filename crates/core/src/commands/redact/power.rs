//! Whether the bot may redact what others wrote in a room.

use super::super::{Failure, World};
use crate::{
    plan::RoomRef,
    reply::Line,
    rules::{
        can::{Action, Answer, Known, may},
        names::Names,
        room_state::RoomState,
    },
};

/// What keeps the bot from it, in whole sentences; nothing where it may. `is_inside`: what the list of its rooms says.
pub(super) async fn lacks(
    world: &World<'_>,
    room: &RoomRef,
    inside: &[ruma::OwnedRoomId],
) -> Result<Option<Line>, Failure> {
    let (lookup, me) = (world.lookup, world.lookup.me());
    let to_me = || Line::new().code(format!("!room-admin {} {me}", room.id)).text(" gives me the power.");
    if !inside.contains(&room.id) {
        let line = Line::from("I am not in ").append(room.line()).text(". ");
        let line = line.code(format!("!room-admin {}", room.id)).text(
            " gives you the power there, where somebody of this server has it: invite me then, and I join. ",
        );
        return Ok(Some(line.append(to_me())));
    }
    let mut events = Vec::new();
    for kind in ["m.room.create", "m.room.power_levels", "m.room.server_acl"] {
        events.extend(lookup.state(&room.id, Some(kind)).await?);
    }
    events.extend(lookup.member(&room.id, me).await?);
    let version = lookup.room(&room.id).await?.and_then(|details| details.version);
    let state = RoomState::of(events, version.as_deref());
    let known = Known { here: Some(me.server_name()), ..Known::default() };
    let verdict = may(me, &Action::Redact, &state, &known);
    if verdict.answer == Answer::Yes {
        return Ok(None);
    }
    let names = Names::default();
    let line = Line::new().text("I cannot ").append(Action::Redact.in_words(&room.line(), &names)).text(": ");
    // It speaks of “them”, who are the bot.
    let line = line.append(verdict.reason.in_words(&names));
    let line = verdict
        .missing
        .iter()
        .fold(line, |line, missing| line.text("; what I lack: ").append(missing.in_words(&names)));
    Ok(Some(line.text(". ").append(to_me())))
}
