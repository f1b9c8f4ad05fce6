//! Points in time as moderators type them: dates, times of day, and how long ago.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

use super::{clean::clean, duration::parse_duration};
use crate::model::Millis;

/// Why something is not a point in time; displays as a sentence for a moderator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMoment(String);

/// Reads `2026-11-20` (its first moment), `2026-11-20T13:05`, `2026-11-20 13:05:30` (in UTC, unless `Z` or an offset such
/// as `+02:00` follows), `today`, `yesterday` (their first moments) or `3d`, `2h` (so long before `now`). The result is in
/// milliseconds since the Unix epoch, and never before it.
pub fn parse_moment(text: &str, now: Millis) -> Result<Millis, BadMoment> {
    let shown = clean(text, 40);
    let word = text.trim();
    let bad = |why: &str| BadMoment(format!("“{shown}” is not a point in time: {why}."));
    if word.is_empty() {
        return Err(BadMoment(format!("A point in time is missing: {HOW}.")));
    }
    let read = match word.to_lowercase().as_str() {
        "now" => Some(now),
        "today" => Some(now - now.rem_euclid(DAY)),
        "yesterday" => Some(now - now.rem_euclid(DAY) - DAY),
        _ if looks_like_date(word) => {
            return date_and_time(word).map_err(|why| bad(&why)).and_then(|time| {
                match time.as_millisecond() {
                    ms if ms >= 0 => Ok(ms),
                    _ => Err(bad("it is before 1970")),
                }
            });
        }
        _ => match parse_duration(word) {
            Ok(ago) => i64::try_from(ago.as_millis()).ok().and_then(|ago| now.checked_sub(ago)),
            Err(why) if word.starts_with(|c: char| c.is_ascii_digit()) => {
                return Err(BadMoment(format!("{why} A date is written like 2026-11-20.")));
            }
            Err(_) => return Err(bad(HOW)),
        },
    };
    read.filter(|ms| *ms >= 0).ok_or_else(|| bad("it is before 1970"))
}

const HOW: &str =
    "write a date like 2026-11-20 or \"2026-11-20 13:05\" (UTC), or how long ago, like 2h or 3d";

const DAY: Millis = 86_400_000;

/// Whether it begins with a year and a dash.
fn looks_like_date(word: &str) -> bool {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    digits >= 4 && word[digits..].starts_with('-')
}

/// The parts are read one by one, lest a wrong hour be told as a wrong date.
fn date_and_time(word: &str) -> Result<Timestamp, String> {
    let (date, rest) = match word.split_once(['T', 't', ' ']) {
        Some((date, rest)) => (date, rest.trim()),
        None => (word, ""),
    };
    let date: Date =
        date.parse().map_err(|_| "there is no such date; write it like 2026-11-20".to_owned())?;
    let zone = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone);
    let time = match time.trim() {
        "" if zone.is_empty() => Time::midnight(),
        time => time.parse().map_err(|_| "there is no such time of day; write it like 13:05".to_owned())?,
    };
    let offset = offset(zone.trim()).ok_or("the offset from UTC is not one; write Z, or +02:00")?;
    let beyond = |_| "it is too far away".to_owned();
    offset.to_timestamp(DateTime::from_parts(date, time)).map_err(beyond)
}

/// `Z`, `+2`, `+02`, `+0200`, `-02:30`, or nothing, which is UTC as well.
fn offset(zone: &str) -> Option<Offset> {
    if zone.is_empty() || zone.eq_ignore_ascii_case("z") {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 4) => digits.split_at_checked(2)?,
        (None, _) => (digits, "0"),
    };
    let number = |digits: &str| {
        let fits = (1..=2).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<i32>().ok().filter(|_| fits)
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::duration::date;

    /// 2026-11-21 03:05:09 UTC
    const NOW: Millis = 1_795_230_309_000;

    #[test]
    fn moments() {
        for (text, want) in [
            ("2026-11-20", "2026-11-20 00:00:00 UTC"),
            ("2026-11-20T", "2026-11-20 00:00:00 UTC"),
            (" 2026-11-20 ", "2026-11-20 00:00:00 UTC"),
            ("2026-11-20T13:05", "2026-11-20 13:05:00 UTC"),
            ("2026-11-20t13:05", "2026-11-20 13:05:00 UTC"),
            ("2026-11-20 13:05", "2026-11-20 13:05:00 UTC"),
            ("2026-11-20  13:05:30", "2026-11-20 13:05:30 UTC"),
            ("2026-11-20T13:05:30.5Z", "2026-11-20 13:05:30 UTC"),
            ("2026-11-20T13:05z", "2026-11-20 13:05:00 UTC"),
            ("2026-11-20T13:05+02:00", "2026-11-20 11:05:00 UTC"),
            ("2026-11-20 13:05 +2", "2026-11-20 11:05:00 UTC"),
            ("2026-11-20T13:05-0530", "2026-11-20 18:35:00 UTC"),
            ("2026-11-20T23:05-01", "2026-11-21 00:05:00 UTC"),
            ("2028-02-29", "2028-02-29 00:00:00 UTC"),
            ("1970-01-01", "1970-01-01 00:00:00 UTC"),
            ("2099-12-31", "2099-12-31 00:00:00 UTC"),
            ("now", "2026-11-21 03:05:09 UTC"),
            ("today", "2026-11-21 00:00:00 UTC"),
            ("Yesterday", "2026-11-20 00:00:00 UTC"),
            ("2h", "2026-11-21 01:05:09 UTC"),
            ("3d", "2026-11-18 03:05:09 UTC"),
            ("1h30m", "2026-11-21 01:35:09 UTC"),
            ("0s", "2026-11-21 03:05:09 UTC"),
        ] {
            assert_eq!(parse_moment(text, NOW).map(date).as_deref(), Ok(want), "{text:?}");
        }
    }

    #[test]
    fn no_moments() {
        for (text, part) in [
            ("", "A point in time is missing: write a date like 2026-11-20"),
            ("soon", "“soon” is not a point in time: write a date like"),
            ("-3d", "write a date like"),
            ("20.11.2026", "is not a duration"),
            ("20.11.2026", "A date is written like 2026-11-20."),
            ("2026", "“2026” has no unit"),
            ("2026-13-01", "there is no such date"),
            ("2026-02-30", "there is no such date"),
            ("2026-11", "there is no such date"),
            ("12026-11-01", "there is no such date"),
            ("2026-11-20T25:00", "there is no such time of day"),
            ("2026-11-20Tz", "there is no such time of day"),
            ("2026-11-20 noon", "there is no such time of day"),
            ("2026-11-20T13:05+99", "the offset from UTC is not one"),
            ("2026-11-20T13:05+ü", "the offset from UTC is not one"),
            ("2026-11-20T13:05+02:99", "the offset from UTC is not one"),
            ("1969-12-31", "it is before 1970"),
            ("99y", "is no unit"),
            ("90w90000000w", "hundred years"),
            ("4000w", "it is before 1970"),
        ] {
            let said = parse_moment(text, NOW).unwrap_err().to_string();
            assert!(said.contains(part), "{text:?}: {said}");
            assert!(said.ends_with('.'), "{text:?}: {said}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*", typed in "[0-9]{1,6}-[0-9]{1,3}-[0-9]{1,3}[T ]?[0-9:.]{0,9}[Zz+ü-]?[0-9:ü]{0,6}", now: i64) {
            for text in [text, typed] {
                if let Ok(ms) = parse_moment(&text, now.max(0)) {
                    prop_assert!(ms >= 0);
                }
            }
            let _ = parse_moment("today", now.max(0));
        }
    }
}
