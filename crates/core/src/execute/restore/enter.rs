//! Getting into the room: the old one, or the new one in its place, which is made once.

use ruma::{OwnedRoomId, RoomId};

use super::{Met, TRIES, Work, entered, goes_on};
use crate::{
    execute::{Advance, Pace, Patience, Turn, failed, unchanged},
    plan::{Restoring, RestoringRun, Way},
    ports::{Effects, Fault},
};

/// How often a new room is looked for before another one is asked for: a server may be slow to finish one that it did not
/// answer for.
const LOOKS: u32 = 5;

/// Joins the room that was shut down.
pub(super) async fn join(effects: &dyn Effects, work: &Work<'_>, run: &RestoringRun) -> Advance {
    let Way::Rejoin { servers, could_invite } = &work.what.way else {
        return failed("There is no room to join.", None);
    };
    let room = &*work.old.id;
    match is_inside(effects, room).await {
        Ok(true) => return entered(run, work, room),
        Ok(false) => {}
        Err(fault) => return Advance::doubt(fault),
    }
    match effects.join_through(room, servers).await {
        Ok(()) => match is_inside(effects, room).await {
            Ok(true) => entered(run, work, room),
            Ok(false) => unchanged(),
            Err(fault) => Advance::doubt(fault),
        },
        Err(fault) if is_about_us(&fault) => Advance::Retry { fault, patience: Patience::Limited },
        // That no other server answers may pass.
        Err(fault) if fault.is_passing() && run.tries + 1 < TRIES => {
            goes_on(RestoringRun { tries: run.tries + 1, ..run.clone() }, Pace::Poll)
        }
        Err(fault) => {
            let invite = could_invite.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            let open = match effects.block_status(room).await {
                Ok(status) if status.is_blocked() => "It is still blocked.",
                Ok(_) => "It is not blocked any more: who is invited can join.",
                Err(_) => "",
            };
            let who = if invite.is_empty() {
                "Somebody who is still in it has to invite me;".to_owned()
            } else {
                // No full stop behind an ID, where it would look like a part of it.
                format!("Somebody who is still in it has to invite me, such as {invite} –")
            };
            let but = format!(
                "I made no other room, which would split it. {who} then send the same !undo again. {open}"
            );
            failed(format!("I am not let in. {fault}"), Some(but.trim_end()))
        }
    }
}

/// Whether it is the way to this server, and not one to others, that is in trouble.
fn is_about_us(fault: &Fault) -> bool {
    matches!(fault, Fault::RateLimited { .. } | Fault::Away(_))
}

async fn is_inside(effects: &dyn Effects, room: &RoomId) -> Result<bool, Fault> {
    Ok(effects.joined_rooms().await?.iter().any(|joined| joined == room))
}

/// Makes a room in the place of the old one.
pub(super) async fn create(
    effects: &dyn Effects,
    work: &Work<'_>,
    run: &RestoringRun,
    known: &[OwnedRoomId],
    looks: u32,
    turn: Turn,
) -> Advance {
    let Way::Anew { room, .. } = &work.what.way else {
        return failed("There is no room to make.", None);
    };
    let creating = |looks, tries| {
        let at = Restoring::Creating { known: known.to_vec(), looks };
        goes_on(RestoringRun { at, tries, ..run.clone() }, Pace::Poll)
    };
    if turn == Turn::Again {
        match made(effects, &work.old.id, known).await {
            Ok(Some(room)) => return entered(run, work, &room),
            Ok(None) if looks < LOOKS => return creating(looks + 1, run.tries),
            Ok(None) => {}
            Err(fault) => return Advance::doubt(fault),
        }
    }
    match effects.create_room(room).await {
        Ok(room) => entered(run, work, &room),
        Err(fault @ Fault::RateLimited { .. }) => Advance::Retry { fault, patience: Patience::Limited },
        // It may be there all the same: it is looked for before another one is asked for.
        Err(fault) if fault.is_passing() || fault.may_have_acted() => match Met::from(fault, run.tries) {
            Met::Left(why) => failed(
                format!("I asked for a new room several times. {why}"),
                Some("There may be one all the same: look with !rooms before you try again."),
            ),
            Met::Again | Met::Waits(_) => creating(0, run.tries + 1),
        },
        Err(fault) => failed(fault.to_string(), None),
    }
}

/// The room that was made in the place of the old one, if it was, and is complete: its power levels come with the rest.
async fn made(
    effects: &dyn Effects,
    old: &RoomId,
    known: &[OwnedRoomId],
) -> Result<Option<OwnedRoomId>, Fault> {
    for room in effects.joined_rooms().await? {
        if known.contains(&room) {
            continue;
        }
        let create = match effects.state(&room, Some("m.room.create")).await {
            Err(Fault::Refused { .. }) => continue,
            create => create?,
        };
        let is_it = create.iter().any(|event| {
            let predecessor = event.content().get("predecessor").and_then(|old| old.get("room_id"));
            event.sender() == effects.me().as_str() && predecessor.is_some_and(|id| id == old.as_str())
        });
        if is_it && !effects.state(&room, Some("m.room.power_levels")).await?.is_empty() {
            return Ok(Some(room));
        }
    }
    Ok(None)
}
