//! `!token`: registration tokens, and changing them (`token/change.rs`).

mod change;

use self::change::{Expires, Uses};
use super::{Access, Acting, Command, Decision, Failure, Subject, World, may, person::ago, sheet::Sheet};
use crate::{
    model::{Millis, RegistrationToken, TokenWord},
    ports::Fault,
    reply::{Line, Reply},
    text::{
        duration::date,
        number::{counted, grouped},
    },
};

/// List the registration tokens, show one, make one, change one or delete one
///
/// Whoever knows a token can make an account, so only the beginnings are shown, unless --reveal asks for the whole of one: that takes the power to act, and everybody in this room can read it then. A new one is told in full, once. show, edit and delete take a token or the beginning of one.
#[derive(clap::Args)]
#[command(
    override_usage = "!token list [--page <number>] | !token show <token> [--reveal] | !token new [--uses <number>] [--expires <7d|date>] [--token <word>] | !token edit <token> [--uses <number|unlimited>] [--expires <7d|date|never>] | !token delete <token> [--dry-run] [--yes]"
)]
pub(super) struct Token {
    /// What to do
    #[arg(value_name = "list|show|new|edit|delete", hide_possible_values = true)]
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
    /// How many can register with it, those who have included
    #[arg(long, value_name = "number|unlimited", allow_negative_numbers = true)]
    uses: Option<Uses>,
    /// Until when it can be used: a date in UTC, or how long from now
    #[arg(long, value_name = "7d|date|never")]
    expires: Option<Expires>,
    /// The token itself; without it one is made by chance
    #[arg(long = "token", value_name = "word")]
    word: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    List,
    Show,
    New,
    Edit,
    Delete,
}

/// So many are on a page.
const SHOWN: usize = 40;

impl Command for Token {
    const NAME: &'static str = "token";
    const ACCESS: Access = Access::ReadOrAct;
    const SUBJECT: Subject = Subject::Server;
    const EXAMPLE: &'static str = "!token list";
    const HAS_SECRETS: bool = true;
    type Facts = Vec<RegistrationToken>;

    async fn gather(&self, world: &World<'_>) -> Result<Vec<RegistrationToken>, Failure> {
        // Who reads one can let people in.
        if self.reveal {
            let level = world.settings.level(Self::NAME, Access::Act);
            may(world.lookup, world.asker, "token show --reveal", level).await?;
        }
        match world.lookup.registration_tokens().await {
            Ok(tokens) => Ok(tokens),
            Err(Fault::NotRouted { .. }) => Err(Failure::told(Line::new().text(
                "This server has no registration tokens of its own: with delegated authentication they are kept by the authentication service. Make and change them there.",
            ))),
            Err(fault) => Err(fault.into()),
        }
    }

    fn can_be_overtaken(&self) -> bool {
        matches!(self.action, Action::List | Action::Show)
    }

    fn decide(self, mut tokens: Vec<RegistrationToken>, world: &World<'_>) -> Result<Decision, Failure> {
        self.check()?;
        match (self.action, &self.which) {
            (Action::List, None) => {
                if tokens.is_empty() {
                    return Ok(Decision::Answer(Reply::text("There is no registration token.")));
                }
                // Those that still work first.
                tokens.sort_by_key(|token| !is_valid(token, world.now));
                let valid = tokens.iter().filter(|token| is_valid(token, world.now)).count() as u64;
                let lines =
                    tokens.iter().map(|token| in_words(Line::new().code(masked(token)), token, world));
                let sheet = Sheet::of(lines.collect(), world.at, self.page, SHOWN)?;
                let number = counted(tokens.len() as u64, "registration token");
                let heading = format!("{number}, {} of which can be used{}:", grouped(valid), sheet.words());
                Ok(sheet.decide(Reply::text(heading).list(sheet.lines.clone())))
            }
            (Action::Show, Some(token)) => self.show(token.trim(), &tokens, world),
            (Action::List, Some(_)) => Err(wrong("To look at one token: ", "!token show <token>")),
            (Action::Show, None) => Err(wrong("Give the token, or its beginning: ", "!token show <token>")),
            (Action::New, None) => self.make(&tokens, world),
            (Action::New, Some(_)) => {
                Err(wrong("To choose the token yourself: ", "!token new --token <word>"))
            }
            (Action::Edit, Some(token)) => self.edit(token.trim(), &tokens, world),
            (Action::Edit, None) => {
                Err(wrong("Give the token, or its beginning: ", "!token edit <token> --uses 5"))
            }
            (Action::Delete, Some(token)) => self.delete(token.trim(), &tokens, world),
            (Action::Delete, None) => {
                Err(wrong("Give the token, or its beginning: ", "!token delete <token>"))
            }
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
        let (token, _) = find(typed, tokens)?;
        let name = if self.reveal { token.token.clone() } else { masked(token) };
        Ok(Decision::Answer(Reply::text(in_words(Line::new().code(name), token, world).text("."))))
    }

    /// An option that means nothing to the action is a mistake about it.
    fn check(&self) -> Result<(), Failure> {
        let limited = matches!(self.action, Action::New | Action::Edit);
        let misplaced = [
            (self.uses.is_some() && !limited, "--uses", "new and edit"),
            (self.expires.is_some() && !limited, "--expires", "new and edit"),
            (self.word.is_some() && self.action != Action::New, "--token", "new"),
            (self.reveal && self.action != Action::Show, "--reveal", "show"),
            (self.page.is_some() && self.action != Action::List, "--page", "list"),
        ];
        match misplaced.iter().find(|(is_wrong, ..)| *is_wrong) {
            Some((_, option, of)) => {
                Err(Failure::told(Line::new().code(*option).text(format!(" is for {of} only."))))
            }
            None => Ok(()),
        }
    }
}

/// How much of a token was typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed {
    Whole,
    Beginning,
}

/// The token that is or begins so, if it is the only one.
fn find<'a>(typed: &str, tokens: &'a [RegistrationToken]) -> Result<(&'a RegistrationToken, Typed), Failure> {
    if let Some(token) = tokens.iter().find(|token| token.token == typed) {
        return Ok((token, Typed::Whole));
    }
    // Lists show the beginning with three dots behind it.
    let begins = typed.trim_end_matches('…');
    let found: Vec<&RegistrationToken> =
        tokens.iter().filter(|token| token.token.starts_with(begins)).collect();
    match found[..] {
        [token] => Ok((token, Typed::Beginning)),
        [] => Err(wrong("No registration token is or begins so. To see what there are: ", "!token list")),
        _ => Err(Failure::told(Line::new().text(format!(
            "{} begin so: give more of it.",
            counted(found.len() as u64, "registration token")
        )))),
    }
}

fn wrong(words: &str, command: &str) -> Failure {
    Failure::told(Line::new().text(words).code(command).text("."))
}

/// The beginning of a token.
fn masked(token: &RegistrationToken) -> String {
    TokenWord(token.token.clone()).masked()
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
