//! Blocking and unblocking a room: remember how it was, write, read back.

use ruma::RoomId;

use super::{Advance, Pace, refused, unchanged};
use crate::{
    model::{Block, BlockStatus},
    plan::{Effect, Inside, Outcome, StepState},
    ports::Effects,
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
    if let Some(refused) = refused(effects.set_block(room, block).await) {
        return refused;
    }
    // PUT answers with what was asked for, not with what is: read it back.
    match effects.block_status(room).await {
        Ok(now) if now.is_blocked() == (block == Block::On) => {
            Advance::Ended(Outcome::Done { effect: effect(effects, room, block, before.clone()).await })
        }
        Ok(_) => unchanged(),
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
