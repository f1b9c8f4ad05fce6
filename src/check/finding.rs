//! What a check found: one line with a mark, and below it what to do.

use std::fmt::Write as _;

use serde_json::json;

/// What is checked, in the order in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Configuration,
    Url,
    Tls,
    Clock,
    AdminApi,
    Versions,
    Authentication,
    Login,
    AdminRights,
    RateLimit,
    Room,
    Encryption,
    Power,
    Storage,
    Database,
    Rules,
}

impl Subject {
    /// Everything.
    pub(crate) const ALL: [Self; 16] = [
        Self::Configuration,
        Self::Url,
        Self::Tls,
        Self::Clock,
        Self::AdminApi,
        Self::Versions,
        Self::Authentication,
        Self::Login,
        Self::AdminRights,
        Self::RateLimit,
        Self::Room,
        Self::Encryption,
        Self::Power,
        Self::Storage,
        Self::Database,
        Self::Rules,
    ];

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Url => "URL",
            Self::Tls => "TLS",
            Self::Clock => "clock",
            Self::AdminApi => "admin API",
            Self::Versions => "versions",
            Self::Authentication => "authentication",
            Self::Login => "login",
            Self::AdminRights => "admin rights",
            Self::RateLimit => "rate limit",
            Self::Room => "management room",
            Self::Encryption => "encryption",
            Self::Power => "power",
            Self::Storage => "storage",
            Self::Database => "database",
            Self::Rules => "report rules",
        }
    }
}

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// ✔
    Good,
    /// ⚠: it works, and could be better.
    Warning,
    /// ✘: the bot cannot work so.
    Bad,
    /// –: it was not checked, because something else is in the way.
    Skipped,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) subject: Subject,
    pub(crate) mark: Mark,
    /// One sentence, without its full stop.
    pub(crate) text: String,
    /// What to do: sentences, or several lines.
    pub(crate) advice: Option<String>,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For people at a terminal.
    Coloured,
    /// For programs: a JSON object in each line, with `check`, `result` (`good`, `warning`, `bad`, `skipped`), `text` and,
    /// where there is something to do, `do`.
    Json,
}

impl Subject {
    pub(crate) fn good(self, text: impl Into<String>) -> Finding {
        self.finding(Mark::Good, text, None)
    }

    pub(crate) fn warning(self, text: impl Into<String>, advice: impl Into<String>) -> Finding {
        self.finding(Mark::Warning, text, Some(advice.into()))
    }

    pub(crate) fn bad(self, text: impl Into<String>, advice: impl Into<String>) -> Finding {
        self.finding(Mark::Bad, text, Some(advice.into()))
    }

    /// Not checked, because of something: “the login failed”.
    pub(crate) fn skipped(self, because: &str) -> Finding {
        self.finding(Mark::Skipped, format!("not checked, because {because}"), None)
    }

    fn finding(self, mark: Mark, text: impl Into<String>, advice: Option<String>) -> Finding {
        let tame = |text: String| -> String {
            // Names of rooms and words of servers are in it, and it is written to a terminal.
            text.chars().filter(|c| *c == '\n' || !(c.is_control() || is_invisible(*c))).collect()
        };
        let text = tame(text.into()).split_whitespace().collect::<Vec<_>>().join(" ");
        Finding { subject: self, mark, text, advice: advice.map(tame).filter(|advice| !advice.is_empty()) }
    }
}

/// Characters that change the direction of what stands beside them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Finding {
    /// The line, or lines, with an end.
    pub(crate) fn render(&self, format: Format) -> String {
        if format == Format::Json {
            return self.json();
        }
        let (mark, colour, _) = self.mark.signs();
        let mark = match format {
            Format::Coloured => format!("\u{1b}[{colour}m{mark}\u{1b}[0m"),
            Format::Text | Format::Json => mark.to_owned(),
        };
        let mut lines = format!("{mark} {}: {}\n", self.subject.name(), self.text);
        for line in self.advice.iter().flat_map(|advice| advice.lines()) {
            let end = writeln!(lines, "    {line}");
            end.expect("a String takes everything");
        }
        lines
    }

    fn json(&self) -> String {
        let (_, _, result) = self.mark.signs();
        let mut line = json!({ "check": self.subject.name(), "result": result, "text": self.text });
        if let Some(advice) = &self.advice {
            line["do"] = json!(advice);
        }
        format!("{line}\n")
    }
}

impl Mark {
    /// The sign, its colour at a terminal (ECMA-48) and the word.
    fn signs(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Good => ("✔", "32", "good"),
            Self::Warning => ("⚠", "33", "warning"),
            Self::Bad => ("✘", "31", "bad"),
            Self::Skipped => ("–", "2", "skipped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_what_to_do() {
        let finding = Subject::Tls.warning("it ends\u{1b}[31m soon\u{202e}\nindeed", "Renew it.\nSoon.");
        assert_eq!(
            finding.render(Format::Text),
            "⚠ TLS: it ends[31m soon indeed\n    Renew it.\n    Soon.\n"
        );
        assert!(finding.render(Format::Coloured).starts_with("\u{1b}[33m⚠\u{1b}[0m TLS: "));
        assert_eq!(
            finding.render(Format::Json),
            "{\"check\":\"TLS\",\"do\":\"Renew it.\\nSoon.\",\"result\":\"warning\",\"text\":\"it ends[31m soon indeed\"}\n"
        );
        assert_eq!(Subject::Url.good("fine").render(Format::Text), "✔ URL: fine\n");
        assert_eq!(
            Subject::Url.skipped("nobody asked").render(Format::Text),
            "– URL: not checked, because nobody asked\n"
        );
    }
}
