//! The configuration file. Unknown keys are errors, errors name the key, the line and the fix, and every secret `x`
//! may be given as `x_file` instead. The environment is not read.

mod http;
mod mas;
mod reports;
mod safety;
mod source;
mod storage;
mod telemetry;
mod tell;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use gleipnir_core::{
    commands::{Settings, SkipConfirmation, table},
    model::Switch,
    rules::feed::Level,
    ruma::{OwnedRoomId, OwnedUserId},
    text::{duration::parse_duration, target::RoomTarget},
};
use gleipnir_matrix::Login;
use serde::{Deserialize, Deserializer, de};

use self::source::Source;
pub use self::{
    http::Http, mas::Mas, reports::Reports, safety::Safety, storage::Storage, telemetry::Telemetry,
};

/// All of `config.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the bot's account is, and how to log in.
    pub homeserver: Homeserver,
    /// Where moderators are.
    pub management: Management,
    /// Where the bot keeps what it must not forget.
    pub storage: Storage,
    /// End-to-end encryption.
    #[serde(default)]
    pub encryption: Encryption,
    /// What is asked about first.
    #[serde(default)]
    pub safety: Safety,
    /// What is told of watched rooms.
    #[serde(default)]
    pub feed: Feed,
    /// Abuse reports.
    #[serde(default)]
    pub reports: Reports,
    /// Matrix Authentication Service.
    pub mas: Option<Mas>,
    /// Where it can be asked whether the bot is well, and for its numbers.
    #[serde(default)]
    pub http: Http,
    /// Where traces go.
    #[serde(default)]
    pub telemetry: Telemetry,
    /// What is logged, and how.
    #[serde(default)]
    pub log: Log,
    /// The file.
    #[serde(skip)]
    source: Source,
}

/// `[homeserver]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Homeserver {
    /// Its address, where both the client-server API and Synapse's admin API answer.
    pub url: String,
    /// The bot's account.
    pub user_id: OwnedUserId,
    password: Option<String>,
    password_file: Option<PathBuf>,
    access_token: Option<String>,
    access_token_file: Option<PathBuf>,
    /// How long a request may take.
    #[serde(default = "default_timeout", deserialize_with = "duration")]
    pub timeout: Duration,
}

impl std::fmt::Debug for Homeserver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Homeserver")
            .field("url", &self.url)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// `[management]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// The room that commands are taken from: ID or alias.
    #[serde(deserialize_with = "room")]
    pub room: RoomTarget,
    /// The power level that acting needs.
    #[serde(default = "default_act")]
    pub act: i64,
    /// Power levels of single commands.
    #[serde(default)]
    pub levels: BTreeMap<String, i64>,
}

/// `[encryption]`
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    recovery_key: Option<String>,
    recovery_key_file: Option<PathBuf>,
}

impl std::fmt::Debug for Encryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encryption").finish_non_exhaustive()
    }
}

