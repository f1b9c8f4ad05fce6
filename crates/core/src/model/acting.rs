//! What is asked for when accounts, passwords and registration tokens are changed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Millis;
use crate::text::{duration::date, number::counted};

/// Whether the server forgets an account that it deactivates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erase {
    /// It keeps name, picture and what others may see of the messages.
    #[default]
    No,
    /// Name and picture are deleted, and who joins a room later does not see its messages. Messages and files stay on the
    /// server.
    Yes,
}

/// What becomes of an account's logins when its password is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sessions {
    /// They end.
    #[default]
    Ended,
    /// They go on.
    Kept,
}

/// A new password. No `Debug` output has it, and it is never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// The word that a registration token is. Whoever knows it can register, so no `Debug` output has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenWord(pub String);

impl TokenWord {
    /// Its beginning: too little to guess the rest.
    pub fn masked(&self) -> String {
        let shown = (self.0.chars().count() / 4).min(4);
        format!("{}…", self.0.chars().take(shown).collect::<String>())
    }
}

impl fmt::Debug for TokenWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenWord")
    }
}

/// What a registration token allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenLimits {
    /// How often it can be used; `None` is without end.
    pub uses_allowed: Option<u64>,
    /// Until when it can be used; `None` is for ever.
    pub expires_at: Option<Millis>,
}

impl TokenLimits {
    /// “for 5 registrations, until 2026-11-21 …”
    pub fn in_words(self) -> String {
        let uses = match self.uses_allowed {
            Some(uses) => format!("for {}", counted(uses, "registration")),
            None => "for any number of registrations".to_owned(),
        };
        match self.expires_at {
            Some(at) => format!("{uses}, until {}", date(at)),
            None => format!("{uses}, for ever"),
        }
    }
}

/// A registration token to be made: `POST /_synapse/admin/v1/registration_tokens/new`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewToken {
    /// The word; `None` for one by chance.
    pub token: Option<TokenWord>,
    /// What it allows.
    pub limits: TokenLimits,
}

/// Who decides about logins, passwords and whether an account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// The homeserver itself.
    Homeserver,
    /// Matrix Authentication Service, whose admin API the bot may use.
    Mas,
    /// Some service (delegated authentication) that the bot has no access to. What Synapse is told about locks and
    /// deactivation has no effect there.
    Elsewhere,
}

/// A file of a message in the management room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attached {
    /// What is in it.
    File(Vec<u8>),
    /// The message has no file, or there is no such message.
    Nothing,
    /// It is larger than a list of users can be: 1 MiB.
    TooLarge,
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
            assert_eq!(TokenWord(token.into()).masked(), want);
        }
    }

    #[test]
    fn no_debug_output_has_a_secret() {
        let new = NewToken { token: Some(TokenWord("open sesame".into())), ..NewToken::default() };
        assert!(!format!("{new:?}").contains("sesame"));
        assert!(!format!("{:?}", Password("hunter2".into())).contains("hunter2"));
    }
}
