//! Making, changing and deleting registration tokens.

use std::{str::FromStr, time::Duration};

use super::{
    super::{Decision, Draft, Failure, World},
    Token, Typed, find, in_words, is_valid, masked, wrong,
};
use crate::{
    model::{Millis, NewToken, RegistrationToken, TokenLimits, TokenWord},
    plan::Step,
    reply::{Line, Reply},
    text::{
        duration::{date, parse_duration},
        moment::parse_moment,
        number::counted,
    },
};

/// How many characters a token can have.
const LONGEST: usize = 64;
/// 2000-01-01: any time does where only the shape of a date is looked at.
const SOME_TIME: Millis = 946_684_800_000;
/// Why a token without limits is asked about.
const WITHOUT_END: &str =
    "Anybody who knows it could register, without end: --uses and --expires set limits.";

/// How many can register with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Uses {
    Unlimited,
    Times(u64),
}

impl FromStr for Uses {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("unlimited") {
            return Ok(Self::Unlimited);
        }
        // More does not fit into the server's database.
        match text.parse::<i32>().map(u64::try_from) {
            Ok(Ok(times)) => Ok(Self::Times(times)),
            _ => Err("write a whole number, or unlimited".to_owned()),
        }
    }
}

/// Until when a token can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expires {
    Never,
    After(Duration),
    /// To be read when it is known what time it is.
    At(String),
}

impl FromStr for Expires {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("never") {
            return Ok(Self::Never);
        }
        match parse_duration(text) {
            Ok(duration) => Ok(Self::After(duration)),
            Err(_) if parse_moment(text, SOME_TIME).is_ok() => Ok(Self::At(text.to_owned())),
            Err(_) => Err("write how long from now, like 7d, a date like 2026-12-31, or never".to_owned()),
        }
    }
}

impl Expires {
    /// The end in milliseconds since the Unix epoch; `None` for never.
    fn at(&self, now: Millis) -> Result<Option<Millis>, Failure> {
        let at = match self {
            Self::Never => return Ok(None),
            Self::After(duration) => {
                now.saturating_add(Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX))
            }
            Self::At(text) => parse_moment(text, now)
                .map_err(|error| Failure::told(Line::new().name_long(error.to_string())))?,
        };
        if at <= now {
            return Err(Failure::told(Line::new().text(format!(
                "{} is over already: nobody could use the token. Give a time to come, like --expires 7d.",
                date(at)
            ))));
        }
        Ok(Some(at))
    }
}

impl Token {
    pub(super) fn make(&self, tokens: &[RegistrationToken], world: &World<'_>) -> Result<Decision, Failure> {
        let token = self.word.as_deref().map(word).transpose()?;
        if let Some(TokenWord(word)) = &token
            && tokens.iter().any(|known| known.token == *word)
        {
            return Err(wrong("There is a registration token with that word already: ", "!token list"));
        }
        let limits = TokenLimits {
            uses_allowed: match self.uses {
                None | Some(Uses::Unlimited) => None,
                Some(Uses::Times(0)) => {
                    return Err(wrong(
                        "Nobody could register with it. Give how many may: ",
                        "!token new --uses 1",
                    ));
                }
                Some(Uses::Times(times)) => Some(times),
            },
            expires_at: match &self.expires {
                None => None,
                Some(expires) => expires.at(world.now)?,
            },
        };
        let line = Line::new().strong("A new registration token: ");
        let preview = match &token {
            Some(token) => Reply::text(line.code(token.masked()).text(format!(", {}.", limits.in_words()))),
            None => Reply::text(line.text(format!("by chance, {}.", limits.in_words()))).paragraph(
                "I would say it here in full, once: everybody in this room could read it, and register with it.",
            ),
        };
        let caution = (limits == TokenLimits::default()).then_some(WITHOUT_END);
        Ok(self.draft(Step::NewToken { new: NewToken { token, limits } }, preview, caution))
    }

    pub(super) fn edit(
        &self,
        typed: &str,
        tokens: &[RegistrationToken],
        world: &World<'_>,
    ) -> Result<Decision, Failure> {
        let (token, of) = find(typed, tokens)?;
        if self.uses.is_none() && self.expires.is_none() {
            return Err(wrong(
                "Say what to change: ",
                "!token edit <token> --uses <number|unlimited> --expires <7d|date|never>",
            ));
        }
        let before = TokenLimits { uses_allowed: token.uses_allowed, expires_at: token.expires_at };
        let limits = TokenLimits {
            uses_allowed: match self.uses {
                None => before.uses_allowed,
                Some(Uses::Unlimited) => None,
                Some(Uses::Times(times)) => Some(times),
            },
            expires_at: match &self.expires {
                None => before.expires_at,
                Some(expires) => expires.at(world.now)?,
            },
        };
        let name = || Line::new().code(masked(token));
        if limits == before {
            let line = name().text(format!(" is good {} already.", limits.in_words()));
            return Ok(Decision::Answer(Reply::text(line)));
        }
        // The server takes no end that has passed, not even the one that the token has.
        if let Some(at) = limits.expires_at.filter(|at| *at <= world.now) {
            return Err(Failure::told(
                name()
                    .text(format!(
                        " expired on {}. To let it be used again, give it another end too: ",
                        date(at)
                    ))
                    .code("--expires 7d")
                    .text("."),
            ));
        }
        let preview = Reply::text(Line::new().strong("Registration token ").append(name()))
            .fact("Now", before.in_words())
            .fact("Then", limits.in_words());
        let after = RegistrationToken {
            uses_allowed: limits.uses_allowed,
            expires_at: limits.expires_at,
            ..token.clone()
        };
        let preview = if is_valid(&after, world.now) {
            preview
        } else {
            let used = token.completed.saturating_add(token.pending);
            let used = counted(used, "time");
            preview.paragraph(format!("It was used {used} already: nobody could register with it any more."))
        };
        let caution = match of {
            _ if limits == TokenLimits::default() => Some(WITHOUT_END),
            of => beginning(of),
        };
        let step = Step::EditToken { token: TokenWord(token.token.clone()), limits };
        Ok(self.draft(step, preview, caution))
    }

