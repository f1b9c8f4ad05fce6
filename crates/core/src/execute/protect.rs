//! Protects a file from quarantine, or no longer. Synapse knows the file by its ID alone, whatever server it is of, so only
//! those of this server are ever asked for; and it is read back.

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    model::{Mxc, Switch},
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    media: &Mxc,
    to: Switch,
    state: Option<&StepState>,
) -> Advance {
    let before = match state {
        Some(StepState::Protecting { before }) => Some(*before),
        _ => None,
    };
    if media.server != effects.me().server_name() {
        return failed("Only files of this server can be protected: this one is of another.", None);
    }
    let now = match effects.media(media).await {
        Ok(Some(details)) => details.is_protected,
        Ok(None) => return failed("This server does not have the file.", None),
        Err(fault) if before.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    if now == (to == Switch::On) {
        return done(to, before.unwrap_or(now));
    }
    let Some(before) = before else {
        let state = StepState::Protecting { before: now };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    match effects.set_protection(media, to).await {
        Err(Fault::Refused { status: 404, .. }) => {
            return failed("This server does not have the file.", None);
        }
        written => {
            if let Some(refused) = refused(written) {
                return refused;
            }
        }
    }
    match effects.media(media).await {
        Ok(Some(details)) if details.is_protected == (to == Switch::On) => done(to, before),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

fn done(to: Switch, before: bool) -> Advance {
    let effect = match to {
        Switch::On => Effect::Protected { before },
        Switch::Off => Effect::Unprotected { before },
    };
    Advance::Ended(Outcome::Done { effect })
}
