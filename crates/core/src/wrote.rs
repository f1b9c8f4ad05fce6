//! What a user wrote in a room, and what of it the server's task can redact without redacting anything again.

use std::collections::BTreeMap;

use ruma::{EventId, OwnedEventId, RoomId, UserId};

use crate::{
    model::{Dir, Event, HistoryQuery, Millis, Scope, Windows, Writing},
    ports::{Fault, Lookup},
    text::number::counted,
};

/// How much of a room's history is read with one request: little, because the server looks for it in all of the history.
const PAGE: u32 = 100;
/// What JSON can hold for sure: 2^53 - 1.
const LATEST: Millis = 9_007_199_254_740_991;

/// An event of theirs that is no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) event_id: OwnedEventId,
    pub(crate) at: Millis,
    pub(crate) kind: Writing,
    /// Whether it is to be redacted, and is not yet.
    pub(crate) is_wanted: bool,
}

/// What they wrote, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wrote {
    pub(crate) events: Vec<Written>,
    /// When they joined, of joins that are redacted: the server's task would redact them again.
    joins: Vec<Millis>,
    /// How many state events of theirs there are, without memberships.
    pub(crate) state: u64,
    /// Whether there is something before that was not read.
    is_cut: bool,
}

/// A stretch of time that the server's task can be asked for, with nothing in it that is redacted already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) after: Option<Millis>,
    pub(crate) before: Option<Millis>,
    /// When the last event in it was sent.
    pub(crate) last: Millis,
}

/// What an event of theirs is.
enum Sort {
    /// It can be redacted.
    Written(Writing),
    /// The server's task redacts it along with messages.
    Join,
    /// It is left alone, and counted.
    State,
    /// It is left alone.
    Nothing,
}

fn sort(event: &Event) -> Sort {
    match (event.kind(), event.state_key()) {
        ("m.room.message" | "m.room.encrypted", _) => Sort::Written(Writing::Message),
        ("m.room.member", Some(_)) if event.text("membership") == Some("join") => Sort::Join,
        ("m.room.member", Some(_)) | ("m.room.redaction", _) => Sort::Nothing,
        (_, Some(_)) => Sort::State,
        ("m.sticker", None) => Sort::Written(Writing::Sticker),
        ("m.reaction", None) => Sort::Written(Writing::Reaction),
        (
            "m.poll.start"
            | "m.poll.response"
            | "m.poll.end"
            | "org.matrix.msc3381.poll.start"
            | "org.matrix.msc3381.poll.response"
            | "org.matrix.msc3381.poll.end",
            None,
        ) => Sort::Written(Writing::Poll),
        (_, None) => Sort::Written(Writing::Other),
    }
}

/// Whether a fault may be of the one room that was to be read: it keeps no other from being redacted.
pub(crate) fn is_of_room(fault: &Fault) -> bool {
    match fault {
        // So a proxy answers for a server that is not there.
        Fault::Broken { status, .. } => !matches!(status, 502 | 503),
        Fault::Timeout | Fault::BadAnswer(_) | Fault::Refused { .. } => true,
        Fault::NotAdmin
        | Fault::NotRouted { .. }
        | Fault::TokenGone
        | Fault::RateLimited { .. }
        | Fault::Away(_) => false,
    }
}

