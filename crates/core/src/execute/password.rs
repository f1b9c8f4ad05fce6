//! Gives a local account a password by chance, and sends it to a moderator in a direct chat. The password is nowhere
//! but in that chat: until it is sent, another one is made each time, so that nothing has to be kept.

use ruma::UserId;

use super::{Advance, Pace, Patience, Turn, failed};
use crate::{
    model::{Sessions, Standing},
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

/// What is true when the direct chat could not be opened.
const AS_BEFORE: &str = "The password is as it was. You may find an empty direct chat with me.";

/// What is true when the first try to set it was refused.
const NOT_SET: &str = "The password is as it was.";

/// What is asked for.
pub(super) struct Wish<'a> {
    pub(super) user: &'a UserId,
    pub(super) recipient: &'a UserId,
    pub(super) sessions: Sessions,
}

pub(super) async fn advance(
    effects: &dyn Effects,
    wish: &Wish<'_>,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    let Wish { user, recipient, sessions } = *wish;
    match effects.account(user).await {
        Ok(Some(account)) if account.deactivated => return failed("The account is deactivated.", None),
        Ok(Some(_)) => {}
        Ok(None) => return failed("There is no such account on this server.", None),
        Err(fault) if state.is_some() => return doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    let Some(StepState::SettingPassword { room_id }) = state else {
        // Who asked may have left since.
        match effects.standing(recipient).await {
            Ok(Standing::Outside) => return failed("Whoever asked for it is no moderator any more.", None),
            Ok(Standing::Creator | Standing::Level(_)) => {}
            Err(fault) => return Advance::fault(fault),
        }
        // The chat comes first: a password that nobody gets helps nobody.
        return match effects.open_direct_chat(recipient).await {
            Ok(room_id) => {
                let state = StepState::SettingPassword { room_id };
                Advance::Working { state, keep: None, pace: Pace::Now }
            }
            // A second chat would be worse than none.
            Err(fault) if fault.may_have_acted() => failed(fault.to_string(), Some(AS_BEFORE)),
            Err(fault) => Advance::fault(fault),
        };
    };
    let password = match effects.reset_password(user, sessions).await {
        Ok(password) => password,
        Err(fault) if turn == Turn::First && !fault.is_passing() && !fault.may_have_acted() => {
            return failed(fault.to_string(), Some(NOT_SET));
        }
        Err(fault) => return doubt(fault),
    };
    match effects.send_password(room_id, user, &password).await {
        Ok(()) => {
            let effect = Effect::PasswordReset { room_id: room_id.clone() };
            Advance::Ended(Outcome::Done { effect })
        }
        Err(fault) => doubt(fault),
    }
}

/// Each try sets another password and sends another message: there are not to be many of them.
fn doubt(fault: Fault) -> Advance {
    if fault.is_passing() || fault.may_have_acted() {
        Advance::Retry { fault, patience: Patience::Brief }
    } else {
        Advance::Unknown(fault)
    }
}
