//! Which code does one unit of work of which step, and what is true of a step in doubt.

use ruma::RoomId;

use super::{
    Advance, Turn, admin, alias, block, bring, deactivate, erase, extremities, failed, filed, limit, listing,
    logout, media, member, moving, password, power, protect, purge, redact, retry, sanction, shutdown,
    shutdown_v1, tell, token, webhook,
};
use crate::{
    model::{Block, Listing, Switch},
    plan::{DeleteApi, Effect, Outcome, Step, StepState},
    ports::{Effects, Fault, Reporting},
};

/// One unit of work of a step that is about a room.
pub(super) async fn in_a_room(
    effects: &dyn Effects,
    room: &RoomId,
    step: &Step,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    match step {
        Step::BlockRoom { .. } => block::advance(effects, room, Block::On, state).await,
        Step::UnblockRoom { .. } => block::advance(effects, room, Block::Off, state).await,
        Step::ShutDownRoom { shutdown, api: DeleteApi::V2, .. } => {
            shutdown::advance(effects, room, shutdown, state).await
        }
        Step::ShutDownRoom { shutdown, api: DeleteApi::V1, .. } => {
            shutdown_v1::advance(effects, room, shutdown, state, turn).await
        }
        Step::PurgeEmptyRoom { .. } => shutdown::purge_empty(effects, room, state).await,
        Step::MakeRoomAdmin { user, .. } => admin::advance(effects, room, user, state).await,
        Step::DeleteExtremities { .. } => extremities::advance(effects, room, state, turn).await,
        Step::PurgeHistory { purge, .. } => purge::advance(effects, room, purge, state, turn).await,
        Step::ListRoom { .. } => listing::advance(effects, room, Listing::Listed, state).await,
        Step::UnlistRoom { .. } => listing::advance(effects, room, Listing::Unlisted, state).await,
        Step::AddAlias { alias, .. } => alias::advance(effects, room, alias, alias::Wish::Added, state).await,
        Step::RemoveAlias { alias, .. } => {
            alias::advance(effects, room, alias, alias::Wish::Removed, state).await
        }
        Step::JoinRoom { .. } => moving::advance(effects, room, moving::Wish::Inside, state).await,
        Step::LeaveRoom { .. } => moving::advance(effects, room, moving::Wish::Outside, state).await,
        Step::RedactEvent { event_id, reason, .. } => {
            redact::one(effects, room, event_id, reason.as_deref(), state).await
        }
        Step::Member { user, change, reason, .. } => {
            member::advance(effects, room, user, *change, reason.as_deref(), state).await
        }
        Step::JoinUser { user, .. } => bring::advance(effects, room, user, state).await,
        Step::SetPower { user, to, .. } => power::advance(effects, room, user, *to, state).await,
        // These are about no room, about the files of one, or have been taken care of.
        Step::RestoreRoom { .. }
        | Step::RedactUser { .. }
        | Step::Sanction { .. }
        | Step::Lift { .. }
        | Step::QuarantineMedia { .. }
        | Step::UnquarantineMedia { .. }
        | Step::DeleteReport { .. }
        | Step::IgnoreReporter { .. }
        | Step::HeedReporter { .. }
        | Step::Tell { .. }
        | Step::CallWebhook { .. }
        | Step::LogOut { .. }
        | Step::Deactivate { .. }
        | Step::Reactivate { .. }
        | Step::ResetPassword { .. }
        | Step::SetRateLimit { .. }
        | Step::ProtectMedia { .. }
        | Step::UnprotectMedia { .. }
        | Step::DeleteMedia { .. }
        | Step::DeleteMediaOf { .. }
        | Step::QuarantineAll { .. }
        | Step::ReleaseAll { .. }
        | Step::NewToken { .. }
        | Step::EditToken { .. }
        | Step::DeleteToken { .. }
        | Step::RetryServer { .. } => elsewhere(effects, step, state, turn).await,
    }
}