/// Reads what a user wrote in a room: as much of it as the scope takes, and a page without any of that. A limit counts what
/// is redacted already, so that it means the same events when it is asked for again.
pub(crate) async fn read(
    lookup: &dyn Lookup,
    room: &RoomId,
    user: &UserId,
    scope: Scope,
) -> Result<Wrote, Fault> {
    let mut query = HistoryQuery {
        dir: Dir::Backwards,
        limit: PAGE,
        senders: vec![user.to_owned()],
        ..HistoryQuery::default()
    };
    let mut wrote = Wrote::default();
    let mut counted = 0;
    // The first of what is to be redacted, by its time.
    let mut first = None::<Millis>;
    loop {
        let page = lookup.history(room, &query).await?;
        let is_past = |event: &Event| scope.since.is_some_and(|since| event.time() < since);
        for event in &page.events {
            let is_redacted = event.redacted_because().is_some();
            match sort(event) {
                Sort::Written(kind) => {
                    let Some(event_id) = event.event_id() else { continue };
                    let is_in_scope = !is_past(event) && scope.limit.is_none_or(|limit| counted < limit);
                    counted += u32::from(is_in_scope);
                    if is_in_scope && !is_redacted {
                        first = Some(first.map_or(event.time(), |first| first.min(event.time())));
                    }
                    wrote.events.push(Written {
                        event_id: event_id.to_owned(),
                        at: event.time(),
                        kind,
                        is_wanted: is_in_scope && !is_redacted,
                    });
                }
                Sort::Join if is_redacted => wrote.joins.push(event.time()),
                Sort::State if !is_redacted && !is_past(event) => wrote.state += 1,
                Sort::Join | Sort::State | Sort::Nothing => {}
            }
        }
        let is_full = scope.limit.is_some_and(|limit| counted >= limit);
        let is_before = |event: &Event| first.is_none_or(|first| event.time() < first);
        let is_over = page.events.iter().all(is_past) || (is_full && page.events.iter().all(is_before));
        match page.end {
            // A page that leads to itself would never end.
            Some(end) if !page.events.is_empty() && query.from.as_ref() != Some(&end) => {
                if is_over {
                    wrote.is_cut = true;
                    return Ok(wrote);
                }
                query.from = Some(end);
            }
            _ => return Ok(wrote),
        }
    }
}

impl Wrote {
    /// What is to be redacted, and is not yet.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = &Written> {
        self.events.iter().filter(|event| event.is_wanted)
    }

    /// What of it was written before one of the events, or all of it.
    pub(crate) fn wanted_before(&self, event: Option<&EventId>) -> impl Iterator<Item = &Written> {
        let at = event.and_then(|event| self.events.iter().position(|written| written.event_id == event));
        self.events.iter().skip(at.map_or(0, |at| at + 1)).filter(|written| written.is_wanted)
    }

    /// How many of each kind.
    pub(crate) fn counts(&self) -> BTreeMap<Writing, u64> {
        let mut counts = BTreeMap::new();
        for event in self.wanted() {
            *counts.entry(event.kind).or_default() += 1;
        }
        counts
    }

    /// The windows in which the server's task redacts what is to be redacted, and nothing that is redacted already or is to
    /// stay; oldest first. What is in none of them can only be redacted by itself.
    pub(crate) fn windows(&self, since: Option<Millis>, windows: Windows) -> Vec<Window> {
        let since = floor(since, windows);
        let is_meant = |at: &Millis| since.is_none_or(|since| *at >= since);
        // At each time: whether something is to be redacted, and whether something must not be.
        let mut times: BTreeMap<Millis, (bool, bool)> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.kind == Writing::Message && is_meant(&event.at))
        {
            let (wanted, spared) = times.entry(event.at).or_default();
            *wanted |= event.is_wanted;
            *spared |= !event.is_wanted;
        }
        for at in self.joins.iter().filter(|at| is_meant(at)) {
            times.entry(*at).or_default().1 = true;
        }
        // What was not read has no window; a time since which all is meant bounds the first one.
        let mut is_first = since.is_some() || !self.is_cut;
        let (mut found, mut open) = (Vec::new(), None::<Window>);
        for (at, (_, spared)) in times {
            if spared {
                found.extend(open.take().map(|window| Window { before: Some(window.last), ..window }));
                is_first = false;
                continue;
            }
            let after = if is_first { since } else { Some(at) };
            let begun = open.unwrap_or(Window { after, before: None, last: at });
            open = Some(Window { last: at, ..begun });
        }
        found.extend(open);
        // The server takes 0 for no bound at all.
        let can_be_said = |bound: Option<Millis>| bound.is_none_or(|at| (1..=LATEST).contains(&at));
        found.retain(|window| can_be_said(window.after) && can_be_said(window.before));
        if windows == Windows::Ignored {
            found.retain(|window| window.after.is_none() && window.before.is_none());
        }
        found
    }

    /// Whether the task can be asked for this room together with others: in all of it, or since a time.
    pub(crate) fn is_clean(&self, since: Option<Millis>, windows: Windows) -> bool {
        let since = floor(since, windows);
        matches!(self.windows(since, windows)[..], [Window { after, before: None, .. }] if after == since)
    }
}

/// The time from which on the server is asked for something.
pub(crate) fn floor(since: Option<Millis>, windows: Windows) -> Option<Millis> {
    since.filter(|since| *since > 0 && windows == Windows::Kept)
}

