//! `[storage]`: where the bot keeps what it must not forget, and for how long what it may.

use std::{path::PathBuf, time::Duration};

use anyhow::ensure;
use gleipnir_core::{
    keeping::SHORTEST,
    rules::reports::Rules,
    text::duration::{in_words, parse_duration},
};
use serde::{Deserialize, Deserializer, de};

/// `[storage]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// A folder.
    pub path: PathBuf,
    /// For how long what is over is kept; for ever without a time.
    #[serde(default, deserialize_with = "keep")]
    pub keep: Option<Duration>,
}

impl Storage {
    /// What rules did has to be known for as long as it keeps them from doing it again.
    pub(crate) fn check(&self, rules: &Rules) -> anyhow::Result<()> {
        let Some(keep) = self.keep else { return Ok(()) };
        for rule in &rules.list {
            let cooldown = rule.cooldown.unwrap_or_default();
            ensure!(
                cooldown <= keep,
                "storage.keep is {}, and the rule {:?} has a cooldown of {}: make keep as long as that at least",
                in_words(keep),
                rule.name,
                in_words(cooldown)
            );
        }
        Ok(())
    }
}

fn keep<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let keep = parse_duration(&String::deserialize(from)?).map_err(de::Error::custom)?;
    if keep < SHORTEST {
        return Err(de::Error::custom(format!(
            "{} is too short: !undo reaches back {}, so \"7d\" is the least",
            in_words(keep),
            in_words(SHORTEST)
        )));
    }
    Ok(Some(keep))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    const START: &str = "[homeserver]\nurl = \"http://127.0.0.1:8008\"\nuser_id = \"@g:hs.test\"\npassword = \"p\"\n\
        [management]\nroom = \"!m:hs.test\"\n[storage]\npath = \"data\"\n";
    const RULE: &str = "[[reports.rules]]\nname = \"spam\"\nwhen = { local = true }\ndo = [\"suspend\"]\ncooldown = \"30d\"\n";

    fn parse(more: &str) -> anyhow::Result<Config> {
        Config::parse(&format!("{START}{more}"), Path::new(""))
    }

    #[test]
    fn everything_is_kept_unless_a_time_is_given() {
        assert_eq!(parse("").unwrap().storage.keep, None);
        let config = parse("keep = \"365d\"").unwrap();
        assert_eq!(config.storage.keep, Some(Duration::from_hours(365 * 24)));
        let room = "!m:hs.test".try_into().unwrap();
        assert_eq!(config.settings(room).keep, config.storage.keep);
        let example = include_str!("../../config.toml.example");
        assert!(example.contains("\n#keep = \"365d\"\n"), "an example stands there, and is no default");
    }

    #[test]
    fn what_the_bot_needs_is_kept() {
        assert!(parse("keep = \"1w\"").is_ok());
        for (more, want) in [
            (
                "keep = \"167h\"".to_owned(),
                "line 9, keep: 6 d 23 h is too short: !undo reaches back 7 days, so",
            ),
            ("keep = \"0s\"".to_owned(), "\"7d\" is the least"),
            ("keep = \"soon\"".to_owned(), "line 9, keep: "),
            ("keep = 365".to_owned(), "line 9, keep: the value has to be a string"),
            (format!("keep = \"29d\"\n{RULE}"), "the rule \"spam\" has a cooldown of 30 days"),
        ] {
            let error = format!("{:#}", parse(&more).unwrap_err());
            assert!(error.contains(want), "{error}");
        }
        assert!(parse(&format!("keep = \"30d\"\n{RULE}")).is_ok());
        assert!(parse(RULE).is_ok());
    }
}