/// One unit of work of a step that is about no room.
pub(super) async fn elsewhere(
    effects: &dyn Effects,
    step: &Step,
    state: Option<&StepState>,
    turn: Turn,
) -> Advance {
    match step {
        Step::Sanction { user, sanction } => {
            sanction::advance(effects, user, *sanction, Switch::On, state).await
        }
        Step::Lift { user, sanction } => {
            sanction::advance(effects, user, *sanction, Switch::Off, state).await
        }
        Step::QuarantineMedia { media, .. } => media::advance(effects, media, Switch::On, state).await,
        Step::UnquarantineMedia { media } => media::advance(effects, media, Switch::Off, state).await,
        Step::DeleteReport { report } => filed::delete(effects, *report, state).await,
        Step::IgnoreReporter { .. } => Advance::Ended(Outcome::Done { effect: Effect::ReporterIgnored }),
        Step::HeedReporter { .. } => Advance::Ended(Outcome::Done { effect: Effect::ReporterHeeded }),
        Step::Tell { user, text, key } => tell::advance(effects, user, text, key, state).await,
        Step::CallWebhook { name, body } => webhook::advance(effects, name, body, state).await,
        Step::LogOut { user, device } => logout::advance(effects, user, device.as_deref(), state).await,
        Step::Reactivate { user } => deactivate::reverse(effects, user, state).await,
        Step::ResetPassword { user, recipient, sessions } => {
            let wish = password::Wish { user, recipient, sessions: *sessions };
            password::advance(effects, &wish, state, turn).await
        }
        Step::SetRateLimit { user, limit } => limit::advance(effects, user, *limit, state).await,
        Step::ProtectMedia { media } => protect::advance(effects, media, Switch::On, state).await,
        Step::UnprotectMedia { media } => protect::advance(effects, media, Switch::Off, state).await,
        Step::DeleteMedia { media, .. } => erase::one(effects, media, state).await,
        Step::DeleteMediaOf { user } => erase::all(effects, user, state).await,
        Step::NewToken { new } => token::make(effects, new, state, turn).await,
        Step::EditToken { token, limits } => token::edit(effects, token, *limits, state).await,
        Step::DeleteToken { token } => token::delete(effects, token, state).await,
        Step::RetryServer { server } => retry::advance(effects, server, state).await,
        _ => failed("This needs a room, and has none.", None),
    }
}

/// What is remembered when a step ended that changes what the bot remembers.
pub(super) fn remembered(step: &Step, outcome: &Outcome) -> Option<Reporting> {
    let (Step::IgnoreReporter { user } | Step::HeedReporter { user }) = step else { return None };
    let to = match outcome {
        Outcome::Done { effect: Effect::ReporterIgnored } => Switch::On,
        Outcome::Done { .. } => Switch::Off,
        Outcome::Failed { .. } | Outcome::Stopped { .. } => return None,
    };
    Some(Reporting::Ignored { reporter: user.to_string(), to })
}

/// A fault of whoever a step asks.
pub(super) fn in_words(step: &Step, fault: &Fault) -> String {
    match step {
        Step::CallWebhook { name, .. } => webhook::in_words(name, fault),
        _ => fault.to_string(),
    }
}

/// What is true of a step that was begun and could not be followed to its end.
pub(super) fn uncertain(step: &Step) -> String {
    let look = match step {
        Step::BlockRoom { .. }
        | Step::UnblockRoom { .. }
        | Step::ShutDownRoom { .. }
        | Step::PurgeEmptyRoom { .. }
        | Step::ListRoom { .. }
        | Step::UnlistRoom { .. } => "!room",
        Step::RestoreRoom { .. } => "!rooms",
        Step::MakeRoomAdmin { .. }
        | Step::JoinRoom { .. }
        | Step::LeaveRoom { .. }
        | Step::JoinUser { .. } => "!members",
        Step::DeleteExtremities { .. } => "!extremities",
        Step::PurgeHistory { .. } => "!messages",
        Step::AddAlias { .. } | Step::RemoveAlias { .. } => "!alias of",
        Step::RedactEvent { .. } => "!event",
        Step::Member { .. } | Step::SetPower { .. } => "!can",
        Step::Sanction { .. } | Step::Lift { .. } | Step::Deactivate { .. } | Step::Reactivate { .. } => {
            "!user"
        }
        Step::SetRateLimit { .. } => "!ratelimit",
        Step::LogOut { .. } => "!devices",
        Step::ProtectMedia { .. }
        | Step::UnprotectMedia { .. }
        | Step::DeleteMedia { .. }
        | Step::DeleteMediaOf { .. }
        | Step::QuarantineAll { .. }
        | Step::ReleaseAll { .. } => "!media",
        Step::NewToken { .. } | Step::EditToken { .. } | Step::DeleteToken { .. } => "!token list",
        Step::RetryServer { .. } => "!federation",
        Step::RedactUser { .. } => "!messages",
        Step::QuarantineMedia { .. }
        | Step::UnquarantineMedia { .. }
        | Step::DeleteReport { .. }
        | Step::IgnoreReporter { .. }
        | Step::HeedReporter { .. }
        | Step::Tell { .. }
        | Step::CallWebhook { .. } => return "It may have happened all the same.".to_owned(),
        Step::ResetPassword { .. } => {
            return "The old password may be gone all the same: look into the direct chat with me, or ask for another \
                    password."
                .to_owned();
        }
    };
    format!("It may have happened all the same: look with {look} before you try again.")
}
