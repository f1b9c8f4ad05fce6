//! `[mas]`: Matrix Authentication Service, where it decides about logins.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::secret;

/// `[mas]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mas {
    /// Its address, where discovery, the token endpoint and the admin API answer.
    pub url: String,
    /// The ID of the bot's client there.
    pub client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<PathBuf>,
}

impl std::fmt::Debug for Mas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mas")
            .field("url", &self.url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl Mas {
    /// Relative paths are relative to `folder`.
    pub(super) fn locate(&mut self, folder: &Path) {
        self.client_secret_file = self.client_secret_file.take().map(|file| folder.join(file));
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        let url = &self.url;
        ensure!(
            url.starts_with("http://") || url.starts_with("https://"),
            "mas.url has to begin with https:// or http://"
        );
        ensure!(!url.contains(['?', '#', '@']), "mas.url has to end with its path, and holds no password");
        ensure!(!self.client_id.is_empty(), "mas.client_id is empty");
        Ok(())
    }

    /// The client's secret.
    pub fn secret(&self) -> anyhow::Result<String> {
        secret("mas.client_secret", self.client_secret.as_ref(), self.client_secret_file.as_ref())?
            .context("mas needs one of client_secret and client_secret_file")
    }

    /// With a secret.
    #[cfg(test)]
    pub(crate) fn of(url: &str, client_id: &str, client_secret: &str) -> Self {
        Self {
            url: url.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: Some(client_secret.to_owned()),
            client_secret_file: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    const START: &str = "[homeserver]\nurl = \"http://127.0.0.1:8008\"\nuser_id = \"@g:hs.test\"\npassword = \"p\"\n\
        [management]\nroom = \"!m:hs.test\"\n[storage]\npath = \"data\"\n";

    fn parsed(text: &str) -> anyhow::Result<Config> {
        Config::parse(&format!("{START}{text}"), Path::new(""))
    }

    #[test]
    fn a_client_has_a_secret_that_is_never_shown() {
        assert!(parsed("").expect("it is optional").mas.is_none());
        let mas = "[mas]\nurl = \"https://account.hs.test/\"\nclient_id = \"01J44RKQYM4G3TNVANTMTDYTX6\"\n";
        let config = parsed(&format!("{mas}client_secret = \"hunter2\"")).expect("it is complete");
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.mas.expect("it is there").secret().expect("it has one"), "hunter2");
        for (text, want) in [
            (mas.to_owned(), "one of client_secret and client_secret_file"),
            (format!("{mas}client_secret = \"\""), "mas.client_secret is empty"),
            (format!("{mas}client_secret = \"hunter2\"\nclient_secret_file = \"x\""), "both there"),
            (format!("{mas}client_secret_file = \"/nowhere\""), "/nowhere"),
            (format!("{mas}secret = \"hunter2\""), "line 12, secret: unknown field"),
            (format!("{mas}client_secret = \"hunter2\"").replace("https://", ""), "mas.url has to begin"),
            (format!("{mas}client_secret = \"hunter2\"").replace("account", "a:b@c"), "holds no password"),
            (
                format!("{mas}client_secret = \"hunter2\"").replace("01J44RKQYM4G3TNVANTMTDYTX6", ""),
                "client_id",
            ),
        ] {
            let error = format!("{:#}", parsed(&text).expect_err(want));
            assert!(error.contains(want) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_example_can_be_used() {
        let example = include_str!("../../config.toml.example");
        let section =
            example.lines().skip_while(|line| *line != "#[mas]").take_while(|line| !line.is_empty());
        let section: Vec<_> = section.filter(|line| !line.starts_with("# ")).collect();
        let uncommented = section.join("\n").replace("\n#", "\n").replace("#[mas]", "[mas]");
        assert!(parsed(&uncommented).expect("it is complete").mas.is_some(), "{uncommented}");
    }
}