/// `[feed]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feed {
    /// Of rooms that are not named: `all`, `moderation` or `off`.
    #[serde(deserialize_with = "level")]
    pub default: Level,
    /// Of single rooms, by ID or alias.
    #[serde(deserialize_with = "levels")]
    pub rooms: Vec<(RoomTarget, Level)>,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`; or directives such as `info,synapse_admin=debug`.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// The shape of a line of the log.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

fn default_timeout() -> Duration {
    Duration::from_secs(30)
}

fn default_act() -> i64 {
    50
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    parse_duration(&String::deserialize(from)?).map_err(de::Error::custom)
}

fn level<'de, D: Deserializer<'de>>(from: D) -> Result<Level, D::Error> {
    let word = String::deserialize(from)?;
    Level::from_word(&word)
        .ok_or_else(|| de::Error::custom(format!("{word:?} is none of \"all\", \"moderation\" and \"off\"")))
}

fn levels<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(RoomTarget, Level)>, D::Error> {
    let rooms: BTreeMap<String, String> = BTreeMap::deserialize(from)?;
    let level_of = |(room, word): (String, String)| {
        let target = room.parse().map_err(|error| de::Error::custom(format!("{room}: {error}")))?;
        let level = Level::from_word(&word).ok_or_else(|| {
            de::Error::custom(format!("{room}: {word:?} is none of \"all\", \"moderation\" and \"off\""))
        })?;
        Ok((target, level))
    };
    rooms.into_iter().map(level_of).collect()
}

fn room<'de, D: Deserializer<'de>>(from: D) -> Result<RoomTarget, D::Error> {
    String::deserialize(from)?.parse().map_err(de::Error::custom)
}

impl Config {
    /// Reads and checks the file. Relative paths in it are relative to the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = source::read(path)?;
        Self::parse(&text, source::folder(path))
            .map(|config| Self { source: config.source.clone().at(path), ..config })
            .with_context(|| format!("the configuration {} cannot be used", path.display()))
    }

    /// Checks a configuration. Relative paths in it are relative to `folder`.
    pub fn parse(text: &str, folder: &Path) -> anyhow::Result<Self> {
        let config = Self::understand(text, folder)?;
        config.login()?;
        config.recovery()?;
        if let Some(mas) = &config.mas {
            mas.secret()?;
        }
        Ok(config)
    }

    /// As [`parse`](Self::parse), without looking at the secrets of the sessions.
    fn understand(text: &str, folder: &Path) -> anyhow::Result<Self> {
        let mut config: Self = toml::from_str(text).map_err(|error| mistake(text, &error))?;
        config.source = Source::of(text);
        config.storage.path = folder.join(&config.storage.path);
        for file in [
            &mut config.homeserver.password_file,
            &mut config.homeserver.access_token_file,
            &mut config.encryption.recovery_key_file,
        ] {
            *file = file.take().map(|file| folder.join(file));
        }
        if let Some(mas) = &mut config.mas {
            mas.locate(folder);
        }
        config.reports.locate(folder)?;
        config.check()?;
        config.reports.check(text)?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        let url = &self.homeserver.url;
        ensure!(
            url.starts_with("http://") || url.starts_with("https://"),
            "homeserver.url is {url:?}; it has to begin with https:// or http://"
        );
        for name in self.management.levels.keys() {
            ensure!(
                table().iter().any(|entry| entry.name == name),
                "management.levels.{name}: there is no command of that name"
            );
        }
        self.safety.check()?;
        self.storage.check(&self.reports.rules())?;
        check_level(&self.log.level)?;
        self.telemetry.check()?;
        let (own, forwarded) = (self.http.listen, self.reports.http.listen);
        ensure!(
            own.is_none() || own != forwarded,
            "http.listen and reports.http.listen are the same address; one of them needs another port"
        );
        self.mas.as_ref().map_or(Ok(()), Mas::check)
    }

    /// How to log in: exactly one of the four keys has to be there.
    pub fn login(&self) -> anyhow::Result<Login> {
        let homeserver = &self.homeserver;
        let password =
            secret("homeserver.password", homeserver.password.as_ref(), homeserver.password_file.as_ref())?;
        let token = secret(
            "homeserver.access_token",
            homeserver.access_token.as_ref(),
            homeserver.access_token_file.as_ref(),
        )?;
        match (password, token) {
            (Some(password), None) => Ok(Login::Password(password)),
            (None, Some(token)) => Ok(Login::Token(token)),
            (None, None) => {
                bail!("homeserver needs one of password, password_file, access_token and access_token_file")
            }
            (Some(_), Some(_)) => {
                bail!("homeserver has both a password and an access token; give one of them")
            }
        }
    }

    /// The recovery key or passphrase of the bot's encryption identity.
    pub fn recovery(&self) -> anyhow::Result<Option<String>> {
        let encryption = &self.encryption;
        secret(
            "encryption.recovery_key",
            encryption.recovery_key.as_ref(),
            encryption.recovery_key_file.as_ref(),
        )
    }

    /// The thresholds, for the management room that `management.room` stands for.
    pub fn settings(&self, management: OwnedRoomId) -> Settings {
        Settings {
            management,
            act: self.management.act,
            levels: self.management.levels.clone(),
            confirm_for: self.safety.confirm_for,
            yes: if self.safety.allow_yes { SkipConfirmation::Allowed } else { SkipConfirmation::Ignored },
            confirm_over: self.safety.confirm_over,
            second: self.safety.second_moderator.clone(),
            limits: self.safety.limits.clone(),
            feed: gleipnir_core::rules::feed::Feed {
                default: self.feed.default,
                rooms: self.feed.rooms.clone(),
            },
            exempt: self.safety.exempt.clone(),
            cards: self.reports.cards(),
            tell: self.reports.tell.settings(),
            endpoint: if self.reports.http.listen.is_some() { Switch::On } else { Switch::Off },
            rules: self.reports.rules(),
            keep: self.storage.keep,
        }
    }
}

/// A mistake in the file, with its line's number and key; never the line itself, which may hold a secret.
fn mistake(text: &str, error: &toml::de::Error) -> anyhow::Error {
    let Some(span) = error.span() else { return anyhow::anyhow!("{}", error.message()) };
    let number = line_of(text, span.start);
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = key_before(text.get(..span.start).unwrap_or_default())
        .unwrap_or_else(|| line.split_once('=').map_or("", |(key, _)| key).trim());
    // "invalid type: integer `123`, expected a string" quotes the value.
    let message = match error.message().split_once("expected ") {
        Some((start, expected)) if start.starts_with("invalid type") => {
            format!("the value has to be {}", in_words(expected))
        }
        _ => error.message().to_owned(),
    };
    match key {
        "" => anyhow::anyhow!("line {number}: {message}"),
        key => anyhow::anyhow!("line {number}, {key}: {message}"),
    }
}

/// What serde expects, as one who is no programmer says it.
fn in_words(expected: &str) -> &str {
    match expected {
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, 0 or more",
        "i64" | "i32" | "i16" | "i8" => "a whole number",
        "a boolean" => "true or false",
        other => other,
    }
}

/// The number of the line in which a byte of a text is.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}

/// The key whose value begins behind a text: of several in a line, the right one.
fn key_before(text: &str) -> Option<&str> {
    let before = text.trim_end_matches(' ').strip_suffix('=')?.trim_end_matches(' ');
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let start = before.rfind(|c| !is_key(c)).map_or(0, |at| at + 1);
    Some(&before[start..]).filter(|key| !key.is_empty())
}

/// A word that is no level would be taken for the name of a module, and everything else would be silent.
fn check_level(directives: &str) -> anyhow::Result<()> {
    for directive in directives.split(',') {
        let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level).trim().to_lowercase();
        ensure!(
            ["error", "warn", "info", "debug", "trace", "off"].contains(&level.as_str()),
            "log.level: {level:?} is none of error, warn, info, debug, trace and off"
        );
    }
    Ok(())
}

/// A secret that is given itself or as a file.
fn secret(key: &str, value: Option<&String>, file: Option<&PathBuf>) -> anyhow::Result<Option<String>> {
    let found = match (value, file) {
        (Some(_), Some(_)) => bail!("{key} and {key}_file are both there; give one of them"),
        (Some(value), None) => value.clone(),
        (None, Some(file)) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {key}_file ({})", file.display()))?,
        (None, None) => return Ok(None),
    };
    let found = found.trim_end_matches(['\n', '\r']).to_owned();
    ensure!(!found.is_empty(), "{key} is empty");
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use gleipnir_core::rules::case::CaseAction;

    use super::*;

    const SMALLEST: &str = r##"
[homeserver]
url = "http://127.0.0.1:8008"
user_id = "@gleipnir:hs.test"
password = "secret"

[management]
room = "#moderators:hs.test"

[storage]
path = "data"
"##;

    #[track_caller]
    fn refused(change: impl FnOnce(&str) -> String, want: &str) {
        let error = format!("{:#}", Config::parse(&change(SMALLEST), Path::new("/etc")).unwrap_err());
        assert!(error.contains(want), "{error}");
        assert!(!error.contains("secret\""), "{error}");
    }

    #[test]
    fn the_smallest_one_works() {
        let config = Config::parse(SMALLEST, Path::new("/etc/gleipnir")).unwrap();
        assert_eq!(config.storage.path, Path::new("/etc/gleipnir/data"));
        assert_eq!(config.safety.confirm_for, Duration::from_mins(10));
        assert!(matches!(config.login().unwrap(), Login::Password(password) if password == "secret"));
        assert!(!format!("{config:?}").contains("secret"));
        let room = OwnedRoomId::try_from("!m:hs.test").unwrap();
        assert_eq!(config.settings(room.clone()), Settings::new(room), "the defaults are those of the core");
    }

    #[test]
    fn the_example_has_every_key_with_its_default() {
        let example = include_str!("../config.toml.example");
        let plain = Config::parse(example, Path::new("")).unwrap();
        // Keys that are optional stand in comments: `# key = value`.
        let secret =
            |key: &str| ["password", "access_token", "recovery_key"].iter().any(|s| key.starts_with(s));
        let is_key =
            |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '-')) && !secret(key);
        let uncommented: Vec<&str> = example
            .lines()
            .map(|line| {
                match line.strip_prefix("# ").and_then(|rest| Some((rest, rest.split_once(" = ")?.0))) {
                    Some((rest, key)) if is_key(key) => rest,
                    _ => line,
                }
            })
            .collect();
        let uncommented = uncommented.join("\n");
        let full = Config::parse(&uncommented, Path::new("")).unwrap();
        let room = OwnedRoomId::try_from("!m:hs.test").unwrap();
        let (of_plain, of_full) = (plain.settings(room.clone()), full.settings(room));
        // An emoji that stands there is one that is configured: it has to be what it is without.
        for action in CaseAction::ALL {
            assert_eq!(of_full.cards.emoji(action), action.emoji());
            assert!(of_full.cards.emoji.iter().any(|(of, _)| *of == action), "{action:?} is not shown");
        }
        assert_eq!(of_full.cards.offered, of_plain.cards.offered);
        // Where they stand in the file differs.
        let without_cards = |mut config: Config| {
            config.reports.forget_cards();
            format!("{config:?}")
        };
        assert_eq!(
            without_cards(plain),
            without_cards(full),
            "a commented key shows a value that is not the default"
        );
        for key in [
            "url",
            "user_id",
            "password",
            "password_file",
            "access_token",
            "access_token_file",
            "timeout",
            "room",
            "act",
            "path",
            "recovery_key",
            "recovery_key_file",
            "default",
            "poll_interval",
            "confirm_for",
            "confirm_over",
            "allow_yes",
            "exempt",
            "second_moderator",
            "all",
            "actions",
            "rules_match",
            "max_actions_per_hour",
            "level",
            "format",
            "service_name",
        ] {
            let shown =
                example.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = ")));
            assert!(shown, "{key} is not in config.toml.example");
        }
    }

    #[test]
    fn mistakes_are_named() {
        refused(|text| text.replace("url =", "uri ="), "unknown field `uri`");
        refused(|text| text.replace("http://", "ftp://"), "homeserver.url");
        refused(|text| text.replace("@gleipnir:hs.test", "gleipnir"), "user_id");
        refused(|text| text.replace("password = \"secret\"", ""), "one of password");
        refused(|text| text.replace("path", "access_token = \"x\"\npath"), "unknown field");
        refused(|text| text.replace("password =", "access_token = \"x\"\npassword ="), "both a password and");
        refused(|text| text.replace("password =", "password_file = \"x\"\npassword ="), "both there");
        refused(|text| text.replace("password = \"secret\"", "password_file = \"/nowhere\""), "/nowhere");
        refused(|text| text.replace("\"secret\"", "\"\""), "homeserver.password is empty");
        refused(|text| text.replace("#moderators:hs.test", "moderators"), "room");
        refused(|text| text.replace("[storage]", "[management.levels]\nblok = 1\n[storage]"), "levels.blok");
        refused(|text| format!("{text}\n[safety]\nconfirm_for = \"soon\""), "confirm_for");
        refused(|text| format!("{text}\n[safety]\nconfirm_for = \"0s\""), "confirm_for");
        refused(
            |text| format!("{text}\n[safety]\nconfirm_over = \"many\""),
            "confirm_over: the value has to be a whole number, 0 or more",
        );
        refused(|text| text.replace("url =", "uri ="), "line 3");
        refused(|text| format!("{text}\n[reports]\npoll_interval = \"0s\""), "reports.poll_interval");
        refused(|text| format!("{text}\n[feed]\ndefault = \"some\""), "none of \"all\"");
        refused(|text| format!("{text}\n[feed.rooms]\n\"lounge\" = \"all\""), "lounge");
        refused(|text| format!("{text}\n[feed.rooms]\n\"!a:hs\" = \"most\""), "none of \"all\"");
        refused(|text| format!("{text}\n[http]\nlisten = \"8009\""), "listen");
        refused(|text| format!("{text}\n[http]\nport = 8009"), "unknown field `port`");
        let twice = "[http]\nlisten = \"127.0.0.1:1\"\n[reports.http]\nlisten = \"127.0.0.1:1\"";
        refused(|text| format!("{text}\n{twice}"), "another port");
        refused(|text| format!("{text}\n[telemetry]\notlp = \"localhost:4318\""), "telemetry.otlp");
        refused(|text| format!("{text}\n[telemetry]\notlp = \"http://u:p@h:4318\""), "no password");
        refused(|text| format!("{text}\n[telemetry]\nservice_name = \"\""), "telemetry.service_name");
        refused(|text| format!("{text}\n[log]\nlevel = \"warning\""), "log.level");
        refused(|text| format!("{text}\n[log]\nlevel = \"info,synapse_admin=much\""), "log.level");
    }

    #[test]
    fn a_mistake_beside_a_secret_does_not_show_it() {
        for line in [
            "pasword = \"hunter2\"",
            "password = hunter2",
            "password = \"hunter2",
            "password = [\"hunter2\"]",
        ] {
            refused(|text| text.replace("password = \"secret\"", line), "line 5");
            let error =
                Config::parse(&SMALLEST.replace("password = \"secret\"", line), Path::new("")).unwrap_err();
            assert!(!format!("{error:?} {error:#}").contains("hunter2"), "{error:?}");
        }
        let number = SMALLEST.replace("password = \"secret\"", "password = 123456");
        assert!(!format!("{:#}", Config::parse(&number, Path::new("")).unwrap_err()).contains("123456"));
    }

    #[test]
    fn secrets_come_from_files_without_their_last_newline() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pw"), "se cret\n").unwrap();
        let text = SMALLEST.replace("password = \"secret\"", "password_file = \"pw\"");
        let config = Config::parse(&text, folder.path()).unwrap();
        assert!(matches!(config.login().unwrap(), Login::Password(password) if password == "se cret"));
    }
}
