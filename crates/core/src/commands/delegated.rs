//! What is refused where another service decides about logins (delegated authentication), and the bot has no access to it:
//! Synapse would say yes there, and nothing would happen.

use super::{Failure, World};
use crate::{model::Authentication, reply::Line};

/// Who decides about logins. Refused when that is a service that the bot has no access to; `instead` says what else can
/// be done.
pub(super) async fn logins_are_in_reach(
    world: &World<'_>,
    instead: impl FnOnce(Line) -> Line + Send,
) -> Result<Authentication, Failure> {
    match world.lookup.authentication().await? {
        known @ (Authentication::Homeserver | Authentication::Mas) => Ok(known),
        Authentication::Elsewhere => {
            let line = Line::new()
                .text(
                    "Logins are the business of an authentication service here (MAS), and I have no access to it. \
                     Synapse would refuse, or say yes and nothing would happen. Nothing was done. Give me access under ",
                )
                .code("[mas]")
                .text(" in my configuration, ");
            Err(Failure::told(instead(line)))
        }
    }
}

/// “… or do it there.”
pub(super) fn there(line: Line) -> Line {
    line.text("or do it in that service.")
}

/// “… or use !suspend, which works.”
pub(super) fn suspend(line: Line) -> Line {
    line.text("do it in that service, or use ")
        .code("!suspend")
        .text(", which works: they can only read then, and leave rooms.")
}
