//! What is done to a whole room: as `!block` and `!shutdown` do it.

use super::{Found, Scene, refusal};
use crate::{
    commands::{Failure, block_draft, shutdown_draft},
    reply::{Line, Reply},
    rules::case::CaseAction,
};

impl Scene<'_> {
    pub(super) async fn whole_room(&self, action: CaseAction, found: &mut Found) -> Result<(), Failure> {
        let room = match self.room() {
            Ok(room) => room.id,
            Err(why) => {
                found.lacks(action, why);
                return Ok(());
            }
        };
        let tell = |_: &Reply| {};
        let world = self.world(&tell);
        let decided = match action {
            CaseAction::Shutdown => shutdown_draft(&world, room).await,
            _ => block_draft(&world, room).await,
        };
        match refusal(decided)? {
            Ok(draft) => {
                found.steps.extend(draft.steps);
                found.preview = std::mem::take(&mut found.preview).append(draft.preview);
                found.caution = found.caution.take().or(draft.caution);
            }
            Err(why) => found.lacks(action, Line::new().append(why)),
        }
        Ok(())
    }
}
