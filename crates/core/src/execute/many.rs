//! Quarantines all files of a user or a room with one request, or lets them out one after the other. Which are in
//! quarantine is asked before and after, so that an undo lets out those that were not before, and no others.

use ruma::UserId;

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    model::{ListedMedia, MediaDetails, Mxc, Switch},
    plan::{Effect, FilesOf, Outcome, StepState},
    ports::{Effects, Fault},
};

/// How many files of a user are listed with one request.
const PAGE: u32 = 500;
/// How many files are let out before that is made durable.
const AT_ONCE: usize = 20;

pub(super) async fn quarantine(effects: &dyn Effects, of: &FilesOf, state: Option<&StepState>) -> Advance {
    let begun = match state {
        Some(StepState::QuarantiningAll { files }) => Some(files.clone()),
        _ => None,
    };
    let now = match listed(effects, of).await {
        Ok(now) => now,
        Err(Fault::Refused { status: 404, .. }) => {
            return failed("The server knows no such account or room.", None);
        }
        Err(fault) if begun.is_some() => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    };
    let Some(files) = begun else {
        let files: Vec<Mxc> = now.iter().filter(|file| is_open(file)).map(|file| file.mxc.clone()).collect();
        if files.is_empty() {
            return quarantined(files, &now);
        }
        let state = StepState::QuarantiningAll { files };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    if !now.iter().any(is_open) {
        return quarantined(files, &now);
    }
    let written = match of {
        FilesOf::User(user) => effects.quarantine_media_of(user).await,
        FilesOf::Room(room) => effects.quarantine_media_in(&room.id).await,
    };
    if let Some(refused) = refused(written) {
        return refused;
    }
    match listed(effects, of).await {
        // What came meanwhile may be open; what there was may not.
        Ok(now) if !now.iter().any(|file| is_open(file) && files.contains(&file.mxc)) => {
            quarantined(files, &now)
        }
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

/// Whether a file is here, and neither in quarantine nor protected from it.
fn is_open(file: &ListedMedia) -> bool {
    file.details.as_ref().is_some_and(|details| details.quarantined_by.is_none() && !details.is_protected)
}

fn quarantined(files: Vec<Mxc>, now: &[ListedMedia]) -> Advance {
    let is_spared = |details: &MediaDetails| details.is_protected && details.quarantined_by.is_none();
    let spared = now.iter().filter(|file| file.details.as_ref().is_none_or(is_spared)).count() as u64;
    Advance::Ended(Outcome::Done { effect: Effect::AllQuarantined { files, spared } })
}

async fn listed(effects: &dyn Effects, of: &FilesOf) -> Result<Vec<ListedMedia>, Fault> {
    match of {
        FilesOf::User(user) => uploads(effects, user).await,
        FilesOf::Room(room) => {
            let mut files = Vec::new();
            for mxc in effects.media_in(&room.id).await? {
                let details = effects.media(&mxc).await?;
                files.push(ListedMedia { mxc, details });
            }
            Ok(files)
        }
    }
}

async fn uploads(effects: &dyn Effects, user: &UserId) -> Result<Vec<ListedMedia>, Fault> {
    let (mut files, mut from) = (Vec::new(), Some(0));
    while let Some(at) = from {
        let page = effects.media_of(user, at, PAGE).await?;
        // A page that leads to itself would never end.
        from = page.next.filter(|next| *next > at);
        files.extend(page.media);
    }
    Ok(files)
}

pub(super) async fn release(
    effects: &dyn Effects,
    of: &FilesOf,
    only: Option<&[Mxc]>,
    state: Option<&StepState>,
) -> Advance {
    let Some(StepState::Releasing { files, done }) = state else {
        let now = match listed(effects, of).await {
            Ok(now) => now,
            Err(Fault::Refused { status: 404, .. }) => {
                return failed("The server knows no such account or room.", None);
            }
            Err(fault) => return Advance::fault(fault),
        };
        let is_closed = |file: &&ListedMedia| {
            file.details.as_ref().is_some_and(|details| details.quarantined_by.is_some())
                && only.is_none_or(|only| only.contains(&file.mxc))
        };
        let files: Vec<Mxc> = now.iter().filter(is_closed).map(|file| file.mxc.clone()).collect();
        if files.is_empty() {
            return released(files);
        }
        let state = StepState::Releasing { files, done: 0 };
        return Advance::Working { state, keep: None, pace: Pace::Now };
    };
    let at = usize::try_from(*done).unwrap_or(usize::MAX);
    let next: Vec<&Mxc> = files.iter().skip(at).take(AT_ONCE).collect();
    for media in &next {
        if let Some(refused) = refused(effects.set_quarantine(media, Switch::Off).await) {
            return refused;
        }
        match effects.media(media).await {
            Ok(Some(details)) if details.quarantined_by.is_some() => return unchanged(),
            Ok(_) => {}
            Err(fault) => return Advance::doubt(fault),
        }
    }
    if next.is_empty() {
        return released(files.clone());
    }
    let state = StepState::Releasing { files: files.clone(), done: done.saturating_add(next.len() as u64) };
    Advance::Working { state, keep: None, pace: Pace::Now }
}

fn released(files: Vec<Mxc>) -> Advance {
    Advance::Ended(Outcome::Done { effect: Effect::AllReleased { files } })
}
