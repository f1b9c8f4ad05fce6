//! Makes, changes and deletes registration tokens. Making one by chance is not idempotent: those that there are are made
//! durable first, and one that is not among them is ours.

use super::{Advance, Pace, Turn, failed, refused, unchanged};
use crate::{
    model::{NewToken, RegistrationToken, TokenLimits, TokenWord},
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

const SEVERAL: &str =
    "There are several new registration tokens, and I do not know which of them is mine: !token list.";
const NO_TOKEN: &str = "There is no such registration token (any more).";

pub(super) async fn make(
    effects: &dyn Effects,
    new: &NewToken,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    let Some(StepState::MakingToken { known }) = state else { return prepare(effects, new).await };
    // Before it was asked for, a new one is somebody else's.
    if turn == Turn::Again {
        let now = match effects.registration_tokens().await {
            Ok(now) => now,
            Err(fault) => return Advance::doubt(fault),
        };
        let is_ours = |token: &&RegistrationToken| {
            limits(token) == new.limits
                && match &new.token {
                    Some(word) => token.token == word.0,
                    None => !known.iter().any(|known| known.0 == token.token) && token.completed == 0,
                }
        };
        let ours: Vec<&RegistrationToken> = now.iter().filter(is_ours).collect();
        match ours[..] {
            [] => {}
            [token] => return made(token),
            _ => return failed(SEVERAL, None),
        }
    }
    match effects.create_token(new).await {
        Ok(token) => made(&token),
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => Advance::fault(fault),
    }
}

/// Makes durable which tokens there are.
async fn prepare(effects: &dyn Effects, new: &NewToken) -> Advance {
    let known: Vec<TokenWord> = match effects.registration_tokens().await {
        Ok(now) => now.into_iter().map(|token| TokenWord(token.token)).collect(),
        Err(fault) => return Advance::fault(fault),
    };
    if new.token.as_ref().is_some_and(|token| known.contains(token)) {
        return failed("There is a registration token with that word already.", None);
    }
    Advance::Working { state: StepState::MakingToken { known }, keep: None, pace: Pace::Now }
}

fn made(token: &RegistrationToken) -> Advance {
    let token = TokenWord(token.token.clone());
    Advance::Ended(Outcome::Done { effect: Effect::TokenMade { token } })
}

fn limits(token: &RegistrationToken) -> TokenLimits {
    TokenLimits { uses_allowed: token.uses_allowed, expires_at: token.expires_at }
}

/// What a token still allows: made anew, it is to let nobody in who could not have come before.
fn left(token: &RegistrationToken) -> TokenLimits {
    let uses = token.uses_allowed.map(|uses| uses.saturating_sub(token.completed));
    TokenLimits { uses_allowed: uses, expires_at: token.expires_at }
}

/// A token; `None` if there is none such.
async fn look(effects: &dyn Effects, word: &TokenWord) -> Result<Option<RegistrationToken>, Fault> {
    let all = effects.registration_tokens().await?;
    Ok(all.into_iter().find(|token| token.token == word.0))
}

pub(super) async fn edit(
    effects: &dyn Effects,
    token: &TokenWord,
    to: TokenLimits,
    state: Option<&StepState>,
) -> Advance {
    let before = match state {
        Some(StepState::ChangingToken { before }) => Some(*before),
        _ => None,
    };
    let edited = |before| Advance::Ended(Outcome::Done { effect: Effect::TokenEdited { before } });
    let now = match look(effects, token).await {
        Ok(Some(now)) => limits(&now),
        Ok(None) => return failed(NO_TOKEN, None),
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    if now == to {
        return edited(before.unwrap_or(now));
    }
    let Some(before) = before else {
        let state = StepState::ChangingToken { before: now };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    if let Some(refused) = refused(effects.edit_token(token, to).await) {
        return refused;
    }
    match look(effects, token).await {
        Ok(Some(now)) if limits(&now) == to => edited(before),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

pub(super) async fn delete(effects: &dyn Effects, token: &TokenWord, state: Option<&StepState>) -> Advance {
    let before = match state {
        Some(StepState::ChangingToken { before }) => Some(*before),
        _ => None,
    };
    let deleted = |before| Advance::Ended(Outcome::Done { effect: Effect::TokenDeleted { before } });
    let now = match look(effects, token).await {
        Ok(now) => now,
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    let before = match (now, before) {
        (None, Some(before)) => return deleted(before),
        (None, None) => return failed(NO_TOKEN, None),
        (Some(token), None) => {
            let state = StepState::ChangingToken { before: left(&token) };
            return Advance::Working { state, keep: None, pace: Pace::Now };
        }
        (Some(_), Some(before)) => before,
    };
    match effects.delete_token(token).await {
        // Somebody else was quicker.
        Ok(()) | Err(Fault::Refused { status: 404, .. }) => {}
        Err(fault) if fault.may_have_acted() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    match look(effects, token).await {
        Ok(None) => deleted(before),
        Ok(Some(_)) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}
