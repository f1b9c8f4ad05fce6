//! Where a configuration was read from, and its keys as they stood there: to read it again, and to tell what is otherwise.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use toml::{Table, Value};

use super::Config;

/// The file. What it says may be secret, so no `Debug` output has it.
#[derive(Clone, Default)]
pub(super) struct Source {
    path: Option<PathBuf>,
    /// The values by their keys, such as `safety.confirm_over`.
    keys: BTreeMap<String, Value>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

impl Source {
    /// The keys of a text that is a configuration.
    pub(super) fn of(text: &str) -> Self {
        let mut keys = BTreeMap::new();
        flatten("", text.parse().unwrap_or_default(), &mut keys);
        Self { path: None, keys }
    }

    pub(super) fn at(self, path: &Path) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }
}

fn flatten(prefix: &str, table: Table, keys: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(table) => flatten(&key, table, keys),
            value => drop(keys.insert(key, value)),
        }
    }
}

/// What can be changed while the bot runs: these keys and all below them.
const CHANGEABLE: [&str; 6] =
    ["management.act", "management.levels", "safety", "feed", "reports", "log.level"];
/// And what not, all the same.
const FIXED: &str = "reports.http";

impl Config {
    /// Reads and checks the file once more. Secrets that are not used again are not read: only what they are written as in the
    /// file itself is looked at.
    pub(crate) fn read_again(&self) -> anyhow::Result<Self> {
        let path = self.source.path.as_deref().context("this configuration was not read from a file")?;
        let text = read(path)?;
        Self::understand(&text, folder(path))
            .map(|config| Self { source: config.source.clone().at(path), ..config })
            .with_context(|| format!("the configuration {} cannot be used", path.display()))
    }

    /// The keys that differ from those that the bot was started with, and can be changed by a restart only.
    pub(crate) fn needs_restart(&self, started: &Self) -> Vec<String> {
        let (old, new) = (&started.source.keys, &self.source.keys);
        let all: BTreeMap<&String, &Value> = old.iter().chain(new).collect();
        let differs = |key: &&String| old.get(*key) != new.get(*key);
        all.into_keys().filter(|key| Self::key_needs_restart(key)).filter(differs).cloned().collect()
    }

    /// Whether a key can be changed by a restart only.
    pub(crate) fn key_needs_restart(key: &str) -> bool {
        let is_in = |prefix: &str| {
            key.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        is_in(FIXED) || !CHANGEABLE.iter().any(|prefix| is_in(prefix))
    }

    /// Takes over from another configuration what can be changed while the bot runs.
    pub(crate) fn take_over(&mut self, new: Self) {
        (self.management.act, self.management.levels) = (new.management.act, new.management.levels);
        (self.safety, self.feed, self.log.level) = (new.safety, new.feed, new.log.level);
        let http = std::mem::replace(&mut self.reports, new.reports).http;
        self.reports.http = http;
    }
}

/// The text of a configuration file.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| {
        format!(
            "cannot read the configuration {}; config.toml.example shows what belongs into it",
            path.display()
        )
    })
}

/// The folder that relative paths of a configuration file are relative to.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = "[homeserver]\nurl = \"http://127.0.0.1:8008\"\nuser_id = \"@g:hs.test\"\n\
        password_file = \"pw\"\n[management]\nroom = \"!m:hs.test\"\n[storage]\npath = \"data\"\n";

    #[test]
    fn what_is_read_again_is_taken_over_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        std::fs::write(folder.path().join("pw"), "hunter2").unwrap();
        write(START);
        let started = Config::read(&path).unwrap();
        assert!(!format!("{started:?}").contains("hunter2"));
        // Not used again, so not read again.
        std::fs::remove_file(folder.path().join("pw")).unwrap();
        assert!(started.read_again().unwrap().needs_restart(&started).is_empty());
        write(&format!(
            "{}[safety]\nconfirm_over = 7\n[reports.http]\nlisten = \"127.0.0.1:8010\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n",
            START.replace("8008", "8009").replace("path = \"data\"", "path = \"other\"")
        ));
        let new = started.read_again().unwrap();
        assert_eq!(
            new.needs_restart(&started),
            ["homeserver.url", "log.format", "reports.http.listen", "storage.path"]
        );
        let mut in_force = started.clone();
        in_force.take_over(new);
        assert_eq!((in_force.safety.confirm_over, in_force.log.level.as_str()), (7, "warn"));
        assert_eq!(in_force.reports.http.listen, None);
        assert_eq!(in_force.homeserver.url, started.homeserver.url);
        assert_eq!(in_force.storage.path, started.storage.path);
        // A mistake has its line and key, and nothing is taken.
        write(&START.replace("room =", "rom ="));
        let error = format!("{:#}", started.read_again().unwrap_err());
        assert!(error.contains("line 6") && error.contains("rom"), "{error}");
    }
}
