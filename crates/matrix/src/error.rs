//! What can go wrong, sorted by what the caller can do about it.

use std::{error::Error as StdError, io, time::Duration};

use matrix_sdk::{
    HttpError,
    encryption::{MegolmError, OlmError},
    ruma::api::{
        client::uiaa::UiaaResponse,
        error::{Error as ApiError, ErrorBody, ErrorKind, FromHttpResponseError, RetryAfter},
    },
};
use thiserror::Error;

use crate::ruma::{OwnedDeviceId, OwnedUserId};

/// Why there is no session. Each is a sentence that an operator can act on.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The homeserver does not accept the password or the token.
    #[error("the homeserver refused the {secret} of {user_id}: {errcode}: {message}{}", also(.advice))]
    Refused {
        /// "password" or "access token".
        secret: &'static str,
        /// The configured account.
        user_id: OwnedUserId,
        /// Such as `M_FORBIDDEN`.
        errcode: String,
        /// The homeserver's own words.
        message: String,
        /// What to do, where that is known.
        advice: &'static str,
    },
    /// The account is locked, until somebody unlocks it. Worth another try later.
    #[error("the homeserver has locked the account {user_id}")]
    Locked {
        /// The configured account.
        user_id: OwnedUserId,
    },
    /// The secret belongs to another account.
    #[error("the access token or password belongs to {actual}, but {configured} is configured")]
    WrongUser {
        /// From the settings.
        configured: OwnedUserId,
        /// What the homeserver says.
        actual: OwnedUserId,
    },
    /// Nothing answers there, or only a proxy does. Worth another try later.
    #[error("the homeserver cannot be reached: {0}")]
    Unreachable(String),
    /// Worth another try later.
    #[error("the homeserver asks to wait before the next login{}", wait(*.retry_after))]
    RateLimited {
        /// How long, where it says.
        retry_after: Option<Duration>,
    },
    /// The token's device has encryption keys on the homeserver, but they are not in the folder. Going on
    /// would break encryption for good, and only a new device can mend it.
    #[error(
        "the access token is for device {device_id}, which has used encryption before, but its keys are not in \
         the storage folder: no encrypted message could ever be read with it. Put the folder back, or configure \
         the password instead of the token, or make a new access token (a new login, so a new device)"
    )]
    DeviceWithoutStore {
        /// The device.
        device_id: OwnedDeviceId,
    },
    /// Encryption needs a device.
    #[error(
        "the access token has no device, as tokens made through an admin API do: it cannot take part in \
         encryption. Configure the password, or an access token from an ordinary login"
    )]
    TokenWithoutDevice,
    /// The disk of the folder is full, or fails. Worth another try later.
    #[error("the storage folder cannot be written: {0}")]
    Unwritable(String),
    /// The folder or the store in it cannot be used.
    #[error("the storage folder cannot be used: {0}")]
    Store(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl ConnectError {
    /// Something in the folder failed; what to do about it if that does not pass.
    pub(crate) fn in_folder(what: &str, error: &(dyn StdError + 'static), advice: &str) -> Self {
        let why = format!("{what}: {}", chain(error));
        if may_pass(error) { Self::Unwritable(why) } else { Self::Store(format!("{why}{advice}")) }
    }
}

/// Whether an error is that of a disk that is full or fails.
fn may_pass(error: &(dyn StdError + 'static)) -> bool {
    let is_full = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        )
    };
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(is_full) {
            return true;
        }
        cause = error.source();
    }
    // SQLite's words: the SDK hides the kind of its stores' errors.
    let why = chain(error);
    ["database or disk is full", "disk I/O error"].iter().any(|words| why.contains(words))
}

fn wait(retry_after: Option<Duration>) -> String {
    retry_after.map(|wait| format!(" ({} seconds)", wait.as_secs().max(1))).unwrap_or_default()
}

fn also(advice: &str) -> String {
    if advice.is_empty() { String::new() } else { format!(". {advice}") }
}

