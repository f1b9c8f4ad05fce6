//! How many abuse reports there were, about whom and where, and how fast moderators were: counted over a span of time
//! that ends now.

mod drawing;
mod words;

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

pub use self::drawing::{HEIGHT, WIDTH, chart};
use crate::{
    model::{Millis, ReportKind},
    ports::CaseState,
};

/// What counts of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the first report was seen.
    pub opened_at: Millis,
    /// When a moderator first did something about it.
    pub first_action_at: Option<Millis>,
    /// How far it is.
    pub state: CaseState,
    /// Since when it is as far as that.
    pub changed_at: Millis,
    /// What kind of thing was reported.
    pub kind: ReportKind,
    /// The server of who sent the reported event, or of the reported user.
    pub author_server: Option<String>,
    /// The room that it is about; there is none when a user was reported.
    pub room: Option<Room>,
    /// The user ID of the moderator who looked after it: who acted first or decided last.
    pub moderator: Option<String>,
}

/// A room, with what it was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its ID, which tells it from others of the same name.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
}

/// What is counted. But for the settled and the waiting ones, these are the cases that were opened in the span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Where the span begins.
    pub since: Millis,
    /// Where it ends.
    pub until: Millis,
    /// How many cases were opened.
    pub opened: u64,
    /// How many were settled in the span, whenever they were opened, and stayed so.
    pub settled: u64,
    /// How many are not settled now, whenever they were opened.
    pub unsettled: u64,
    /// How many there were of each kind; a kind without any is missing.
    pub kinds: BTreeMap<ReportKind, u64>,
    /// The newest weeks of the span, oldest first, without a gap; at most [`MOST_WEEKS`].
    pub weeks: Vec<Week>,
    /// What the weeks before those had together.
    pub earlier: Counts,
    /// By the server of who was reported.
    pub servers: Ranking<String>,
    /// By room.
    pub rooms: Ranking<Room>,
    /// By the moderator who looked after it.
    pub moderators: Ranking<String>,
    /// How long it took until somebody did something; `None` when nobody did yet.
    pub first_action: Option<Delays>,
    /// Those that nobody looked after yet, whenever they were opened; `None` when there are none.
    pub waiting: Option<Waiting>,
}

/// What happened in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many cases were opened.
    pub opened: u64,
    /// How many were settled.
    pub settled: u64,
}

/// A week from Monday to Sunday, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub monday: Date,
    /// What happened in it.
    pub counts: Counts,
}

/// Who or what has the most cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking<T> {
    /// Those with the most, first, and how many each has; at most [`MOST_RANKED`].
    pub first: Vec<(T, u64)>,
    /// How many others there are.
    pub others: u64,
    /// How many cases these have together.
    pub others_cases: u64,
    /// How many cases have none.
    pub without: u64,
}

/// How long something took: at most so many milliseconds for half of the cases, for nine in ten and for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// The median: the shorter of the two middle ones when their number is even.
    pub median: Millis,
    /// The 90th percentile, as the nearest rank.
    pub most: Millis,
    /// The longest.
    pub longest: Millis,
}

/// Cases that wait for a moderator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub cases: u64,
    /// For how long the oldest does.
    pub longest: Millis,
}

/// So many weeks are told apart: half a year.
pub const MOST_WEEKS: usize = 26;

/// So many servers, rooms or moderators are named.
pub const MOST_RANKED: usize = 10;

impl Stats {
    /// Counts the samples. Of a room that has several names, that of the first sample counts. Cases from after `now`
    /// count as opened now: clocks are set back.
    pub fn of(samples: &[Sample], now: Millis, span: Duration) -> Self {
        let span = Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX);
        let since = now.saturating_sub(span).max(0);
        let opened = || samples.iter().filter(|sample| sample.opened_at >= since);
        let settled = || samples.iter().filter_map(|sample| sample.settled_since(since));
        let mut kinds = BTreeMap::new();
        opened().for_each(|sample| *kinds.entry(sample.kind).or_default() += 1);
        let (weeks, earlier) = by_week(opened().map(|sample| sample.opened_at), settled(), since, now);
        Self {
            since,
            until: now,
            opened: opened().count() as u64,
            settled: settled().count() as u64,
            unsettled: samples.iter().filter(|sample| sample.state.is_open()).count() as u64,
            kinds,
            weeks,
            earlier,
            servers: Ranking::of(opened().map(|sample| sample.author_server.as_ref()), String::as_str),
            rooms: Ranking::of(opened().map(|sample| sample.room.as_ref()), |room| &room.id),
            moderators: Ranking::of(opened().map(|sample| sample.moderator.as_ref()), String::as_str),
            first_action: Delays::of(opened().filter_map(Sample::delay).collect()),
            waiting: Waiting::of(samples, now),
        }
    }

    /// Whether a case was opened or settled in the span.
    pub fn counts(&self, sample: &Sample) -> bool {
        sample.opened_at >= self.since || sample.settled_since(self.since).is_some()
    }
}

