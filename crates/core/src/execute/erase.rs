//! Deletes files: one, or all that a user uploaded, page by page until there is none.

use ruma::UserId;

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    model::Mxc,
    plan::{Effect, Outcome, StepState},
    ports::{Effects, Fault},
};

/// How many files are deleted with one request.
const PAGE: u32 = 100;

pub(super) async fn one(effects: &dyn Effects, media: &Mxc, state: Option<&StepState>) -> Advance {
    let begun = matches!(state, Some(StepState::Deleting { .. }));
    match effects.media(media).await {
        Ok(Some(_)) => {}
        Ok(None) if begun => return done(1),
        Ok(None) => return done(0),
        Err(fault) if begun => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    if !begun {
        let state = StepState::Deleting { files: 1, deleted: 0 };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    }
    match effects.delete_media(media).await {
        // Somebody else was quicker.
        Ok(()) | Err(Fault::Refused { status: 404, .. }) => {}
        Err(fault) if fault.may_have_acted() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    match effects.media(media).await {
        Ok(None) => done(1),
        Ok(Some(_)) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

pub(super) async fn all(effects: &dyn Effects, user: &UserId, state: Option<&StepState>) -> Advance {
    let begun = match state {
        Some(StepState::Deleting { files, deleted }) => Some((*files, *deleted)),
        _ => None,
    };
    let left = match effects.media_of(user, 0, 1).await {
        Ok(page) => page.total,
        Err(Fault::Refused { status: 404, .. }) => {
            return failed("There is no such account on this server.", None);
        }
        Err(fault) if begun.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    let Some((files, deleted)) = begun.map(|(files, deleted)| {
        // What was deleted when an answer was lost counts as well.
        (files, deleted.max(files.saturating_sub(left)))
    }) else {
        if left == 0 {
            return done(0);
        }
        let state = StepState::Deleting { files: left, deleted: 0 };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    if left == 0 {
        // What came meanwhile is deleted too.
        return done(files.max(deleted));
    }
    if let Some(refused) = refused(effects.delete_media_of(user, PAGE).await.map(drop)) {
        return refused;
    }
    match effects.media_of(user, 0, 1).await {
        Ok(page) if page.total < left => {
            let deleted = deleted.saturating_add(left - page.total);
            let state = StepState::Deleting { files: files.max(deleted.saturating_add(page.total)), deleted };
            Advance::Working { state, keep: None, pace: Pace::Now }
        }
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

fn done(files: u64) -> Advance {
    Advance::Ended(Outcome::Done { effect: Effect::MediaDeleted { files } })
}
