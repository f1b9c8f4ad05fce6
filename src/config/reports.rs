//! `[reports]`: how reports are read, what cards offer, and the rules that react to them by themselves.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use gleipnir_core::{
    model::ReportKind,
    rules::{
        case::{Cards, CaseAction},
        reports::{Condition, Glob, JoinRule, Matches, Mode, Pattern, Rule, RuleAction, Rules, TimeOfDay},
    },
    ruma::OwnedUserId,
    speech::{LEFT, NO, PARTLY, RIGHT, SEEN, YES, is_emoji},
};
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::{duration, http::Http, line_of, secret, tell::Tell};

/// Emoji that mean something else as reactions.
const TAKEN: [(&str, &str); 6] = [
    (SEEN, "says that I have seen a command"),
    (YES, "confirms what I ask"),
    (NO, "cancels what I ask"),
    (PARTLY, "says that a job was done in part"),
    (LEFT, "turns a page back"),
    (RIGHT, "turns a page"),
];

/// `[reports]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reports {
    /// How often new reports are asked for.
    #[serde(deserialize_with = "duration")]
    pub poll_interval: Duration,
    /// The actions that cards offer as reactions, in this order.
    actions: Vec<Spanned<CaseAction>>,
    /// Other emoji for actions.
    emoji: BTreeMap<CaseAction, Spanned<String>>,
    /// The endpoint for forwarded reports.
    pub http: Http,
    /// What reporters are told.
    pub tell: Tell,
    /// Which of several rules that match act.
    rules_match: Which,
    /// How many Plans rules carry out in an hour without asking.
    pub max_actions_per_hour: u32,
    /// What is done without asking.
    rules: Vec<RuleEntry>,
    /// Where cases can be sent: addresses, or `<name>_file`.
    webhooks: Webhooks,
}

impl Default for Reports {
    fn default() -> Self {
        let rules = Rules::default();
        Self {
            poll_interval: Duration::from_secs(15),
            actions: CaseAction::ALL.map(|action| Spanned::new(0..0, action)).to_vec(),
            emoji: BTreeMap::new(),
            http: Http::default(),
            tell: Tell::default(),
            rules_match: Which::First,
            max_actions_per_hour: rules.per_hour,
            rules: Vec::new(),
            webhooks: Webhooks::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Which {
    First,
    All,
}

/// `[reports.webhooks]`: what they hold may be secret, and is not shown.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
struct Webhooks(BTreeMap<String, String>);

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// `[[reports.rules]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    name: Spanned<String>,
    #[serde(deserialize_with = "conditions")]
    when: Vec<Condition>,
    #[serde(default, rename = "do", deserialize_with = "actions")]
    does: Vec<RuleAction>,
    #[serde(default, deserialize_with = "several")]
    notify: Vec<OwnedUserId>,
    webhook: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "optional_duration")]
    cooldown: Option<Duration>,
    #[serde(default)]
    mode: ModeWord,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ModeWord {
    #[default]
    Act,
    DryRun,
}

/// `when = { … }`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct When {
    #[serde(deserialize_with = "several")]
    kind: Vec<ReportKind>,
    text: Option<Pattern>,
    name: Option<Pattern>,
    reason: Option<Pattern>,
    #[serde(deserialize_with = "several")]
    author: Vec<Glob>,
    #[serde(deserialize_with = "several")]
    reporter: Vec<Glob>,
    #[serde(deserialize_with = "several")]
    room: Vec<Glob>,
    #[serde(deserialize_with = "several")]
    server: Vec<Glob>,
    local: Option<bool>,
    #[serde(deserialize_with = "several")]
    trusted_reporters: Vec<Glob>,
    #[serde(deserialize_with = "at_least_one")]
    distinct_reporters: Option<usize>,
    #[serde(deserialize_with = "optional_duration")]
    within: Option<Duration>,
    #[serde(deserialize_with = "optional_duration")]
    author_age_below: Option<Duration>,
    #[serde(deserialize_with = "several")]
    media_type: Vec<Glob>,
    #[serde(deserialize_with = "several")]
    join_rule: Vec<JoinRule>,
    members_below: Option<u64>,
    members_above: Option<u64>,
    blocked: Option<bool>,
    time_of_day: Option<TimeOfDay>,
}