/// Why a request came to nothing. Nothing is retried in this crate.
#[derive(Clone, Debug, Error)]
pub enum RequestError {
    /// 429.
    #[error("the homeserver asks to slow down{}", wait(*.retry_after))]
    RateLimited {
        /// How long to wait, where it says.
        retry_after: Option<Duration>,
    },
    /// No connection, no answer in time, a 5xx, or the page of a proxy: worth another try. A write may have happened.
    #[error("the homeserver is away: {0}")]
    Away(String),
    /// The access token is no longer valid, or the account is locked: [`connect`](crate::connect()) anew.
    #[error("the homeserver no longer accepts the access token")]
    TokenGone,
    /// The homeserver said no.
    #[error("{errcode}: {message} (HTTP {status})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Such as `M_FORBIDDEN`; `M_UNKNOWN` where there was none.
        errcode: String,
        /// The homeserver's own words.
        message: String,
    },
    /// It failed on this side, or the answer made no sense.
    #[error("{0}")]
    Other(String),
}

/// Why a sync brought nothing. The events are not lost: call again with the same cursor.
#[derive(Clone, Debug, Error)]
pub enum SyncError {
    /// As [`RequestError::Away`].
    #[error("the homeserver is away: {0}")]
    Away(String),
    /// As [`RequestError::RateLimited`].
    #[error("the homeserver asks to slow down{}", wait(*.retry_after))]
    RateLimited {
        /// How long to wait, where it says.
        retry_after: Option<Duration>,
    },
    /// The access token is no longer valid: [`connect`](crate::connect()) anew, which can help where a
    /// password is configured.
    #[error("the homeserver no longer accepts the access token")]
    TokenGone {
        /// The device, and so its keys, outlive the token.
        soft_logout: bool,
    },
    /// The stores in the folder cannot be written or read now: the disk may be full.
    #[error("the stores of the session fail: {0}")]
    Unwritable(String),
    /// The stores in the folder are damaged: no sync will work again.
    #[error("the stores of the session are damaged: {0}")]
    Damaged(String),
    /// The account is locked: [`connect`](crate::connect()) anew, once it is not.
    #[error("the homeserver has locked the account")]
    Locked,
    /// It failed on this side, or the homeserver said no.
    #[error("{0}")]
    Other(String),
}

/// What the homeserver, or its absence, said; before it is known who asks.
#[derive(Debug)]
pub(crate) enum Failure {
    RateLimited { retry_after: Option<Duration> },
    Away(String),
    TokenGone { soft_logout: bool, message: String },
    Locked,
    Refused { status: u16, errcode: String, message: String },
    Other(String),
}

/// What is too large: the content, the URI, the headers.
const TOO_LARGE: [u16; 3] = [413, 414, 431];

impl Failure {
    /// From an answer that is not a 2xx.
    pub(crate) fn from_answer(error: &ApiError) -> Self {
        let status = error.status_code.as_u16();
        let (kind, message) = match &error.body {
            ErrorBody::Standard(body) => (Some(&body.kind), body.message.clone()),
            ErrorBody::Json(_) | ErrorBody::NotJson { .. } => (None, error.to_string()),
        };
        match kind {
            Some(ErrorKind::LimitExceeded(data)) => Self::RateLimited {
                retry_after: match data.retry_after {
                    Some(RetryAfter::Delay(delay)) => Some(delay),
                    Some(RetryAfter::DateTime(_)) | None => None,
                },
            },
            Some(ErrorKind::UnknownToken(data)) => Self::TokenGone { soft_logout: data.soft_logout, message },
            Some(ErrorKind::MissingToken) => Self::TokenGone { soft_logout: false, message },
            Some(ErrorKind::UserLocked) => Self::Locked,
            _ if status == 429 => Self::RateLimited { retry_after: None },
            _ if status >= 500 => Self::Away(error.to_string()),
            Some(kind) => Self::Refused { status, errcode: kind.errcode().to_string(), message },
            // A proxy's word about this one request, which is too large for it: no other try fares better.
            None if TOO_LARGE.contains(&status) => {
                Self::Refused { status, errcode: "M_UNKNOWN".to_owned(), message }
            }
            // Whoever says no without a Matrix error is not the homeserver, which may be behind it or be away.
            None => Self::Away(error.to_string()),
        }
    }

