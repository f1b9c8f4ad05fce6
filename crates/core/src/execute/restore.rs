//! Bringing a room back that was shut down. The bot joins it again through other servers, or makes another one in its place;
//! then come those who were banned, the aliases, the directory, and the members. Every part looks before it writes or does no
//! harm twice, but making a room: a new room names the old one as its predecessor, and is found again by that.

mod end;
mod enter;
mod fill;
mod publish;

use ruma::RoomId;

use self::fill::Many;
use super::{Advance, Pace, Patience, Turn};
use crate::{
    plan::{Restoration, Restoring, RestoringRun, RoomRef, StepState, Told, Way},
    ports::{Effects, Fault},
};

/// How often something is tried that gets no answer that says anything, where other things wait behind it.
const TRIES: u32 = 4;

/// What is to be brought back.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    /// The room that was shut down.
    pub(super) old: &'a RoomRef,
    /// How, and with whom.
    pub(super) what: &'a Restoration,
    /// Whether it is blocked once it is back.
    pub(super) is_blocked_after: bool,
}

pub(super) async fn advance(
    effects: &dyn Effects,
    work: &Work<'_>,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    let Some(StepState::Restoring { run }) = state else { return begin(effects, work).await };
    let room = match (&run.at, run.room.as_deref()) {
        (Restoring::Joining, _) => return enter::join(effects, work, run).await,
        (Restoring::Creating { known, looks }, _) => {
            return enter::create(effects, work, run, known, *looks, turn).await;
        }
        (_, Some(room)) => room,
        // What is to be done in the room comes after it only.
        (_, None) => return begin(effects, work).await,
    };
    match &run.at {
        Restoring::Banning { next } => fill::advance(effects, work, run, room, Many::Banned, *next).await,
        Restoring::Naming { next } => fill::advance(effects, work, run, room, Many::Aliases, *next).await,
        Restoring::BringingBack { next } => {
            fill::advance(effects, work, run, room, Many::Members, *next).await
        }
        Restoring::Publishing => publish::advance(effects, work, run, room).await,
        Restoring::Closing { state } => end::close(effects, work, run, state.as_deref(), turn).await,
        Restoring::Leaving | Restoring::Joining | Restoring::Creating { .. } => {
            end::leave(effects, work, run, room).await
        }
    }
}

async fn begin(effects: &dyn Effects, work: &Work<'_>) -> Advance {
    let run = |at| RestoringRun { at, room: None, tries: 0, told: Told::default() };
    match work.what.way {
        Way::Rejoin { .. } => goes_on(run(Restoring::Joining), Pace::Now),
        Way::Anew { .. } => enter::find_or_create(effects, work, run).await,
    }
}

fn goes_on(run: RestoringRun, pace: Pace) -> Advance {
    Advance::Working { state: StepState::Restoring { run: Box::new(run) }, keep: None, pace }
}

/// The next part.
fn then(run: &RestoringRun, at: Restoring) -> Advance {
    goes_on(RestoringRun { at, tries: 0, ..run.clone() }, Pace::Now)
}

/// The bot is in the room.
fn entered(run: &RestoringRun, work: &Work<'_>, room: &RoomId) -> Advance {
    let at = match work.what.way {
        Way::Rejoin { .. } => Restoring::Naming { next: 0 },
        Way::Anew { .. } => Restoring::Banning { next: 0 },
    };
    then(&RestoringRun { room: Some(room.to_owned()), ..run.clone() }, at)
}

/// What a fault means for one thing of many.
enum Met {
    /// It is left, for this reason, and the next one's turn comes.
    Left(String),
    /// It is tried again.
    Again,
    /// Nothing else would do any better now.
    Waits(Advance),
}

impl Met {
    /// What cannot be done now must not end what was begun: people wait for the room, and one that was made is known by this
    /// run alone.
    fn from(fault: Fault, run: &RestoringRun) -> Self {
        let patience = if run.room.is_some() { Patience::Endless } else { Patience::Limited };
        match fault {
            Fault::Refused { message, .. } => Self::Left(message),
            Fault::RateLimited { .. } | Fault::Away(_) => {
                Self::Waits(Advance::Retry { fault, patience: Patience::Endless })
            }
            Fault::NotAdmin | Fault::NotRouted { .. } | Fault::TokenGone => {
                Self::Waits(Advance::Retry { fault, patience })
            }
            Fault::Timeout | Fault::Broken { .. } | Fault::BadAnswer(_) if run.tries + 1 < TRIES => {
                Self::Again
            }
            Fault::Timeout | Fault::Broken { .. } | Fault::BadAnswer(_) => Self::Left(fault.to_string()),
        }
    }
}
