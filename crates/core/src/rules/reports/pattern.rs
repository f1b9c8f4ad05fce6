//! What texts, IDs and times are compared with.

use std::{fmt, str::FromStr};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::model::Millis;

/// How much memory a compiled regular expression may take.
const MOST_BYTES: usize = 1 << 20;

/// Why something is no pattern; displays as a sentence for whoever writes the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPattern(String);

/// A regular expression. It takes time in proportion to the text, whatever it says.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        if text.is_empty() {
            return Err(BadPattern("an empty regular expression matches everything".to_owned()));
        }
        RegexBuilder::new(text).size_limit(MOST_BYTES).build().map(Self).map_err(|error| {
            let why = error.to_string();
            // The first lines repeat the expression, with a caret.
            let last = why.lines().last().unwrap_or_default().trim();
            let why = last.strip_prefix("error: ").unwrap_or(last);
            BadPattern(format!("this is no regular expression: {why}"))
        })
    }
}

impl TryFrom<String> for Pattern {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, BadPattern> {
        text.parse()
    }
}

impl Pattern {
    /// Whether it occurs in a text.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Text in which `*` stands for anything and `?` for one character. Upper and lower case are the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Glob(String);

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Glob {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, BadPattern> {
        if text.trim().is_empty() {
            return Err(BadPattern("an empty text matches nothing".to_owned()));
        }
        Ok(Self(text))
    }
}

impl Glob {
    /// Whether it is like all of a text.
    pub fn matches(&self, text: &str) -> bool {
        WildMatch::new(&self.0.to_lowercase()).matches(&text.to_lowercase())
    }
}

/// `join_rule` of `m.room.join_rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinRule {
    /// Everybody.
    Public,
    /// Whoever is let in.
    Knock,
    /// Whoever is invited.
    Invite,
    /// Nobody.
    Private,
    /// Members of some rooms.
    Restricted,
    /// Members of some rooms, and whoever is let in.
    KnockRestricted,
}

impl JoinRule {
    /// The word for it in the specification.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Knock => "knock",
            Self::Invite => "invite",
            Self::Private => "private",
            Self::Restricted => "restricted",
            Self::KnockRestricted => "knock_restricted",
        }
    }
}

/// A part of each day, in UTC, which may go past midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TimeOfDay {
    /// The first minute of the day.
    from: u16,
    /// The minute of the day with which it is over.
    to: u16,
}

const MINUTE: Millis = 60_000;
const DAY: u16 = 24 * 60;

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let bad = || BadPattern("a time of day is written like 22:00-06:00, in UTC".to_owned());
        let two_digits = |text: &str, below: u16| {
            let is_it = text.len() == 2 && text.chars().all(|c| c.is_ascii_digit());
            text.parse::<u16>().ok().filter(|number| is_it && *number < below)
        };
        let minute = |text: &str| {
            let (hours, minutes) = text.trim().split_once(':')?;
            Some(two_digits(hours, 24)? * 60 + two_digits(minutes, 60)?)
        };
        let (from, to) = text.split_once('-').ok_or_else(bad)?;
        let (from, to) = (minute(from).ok_or_else(bad)?, minute(to).ok_or_else(bad)?);
        if from == to {
            return Err(BadPattern("this time of day ends when it begins".to_owned()));
        }
        Ok(Self { from, to })
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, BadPattern> {
        text.parse()
    }
}

impl TimeOfDay {
    /// Whether a moment is in it.
    pub fn contains(self, at: Millis) -> bool {
        let minute = u16::try_from(at.div_euclid(MINUTE).rem_euclid(Millis::from(DAY))).unwrap_or_default();
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day() {
        let at = |hours: Millis, minutes: Millis| 20_000 * 86_400_000 + (hours * 60 + minutes) * MINUTE;
        for (text, when, is) in [
            ("22:00-06:00", at(22, 0), true),
            ("22:00-06:00", at(5, 59), true),
            ("22:00-06:00", at(6, 0), false),
            ("22:00-06:00", at(21, 59), false),
            ("22:00-06:00", -1, true),
            ("09:30-17:00", at(9, 30), true),
            ("09:30-17:00", at(17, 0), false),
            ("09:30 - 17:00", at(12, 0), true),
            ("00:00-23:59", at(23, 59), false),
        ] {
            let time: TimeOfDay = text.parse().expect("a time of day");
            assert_eq!(time.contains(when), is, "{text} {when}");
        }
        for bad in
            ["", "22-06", "22:00", "24:00-01:00", "10:60-11:00", "10:00-10:00", "1:00-2:00", "+1:00-02:00"]
        {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
    }

    #[test]
    fn globs_are_about_the_whole_text() {
        for (glob, text, is) in [
            ("@*:evil.test", "@a:evil.test", true),
            ("@*:evil.test", "@a:evil.test.org", false),
            ("*", "", true),
            ("image/*", "IMAGE/PNG", true),
            ("@?:hs", "@ab:hs", false),
        ] {
            assert_eq!(Glob(glob.to_owned()).matches(text), is, "{glob} {text}");
        }
    }

    #[test]
    fn expressions_are_bounded_and_linear() {
        for (text, why) in [
            ("(", "unclosed group"),
            ("", "matches everything"),
            (r"a{1000}{1000}", "size limit"),
            (r"(?=a)", "look-around"),
        ] {
            let error = text.parse::<Pattern>().expect_err("it is none").to_string();
            assert!(error.contains(why) && !error.contains('\n'), "{text}: {error}");
        }
        let catastrophic: Pattern = "^(a+)+$".parse().expect("an expression");
        assert!(!catastrophic.matches(&format!("{}!", "a".repeat(100_000))));
    }
}
