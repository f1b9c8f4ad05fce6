//! `!token`: registration tokens.

use super::{Access, Command, Decision, Failure, Subject, World, person::ago, sheet::Sheet};
use crate::{
    model::{Millis, RegistrationToken},
    ports::Fault,
    reply::{Line, Reply},
    text::{
        duration::date,
        number::{counted, grouped},
    },
};

/// List the registration tokens, or show one
///
/// Whoever knows a token can make an account, so only the beginnings are shown, unless --reveal asks for the whole of one: everybody in this room can read it then. show takes a token or the beginning of one.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!token list [--page <number>] | !token show <token> [--reveal]")]
pub(super) struct Token {
    /// What to do
    #[arg(value_name = "list|show", hide_possible_values = true)]
    action: Action,
    /// The token, or its beginning
    #[arg(value_name = "token")]
    which: Option<String>,
    /// Show the whole token
    #[arg(long)]
    reveal: bool,
    /// Which page, from 1
    #[arg(long, value_name = "number", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    List,
    Show,
}

/// So many are on a page.
const SHOWN: usize = 40;

impl Command for Token {
    const NAME: &'static str = "token";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Server;
    const EXAMPLE: &'static str = "!token list";
    type Facts = Vec<RegistrationToken>;

    async fn gather(&self, world: &World<'_>) -> Result<Vec<RegistrationToken>, Failure> {
        match world.lookup.registration_tokens().await {
            Ok(tokens) => Ok(tokens),
            Err(Fault::NotRouted { .. }) => Err(Failure::told(Line::new().text(
                "This server has no registration tokens of its own: with delegated authentication they are kept by the authentication service.",
            ))),
            Err(fault) => Err(fault.into()),
        }
    }

    fn decide(self, mut tokens: Vec<RegistrationToken>, world: &World<'_>) -> Result<Decision, Failure> {
        match (self.action, &self.which) {
            (Action::List, None) => {
                if tokens.is_empty() {
                    return Ok(Decision::Answer(Reply::text("There is no registration token.")));
                }
                // Those that still work first.
                tokens.sort_by_key(|token| !is_valid(token, world.now));
                let valid = tokens.iter().filter(|token| is_valid(token, world.now)).count() as u64;
                let lines =
                    tokens.iter().map(|token| in_words(Line::new().code(masked(&token.token)), token, world));
                let sheet = Sheet::of(lines.collect(), world.at, self.page, SHOWN)?;
                let number = counted(tokens.len() as u64, "registration token");
                let heading = format!("{number}, {} of which can be used{}:", grouped(valid), sheet.words());
                Ok(sheet.decide(Reply::text(heading).list(sheet.lines.clone())))
            }
            (Action::Show, Some(token)) => self.show(token.trim(), &tokens, world),
            (Action::List, Some(_)) => Err(wrong("To look at one token: ", "!token show <token>")),
            (Action::Show, None) => Err(wrong("Give the token, or its beginning: ", "!token show <token>")),
        }
    }
}

impl Token {
    fn show(
        &self,
        typed: &str,
        tokens: &[RegistrationToken],
        world: &World<'_>,
    ) -> Result<Decision, Failure> {
        // Lists show the beginning with three dots behind it.
        let begins = typed.trim_end_matches('…');
        let exact = tokens.iter().find(|token| token.token == typed);
        let found: Vec<&RegistrationToken> = match exact {
            Some(token) => vec![token],
            None => tokens.iter().filter(|token| token.token.starts_with(begins)).collect(),
        };
        match found[..] {
            [token] => {
                let name = if self.reveal { token.token.clone() } else { masked(&token.token) };
                let line = in_words(Line::new().code(name), token, world);
                Ok(Decision::Answer(Reply::text(line.text("."))))
            }
            [] => Err(wrong("No registration token is or begins so. To see what there are: ", "!token list")),
            _ => Err(Failure::told(Line::new().text(format!(
                "{} begin so: give more of it.",
                counted(found.len() as u64, "registration token")
            )))),
        }
    }
}

fn wrong(words: &str, command: &str) -> Failure {
    Failure::told(Line::new().text(words).code(command).text("."))
}

/// The beginning of a token: too little to guess the rest.
fn masked(token: &str) -> String {
    let shown = (token.chars().count() / 4).min(4);
    format!("{}…", token.chars().take(shown).collect::<String>())
}

fn is_valid(token: &RegistrationToken, now: Millis) -> bool {
    let used = token.completed.saturating_add(token.pending);
    token.uses_allowed.is_none_or(|allowed| used < allowed) && token.expires_at.is_none_or(|at| at > now)
}

/// “`abcd…` can be used: used 3 times of 5, until 2026-11-21 …”
fn in_words(line: Line, token: &RegistrationToken, world: &World<'_>) -> Line {
    let line = if is_valid(token, world.now) {
        line.text(" can be used: ")
    } else {
        line.text(" can ").strong("no longer").text(" be used: ")
    };
    let line = line.text(match token.uses_allowed {
        Some(allowed) => format!("used {} of {}", grouped(token.completed), counted(allowed, "time")),
        None => format!("used {}, without limit", counted(token.completed, "time")),
    });
    let line = match token.pending {
        0 => line,
        pending => line.text(format!(", {} registering with it now", grouped(pending))),
    };
    match token.expires_at {
        None => line.text(", for ever"),
        Some(at) if at > world.now => line.text(format!(", until {}", date(at))),
        Some(at) => line.text(format!(", expired {}", ago(at, world.now))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_shown_of_a_token() {
        for (token, want) in [
            ("", "…"),
            ("abc", "…"),
            ("abcd", "a…"),
            ("abcdefgh", "ab…"),
            ("abcdefghijklmnopqrstuvwxyz", "abcd…"),
        ] {
            assert_eq!(masked(token), want);
        }
    }

    #[test]
    fn which_can_be_used() {
        let token = |uses_allowed, completed, pending, expires_at| RegistrationToken {
            token: "t".into(),
            uses_allowed,
            pending,
            completed,
            expires_at,
        };
        for (token, want) in [
            (token(None, 7, 0, None), true),
            (token(Some(8), 7, 0, None), true),
            (token(Some(8), 7, 1, None), false),
            (token(Some(0), 0, 0, None), false),
            (token(None, 0, 0, Some(100)), false),
            (token(None, 0, 0, Some(101)), true),
        ] {
            assert_eq!(is_valid(&token, 100), want, "{token:?}");
        }
    }
}
