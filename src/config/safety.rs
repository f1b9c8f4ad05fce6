//! `[safety]`: what is asked about first, whom it takes to confirm it, and how much is too much.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{bail, ensure};
use gleipnir_core::{
    commands::makes_no_jobs,
    rules::limits::{ALL, Limit, Limits},
};
use serde::{Deserialize, Deserializer};

/// `[safety]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Safety {
    /// How long a confirmation is waited for.
    #[serde(deserialize_with = "super::duration")]
    pub confirm_for: Duration,
    /// How many rooms one command changes without asking.
    pub confirm_over: usize,
    /// Whether `--yes` skips the confirmation.
    pub allow_yes: bool,
    /// Whom nothing is done against.
    pub exempt: Vec<String>,
    /// The commands that another moderator has to confirm than who asks.
    pub second_moderator: BTreeSet<String>,
    /// How much is changed in an hour before the bot asks, or refuses.
    #[serde(deserialize_with = "limits")]
    pub limits: Limits,
}

impl Default for Safety {
    fn default() -> Self {
        Self {
            confirm_for: Duration::from_mins(10),
            confirm_over: 5,
            allow_yes: false,
            exempt: Vec::new(),
            second_moderator: BTreeSet::new(),
            limits: Limits::default(),
        }
    }
}

/// `{ ask = 50, refuse = 500 }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskAndRefuse {
    ask: usize,
    refuse: usize,
}

/// The default for everything together stays where it is not given.
fn limits<'de, D: Deserializer<'de>>(from: D) -> Result<Limits, D::Error> {
    let given: BTreeMap<String, AskAndRefuse> = BTreeMap::deserialize(from)?;
    let mut limits = Limits::default();
    for (name, AskAndRefuse { ask, refuse }) in given {
        let limit = Limit { ask, refuse };
        if name == ALL {
            limits.all = limit;
        } else {
            limits.commands.insert(name, limit);
        }
    }
    Ok(limits)
}

impl Safety {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            !self.confirm_for.is_zero(),
            "safety.confirm_for is 0: no confirmation could ever be in time"
        );
        for name in &self.second_moderator {
            if let Some(why) = makes_no_jobs(name) {
                bail!("safety.second_moderator has {name:?}: {why}");
            }
        }
        for (name, limit) in &self.limits.commands {
            if let Some(why) = makes_no_jobs(name) {
                bail!("safety.limits.{name}: {why}");
            }
            check_limit(name, *limit)?;
        }
        check_limit(ALL, self.limits.all)
    }
}

fn check_limit(name: &str, limit: Limit) -> anyhow::Result<()> {
    let Limit { ask, refuse } = limit;
    ensure!(
        ask <= refuse,
        "safety.limits.{name}: ask is {ask} and refuse is {refuse}, so it would refuse before it asks"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Safety> {
        let safety: Safety = toml::from_str(text)?;
        safety.check()?;
        Ok(safety)
    }

    #[test]
    fn both_rails_are_read() {
        let safety = read(
            "second_moderator = [\"shutdown\", \"deactivate\"]\n[limits]\nban = { ask = 5, refuse = 5 }\n",
        )
        .unwrap();
        assert_eq!(safety.second_moderator, ["deactivate", "shutdown"].map(str::to_owned).into());
        assert_eq!(safety.limits.all, Limits::default().all, "what is not given keeps its default");
        assert_eq!(safety.limits.commands["ban"], Limit { ask: 5, refuse: 5 });
        let all = read("[limits]\nall = { ask = 0, refuse = 1 }").unwrap().limits.all;
        assert_eq!(all, Limit { ask: 0, refuse: 1 });
        assert_eq!(read("[limits]").unwrap().limits, Limits::default());
    }

    #[test]
    fn mistakes_are_named() {
        for (text, want) in [
            (
                "second_moderator = [\"shutdwn\"]",
                "safety.second_moderator has \"shutdwn\": there is no command",
            ),
            ("second_moderator = [\"rooms\"]", "!rooms changes nothing"),
            ("second_moderator = [\"!ban\"]", "there is no command"),
            ("second_moderator = \"ban\"", "second_moderator"),
            ("[limits]\nbann = { ask = 1, refuse = 2 }", "safety.limits.bann: there is no command"),
            ("[limits]\nroom = { ask = 1, refuse = 2 }", "!room changes nothing"),
            ("[limits]\nban = { ask = 3, refuse = 2 }", "safety.limits.ban: ask is 3 and refuse is 2"),
            ("[limits]\nall = { ask = 3, refuse = 2 }", "safety.limits.all: ask is 3"),
            ("[limits]\nban = { ask = 3 }", "refuse"),
            ("[limits]\nban = { ask = -1, refuse = 2 }", "ask"),
            ("[limits]\nban = { ask = 1, refuse = 2, never = 3 }", "never"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(want), "{text}: {error}");
        }
    }
}