    /// From the network.
    pub(crate) fn from_network(error: &reqwest::Error) -> Self {
        // A body that breaks off is an error of decoding to reqwest, which decodes nothing else here.
        if error.is_builder() {
            return Self::Other(chain(error));
        }
        Self::Away(chain(error))
    }
}

impl From<&HttpError> for Failure {
    fn from(error: &HttpError) -> Self {
        match error {
            HttpError::Reqwest(error) => Self::from_network(error),
            HttpError::Api(error) => match &**error {
                FromHttpResponseError::Server(UiaaResponse::MatrixError(error)) => Self::from_answer(error),
                other => Self::Other(other.to_string()),
            },
            HttpError::Cached(error) => Self::from(&**error),
            other => Self::Other(chain(other)),
        }
    }
}

impl From<&matrix_sdk::Error> for Failure {
    fn from(error: &matrix_sdk::Error) -> Self {
        match error {
            matrix_sdk::Error::Http(error) => Self::from(&**error),
            // It shared another caller's request, whose error it does not know.
            matrix_sdk::Error::ConcurrentRequestFailed | matrix_sdk::Error::Timeout => {
                Self::Away(error.to_string())
            }
            other => Self::Other(chain(other)),
        }
    }
}

impl From<Failure> for RequestError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::RateLimited { retry_after } => Self::RateLimited { retry_after },
            Failure::Away(why) => Self::Away(why),
            Failure::TokenGone { .. } | Failure::Locked => Self::TokenGone,
            Failure::Refused { status, errcode, message } => Self::Refused { status, errcode, message },
            Failure::Other(why) => Self::Other(why),
        }
    }
}

impl From<matrix_sdk::Error> for RequestError {
    fn from(error: matrix_sdk::Error) -> Self {
        Failure::from(&error).into()
    }
}

impl From<HttpError> for RequestError {
    fn from(error: HttpError) -> Self {
        Failure::from(&error).into()
    }
}

impl From<matrix_sdk::Error> for SyncError {
    fn from(error: matrix_sdk::Error) -> Self {
        if is_of_store(&error) {
            let why = chain(&error);
            // SQLite's words: the SDK hides the kind of its stores' errors.
            let is_damaged = ["malformed", "not a database"].iter().any(|words| why.contains(words));
            return if is_damaged { Self::Damaged(why) } else { Self::Unwritable(why) };
        }
        match Failure::from(&error) {
            Failure::RateLimited { retry_after } => Self::RateLimited { retry_after },
            Failure::Away(why) => Self::Away(why),
            Failure::TokenGone { soft_logout, .. } => Self::TokenGone { soft_logout },
            Failure::Locked => Self::Locked,
            Failure::Refused { status, errcode, message } => {
                Self::Other(format!("{errcode}: {message} (HTTP {status})"))
            }
            Failure::Other(why) => Self::Other(why),
        }
    }
}

/// Whether an error is one of the stores in the folder.
fn is_of_store(error: &matrix_sdk::Error) -> bool {
    match error {
        matrix_sdk::Error::StateStore(_)
        | matrix_sdk::Error::CryptoStoreError(_)
        | matrix_sdk::Error::EventCacheStore(_)
        | matrix_sdk::Error::Io(_) => true,
        matrix_sdk::Error::OlmError(error) => matches!(**error, OlmError::Store(_)),
        matrix_sdk::Error::MegolmError(error) => matches!(**error, MegolmError::Store(_)),
        _ => false,
    }
}

