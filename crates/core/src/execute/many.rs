//! Quarantines all files of a user or a room, or lets them out. Which are in quarantine is asked before and after, a part at
//! a time, so that an undo concerns those that were changed and no others, and the report says how far it is.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use ruma::UserId;

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    commands::Settings,
    guard::protection,
    model::{ListedMedia, Mxc, Switch},
    plan::{Effect, FilesOf, Outcome, StepState},
    ports::{Effects, Fault},
    rules::media::{Shelf, each_once, uploaders},
};

/// How many files of a user are listed with one request.
const PAGE: u32 = 500;
/// How many files are looked at before that is made durable.
const LOOKED_AT: usize = 500;
/// How many files are changed one by one before that is made durable.
const CHANGED: usize = 100;
/// How many requests are under way at once.
const AT_ONCE: usize = 4;

/// What is to be done to which files.
pub(super) struct Work<'a> {
    /// Whose.
    pub(super) of: &'a FilesOf,
    /// Only these of them; `None` for all.
    pub(super) only: Option<&'a [Mxc]>,
    /// Into quarantine, or out of it.
    pub(super) to: Switch,
    /// Says against whom nothing is done.
    pub(super) settings: &'a Settings,
}

const SOME_PROTECTED: &str = "Among the files are some of people against whom I do nothing, and were not when it was asked \
                              for. Send the command again: it leaves those out.";

pub(super) async fn advance(effects: &dyn Effects, work: &Work<'_>, state: Option<&StepState>) -> Advance {
    match state {
        Some(StepState::Surveying { all, looked_at, found, spared }) => {
            let at = position(*looked_at);
            let next: Vec<Mxc> = all.iter().skip(at).take(LOOKED_AT).cloned().collect();
            match details(effects, next.clone()).await {
                Ok(mut files) => {
                    let (mut found, mut spared) = (found.clone(), *spared);
                    match work.protected(effects, &files).await {
                        Ok(protected) if protected.is_empty() => {}
                        // All at once would take them too.
                        Ok(_) if work.only.is_none() => return failed(SOME_PROTECTED, None),
                        Ok(protected) => {
                            let before = files.len();
                            files.retain(|file| uploader(file).is_none_or(|id| !protected.contains(id)));
                            spared += (before - files.len()) as u64;
                        }
                        Err(fault) => return Advance::fault(fault),
                    }
                    work.sort_out(&files, &mut found, &mut spared);
                    let looked_at = at + next.len();
                    if looked_at >= all.len() {
                        return work.changing(found, spared, 0);
                    }
                    let (all, looked_at) = (all.clone(), looked_at as u64);
                    now(StepState::Surveying { all, looked_at, found, spared })
                }
                Err(fault) => Advance::fault(fault),
            }
        }
        Some(StepState::QuarantiningAll { files, spared, done }) => {
            work.change(effects, files, *spared, position(*done)).await
        }
        Some(StepState::Releasing { files, done }) => work.change(effects, files, 0, position(*done)).await,
        _ => work.begin(effects).await,
    }
}