impl When {
    fn conditions(self) -> Vec<Condition> {
        let list = |condition: Condition, is_there: bool| is_there.then_some(condition);
        let (kind, join_rule) = (!self.kind.is_empty(), !self.join_rule.is_empty());
        let globs =
            |make: fn(Vec<Glob>) -> Condition, globs: Vec<Glob>| (!globs.is_empty()).then(|| make(globs));
        let within = self.within;
        [
            list(Condition::Kind(self.kind), kind),
            self.text.map(Condition::Text),
            self.name.map(Condition::Name),
            self.reason.map(Condition::Reason),
            globs(Condition::Author, self.author),
            globs(Condition::Reporter, self.reporter),
            globs(Condition::Room, self.room),
            globs(Condition::Server, self.server),
            self.local.map(Condition::Local),
            globs(Condition::TrustedReporters, self.trusted_reporters),
            self.distinct_reporters.map(|count| Condition::DistinctReporters { count, within }),
            self.author_age_below.map(Condition::AuthorAgeBelow),
            globs(Condition::MediaType, self.media_type),
            list(Condition::JoinRule(self.join_rule), join_rule),
            self.members_below.map(Condition::MembersBelow),
            self.members_above.map(Condition::MembersAbove),
            self.blocked.map(Condition::Blocked),
            self.time_of_day.map(Condition::TimeOfDay),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn conditions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Condition>, D::Error> {
    let when = When::deserialize(from)?;
    if when.within.is_some() && when.distinct_reporters.is_none() {
        return Err(de::Error::custom("`within` belongs to `distinct_reporters`, which is missing"));
    }
    let conditions = when.conditions();
    if conditions.is_empty() {
        return Err(de::Error::custom("it is empty; such a rule would act on every report"));
    }
    Ok(conditions)
}

fn actions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<RuleAction>, D::Error> {
    let words: Vec<ActionWord> = several(from)?;
    Ok(words.into_iter().map(|word| word.0).collect())
}

struct ActionWord(RuleAction);

impl<'de> Deserialize<'de> for ActionWord {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        let unknown = || {
            let all = RuleAction::all_words().join(", ");
            de::Error::custom(format!("there is no action {word:?}; a rule can do {all}"))
        };
        RuleAction::from_word(&word).map(Self).ok_or_else(unknown)
    }
}

/// One thing, or a list that is not empty.
fn several<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    struct Several<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Several<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string or a list of strings")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            T::deserialize(de::value::StrDeserializer::new(text)).map(|one| vec![one])
        }

        fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = list.next_element()? {
                all.push(one);
            }
            if all.is_empty() {
                return Err(de::Error::custom("this list is empty; leave the key out instead"));
            }
            Ok(all)
        }
    }
    from.deserialize_any(Several(std::marker::PhantomData))
}

fn optional_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let found = duration(from)?;
    if found.is_zero() {
        return Err(de::Error::custom("it is 0; leave the key out instead"));
    }
    Ok(Some(found))
}

fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    match usize::deserialize(from)? {
        0 => Err(de::Error::custom("nothing is reported by nobody: it has to be 1 at least")),
        count => Ok(Some(count)),
    }
}

impl Reports {
    /// What cards offer.
    pub(super) fn cards(&self) -> Cards {
        let emoji = self.emoji.iter().map(|(action, emoji)| (*action, emoji.get_ref().clone())).collect();
        Cards { offered: self.actions.iter().map(|action| *action.get_ref()).collect(), emoji }
    }

