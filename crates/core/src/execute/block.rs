//! Blocking and unblocking a room: remember how it was, write, read back.

use ruma::RoomId;

use super::{Advance, Pace, Patience};
use crate::{
    model::{Block, BlockStatus},
    plan::{Effect, Inside, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    room: &RoomId,
    block: Block,
    state: Option<&StepState>,
) -> Advance {
    let Some(StepState::Blocking { before }) = state else {
        return match effects.block_status(room).await {
            Ok(before) => {
                Advance::Working { state: StepState::Blocking { before }, keep: None, pace: Pace::Now }
            }
            Err(fault) => Advance::fault(fault),
        };
    };
    match effects.set_block(room, block).await {
        Ok(()) => {}
        // Setting it again is harmless.
        Err(fault) if fault.may_have_acted() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    // PUT answers with what was asked for, not with what is: read it back.
    match effects.block_status(room).await {
        Ok(now) if now.is_blocked() == (block == Block::On) => {
            Advance::Ended(Outcome::Done { effect: effect(effects, room, block, before.clone()).await })
        }
        Ok(_) => Advance::Retry {
            fault: Fault::BadAnswer(
                "it accepted the change, but reading it back still shows the old one".into(),
            ),
            patience: Patience::Brief,
        },
        Err(fault) => Advance::doubt(fault),
    }
}

async fn effect(effects: &dyn Effects, room: &RoomId, block: Block, before: BlockStatus) -> Effect {
    match block {
        Block::On => {
            // The block is set; not knowing who is inside does not make it fail.
            let inside = match effects.room(room).await {
                Ok(Some(details)) => Inside::Members(details.joined_local_members),
                Ok(None) => Inside::UnknownRoom,
                Err(_) => Inside::NotTold,
            };
            Effect::Blocked { before, inside }
        }
        Block::Off => Effect::Unblocked { before },
    }
}
