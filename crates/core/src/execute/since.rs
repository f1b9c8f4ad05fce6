//! Whether somebody else has changed what a Plan is to put right: then it is theirs, and is left as it is.

use super::power;
use crate::{
    model::MemberChange,
    plan::Step,
    ports::{Effects, Fault},
};

/// Whether the world is neither as the step that is reversed left it, nor as `step` is to make it.
pub(super) async fn changed(effects: &dyn Effects, step: &Step) -> Result<bool, Fault> {
    match step {
        // The level in `was` is the one that was set.
        Step::SetPower { room, user, was, to } => {
            let Some(now) = power::level_of(effects, &room.id, user).await? else { return Ok(false) };
            Ok(now != *to && now.unwrap_or_default() != *was)
        }
        // Whose ban it is says who sent it: a newer one takes the place of an older one.
        Step::Member { room, user, change: MemberChange::Unban, .. } => {
            let event = effects.member(&room.id, user).await?;
            Ok(event.is_some_and(|event| {
                event.text("membership") == Some("ban") && event.sender() != effects.me().as_str()
            }))
        }
        _ => Ok(false),
    }
}
