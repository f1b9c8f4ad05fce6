//! Redacts one event, or what a user wrote. One event is looked at before and after. What a user wrote is a task of the
//! server that is not idempotent: asked for again it redacts every event again, so the tasks that the user already has are
//! made durable first, and one that is not among them is ours.

use std::collections::BTreeMap;

use ruma::{EventId, OwnedRoomId, RoomId, UserId};

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    model::{REDACT_USER, TaskStatus},
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

/// How many failures are kept.
const KEPT: usize = 100;

pub(super) async fn one(
    effects: &dyn Effects,
    room: &RoomId,
    event: &EventId,
    reason: Option<&str>,
    state: Option<&StepState>,
) -> Advance {
    let begun = matches!(state, Some(StepState::Redacting));
    match is_redacted(effects, room, event).await {
        Ok(Some(true)) => return Advance::Ended(Outcome::Done { effect: Effect::EventRedacted }),
        Ok(Some(false)) => {}
        Ok(None) => {
            return failed("The server does not know this event (any more), or it is in another room.", None);
        }
        Err(fault) if begun => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    if !begun {
        return Advance::Working { state: StepState::Redacting, keep: None, pace: Pace::Now };
    }
    if let Some(refused) = refused(effects.redact_event(room, event, reason).await) {
        return refused;
    }
    match is_redacted(effects, room, event).await {
        Ok(Some(true)) => Advance::Ended(Outcome::Done { effect: Effect::EventRedacted }),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

async fn is_redacted(effects: &dyn Effects, room: &RoomId, event: &EventId) -> Result<Option<bool>, Fault> {
    let context = effects.context(room, event, 0).await?;
    Ok(context.map(|context| context.event.redacted_because().is_some()))
}

pub(super) async fn all(
    effects: &dyn Effects,
    user: &UserId,
    rooms: &[OwnedRoomId],
    reason: Option<&str>,
    state: Option<&StepState>,
) -> Advance {
    match state {
        Some(StepState::FollowingRedaction { redact_id }) => follow(effects, redact_id).await,
        Some(StepState::AskingRedaction { known }) => ask(effects, user, rooms, reason, known).await,
        _ => match tasks(effects, user).await {
            Ok(known) => {
                Advance::Working { state: StepState::AskingRedaction { known }, keep: None, pace: Pace::Now }
            }
            Err(fault) => Advance::fault(fault),
        },
    }
}

async fn ask(
    effects: &dyn Effects,
    user: &UserId,
    rooms: &[OwnedRoomId],
    reason: Option<&str>,
    known: &[String],
) -> Advance {
    let following = |redact_id| Advance::Working {
        state: StepState::FollowingRedaction { redact_id },
        keep: None,
        pace: Pace::Poll,
    };
    match tasks(effects, user).await {
        Ok(now) => {
            if let Some(ours) = now.into_iter().find(|id| !known.contains(id)) {
                return following(ours);
            }
        }
        Err(fault) => return Advance::doubt(fault),
    }
    match effects.redact_user(user, rooms, reason).await {
        Ok(redact_id) => following(redact_id),
        Err(fault) if fault.may_have_acted() => Advance::doubt(fault),
        Err(fault) => Advance::fault(fault),
    }
}

/// The redactions of a user that the server knows, as far as it can list them.
async fn tasks(effects: &dyn Effects, user: &UserId) -> Result<Vec<String>, Fault> {
    let tasks = match effects.tasks(None).await {
        // Before Synapse 1.130 there is no list: after a crash it may be asked for twice.
        Err(Fault::NotRouted { .. }) => return Ok(Vec::new()),
        tasks => tasks?,
    };
    let ours = |task: &crate::model::ScheduledTask| {
        task.action == REDACT_USER && task.resource_id.as_deref() == Some(user.as_str())
    };
    Ok(tasks.into_iter().filter(ours).map(|task| task.id).collect())
}

async fn follow(effects: &dyn Effects, redact_id: &str) -> Advance {
    let status = match effects.redaction(redact_id).await {
        Ok(Some(status)) => status,
        Ok(None) => {
            return failed(
                "The server has forgotten the redaction.",
                Some("It was accepted, and may be done."),
            );
        }
        Err(fault) if fault.is_passing() || fault.may_have_acted() => {
            return Advance::Retry { fault, patience: super::Patience::Endless };
        }
        Err(fault) => return Advance::Unknown(fault),
    };
    match status.status {
        TaskStatus::Active => Advance::Working {
            state: StepState::FollowingRedaction { redact_id: redact_id.to_owned() },
            keep: None,
            pace: Pace::Poll,
        },
        TaskStatus::Complete => {
            let failures = status.failed.len() as u64;
            let failed: BTreeMap<String, String> = status.failed.into_iter().take(KEPT).collect();
            Advance::Ended(Outcome::Done { effect: Effect::UserRedacted { failed, failures } })
        }
        TaskStatus::Failed | TaskStatus::Other(_) => {
            failed(status.error.unwrap_or_else(|| "The server did not say why.".to_owned()), None)
        }
    }
}