/// An error and what caused it, in one line: the outermost alone often says only "error sending request".
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !line.contains(&words) {
            line.push_str(": ");
            line.push_str(&words);
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::{api::EndpointError as _, exports::http};

    use super::*;

    fn failure(status: u16, body: &str) -> Failure {
        let answer = http::Response::builder().status(status).body(body.as_bytes()).unwrap();
        Failure::from_answer(&ApiError::from_http_response(answer))
    }

    #[track_caller]
    fn check(status: u16, body: &str, want: &str) {
        let got = RequestError::from(failure(status, body));
        assert_eq!(format!("{got:?}"), want);
    }

    #[test]
    fn answers_are_sorted_by_what_to_do_about_them() {
        check(
            429,
            r#"{"errcode":"M_LIMIT_EXCEEDED","error":"slow","retry_after_ms":1500}"#,
            "RateLimited { retry_after: Some(1.5s) }",
        );
        check(429, "busy", "RateLimited { retry_after: None }");
        check(401, r#"{"errcode":"M_UNKNOWN_TOKEN","error":"gone"}"#, "TokenGone");
        check(401, r#"{"errcode":"M_MISSING_TOKEN","error":"none"}"#, "TokenGone");
        check(401, r#"{"errcode":"M_USER_LOCKED","error":"locked","soft_logout":true}"#, "TokenGone");
        check(
            403,
            r#"{"errcode":"M_FORBIDDEN","error":"no"}"#,
            r#"Refused { status: 403, errcode: "M_FORBIDDEN", message: "no" }"#,
        );
        check(
            400,
            r#"{"errcode":"ORG_EXAMPLE","error":"odd"}"#,
            r#"Refused { status: 400, errcode: "ORG_EXAMPLE", message: "odd" }"#,
        );
        check(502, "<html>", r#"Away("[502] <non-json bytes>")"#);
        // No homeserver says so.
        for status in [400, 401, 403, 404] {
            check(status, "<html>", &format!(r#"Away("[{status}] <non-json bytes>")"#));
        }
        let words = format!("{:?}", RequestError::from(failure(404, r#"{"detail":"Not Found"}"#)));
        assert!(words.starts_with("Away("), "{words}");
        check(
            413,
            "<html>",
            r#"Refused { status: 413, errcode: "M_UNKNOWN", message: "[413] <non-json bytes>" }"#,
        );
        check(
            500,
            r#"{"errcode":"M_UNKNOWN","error":"Internal server error"}"#,
            r#"Away("[500 / M_UNKNOWN] Internal server error")"#,
        );
    }

    #[test]
    fn a_full_disk_is_told_from_a_folder_that_cannot_be_used() {
        let in_folder = |error: &(dyn StdError + 'static)| {
            ConnectError::in_folder("cannot write a", error, ". Move it away").to_string()
        };
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge] {
            let words = in_folder(&io::Error::from(kind));
            assert!(words.starts_with("the storage folder cannot be written: cannot write a: "), "{words}");
            assert!(!words.contains("Move it away"), "{words}");
        }
        for (why, passes) in [
            ("database or disk is full", true),
            ("disk I/O error", true),
            ("database disk image is malformed", false),
            ("unable to open database file", false),
        ] {
            let error = matrix_sdk::Error::StateStore(Box::new(matrix_sdk::StoreError::Backend(why.into())));
            let words = in_folder(&error);
            assert!(words.contains(why), "{words}");
            assert_eq!(words.contains("Move it away"), !passes, "{words}");
        }
        let words = in_folder(&io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(words.contains("cannot be used") && words.contains("Move it away"), "{words}");
    }

    #[test]
    fn stores_that_fail_are_told_from_the_homeserver() {
        let failed = |why: &str| {
            let error = matrix_sdk::StoreError::Backend(why.to_owned().into());
            format!("{:?}", SyncError::from(matrix_sdk::Error::StateStore(Box::new(error))))
        };
        assert_eq!(failed("disk I/O error"), r#"Unwritable("disk I/O error")"#);
        assert_eq!(failed("database or disk is full"), r#"Unwritable("database or disk is full")"#);
        let damaged = "database disk image is malformed";
        assert_eq!(failed(damaged), format!("Damaged({damaged:?})"));
        assert_eq!(failed("file is not a database"), r#"Damaged("file is not a database")"#);
        let other = SyncError::from(matrix_sdk::Error::InsufficientData);
        assert!(matches!(other, SyncError::Other(_)), "{other:?}");
    }
}