/// “290 messages, 12 stickers, 10 reactions”
pub(crate) fn in_kinds(counts: &BTreeMap<Writing, u64>) -> String {
    let parts: Vec<String> = counts.iter().map(|(kind, n)| counted(*n, kind.word())).collect();
    parts.join(", ")
}

/// That state events are left alone.
pub(crate) fn staying(n: u64) -> String {
    let stay = if n == 1 { "stays" } else { "stay" };
    format!("{} of theirs {stay}, such as names and topics of rooms.", counted(n, "state event"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was sent at these times: `true` is to be redacted.
    fn wrote(events: &[(Millis, bool)], joins: &[Millis]) -> Wrote {
        let event = |(n, (at, is_wanted)): (usize, &(Millis, bool))| Written {
            event_id: format!("$e{n}").try_into().expect("an event ID"),
            at: *at,
            kind: Writing::Message,
            is_wanted: *is_wanted,
        };
        let events = events.iter().enumerate().map(event).collect();
        Wrote { events, joins: joins.to_vec(), state: 0, is_cut: false }
    }

    fn bounds(
        wrote: &Wrote,
        since: Option<Millis>,
        windows: Windows,
    ) -> Vec<(Option<Millis>, Option<Millis>)> {
        wrote.windows(since, windows).iter().map(|window| (window.after, window.before)).collect()
    }

    #[test]
    fn windows_hold_all_that_they_can_and_nothing_that_is_to_be_spared() {
        let times = [1, 1, 2, 3, 3, 5];
        for mask in 0..64_u32 {
            for join in [None, Some(2), Some(4)] {
                let events: Vec<(Millis, bool)> =
                    times.iter().enumerate().map(|(n, at)| (*at, mask & (1 << n) != 0)).collect();
                let joins: Vec<Millis> = join.into_iter().collect();
                let wrote = wrote(&events, &joins);
                let found = wrote.windows(None, Windows::Kept);
                let within = |at: Millis| {
                    let holds = |window: &&Window| {
                        window.after.is_none_or(|after| at >= after)
                            && window.before.is_none_or(|before| at <= before)
                    };
                    found.iter().filter(holds).count()
                };
                for (at, is_wanted) in &events {
                    let is_pure = joins.iter().all(|join| join != at)
                        && events.iter().all(|(other, wanted)| other != at || *wanted);
                    assert_eq!(within(*at), usize::from(is_pure), "{mask:b} {join:?} at {at} {is_wanted}");
                }
                assert!(joins.iter().all(|at| within(*at) == 0), "{mask:b} {join:?}");
            }
        }
    }

    #[test]
    fn the_ends_of_windows() {
        let some = wrote(&[(30, true), (20, false), (10, true)], &[]);
        assert_eq!(bounds(&some, None, Windows::Kept), [(None, Some(10)), (Some(30), None)]);
        assert_eq!(bounds(&some, Some(20), Windows::Kept), [(Some(30), None)]);
        assert_eq!(bounds(&some, Some(21), Windows::Kept), [(Some(21), None)]);
        assert_eq!(bounds(&some, None, Windows::Ignored), []);
        assert!(some.is_clean(Some(21), Windows::Kept) && !some.is_clean(None, Windows::Kept));
        let all = wrote(&[(30, true), (10, true)], &[]);
        assert_eq!(bounds(&all, None, Windows::Ignored), [(None, None)]);
        assert!(all.is_clean(None, Windows::Ignored) && all.is_clean(None, Windows::Kept));
        // Before what was read there may be more.
        let cut = Wrote { is_cut: true, ..all };
        assert_eq!(bounds(&cut, None, Windows::Kept), [(Some(10), None)]);
        assert_eq!(bounds(&cut, Some(5), Windows::Kept), [(Some(5), None)]);
        assert_eq!(bounds(&cut, None, Windows::Ignored), []);
        assert!(!cut.is_clean(None, Windows::Kept));
        // 0 would be no bound for the server, and what no number can say is not said.
        for (at, spared) in [(0, 5), (-3, 5), (Millis::MAX, 5)] {
            assert_eq!(bounds(&wrote(&[(spared, false), (at, true)], &[]), None, Windows::Kept), []);
        }
    }
}
