//! `[reports.tell]`: what reporters are told when their case is closed.

use gleipnir_core::outcome::Template;
use serde::{Deserialize, Deserializer, de};

/// `[reports.tell]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tell {
    /// When it is resolved.
    #[serde(deserialize_with = "template")]
    pub resolved: Option<Template>,
    /// When it is dismissed.
    #[serde(deserialize_with = "template")]
    pub dismissed: Option<Template>,
}

impl Tell {
    /// What the core makes of it.
    pub(super) fn settings(&self) -> gleipnir_core::outcome::Tell {
        gleipnir_core::outcome::Tell { resolved: self.resolved.clone(), dismissed: self.dismissed.clone() }
    }
}

fn template<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Template>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    const START: &str = "[homeserver]\nurl = \"http://127.0.0.1:8008\"\nuser_id = \"@g:hs.test\"\npassword = \"p\"\n\
        [management]\nroom = \"!m:hs.test\"\n[storage]\npath = \"data\"\n";

    #[test]
    fn mistakes_have_their_line() {
        for (text, want) in [
            ("[reports.tell]\nresolved = \"by {who}\"", "line 10, resolved: {who} is no placeholder"),
            ("[reports.tell]\ndismissed = \"\"", "line 10, dismissed: the text is empty"),
            ("[reports.tell]\nreopened = \"x\"", "line 10, reopened: unknown field"),
            ("[reports.http]\nlisten = \"8010\"", "line 10, listen: invalid socket address"),
            ("[reports.http]\nport = 8010", "line 10, port: unknown field"),
        ] {
            let error = Config::parse(&format!("{START}{text}"), Path::new("")).unwrap_err();
            assert!(error.to_string().contains(want), "{error}");
        }
        let off = Config::parse(START, Path::new("")).unwrap();
        assert_eq!(off.reports.http.listen, None);
        let text = "[reports.http]\nlisten = \"127.0.0.1:8010\"\n[reports.tell]\nresolved = \"You reported {what}.\"";
        let on = Config::parse(&format!("{START}{text}"), Path::new("")).unwrap();
        assert_eq!(on.reports.http.listen.unwrap().port(), 8010);
        assert!(on.reports.tell.resolved.is_some() && on.reports.tell.dismissed.is_none());
    }
}
