//! Words that let people make an account where registration asks for one: `/_synapse/admin/v1/registration_tokens`. With MAS
//! they are its own, and these calls are not there ([`Error::is_not_offered`]).
//!
//! Whoever knows one can register, so no `Debug` output and no error has it.

use std::fmt;

use ruma::MilliSecondsSinceUnixEpoch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::found;
use crate::lenient::Query;
use crate::{Client, Error};

const LIST: &str = "/_synapse/admin/v1/registration_tokens";
const NEW: &str = "/_synapse/admin/v1/registration_tokens/new";
const TOKEN: &str = "/_synapse/admin/v1/registration_tokens/{token}";

impl Client {
    /// The tokens that there are: `GET …/registration_tokens`.
    pub async fn registration_tokens(
        &self,
        which: RegistrationTokens,
    ) -> Result<Vec<RegistrationToken>, Error> {
        #[derive(Deserialize)]
        struct Tokens {
            registration_tokens: Vec<RegistrationToken>,
        }
        let valid = match which {
            RegistrationTokens::All => None,
            RegistrationTokens::Valid => Some(true),
            RegistrationTokens::Spent => Some(false),
        };
        let tokens = self.get(LIST, &[]).query(Query::default().with("valid", valid));
        tokens.answer::<Tokens>().await.map(|tokens| tokens.registration_tokens)
    }

    /// A token; `None` if there is none such: `GET …/registration_tokens/{token}`.
    pub async fn registration_token(&self, token: &str) -> Result<Option<RegistrationToken>, Error> {
        hiding(token, found(self.get(TOKEN, &[token]).answer().await))
    }

    /// Makes a token: `POST …/registration_tokens/new`.
    ///
    /// 400 `M_INVALID_PARAM`: "Token already exists: …", one that is longer than 64 characters or has others than letters,
    /// digits and `._~-`, a length of 0 or above 64, or an expiry in the past
    pub async fn new_registration_token(
        &self,
        new: &NewRegistrationToken,
    ) -> Result<RegistrationToken, Error> {
        let made = self.post(NEW, &[], json!(new)).answer().await;
        hiding(new.token.as_deref().unwrap_or_default(), made)
    }

    /// Changes how often or how long a token is good for; `None` if there is none such:
    /// `PUT …/registration_tokens/{token}`. Gives what it now is.
    ///
    /// 400 `M_INVALID_PARAM` "expiry_time must not be in the past"
    pub async fn edit_registration_token(
        &self,
        token: &str,
        edit: &EditRegistrationToken,
    ) -> Result<Option<RegistrationToken>, Error> {
        hiding(token, found(self.put(TOKEN, &[token], edit.body()).answer().await))
    }

    /// Deletes a token: `DELETE …/registration_tokens/{token}`. Accounts made with it stay.
    ///
    /// 404 `M_NOT_FOUND` "No such registration token: …"
    pub async fn delete_registration_token(&self, token: &str) -> Result<(), Error> {
        let deleted = self.delete(TOKEN, &[token], json!({})).answer::<Value>().await;
        hiding(token, deleted).map(drop)
    }
}

/// Synapse's errors, and what proxies say of a path, quote the token.
fn hiding<T>(token: &str, answer: Result<T, Error>) -> Result<T, Error> {
    answer.map_err(|mut error| {
        if token.is_empty() {
            return error;
        }
        match &mut error {
            Error::Api { message: text, .. }
            | Error::NotRouted { what: text, .. }
            | Error::BadAnswer { what: text, .. }
            | Error::Misconfigured(text) => *text = text.replace(token, "…"),
            Error::Timeout | Error::Unreachable { .. } => {}
        }
        error
    })
}

/// Which tokens to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RegistrationTokens {
    /// All.
    #[default]
    All,
    /// Those that can still be used.
    Valid,
    /// Those that are used up or expired.
    Spent,
}

/// A token. Its `Debug` output is without it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationToken {
    /// The word to register with.
    pub token: String,
    /// How often it can be used; `None` is without end.
    #[serde(default)]
    pub uses_allowed: Option<u64>,
    /// How many are registering with it now.
    #[serde(default)]
    pub pending: u64,
    /// How many have registered with it.
    #[serde(default)]
    pub completed: u64,
    /// Until when it can be used; `None` is for ever.
    #[serde(default)]
    pub expiry_time: Option<MilliSecondsSinceUnixEpoch>,
}

impl fmt::Debug for RegistrationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrationToken")
            .field("uses_allowed", &self.uses_allowed)
            .field("pending", &self.pending)
            .field("completed", &self.completed)
            .field("expiry_time", &self.expiry_time)
            .finish_non_exhaustive()
    }
}

/// What token to make. The default is 16 characters by chance, to be used as often and as long as anybody likes. Its `Debug`
/// output is without the token.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct NewRegistrationToken {
    /// The word to register with; `None` for one by chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// How long the one by chance is, 16 characters if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// How often it can be used; `None` is without end.
    pub uses_allowed: Option<u64>,
    /// Until when it can be used; `None` is for ever.
    pub expiry_time: Option<MilliSecondsSinceUnixEpoch>,
}

impl fmt::Debug for NewRegistrationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRegistrationToken")
            .field("length", &self.length)
            .field("uses_allowed", &self.uses_allowed)
            .field("expiry_time", &self.expiry_time)
            .finish_non_exhaustive()
    }
}

/// What to change about a token; the default is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EditRegistrationToken {
    /// How often it can be used, those who have included.
    pub uses_allowed: TokenLimit<u64>,
    /// Until when it can be used.
    pub expiry_time: TokenLimit<MilliSecondsSinceUnixEpoch>,
}

impl EditRegistrationToken {
    fn body(&self) -> Value {
        let mut body = Map::new();
        body.extend(self.uses_allowed.value().map(|value| ("uses_allowed".to_owned(), value)));
        body.extend(self.expiry_time.value().map(|value| ("expiry_time".to_owned(), value)));
        Value::Object(body)
    }
}

/// What becomes of a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TokenLimit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// There is none any more.
    Lift,
    /// It is this one.
    Set(T),
}

impl<T: Serialize> TokenLimit<T> {
    fn value(&self) -> Option<Value> {
        match self {
            Self::Keep => None,
            Self::Lift => Some(Value::Null),
            Self::Set(limit) => Some(json!(limit)),
        }
    }
}
