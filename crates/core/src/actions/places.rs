//! What is done to a whole room: as `!block` and `!shutdown` do it.

use super::{Found, Scene, Unable, drafted};
use crate::{
    commands::{block_draft, shutdown_draft},
    reply::Reply,
    rules::case::CaseAction,
};

impl Scene<'_> {
    pub(super) async fn whole_room(&self, action: CaseAction, found: &mut Found) -> Result<(), Unable> {
        let room = self.room()?.id;
        let tell = |_: &Reply| {};
        let world = self.world(&tell);
        let decided = match action {
            CaseAction::Shutdown => shutdown_draft(&world, room).await,
            _ => block_draft(&world, room).await,
        };
        let draft = drafted(decided)?;
        found.steps.extend(draft.steps);
        found.preview = std::mem::take(&mut found.preview).append(draft.preview);
        found.caution = found.caution.take().or(draft.caution);
        Ok(())
    }
}
