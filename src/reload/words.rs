//! What of the configuration can be changed while the bot runs, key by key: compared, and said in words. What may be secret
//! is compared only.

use std::{collections::BTreeMap, time::Duration};

use gleipnir_core::{
    commands::{Settings, SkipConfirmation},
    outcome::Tell,
    rules::{
        case::Cards,
        feed::Feed,
        limits::{ALL, Limit, Limits},
        reports::{Matches, Rules},
    },
    ruma::owned_room_id,
    text::duration::in_words,
};

use crate::config::Config;

/// The value of each key. Has no `Debug`: there are secrets among what is compared.
pub(super) struct Words(BTreeMap<String, Value>);

/// A value.
#[derive(PartialEq, Eq)]
struct Value {
    /// As it is said; `None` where it is too long, or may be secret.
    shown: Option<String>,
    /// What makes it the same as another.
    same: String,
}

impl Words {
    /// Of a configuration, with the addresses of its webhooks.
    pub(super) fn of(config: &Config, webhooks: &BTreeMap<String, String>) -> Self {
        let mut words = Self(BTreeMap::new());
        // In which room they hold makes no difference here.
        words.settings(config.settings(owned_room_id!("!any:example.org")));
        words.time("reports.poll_interval", config.reports.poll_interval);
        words.shown("log.level", &config.log.level);
        for (name, address) in webhooks {
            words.compared(&format!("reports.webhooks.{name}"), address.clone());
        }
        words
    }

    /// Every field, so that a new one is thought of here.
    fn settings(&mut self, settings: Settings) {
        let Settings {
            management: _,
            act,
            levels,
            confirm_for,
            yes,
            confirm_over,
            second,
            limits: Limits { all, commands },
            feed: Feed { default, rooms },
            exempt,
            cards: Cards { offered, emoji },
            tell: Tell { resolved, dismissed },
            // It has a listener, which needs a restart.
            endpoint: _,
            rules: Rules { list, matches, per_hour },
            // What is deleted is deleted for good, so it needs a restart.
            keep: _,
        } = settings;
        self.shown("management.act", &act);
        for (command, level) in levels {
            self.shown(&format!("management.levels.{command}"), &level);
        }
        self.time("safety.confirm_for", confirm_for);
        self.shown("safety.confirm_over", &confirm_over);
        self.shown("safety.allow_yes", &(yes == SkipConfirmation::Allowed));
        self.shown("safety.exempt", &list_of(exempt));
        self.shown("safety.second_moderator", &list_of(second));
        self.limit(ALL, all);
        for (command, limit) in commands {
            self.limit(&command, limit);
        }
        self.shown("feed.default", &default.as_str());
        for (room, level) in rooms {
            self.shown(&format!("feed.rooms.\"{room}\""), &level.as_str());
        }
        self.shown("reports.actions", &list_of(offered.iter().map(|action| action.word())));
        for (action, emoji) in emoji {
            self.shown(&format!("reports.emoji.{}", action.word()), &emoji);
        }
        for (key, text) in [("resolved", resolved), ("dismissed", dismissed)] {
            if let Some(text) = text {
                self.compared(&format!("reports.tell.{key}"), format!("{text:?}"));
            }
        }
        self.shown(
            "reports.rules_match",
            &match matches {
                Matches::First => "first",
                Matches::All => "all",
            },
        );
        self.shown("reports.max_actions_per_hour", &per_hour);
        let names: Vec<&str> = list.iter().map(|rule| rule.name.as_str()).collect();
        let value = Value { shown: Some(list.len().to_string()), same: names.join("\n") };
        self.0.insert("reports.rules".to_owned(), value);
        for rule in &list {
            self.compared(&format!("the rule “{}”", rule.name), format!("{rule:?}"));
        }
    }

    fn limit(&mut self, name: &str, Limit { ask, refuse }: Limit) {
        self.shown(&format!("safety.limits.{name}"), &format!("ask over {ask}, refuse over {refuse}"));
    }

    fn shown(&mut self, key: &str, value: &impl ToString) {
        let same = value.to_string();
        self.0.insert(key.to_owned(), Value { shown: Some(same.clone()), same });
    }

    /// Words are rounded.
    fn time(&mut self, key: &str, value: Duration) {
        let value = Value { shown: Some(in_words(value)), same: format!("{value:?}") };
        self.0.insert(key.to_owned(), value);
    }

    fn compared(&mut self, key: &str, same: String) {
        self.0.insert(key.to_owned(), Value { shown: None, same });
    }

    #[cfg(test)]
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn list_of<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<T> = words.into_iter().collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
    }
}

