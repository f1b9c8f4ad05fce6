//! Writes to a local user: by a server notice, or in a direct chat where the server has no notices.

use ruma::UserId;

use super::{Advance, Pace, refused};
use crate::{
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    user: &UserId,
    text: &str,
    key: &str,
    state: Option<&StepState>,
) -> Advance {
    let Some(StepState::Telling { room_id }) = state else {
        return Advance::Working { state: StepState::Telling { room_id: None }, keep: None, pace: Pace::Now };
    };
    let done = |room_id| Advance::Ended(Outcome::Done { effect: Effect::Told { room_id } });
    if let Some(room) = room_id {
        return match refused(effects.send_text(room, text, key).await) {
            Some(refused) => refused,
            None => done(Some(room.clone())),
        };
    }
    match effects.send_notice(user, text, key).await {
        Ok(()) => done(None),
        Err(fault) if has_no_notices(&fault) => match effects.open_direct_chat(user).await {
            Ok(room) => Advance::Working {
                state: StepState::Telling { room_id: Some(room) },
                keep: None,
                pace: Pace::Now,
            },
            // A second chat would be worse than none.
            Err(fault) if fault.may_have_acted() => Advance::Unknown(fault),
            Err(fault) => Advance::fault(fault),
        },
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => Advance::fault(fault),
    }
}

/// Whether a server says that it sends no notices: to nobody, not only not to this user.
fn has_no_notices(fault: &Fault) -> bool {
    match fault {
        Fault::NotRouted { .. } => true,
        Fault::Refused { status: 400, message, .. } => message.contains("notices are not enabled"),
        _ => false,
    }
}