impl Sample {
    /// When it was settled, if that was after the span began.
    fn settled_since(&self, since: Millis) -> Option<Millis> {
        (!self.state.is_open() && self.changed_at >= since).then_some(self.changed_at)
    }

    /// How long it took until somebody did something.
    fn delay(&self) -> Option<Millis> {
        self.first_action_at.map(|at| at.saturating_sub(self.opened_at).max(0))
    }
}

impl Week {
    /// “2026-W47”.
    pub fn label(&self) -> String {
        self.monday.strftime("%G-W%V").to_string()
    }
}

impl<T: Clone> Ranking<T> {
    /// Counts what is the same by `key`. The more come first, then those whose key does.
    fn of<'a>(all: impl Iterator<Item = Option<&'a T>>, key: impl Fn(&T) -> &str) -> Self
    where
        T: 'a,
    {
        let mut without = 0;
        let mut counts: BTreeMap<&str, (&T, u64)> = BTreeMap::new();
        for one in all {
            match one {
                Some(one) => counts.entry(key(one)).or_insert((one, 0)).1 += 1,
                None => without += 1,
            }
        }
        let mut ranked: Vec<(&T, u64)> = counts.into_values().collect();
        // Stable: those with as many stay in the order of their keys.
        ranked.sort_by_key(|(_, cases)| std::cmp::Reverse(*cases));
        let others = ranked.split_off(ranked.len().min(MOST_RANKED));
        Self {
            first: ranked.into_iter().map(|(one, cases)| (one.clone(), cases)).collect(),
            others: others.len() as u64,
            others_cases: others.iter().map(|(_, cases)| cases).sum(),
            without,
        }
    }
}

impl Delays {
    fn of(mut all: Vec<Millis>) -> Option<Self> {
        all.sort_unstable();
        let rank = |percent: usize| all.get((all.len() * percent).div_ceil(100).checked_sub(1)?).copied();
        Some(Self { median: rank(50)?, most: rank(90)?, longest: rank(100)? })
    }
}

impl Waiting {
    fn of(samples: &[Sample], now: Millis) -> Option<Self> {
        // A reopened case is open too, but somebody has been there.
        let wait = |sample: &&Sample| sample.state == CaseState::Open && sample.first_action_at.is_none();
        let since = || samples.iter().filter(wait).map(|sample| sample.opened_at);
        let longest = now.saturating_sub(since().min()?).max(0);
        Some(Self { cases: since().count() as u64, longest })
    }
}

/// The newest weeks up to `now`, and what those before them had together.
fn by_week(
    opened: impl Iterator<Item = Millis>,
    settled: impl Iterator<Item = Millis>,
    since: Millis,
    now: Millis,
) -> (Vec<Week>, Counts) {
    let mut counts: BTreeMap<Option<Date>, Counts> = BTreeMap::new();
    opened.for_each(|at| counts.entry(monday(at.min(now))).or_default().opened += 1);
    settled.for_each(|at| counts.entry(monday(at.min(now))).or_default().settled += 1);
    let first = monday(since);
    let mut weeks: Vec<Week> = std::iter::successors(monday(now), |monday| monday.checked_sub(7.days()).ok())
        .take_while(|monday| Some(*monday) >= first)
        .take(MOST_WEEKS)
        .map(|monday| Week { monday, counts: counts.remove(&Some(monday)).unwrap_or_default() })
        .collect();
    weeks.reverse();
    let earlier = counts.into_values().fold(Counts::default(), |sum, counts| Counts {
        opened: sum.opened + counts.opened,
        settled: sum.settled + counts.settled,
    });
    (weeks, earlier)
}

/// The Monday of the week; `None` for a time that no calendar has.
fn monday(at: Millis) -> Option<Date> {
    let day = day(at)?;
    day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()
}

/// The day in UTC.
fn day(at: Millis) -> Option<Date> {
    Some(Timestamp::from_millisecond(at).ok()?.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests;
