//! Makes what the bot says the same in every run: IDs, times and the numbers of jobs and cases.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    SignedDuration, SignedDurationRound, Timestamp, Unit,
    civil::{DateTime, datetime},
    tz::Offset,
};

/// What stands in the place of each time, but of one that is far ahead.
const TIMES: [(&str, &str); 3] =
    [("0000-00-00 00:00:00", "2026-11-21 03:00:00"), ("0000-00-00", "2026-11-21"), ("00:00:00", "03:00:00")];

/// How the bot writes a point in time, which is in UTC.
const WRITTEN: &str = "%Y-%m-%d %H:%M:%S";

/// When a page is played, as it says.
const PLAYED: DateTime = datetime(2026, 11, 21, 3, 0, 0, 0);

/// What is further in the future than this, such as the end of a ban, is shown as so much later than the page.
const FAR: SignedDuration = SignedDuration::from_mins(10);

/// How far ahead something is, is rounded to so many minutes: it is read some seconds after the bot reckoned it.
const GRAIN: i64 = 5;

/// The time in UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "what the bot says is ahead is so of the clock that the bot reads too"
)]
fn now() -> DateTime {
    Offset::UTC.to_datetime(Timestamp::now())
}

/// The names that stand for IDs: those that were given, and numbered ones for all others.
#[derive(Default)]
pub(super) struct Names {
    given: Vec<(String, String)>,
    rooms: usize,
    events: usize,
}

impl Names {
    /// Gives an ID a name.
    pub(super) fn give(&mut self, id: &str, name: &str) {
        self.given.push((id.to_owned(), name.to_owned()));
    }

    /// A text that was said just now, with names in the place of IDs, and with the same times in every run.
    pub(super) fn stable(&mut self, text: &str) -> String {
        let text = self.given.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name));
        times(&ages(&self.unnamed(&text)), now())
    }

    /// Names what has no name yet: what an ID of room version 12, or of an event, consists of.
    fn unnamed(&mut self, text: &str) -> String {
        let mut done = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(['!', '$']) {
            let (before, id) = rest.split_at(start);
            done.push_str(before);
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let length = 1 + id[1..].find(|c| !is_part(c)).unwrap_or(id.len() - 1);
            let (id, behind) = id.split_at(length);
            if length == 44 {
                let known = self.given.iter().find(|(known, _)| known == id).map(|(_, name)| name.clone());
                let name = if let Some(name) = known {
                    name
                } else if id.starts_with('!') {
                    self.rooms += 1;
                    format!("!room{}…", self.rooms)
                } else {
                    self.events += 1;
                    format!("$event{}…", self.events)
                };
                self.give(id, &name);
                done.push_str(&name);
            } else {
                done.push_str(id);
            }
            rest = behind;
        }
        done + rest
    }
}

/// What is shown for a point in time that is far ahead.
fn far_ahead(time: &str, now: DateTime) -> Option<String> {
    let ahead = DateTime::strptime(WRITTEN, time).ok()?.duration_since(now);
    let rounding = SignedDurationRound::new().smallest(Unit::Minute).increment(GRAIN);
    let shown = PLAYED.checked_add(ahead.round(rounding).ok()?).ok()?;
    (ahead > FAR).then(|| shown.strftime(WRITTEN).to_string())
}

/// The same times everywhere, and those far ahead as much later as they are; two with a dash between them are one.
fn times(text: &str, now: DateTime) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = TIMES.iter().find(|(pattern, _)| {
            rest.get(..pattern.len()).is_some_and(|text| {
                text.bytes()
                    .zip(pattern.bytes())
                    .all(|(c, p)| if p == b'0' { c.is_ascii_digit() } else { c == p })
            })
        });
        if let Some((pattern, time)) = found {
            let (there, behind) = rest.split_at(pattern.len());
            done.push_str(&far_ahead(there, now).unwrap_or_else(|| (*time).to_owned()));
            rest = behind;
        } else {
            done.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    done.replace("03:00:00–03:00:00", "03:00:00")
}

/// How long ago something was is another number each time.
fn ages(text: &str) -> String {
    let mut text = text.to_owned();
    for (before, behind) in [(", ", " before I saw"), ("(", " ago)")] {
        let mut at = 0;
        while let Some(end) = text[at..].find(behind).map(|found| at + found) {
            let start = text[..end].rfind(before).map_or(end, |found| found + before.len());
            text.replace_range(start..end, "5 seconds");
            at = start + "5 seconds".len() + behind.len();
        }
    }
    text
}