    /// The rules.
    pub(crate) fn rules(&self) -> Rules {
        Rules {
            list: self.rules.iter().map(RuleEntry::rule).collect(),
            matches: match self.rules_match {
                Which::First => Matches::First,
                Which::All => Matches::All,
            },
            per_hour: self.max_actions_per_hour,
        }
    }

    /// What no value shows by itself. `text` is the whole file.
    pub(super) fn check(&self, text: &str) -> anyhow::Result<()> {
        ensure!(
            self.poll_interval >= Duration::from_secs(1),
            "reports.poll_interval is less than a second: that would keep the homeserver busy for nothing"
        );
        self.check_cards(text)?;
        let webhooks = self.webhook_names();
        let mut names = BTreeSet::new();
        for entry in &self.rules {
            let name = entry.name.get_ref();
            let line = line_of(text, entry.name.span().start);
            ensure!(!name.trim().is_empty(), "line {line}, name: a rule needs a name");
            ensure!(names.insert(name), "line {line}, name: there are two rules {name:?}");
            let does_nothing = entry.does.is_empty() && entry.notify.is_empty() && entry.webhook.is_none();
            ensure!(!does_nothing, "line {line}, name: the rule {name:?} has none of do, notify and webhook");
            let closes = |action: &&RuleAction| matches!(action, RuleAction::Resolve | RuleAction::Dismiss);
            ensure!(
                entry.does.iter().filter(closes).count() <= 1,
                "line {line}, name: the rule {name:?} closes its cases twice; give resolve or dismiss once"
            );
            if let Some(webhook) = &entry.webhook {
                let line = line_of(text, webhook.span().start);
                let webhook = webhook.get_ref();
                ensure!(
                    webhooks.contains(webhook.as_str()),
                    "line {line}, webhook: there is no {webhook:?} in [reports.webhooks]"
                );
            }
        }
        self.webhooks().map(drop)
    }

    /// As if nothing were said of cards.
    #[cfg(test)]
    pub(super) fn forget_cards(&mut self) {
        (self.actions, self.emoji) = (Vec::new(), BTreeMap::new());
    }

    /// Whether a reaction on a card means one thing.
    fn check_cards(&self, text: &str) -> anyhow::Result<()> {
        let mut seen = BTreeSet::new();
        for action in &self.actions {
            let (line, action) = (line_of(text, action.span().start), *action.get_ref());
            ensure!(
                seen.insert(action),
                "line {line}, reports.actions: {:?} stands there twice",
                action.word()
            );
        }
        for (action, emoji) in &self.emoji {
            let (line, key) = (line_of(text, emoji.span().start), format!("reports.emoji.{}", action.word()));
            let emoji = emoji.get_ref();
            ensure!(!is_emoji(emoji.trim(), ""), "line {line}, {key} is empty");
            // A reaction with a space in it could be given from no list of emoji.
            ensure!(
                !emoji.contains(char::is_whitespace),
                "line {line}, {key}: there is a space in {emoji:?}"
            );
            if let Some((_, what)) = TAKEN.iter().find(|(taken, _)| is_emoji(emoji, taken)) {
                bail!("line {line}, {key}: {emoji} is taken: it {what}");
            }
        }
        let cards = self.cards();
        for (n, action) in cards.offered.iter().enumerate() {
            let is_same = |other: &&CaseAction| is_emoji(cards.emoji(**other), cards.emoji(*action));
            let other = cards.offered[..n].iter().find(is_same);
            if let Some(other) = other {
                let own = self.emoji.get(action).or_else(|| self.emoji.get(other));
                let line = own.map_or(1, |emoji| line_of(text, emoji.span().start));
                bail!(
                    "line {line}, reports.emoji: {} stands for both {:?} and {:?}",
                    cards.emoji(*action),
                    other.word(),
                    action.word()
                );
            }
        }
        Ok(())
    }

    fn webhook_names(&self) -> BTreeSet<&str> {
        self.webhooks.0.keys().map(|key| key.strip_suffix("_file").unwrap_or(key)).collect()
    }