impl Work<'_> {
    /// Who uploaded some of the files of a room, and nothing is done against.
    async fn protected(
        &self,
        effects: &dyn Effects,
        files: &[ListedMedia],
    ) -> Result<BTreeSet<String>, Fault> {
        let mut protected = BTreeSet::new();
        if let (FilesOf::Room(_), Switch::On) = (self.of, self.to) {
            let open: Vec<ListedMedia> =
                files.iter().filter(|file| Shelf::of(file) == Shelf::Open).cloned().collect();
            for user in uploaders(effects.me(), &open) {
                if protection(effects, self.settings, &user).await?.is_some() {
                    protected.insert(user.to_string());
                }
            }
        }
        Ok(protected)
    }

    async fn begin(&self, effects: &dyn Effects) -> Advance {
        let all = match (self.of, self.only) {
            (FilesOf::User(user), only) => match uploads(effects, user).await {
                Ok(mut files) => {
                    if let Some(only) = only {
                        let only: BTreeSet<&Mxc> = only.iter().collect();
                        files.retain(|file| only.contains(&file.mxc));
                    }
                    let (mut found, mut spared) = (Vec::new(), 0);
                    self.sort_out(&files, &mut found, &mut spared);
                    return self.changing(found, spared, 0);
                }
                Err(fault) => Err(fault),
            },
            (FilesOf::Room(_), Some(only)) => Ok(only.to_vec()),
            (FilesOf::Room(room), None) => effects.media_in(&room.id).await.map(each_once),
        };
        match all {
            Ok(all) if all.is_empty() => self.changing(all, 0, 0),
            Ok(all) => now(StepState::Surveying { all, looked_at: 0, found: Vec::new(), spared: 0 }),
            Err(Fault::Refused { status: 404, .. }) => {
                failed("The server knows no such account or room.", None)
            }
            Err(fault) => Advance::fault(fault),
        }
    }

    /// Which files are to be changed, and how many are left alone although they are not as they should be.
    fn sort_out(&self, files: &[ListedMedia], found: &mut Vec<Mxc>, spared: &mut u64) {
        for file in files {
            match Shelf::of(file) {
                on if on == self.from() => found.push(file.mxc.clone()),
                Shelf::Protected | Shelf::Absent => *spared += 1,
                Shelf::Open | Shelf::Quarantined => {}
            }
        }
    }

    /// How files are that are to be changed.
    fn from(&self) -> Shelf {
        match self.to {
            Switch::On => Shelf::Open,
            Switch::Off => Shelf::Quarantined,
        }
    }

    /// The state after so many of the files are done, or the end.
    fn changing(&self, files: Vec<Mxc>, spared: u64, done: usize) -> Advance {
        let is_over = done >= files.len();
        match self.to {
            Switch::On if is_over => ended(Effect::AllQuarantined { files, spared }),
            Switch::Off if is_over => ended(Effect::AllReleased { files }),
            Switch::On => now(StepState::QuarantiningAll { files, spared, done: done as u64 }),
            Switch::Off => now(StepState::Releasing { files, done: done as u64 }),
        }
    }

    /// Changes the next of the files. One request is for all of them where there is such a request; then the others are
    /// found to be changed already.
    async fn change(&self, effects: &dyn Effects, files: &[Mxc], spared: u64, done: usize) -> Advance {
        let at_once = match (self.to, self.only, self.of) {
            // They are listed together.
            (Switch::On, None, FilesOf::User(_)) => files.len(),
            (Switch::On, None, FilesOf::Room(_)) => LOOKED_AT,
            _ => CHANGED,
        };
        let next: Vec<Mxc> = files.iter().skip(done).take(at_once).cloned().collect();
        let left = match self.left(effects, next.clone()).await {
            Ok(left) => left,
            Err(fault) => return Advance::doubt(fault),
        };
        if !left.is_empty() {
            if let Some(refused) = refused(self.write(effects, &left).await) {
                return refused;
            }
            match self.left(effects, left).await {
                Ok(left) if left.is_empty() => {}
                Ok(_) => return unchanged(),
                Err(fault) => return Advance::doubt(fault),
            }
        }
        self.changing(files.to_vec(), spared, done + next.len())
    }

    /// Those that are still to be changed.
    async fn left(&self, effects: &dyn Effects, files: Vec<Mxc>) -> Result<Vec<Mxc>, Fault> {
        let files = match (self.to, self.only, self.of) {
            (Switch::On, None, FilesOf::User(user)) => {
                let asked: BTreeSet<Mxc> = files.into_iter().collect();
                let mut now = uploads(effects, user).await?;
                now.retain(|file| asked.contains(&file.mxc));
                now
            }
            _ => details(effects, files).await?,
        };
        let left = files.into_iter().filter(|file| Shelf::of(file) == self.from());
        Ok(left.map(|file| file.mxc).collect())
    }

    async fn write(&self, effects: &dyn Effects, files: &[Mxc]) -> Result<(), Fault> {
        match (self.to, self.only, self.of) {
            (Switch::On, None, FilesOf::User(user)) => effects.quarantine_media_of(user).await,
            (Switch::On, None, FilesOf::Room(room)) => effects.quarantine_media_in(&room.id).await,
            _ => {
                stream::iter(files.to_vec())
                    .map(Ok)
                    .try_for_each_concurrent(AT_ONCE, |media: Mxc| async move {
                        effects.set_quarantine(&media, self.to).await
                    })
                    .await
            }
        }
    }
}

fn uploader(file: &ListedMedia) -> Option<&str> {
    file.details.as_ref()?.uploader.as_deref()
}

fn now(state: StepState) -> Advance {
    Advance::Working { state, keep: None, pace: Pace::Now }
}

fn ended(effect: Effect) -> Advance {
    Advance::Ended(Outcome::Done { effect })
}

fn position(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What the server knows of files.
async fn details(effects: &dyn Effects, files: Vec<Mxc>) -> Result<Vec<ListedMedia>, Fault> {
    let read = |mxc: Mxc| async move {
        let details = effects.media(&mxc).await?;
        Ok(ListedMedia { mxc, details })
    };
    stream::iter(files).map(read).buffered(AT_ONCE).try_collect().await
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
