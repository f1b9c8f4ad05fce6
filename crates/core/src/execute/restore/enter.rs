//! Getting into the room: the old one, or the new one in its place, which is made once.

use ruma::{OwnedRoomId, RoomId};

use super::{Met, Work, entered, goes_on};
use crate::{
    execute::{Advance, Pace, Patience, Turn, failed, unchanged},
    plan::{Restoring, RestoringRun, Way},
    ports::{Effects, Fault},
};

/// How often a new room is looked for before another one is asked for: for a minute, with pauses that grow. A server may be
/// slow to finish one that it did not answer for.
const LOOKS: u32 = 24;
/// How often a room that is there and not finished is looked at: for ten minutes.
const UNFINISHED_LOOKS: u32 = 132;
/// How often the bot tries to join through other servers none of which answers: for two minutes, and the time that they take.
const JOINS: u32 = 36;

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
    let joined = effects.join_through(room, servers).await;
    // It may have happened, whatever was answered.
    match (joined, is_inside(effects, room).await) {
        (Err(fault), _) if is_about_us(&fault) => Advance::Retry { fault, patience: Patience::Limited },
        (_, Ok(true)) => entered(run, work, room),
        (_, Err(fault)) => Advance::doubt(fault),
        (Ok(()), Ok(false)) => unchanged(),
        // That no other server answers may pass.
        (Err(fault), Ok(false)) if fault.is_passing() && run.tries + 1 < JOINS => {
            goes_on(RestoringRun { tries: run.tries + 1, ..run.clone() }, Pace::Poll)
        }
        (Err(fault), Ok(false)) if fault.is_passing() => {
            let but = "I made no other room, which would split it. Try again later: send the same !undo again. If they are \
                       gone for good: the !undo of one job with --anew makes another room all the same.";
            failed(format!("None of the servers that have it answers. {fault}"), Some(but))
        }
        (Err(fault), Ok(false)) => {
            let invite = could_invite.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            let open = match effects.block_status(room).await {
                // It is blocked again after this.
                _ if work.is_blocked_after => "",
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
    matches!(fault, Fault::RateLimited { .. } | Fault::Away(_) | Fault::TokenGone)
}

async fn is_inside(effects: &dyn Effects, room: &RoomId) -> Result<bool, Fault> {
    Ok(effects.joined_rooms().await?.iter().any(|joined| joined == room))
}

/// Goes on in a room that was made in the place of the old one before, or makes one.
pub(super) async fn find_or_create(
    effects: &dyn Effects,
    work: &Work<'_>,
    run: impl FnOnce(Restoring) -> RestoringRun,
) -> Advance {
    let known = match effects.joined_rooms().await {
        Ok(known) => known,
        Err(fault) => return Advance::fault(fault),
    };
    let found = match made(effects, &work.old.id, &[]).await {
        Ok(found) => found,
        Err(fault) if fault.is_passing() => return Advance::fault(fault),
        // A room that cannot be read has nothing to do with this one.
        Err(_) => None,
    };
    let run = run(Restoring::Creating { known, looks: 0 });
    match found {
        Some(Made::Whole(room)) => entered(&run, work, &room),
        // What was never finished is not finished now.
        Some(Made::Unfinished(_)) | None => goes_on(run, Pace::Now),
    }
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
            Ok(Some(Made::Whole(room))) => return entered(run, work, &room),
            Ok(Some(Made::Unfinished(_))) if looks < UNFINISHED_LOOKS => {
                return creating(looks + 1, run.tries);
            }
            Ok(Some(Made::Unfinished(room))) => {
                let but = what_became_of(effects, &room).await;
                return failed("The homeserver began to make a room and did not finish it.", Some(&but));
            }
            Ok(None) if looks < LOOKS => return creating(looks + 1, run.tries),
            Ok(None) => {}
            Err(fault) => return Advance::doubt(fault),
        }
    }
    match effects.create_room(room).await {
        Ok(room) => entered(run, work, &room),
        Err(fault @ Fault::RateLimited { .. }) => Advance::Retry { fault, patience: Patience::Limited },
        // It may be there all the same: it is looked for before another one is asked for.
        Err(fault) if fault.is_passing() || fault.may_have_acted() => match Met::from(fault, run) {
            Met::Left(why) => failed(
                format!("I asked for a new room several times. {why}"),
                Some("There may be one all the same: look with !rooms before you try again."),
            ),
            Met::Again | Met::Waits(_) => creating(0, run.tries + 1),
        },
        // Synapse finds out that an event is not allowed when the room is there already.
        Err(fault) => match made(effects, &work.old.id, known).await {
            Ok(None) | Err(_) => failed(fault.to_string(), None),
            Ok(Some(Made::Whole(room) | Made::Unfinished(room))) => {
                let but = what_became_of(effects, &room).await;
                failed(fault.to_string(), Some(&but))
            }
        },
    }
}

/// Leaves a room that was made in vain, and says so.
async fn what_became_of(effects: &dyn Effects, room: &RoomId) -> String {
    match effects.leave_room(room).await {
        Ok(()) => {
            format!("It had made {room} all the same, without all that belongs there; I left that room.")
        }
        Err(fault) => format!(
            "It had made {room} all the same, without all that belongs there, and I could not leave it: {fault}"
        ),
    }
}

/// A room that was made in the place of the old one.
enum Made {
    /// With its power levels, which come with the rest.
    Whole(OwnedRoomId),
    /// It is still being made, or never will be.
    Unfinished(OwnedRoomId),
}

/// The room that was made in the place of the old one, if it was: a whole one rather than another.
async fn made(effects: &dyn Effects, old: &RoomId, known: &[OwnedRoomId]) -> Result<Option<Made>, Fault> {
    let mut unfinished = None;
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
        if !is_it {
            continue;
        }
        if !effects.state(&room, Some("m.room.power_levels")).await?.is_empty() {
            return Ok(Some(Made::Whole(room)));
        }
        unfinished = Some(Made::Unfinished(room));
    }
    Ok(unfinished)
}
