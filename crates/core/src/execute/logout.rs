//! Ends logins of a local account. Which there are is asked before every write and after it.

use ruma::UserId;

use super::{Advance, Pace, refused, unchanged};
use crate::{
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

pub(super) async fn advance(
    effects: &dyn Effects,
    user: &UserId,
    device: Option<&str>,
    state: Option<&StepState>,
) -> Advance {
    let begun = match state {
        Some(StepState::LoggingOut { devices }) => Some(devices.clone()),
        _ => None,
    };
    let is_meant = |id: &String| match (&begun, device) {
        (Some(begun), _) => begun.contains(id),
        (None, Some(device)) => id == device,
        (None, None) => true,
    };
    let now = match logins(effects, user).await {
        Ok(now) => now.into_iter().filter(is_meant).collect::<Vec<_>>(),
        Err(fault) if begun.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    if now.is_empty() {
        return done(begun.map_or(0, |devices| devices.len()));
    }
    let Some(devices) = begun else {
        let state = StepState::LoggingOut { devices: now };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    if let Some(refused) = refused(effects.log_out(user, &now).await) {
        return refused;
    }
    match logins(effects, user).await {
        Ok(left) if !left.iter().any(|id| devices.contains(id)) => done(devices.len()),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

async fn logins(effects: &dyn Effects, user: &UserId) -> Result<Vec<String>, Fault> {
    Ok(effects.devices(user).await?.into_iter().map(|device| device.id).collect())
}

fn done(devices: usize) -> Advance {
    let devices = u64::try_from(devices).unwrap_or(u64::MAX);
    Advance::Ended(Outcome::Done { effect: Effect::LoggedOut { devices } })
}