    /// The addresses of the webhooks, by their names.
    pub(crate) fn webhooks(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let read = |name: &str| {
            let key = format!("reports.webhooks.{name}");
            let file = self.webhooks.0.get(&format!("{name}_file")).map(PathBuf::from);
            let Some(address) = secret(&key, self.webhooks.0.get(name), file.as_ref())? else {
                bail!("{key} has no address");
            };
            // The address itself is not said: whoever knows it can post there.
            let is_address = reqwest::Url::parse(&address)
                .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
            ensure!(is_address, "{key} is no address that begins with https:// or http://");
            Ok((name.to_owned(), address))
        };
        self.webhook_names().into_iter().map(read).collect()
    }

    /// Paths in it are relative to `folder`.
    pub(super) fn locate(&mut self, folder: &Path) -> anyhow::Result<()> {
        for (key, value) in &mut self.webhooks.0 {
            if key.ends_with("_file") {
                let path = folder.join(&value);
                path.to_str().context("a path in reports.webhooks is no text")?.clone_into(value);
            }
        }
        Ok(())
    }
}

impl RuleEntry {
    fn rule(&self) -> Rule {
        let mut actions = self.does.clone();
        if !self.notify.is_empty() {
            actions.push(RuleAction::Notify(self.notify.clone()));
        }
        actions.extend(self.webhook.iter().map(|name| RuleAction::Webhook(name.get_ref().clone())));
        Rule {
            name: self.name.get_ref().clone(),
            when: self.when.clone(),
            actions,
            cooldown: self.cooldown,
            mode: match self.mode {
                ModeWord::Act => Mode::Act,
                ModeWord::DryRun => Mode::DryRun,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gleipnir_core::{
        rules::reports::{Condition, Matches, Mode, RuleAction, Rules},
        ruma::{OwnedRoomId, owned_user_id},
    };

    use super::super::Config;

    const BASE: &str = r##"[homeserver]
url = "http://127.0.0.1:8008"
user_id = "@gleipnir:hs.test"
password = "secret"
[management]
room = "#moderators:hs.test"
[storage]
path = "data"
"##;

    const FULL: &str = r#"
[reports]
rules_match = "all"
max_actions_per_hour = 3
[reports.webhooks]
siem = "https://siem.test/hook?token=hunter2"
[[reports.rules]]
name = "spam links from new accounts"
when = { kind = "event", text = '(?i)\bfree\s+nitro\b', author_age_below = "2d", distinct_reporters = 2 }
do = ["redact", "suspend", "quarantine"]
cooldown = "1h"
[[reports.rules]]
name = "everything"
mode = "dry-run"
notify = "@mod:hs.test"
webhook = "siem"
[reports.rules.when]
kind = ["event", "user", "room"]
name = "a"
reason = "b"
author = ["@*:evil.test", "@x:*"]
reporter = "@*"
room = "!*"
server = "*.test"
local = false
trusted_reporters = ["@mod:*"]
distinct_reporters = 3
within = "1h30m"
media_type = "image/*"
join_rule = ["public", "knock_restricted"]
members_below = 10
members_above = 2
blocked = false
time_of_day = "22:00-06:00"
"#;

    fn rules(text: &str) -> anyhow::Result<Rules> {
        let config = Config::parse(&format!("{BASE}{text}"), Path::new("/etc"))?;
        Ok(config.settings(OwnedRoomId::try_from("!m:hs.test").expect("an ID")).rules)
    }

    #[test]
    fn rules_are_read() {
        let rules = rules(FULL).expect("a configuration");
        assert_eq!((rules.matches, rules.per_hour, rules.list.len()), (Matches::All, 3, 2));
        let [spam, all] = &rules.list[..] else { panic!("{rules:?}") };
        assert_eq!((spam.when.len(), spam.actions.len(), spam.mode), (4, 3, Mode::Act));
        assert_eq!(spam.cooldown, Some(std::time::Duration::from_hours(1)));
        assert_eq!((all.when.len(), all.mode), (16, Mode::DryRun));
        assert!(all.when.iter().any(|one| matches!(
            one,
            Condition::DistinctReporters { count: 3, within: Some(time) } if time.as_secs() == 5400
        )));
        let notify = RuleAction::Notify(vec![owned_user_id!("@mod:hs.test")]);
        assert_eq!(all.actions, [notify, RuleAction::Webhook("siem".into())]);
    }

    /// Line 9 is the first one of `text`.
    #[track_caller]
    fn refused(text: &str, wants: &[&str]) {
        let error = format!("{:#}", rules(text).expect_err("it is wrong"));
        for want in wants {
            assert!(error.contains(want), "{want:?} is not in {error:?}");
        }
        assert!(!error.contains("hunter2") && !error.contains('\n'), "{error}");
    }

    #[track_caller]
    fn refused_rule(when: &str, rest: &str, wants: &[&str]) {
        refused(&format!("[[reports.rules]]\nname = \"x\"\nwhen = {when}\n{rest}"), wants);
    }

    #[test]
    fn mistakes_are_named_with_their_line_and_key() {
        let act = "do = [\"redact\"]";
        refused_rule("{ text = '(' }", act, &["line 11, text", "unclosed group"]);
        refused_rule("{ local = true, text = 'a{1000}{1000}' }", act, &["line 11, text", "size limit"]);
        refused_rule("{ txt = 'a' }", act, &["line 11", "unknown field `txt`", "`text`"]);
        refused_rule(
            "{ author_age_below = '2 days' }",
            act,
            &["line 11, author_age_below", "not a duration"],
        );
        refused_rule("{ author_age_below = '0s' }", act, &["line 11, author_age_below", "it is 0"]);
        refused_rule("{}", act, &["line 11, when", "empty"]);
        refused_rule("{ within = '1h' }", act, &["line 11", "distinct_reporters"]);
        refused_rule("{ distinct_reporters = 0 }", act, &["line 11, distinct_reporters", "1 at least"]);
        refused_rule("{ distinct_reporters = -1 }", act, &["line 11, distinct_reporters"]);
        refused_rule("{ kind = 'message' }", act, &["line 11, kind", "`event`"]);
        refused_rule("{ kind = ['event', 'message'] }", act, &["line 11", "`event`"]);
        refused_rule("{ author = [] }", act, &["line 11, author", "empty"]);
        refused_rule("{ author = '' }", act, &["line 11, author", "empty"]);
        refused_rule("{ author = 3 }", act, &["line 11, author", "a string or a list"]);
        refused_rule("{ join_rule = 'open' }", act, &["line 11, join_rule", "`public`"]);
        refused_rule("{ time_of_day = '22-6' }", act, &["line 11, time_of_day", "22:00-06:00"]);
        refused_rule("{ local = 'yes' }", act, &["line 11, local", "true or false"]);
        refused_rule(
            "{ local = true }",
            "do = ['redact', 'claim']",
            &["line 12, do", "\"claim\"", "suspend"],
        );
        refused_rule("{ local = true }", "do = ['resolve', 'dismiss']", &["line 10, name", "twice"]);
        refused_rule("{ local = true }", "", &["line 10, name", "none of do, notify and webhook"]);
        refused_rule("{ local = true }", "do = []", &["line 12, do", "empty"]);
        refused_rule("{ local = true }", "notify = ['mod']", &["line 12, notify"]);
        refused_rule("{ local = true }", "webhook = 'siem'", &["line 12, webhook", "no \"siem\""]);
        refused_rule("{ local = true }", "mode = 'dry'", &["line 12, mode", "`dry-run`"]);
        refused_rule("{ local = true }", "cooldown = 'soon'", &["line 12, cooldown"]);
        refused_rule("{ local = true }", "reason = 'x'", &["line 12", "unknown field `reason`"]);
        let two = "[[reports.rules]]\nname = 'x'\nwhen = { local = true }\ndo = ['redact']\n".repeat(2);
        refused(&two, &["line 14, name", "two rules \"x\""]);
        refused(
            "[[reports.rules]]\nwhen = { local = true }\ndo = ['redact']",
            &["line 9", "missing field `name`"],
        );
        refused("[[reports.rules]]\nname = 'x'\ndo = ['redact']", &["line 9", "missing field `when`"]);
        refused("[reports]\nrules_match = 'some'", &["line 10, rules_match", "`first`"]);
        refused("[reports]\nmax_actions_per_hour = -1", &["line 10, max_actions_per_hour"]);
    }

    #[test]
    fn a_reaction_stands_for_one_thing() {
        refused(
            "[reports]\nactions = ['claim', 'redact', 'claim']",
            &["line 10, reports.actions", "\"claim\" stands there twice"],
        );
        refused("[reports]\nactions = ['claim', 'delete']", &["line 10", "delete"]);
        let emoji = |line: &str| format!("[reports.emoji]\n{line}");
        for empty in ["", " ", "\u{fe0f}", "\u{1f3ff}"] {
            refused(&emoji(&format!("claim = '{empty}'")), &["line 10, reports.emoji.claim", "empty"]);
        }
        refused(&emoji("claim = '🙋 me'"), &["line 10, reports.emoji.claim", "a space"]);
        refused(&emoji("delete = '🙋'"), &["line 10", "delete"]);
        for (taken, why) in [
            ("✅", "confirms"),
            ("❌", "cancels"),
            ("⬅", "page"),
            ("➡️", "page"),
            ("👀", "seen"),
            ("⚠", "in part"),
        ] {
            refused(&emoji(&format!("ban = '{taken}'")), &["line 10, reports.emoji.ban", taken, why]);
        }
        // As another's own emoji, or as the one that it has by itself; in whatever skin tone.
        for line in ["kick = '👋'\nban = '👋🏿'", "kick = '👋'\nban = '👋\u{fe0f}'"] {
            refused(&emoji(line), &["line 11, reports.emoji", "\"kick\" and \"ban\""]);
        }
        refused(&emoji("kick = '🔨'"), &["line 10, reports.emoji", "🔨", "\"kick\" and \"ban\""]);
        // One that is offered for nothing else is free.
        for fine in [
            "[reports]\nactions = ['kick']\n[reports.emoji]\nkick = '🔨'",
            "[reports.emoji]\nkick = '🔨'\nban = '👢'",
            "[reports]\nactions = []",
        ] {
            rules(fine).expect(fine);
        }
    }

    #[test]
    fn addresses_of_webhooks_are_secret() {
        let hook = |line: &str| format!("[reports.webhooks]\n{line}");
        refused(&hook("siem = 'hunter2'"), &["reports.webhooks.siem", "https://"]);
        refused(&hook("siem = ['https://hunter2']"), &["line 10, siem"]);
        refused(&hook("siem = 'https://hunter2"), &["line 10"]);
        refused(&hook("siem = ''"), &["reports.webhooks.siem is empty"]);
        refused(&hook("siem_file = 'nowhere'"), &["reports.webhooks.siem_file", "/etc/nowhere"]);
        refused(&hook("siem = 'https://a.test'\nsiem_file = 'b'"), &["both there"]);
        let config = Config::parse(&format!("{BASE}{FULL}"), Path::new("")).expect("a configuration");
        assert!(!format!("{config:?}").contains("hunter2"));
        let webhooks = config.reports.webhooks().expect("addresses");
        assert_eq!(webhooks["siem"], "https://siem.test/hook?token=hunter2");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("hook"), "https://a.test/b\n").expect("written");
        let text = format!("{BASE}{}", hook("siem_file = 'hook'"));
        let config = Config::parse(&text, folder.path()).expect("a configuration");
        assert_eq!(config.reports.webhooks().expect("addresses")["siem"], "https://a.test/b");
    }
}
