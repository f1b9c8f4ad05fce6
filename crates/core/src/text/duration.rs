//! Durations and dates as moderators write and read them.

use std::time::Duration;

use jiff::Timestamp;

use super::clean::clean;

/// The longest duration that is accepted, in seconds: a hundred years of 365 days. Longer ones are mistakes, and would
/// overflow where they are added to a time.
const LONGEST: u64 = 100 * 365 * DAY;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// Why something is not a duration; displays as a sentence for a moderator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadDuration(String);

/// Reads `90s`, `2d`, `1h30m` or `1w`: whole numbers, each with its unit, without blanks. Units are s, m, h, d and w,
/// also as words (`2days`, `10min`).
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    let shown = clean(text, 40);
    let bad = |why: &str| BadDuration(format!("“{shown}” is not a duration: {why}."));
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(BadDuration(
            "A duration is missing: write it like 90s, 30m, 1h30m, 2d or 1w.".to_owned(),
        ));
    }
    let mut seconds = 0_u64;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len()));
        if digits.is_empty() {
            return Err(bad("write whole numbers with their units, like 90s, 30m, 1h30m, 2d or 1w"));
        }
        let each = match unit.to_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
            "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
            "d" | "day" | "days" => DAY,
            "w" | "week" | "weeks" => WEEK,
            "" if after.starts_with(['.', ',']) => return Err(bad("only whole numbers work, like 1h30m")),
            "" => {
                return Err(bad(&format!(
                    "“{digits}” has no unit; write {digits}s, {digits}m, {digits}h, {digits}d or {digits}w"
                )));
            }
            unit => {
                return Err(bad(&format!("“{}” is no unit; there are s, m, h, d and w", clean(unit, 20))));
            }
        };
        seconds = digits
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(each))
            .and_then(|more| seconds.checked_add(more))
            .filter(|seconds| *seconds <= LONGEST)
            .ok_or_else(|| bad("it is longer than a hundred years"))?;
        rest = after;
    }
    Ok(Duration::from_secs(seconds))
}

/// A duration in words: “3 seconds”, “2 minutes”, “1 h 5 min”, “3 d 2 h”. The two largest units that count, rounded
/// down.
pub fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds == 0 {
        return if duration.is_zero() { "0 seconds" } else { "less than a second" }.to_owned();
    }
    let parts = [
        (seconds / DAY, "day", "d"),
        (seconds % DAY / HOUR, "hour", "h"),
        (seconds % HOUR / MINUTE, "minute", "min"),
        (seconds % MINUTE, "second", "s"),
    ];
    let largest = parts.iter().position(|(number, ..)| *number > 0).unwrap_or(parts.len() - 1);
    let (number, word, short) = parts[largest];
    match parts.get(largest + 1) {
        Some((next, _, next_short)) if *next > 0 => format!("{number} {short} {next} {next_short}"),
        _ if number == 1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}

/// A duration as it is typed in a command: `1d23h59m`, to the nearest minute, one at least.
pub fn as_typed(duration: Duration) -> String {
    let minutes = ((duration.as_secs() + MINUTE / 2) / MINUTE).max(1);
    let seconds = minutes * MINUTE;
    let parts = [(seconds / DAY, "d"), (seconds % DAY / HOUR, "h"), (seconds % HOUR / MINUTE, "m")];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    parts.map(|(number, unit)| format!("{number}{unit}")).collect::<Vec<_>>().concat()
}

/// A Unix time in milliseconds as `2026-11-21 03:05:09 UTC`, or `an impossible date (…)` with the number: such times
/// come from other servers and may be anything.
pub fn date(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) if ms >= 0 => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        _ => format!("an impossible date ({ms})"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn typed() {
        for (seconds, text) in [
            (0, "1m"),
            (29, "1m"),
            (90, "2m"),
            (HOUR, "1h"),
            (2 * DAY - 1, "2d"),
            (2 * DAY - 61, "1d23h59m"),
            (3 * WEEK + MINUTE, "21d1m"),
        ] {
            assert_eq!(as_typed(Duration::from_secs(seconds)), text);
            assert!(parse_duration(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("90s", 90),
            ("2d", 2 * DAY),
            ("1h30m", 5400),
            ("1w", WEEK),
            ("0s", 0),
            ("10min", 600),
            ("2Days", 2 * DAY),
            (" 1h ", HOUR),
            ("30m1h", 5400),
            ("5200w", 5200 * WEEK),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text:?}");
        }
    }

    #[test]
    fn no_durations() {
        for (text, part) in [
            ("", "is missing"),
            ("  ", "is missing"),
            ("soon", "“soon” is not a duration: write whole numbers"),
            ("30", "“30” has no unit; write 30s, 30m"),
            ("1h30", "“30” has no unit"),
            ("-5m", "write whole numbers"),
            ("1.5h", "only whole numbers"),
            ("3mo", "“mo” is no unit"),
            ("1h 30m", "is not a duration"),
            ("9999999w", "hundred years"),
            ("99999999999999999999999s", "hundred years"),
            ("18446744073709551615w", "hundred years"),
            ("٣d", "write whole numbers"),
        ] {
            let error = parse_duration(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
            assert!(error.ends_with('.'), "{text:?}: {error}");
        }
    }

    #[test]
    fn words() {
        for (seconds, want) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (3, "3 seconds"),
            (60, "1 minute"),
            (90, "1 min 30 s"),
            (120, "2 minutes"),
            (3600, "1 hour"),
            (3605, "1 hour"),
            (3900, "1 h 5 min"),
            (DAY, "1 day"),
            (3 * DAY + 2 * HOUR + 59, "3 d 2 h"),
            (30 * DAY, "30 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), want);
        }
        assert_eq!(in_words(Duration::from_millis(3)), "less than a second");
        assert!(in_words(Duration::MAX).ends_with('h'));
    }

    #[test]
    fn dates() {
        for (ms, want) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (1_795_230_309_999, "2026-11-21 03:05:09 UTC"),
            (i64::MAX, "an impossible date (9223372036854775807)"),
            (i64::MIN, "an impossible date (-9223372036854775808)"),
            (-1, "an impossible date (-1)"),
            (253_402_300_800_000, "an impossible date (253402300800000)"),
        ] {
            assert_eq!(date(ms), want);
        }
    }

    proptest! {
        #[test]
        fn never_panic(text in "\\PC*", digits in "[0-9]{0,25}[smhdwx]?", ms: i64) {
            let _ = (parse_duration(&text), parse_duration(&digits), date(ms));
        }
    }
}