    pub(super) fn delete(
        &self,
        typed: &str,
        tokens: &[RegistrationToken],
        world: &World<'_>,
    ) -> Result<Decision, Failure> {
        let (token, of) = find(typed, tokens)?;
        let line = Line::new().strong("To delete: ").code(masked(token));
        let preview = Reply::text(in_words(line, token, world).text("."))
            .paragraph("Nobody could register with it any more. Accounts that were made with it stay.");
        let step = Step::DeleteToken { token: TokenWord(token.token.clone()) };
        Ok(self.draft(step, preview, beginning(of)))
    }

    fn draft(&self, step: Step, preview: Reply, caution: Option<&str>) -> Decision {
        Decision::Propose(Box::new(Draft {
            steps: vec![step],
            because: None,
            preview,
            undoes: None,
            case: None,
            lasts: None,
            caution: caution.map(str::to_owned),
            acting: self.acting,
        }))
    }
}

/// Why one of which only the beginning was typed is asked about.
fn beginning(typed: Typed) -> Option<&'static str> {
    (typed == Typed::Beginning).then_some("Only its beginning was given: make sure that it is the right one.")
}

/// A word that can be a token.
fn word(typed: &str) -> Result<TokenWord, Failure> {
    let typed = typed.trim();
    // Dots alone mean something else in the path of a request.
    let can_be = |c: char| c.is_ascii_alphanumeric() || "._~-".contains(c);
    if (1..=LONGEST).contains(&typed.len()) && typed.chars().all(can_be) && typed.chars().any(|c| c != '.') {
        return Ok(TokenWord(typed.to_owned()));
    }
    Err(Failure::told(Line::new().text(format!(
        "That cannot be a registration token: it takes 1 to {LONGEST} characters, which are letters from a to z, digits \
         and . _ ~ - only, and not dots alone."
    ))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_can_be_tokens() {
        for (typed, can) in [
            ("abc", true),
            (" -a.b_c~9 ", true),
            (&*"x".repeat(LONGEST), true),
            (&*"x".repeat(LONGEST + 1), false),
            ("", false),
            (".", false),
            ("..", false),
            (".a", true),
            ("a b", false),
            ("ä", false),
            ("a/b", false),
            ("a%2e", false),
            ("a\nb", false),
            ("<b>", false),
        ] {
            assert_eq!(word(typed).is_ok(), can, "{typed:?}");
        }
    }

    #[test]
    fn limits_are_read() {
        for (typed, want) in [
            ("5", Some(Uses::Times(5))),
            ("0", Some(Uses::Times(0))),
            ("Unlimited", Some(Uses::Unlimited)),
            ("2147483647", Some(Uses::Times(2_147_483_647))),
            ("2147483648", None),
            ("-1", None),
            ("1.5", None),
            ("many", None),
            ("", None),
        ] {
            assert_eq!(typed.parse::<Uses>().ok(), want, "{typed:?}");
        }
    }

    #[test]
    fn ends_are_read_and_lie_ahead() {
        // 2026-11-21 03:05:09 UTC
        let now = 1_795_230_309_000;
        for (typed, want) in [
            ("never", Some("never")),
            ("7d", Some("2026-11-28 03:05:09 UTC")),
            ("1h30m", Some("2026-11-21 04:35:09 UTC")),
            ("2026-12-31", Some("2026-12-31 00:00:00 UTC")),
            ("2026-11-21 12:00", Some("2026-11-21 12:00:00 UTC")),
            ("2026-11-21T03:05:09Z", None),
            ("2026-11-21", None),
            ("yesterday", None),
            ("0s", None),
            ("7", None),
            ("soon", None),
            ("", None),
        ] {
            let at = typed.parse::<Expires>().ok().and_then(|expires| expires.at(now).ok());
            let said = at.map(|at| at.map_or("never".to_owned(), date));
            assert_eq!(said.as_deref(), want, "{typed:?}");
        }
    }
}