/// What is otherwise now, by key, and how.
pub(super) fn changes(before: &Words, now: &Words) -> Vec<(String, String)> {
    let gone = before.0.iter().filter(|(key, _)| !now.0.contains_key(*key)).map(|(key, old)| {
        let was = old.shown.as_ref().map(|old| format!(", was {old}")).unwrap_or_default();
        (key.clone(), format!("no longer there{was}"))
    });
    let other = now.0.iter().filter_map(|(key, new)| {
        let how = match (before.0.get(key), &new.shown) {
            (Some(old), _) if old == new => return None,
            (Some(Value { shown: Some(old), .. }), Some(new)) if old != new => format!("{new}, was {old}"),
            (Some(_), _) => "changed".to_owned(),
            (None, Some(new)) => format!("{new}, was not there"),
            (None, None) => "new".to_owned(),
        };
        Some((key.clone(), how))
    });
    other.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const START: &str = "[homeserver]\nurl = \"http://127.0.0.1:8008\"\nuser_id = \"@g:hs.test\"\npassword = \"hunter2\"\n\
        [management]\nroom = \"!m:hs.test\"\n";

    /// What is said when the file has one text, and then another.
    fn said(before: &str, now: &str) -> Vec<String> {
        let words = |text: &str| {
            let text = format!("{START}{text}\n[storage]\npath = \"data\"\n");
            let config = Config::parse(&text, Path::new("")).unwrap();
            Words::of(&config, &config.reports.webhooks().unwrap())
        };
        let changes = changes(&words(before), &words(now));
        changes.into_iter().map(|(key, how)| format!("{key}: {how}")).collect()
    }

    #[test]
    fn what_changed_is_said_by_key() {
        assert_eq!(said("", ""), Vec::<String>::new());
        // A default that is written down, and lines that moved, are no change.
        assert_eq!(
            said("", "# moved\n[safety]\nconfirm_over = 5\nconfirm_for = \"600s\""),
            Vec::<String>::new()
        );
        for (before, now, want) in [
            ("", "[safety]\nconfirm_over = 10", vec!["safety.confirm_over: 10, was 5"]),
            ("act = 60", "", vec!["management.act: 50, was 60"]),
            (
                "[management.levels]\nshutdown = 100\nban = 60",
                "[management.levels]\nshutdown = 90\nmute = 70",
                vec![
                    "management.levels.mute: 70, was not there",
                    "management.levels.shutdown: 90, was 100",
                    "management.levels.ban: no longer there, was 60",
                ],
            ),
            (
                "[safety.limits]\nban = { ask = 5, refuse = 6 }",
                "[safety.limits]\nban = { ask = 5, refuse = 7 }",
                vec!["safety.limits.ban: ask over 5, refuse over 7, was ask over 5, refuse over 6"],
            ),
            ("", "[safety]\nexempt = [\"@a:*\"]", vec!["safety.exempt: @a:*, was none"]),
            ("", "[feed.rooms]\n\"#a:hs\" = \"all\"", vec!["feed.rooms.\"#a:hs\": all, was not there"]),
            ("", "[reports.emoji]\nban = \"🪓\"", vec!["reports.emoji.ban: 🪓, was not there"]),
            ("", "[reports.tell]\nresolved = \"Thanks\"", vec!["reports.tell.resolved: new"]),
            (
                "[reports.tell]\nresolved = \"Thanks\"",
                "[reports.tell]\nresolved = \"Thank you\"",
                vec!["reports.tell.resolved: changed"],
            ),
            ("", "[log]\nlevel = \"debug\"", vec!["log.level: debug, was info"]),
            (
                "",
                "[reports]\npoll_interval = \"5s\"",
                vec!["reports.poll_interval: 5 seconds, was 15 seconds"],
            ),
        ] {
            assert_eq!(said(before, now), want, "{before} -> {now}");
        }
    }

    #[test]
    fn rules_are_counted_and_named() {
        let rule = |name: &str, text: &str| {
            format!("[[reports.rules]]\nname = \"{name}\"\nwhen = {{ text = '{text}' }}\ndo = [\"redact\"]\n")
        };
        let (a, b) = (rule("a", "x"), rule("b", "y"));
        assert_eq!(said(&a, &format!("{a}{b}")), ["reports.rules: 2, was 1", "the rule “b”: new"]);
        assert_eq!(said(&a, &rule("a", "z")), ["the rule “a”: changed"]);
        assert_eq!(
            said(&format!("{a}{b}"), &format!("{b}{a}")),
            ["reports.rules: changed"],
            "their order counts"
        );
        assert_eq!(said(&format!("\n\n{a}"), &a), Vec::<String>::new());
    }

    #[test]
    fn a_webhook_is_compared_and_not_shown() {
        let hook = |token: &str| format!("[reports.webhooks]\nsiem = \"https://hooks.test/{token}\"");
        assert_eq!(said(&hook("hunter2"), &hook("hunter3")), ["reports.webhooks.siem: changed"]);
        assert_eq!(said(&hook("hunter2"), ""), ["reports.webhooks.siem: no longer there"]);
    }

    /// A key is either compared here, or named as one that needs a restart.
    #[test]
    fn every_key_of_the_example_is_one_or_the_other() {
        let example = include_str!("../../config.toml.example");
        let config = Config::parse(example, Path::new("")).unwrap();
        let words = Words::of(&config, &BTreeMap::new());
        for key in words.keys().filter(|key| !key.starts_with("the rule")) {
            assert!(!Config::key_needs_restart(key), "{key} is compared, and named as well");
        }
        for key in [
            "management.levels.ban",
            "safety.limits.ban",
            "reports.webhooks.siem",
            "reports.rules",
            "feed.rooms.x",
        ] {
            assert!(!Config::key_needs_restart(key), "{key}");
        }
        for key in [
            "management.room",
            "homeserver.url",
            "storage.path",
            "encryption.recovery_key",
            "reports.http.listen",
            "mas.url",
            "log.format",
            "http.listen",
            "telemetry.otlp",
        ] {
            assert!(Config::key_needs_restart(key), "{key}");
        }
    }
}