/// Words before the numbers of jobs, and of cases.
const JOBS: [&str; 7] = ["Job ", "job ", "jobs ", "!undo ", "!confirm ", "!cancel ", "!job "];
const CASES: [&str; 10] =
    ["Case ", "case-", "case ", "cases ", "!case ", "!act ", "!claim ", "!resolve ", "!dismiss ", "!reopen "];

/// Numbers the jobs and the cases of a page from 1, in their order, wherever it stands in the run.
pub(super) fn renumber(blocks: &mut [(&'static str, String)]) {
    for words in [&JOBS[..], &CASES[..]] {
        let numbers: BTreeSet<u64> =
            blocks.iter().flat_map(|(_, text)| places(text, words)).map(|place| place.2).collect();
        let new: BTreeMap<u64, usize> = numbers.into_iter().zip(1..).collect();
        for (_, text) in blocks.iter_mut() {
            for (start, end, number) in places(text, words).into_iter().rev() {
                text.replace_range(start..end, &new[&number].to_string());
            }
        }
    }
}

/// Where numbers stand behind one of these words, also “3, 2 and 1”, and as items of a list of jobs with their times.
fn places(text: &str, words: &[&str]) -> Vec<(usize, usize, u64)> {
    let mut found = BTreeSet::new();
    let mut take = |mut at: usize| {
        loop {
            let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
            let Ok(number) = text[at..at + digits].parse() else { break };
            found.insert((at, at + digits, number));
            at += digits;
            match [", ", " and "].iter().find(|between| text[at..].starts_with(**between)) {
                Some(between) => at += between.len(),
                None => break,
            }
        }
    };
    for word in words {
        for (at, _) in text.match_indices(word) {
            take(at + word.len());
        }
    }
    if words.contains(&"Job ") {
        for (at, _) in text.match_indices("• ") {
            let at = at + "• ".len();
            let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
            if text[at + digits..].starts_with(" 2026-") {
                take(at);
            }
        }
    }
    found.into_iter().collect()
}

#[test]
fn what_differs_between_runs_is_the_same() {
    let mut names = Names::default();
    let id = |sign: char, letter: &str| format!("{sign}{}", letter.repeat(43));
    names.give(&id('!', "a"), "!lounge…");
    let text = format!(
        "{} {} {} at 2025-01-02 03:04:05, 10:11:12–10:11:13, 1 min 2 s before I saw it (3 s ago). !undo",
        id('!', "a"),
        id('$', "b"),
        id('$', "b")
    );
    assert_eq!(
        names.stable(&text),
        "!lounge… $event1… $event1… at 2026-11-21 03:00:00, 03:00:00, 5 seconds before I saw it (5 seconds ago). !undo"
    );
    let mut blocks = [("a", "Job 9: `!undo 12`; jobs 12, 9 and 7; case 4\n• 7 2026-11-21".to_owned())];
    renumber(&mut blocks);
    assert_eq!(blocks[0].1, "Job 2: `!undo 3`; jobs 3, 2 and 1; case 1\n• 1 2026-11-21");
}

#[test]
fn what_is_far_ahead_is_so_much_later_than_the_page() {
    let now = datetime(2030, 12, 31, 23, 30, 15, 0);
    for (said, shown) in [
        // For 1h, 1d and 7d, said up to two minutes ago, or by a clock that is a little ahead.
        ("2031-01-01 00:30:15", "2026-11-21 04:00:00"),
        ("2031-01-01 00:28:15", "2026-11-21 04:00:00"),
        ("2031-01-01 00:30:16", "2026-11-21 04:00:00"),
        ("2031-01-01 23:30:11", "2026-11-22 03:00:00"),
        ("2031-01-07 23:29:59", "2026-11-28 03:00:00"),
        // For 15m.
        ("2030-12-31 23:45:12", "2026-11-21 03:15:00"),
        // An end that is wrong by an hour is another one.
        ("2031-01-02 00:30:11", "2026-11-22 04:00:00"),
        // Near, now and ago.
        ("2030-12-31 23:40:15", "2026-11-21 03:00:00"),
        ("2030-12-31 23:30:15", "2026-11-21 03:00:00"),
        ("2030-12-30 23:30:15", "2026-11-21 03:00:00"),
        // A day or a time of day alone, and what is no time.
        ("2031-01-07", "2026-11-21"),
        ("23:59:59", "03:00:00"),
        ("2031-13-01 00:00:00", "2026-11-21 03:00:00"),
    ] {
        let text = |time| format!("It ends by itself: {time} UTC.");
        assert_eq!(times(&text(said), now), text(shown), "{said}");
    }
}
