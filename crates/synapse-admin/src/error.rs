//! What can go wrong with a request, in the terms a caller must tell apart.

use std::time::Duration;

/// Matrix's error code for a path that the server does not know.
pub(crate) const UNRECOGNIZED: &str = "M_UNRECOGNIZED";

/// Why a request gave no answer that can be used. Its display is one sentence, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The homeserver answered with a Matrix error.
    #[error("the homeserver answered {status} {errcode}: {message}")]
    Api {
        /// The HTTP status.
        status: u16,
        /// The Matrix error code, such as `M_NOT_FOUND`. For a 429 that did not come from a Matrix server
        /// (a reverse proxy's own limit) it is `M_LIMIT_EXCEEDED`.
        errcode: String,
        /// The server's own words, cleaned and cut.
        message: String,
        /// How long the server wants to be left alone: `retry_after_ms` of the body, else the `Retry-After`
        /// header, when given in seconds.
        retry_after: Option<Duration>,
    },
    /// The API is not served at this URL: a reverse proxy or worker in between does not pass it on, the
    /// server is too old for this call, or delegated authentication (MAS) took it away.
    #[error(
        "the homeserver's URL does not serve {path} ({status}, {what}), so a reverse proxy may be hiding it or \
         the server may be too old"
    )]
    NotRouted {
        /// The HTTP status: 404 mostly, 3xx for a redirect, which is never followed.
        status: u16,
        /// The pattern of the path asked for.
        path: &'static str,
        /// What came instead.
        what: String,
    },
    /// No complete answer within [`Options::timeout`](crate::Options::timeout).
    #[error("the homeserver did not answer in time")]
    Timeout,
    /// There was no connection (refused, DNS, TLS), or it broke before an answer.
    #[error("the homeserver cannot be reached: {cause}")]
    Unreachable {
        /// What the network said.
        cause: String,
        /// Whether the request may have got to the server before the connection broke.
        maybe_sent: bool,
    },
    /// An answer came that cannot be read: HTML, a broken-off or empty body, wrong types.
    #[error("the homeserver's answer ({status}) cannot be read: {what}")]
    BadAnswer {
        /// The HTTP status.
        status: u16,
        /// What is wrong with the answer, with its first characters where they cannot be private.
        what: String,
    },
    /// The request could not be made: the homeserver URL or the access token is unusable, or an ID is one that no path can
    /// hold, such as `..`.
    #[error("the client is not set up properly: {0}")]
    Misconfigured(String),
}

impl Error {
    /// The room, event, user or task asked for does not exist (404, whatever the errcode). Never true when
    /// the API itself is missing, which is [`Error::NotRouted`].
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Api { status: 404, .. })
    }

    /// Synapse itself answered that it has no such call: it is too old, or a process that does not serve this one. Never
    /// true of a reverse proxy that hides the API, nor of a redirect.
    pub fn is_not_offered(&self) -> bool {
        matches!(self, Self::NotRouted { status: 400 | 404, what, .. } if what == UNRECOGNIZED)
    }

    /// The token is good, but its user is not a server admin (or, with MAS, the token lacks the admin scope).
    pub fn is_not_admin(&self) -> bool {
        matches!(self, Self::Api { status: 403, errcode, message, .. }
            if errcode == "M_FORBIDDEN" && message.contains("not a server admin"))
    }

    /// The access token is missing, unknown or expired, or its account is locked.
    pub fn is_token_gone(&self) -> bool {
        matches!(self, Self::Api { status: 401, errcode, .. }
            if matches!(&**errcode, "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN" | "M_USER_LOCKED"))
    }

    /// `Some` if the server asked to slow down (429); inside, for how long, if it said so.
    #[expect(clippy::option_option, reason = "limited or not, and for how long or unsaid, are two questions")]
    pub fn rate_limited(&self) -> Option<Option<Duration>> {
        match self {
            Self::Api { status: 429, retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// The same request may well succeed later: network trouble, or 429, 502, 503, 504. Not 500, with which
    /// Synapse answers some requests for things that do not exist.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout => true,
            Self::Api { status, .. } | Self::BadAnswer { status, .. } => {
                matches!(status, 429 | 502 | 503 | 504)
            }
            Self::NotRouted { .. } | Self::Misconfigured(_) => false,
        }
    }

    /// For a write: the server may have carried it out all the same, so read back before doing it again.
    pub fn may_have_acted(&self) -> bool {
        match self {
            Self::Timeout => true,
            Self::Unreachable { maybe_sent, .. } => *maybe_sent,
            // 408 is a proxy's time-out: the request may have been passed on.
            Self::Api { status, .. } | Self::BadAnswer { status, .. } => {
                !(300..500).contains(status) || *status == 408
            }
            Self::NotRouted { .. } | Self::Misconfigured(_) => false,
        }
    }
}

/// `None` for what does not exist.
pub(crate) fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// `None` for a call that the server does not have.
pub(crate) fn offered<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_offered() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Error;

    fn api(status: u16, errcode: &str, message: &str) -> Error {
        Error::Api { status, errcode: errcode.into(), message: message.into(), retry_after: None }
    }

    fn bad(status: u16) -> Error {
        Error::BadAnswer { status, what: "an empty body".into() }
    }

    fn lost(maybe_sent: bool) -> Error {
        Error::Unreachable { cause: "Connection refused (os error 111)".into(), maybe_sent }
    }

    fn not_routed() -> Error {
        hidden(404, "M_UNRECOGNIZED")
    }

    fn hidden(status: u16, what: &str) -> Error {
        Error::NotRouted { status, path: "/_synapse/admin/v1/rooms", what: what.into() }
    }

    /// Columns: not found, not admin, token gone, transient, may have acted.
    #[test]
    fn questions_are_answered_for_every_kind() {
        for (error, want) in [
            (api(404, "M_NOT_FOUND", "Room not found"), "x...."),
            (api(404, "M_UNKNOWN", "No row found (events)"), "x...."),
            (api(403, "M_FORBIDDEN", "You are not a server admin"), ".x..."),
            (api(403, "M_FORBIDDEN", "User @a:hs.test not in room !b"), "....."),
            (api(401, "M_UNKNOWN_TOKEN", "Invalid access token passed."), "..x.."),
            (api(401, "M_MISSING_TOKEN", "Missing access token"), "..x.."),
            (api(401, "M_USER_LOCKED", "User account has been locked"), "..x.."),
            (api(400, "M_UNKNOWN", "nope is not a legal room ID"), "....."),
            (api(429, "M_LIMIT_EXCEEDED", "Too Many Requests"), "...x."),
            (api(500, "M_UNKNOWN", "Internal server error"), "....x"),
            (api(502, "M_UNKNOWN", "Can't connect to server other.test"), "...xx"),
            (api(503, "M_UNKNOWN", "Unable to introspect the access token"), "...xx"),
            (not_routed(), "....."),
            (Error::Timeout, "...xx"),
            (lost(false), "...x."),
            (lost(true), "...xx"),
            (bad(200), "....x"),
            (bad(408), "....x"),
            (bad(413), "....."),
            (bad(500), "....x"),
            (bad(504), "...xx"),
            (Error::Misconfigured("no scheme".into()), "....."),
        ] {
            let got: String = [
                error.is_not_found(),
                error.is_not_admin(),
                error.is_token_gone(),
                error.is_transient(),
                error.may_have_acted(),
            ]
            .map(|yes| if yes { 'x' } else { '.' })
            .into_iter()
            .collect();
            assert_eq!(got, want, "{error}");
        }
    }

    #[test]
    fn only_synapse_itself_can_say_that_a_call_is_not_offered() {
        for (error, want) in [
            (not_routed(), true),
            (hidden(400, "M_UNRECOGNIZED"), true),
            (hidden(405, "M_UNRECOGNIZED"), false),
            (hidden(404, "not what was expected, beginning “<html>”"), false),
            (hidden(302, "a redirect to https://other.test"), false),
            (api(404, "M_NOT_FOUND", "Room not found"), false),
            (Error::Timeout, false),
        ] {
            assert_eq!(error.is_not_offered(), want, "{error}");
        }
    }

    #[test]
    fn only_429_is_a_rate_limit() {
        let pause = Some(Duration::from_millis(1500));
        let limited = Error::Api {
            status: 429,
            errcode: "M_LIMIT_EXCEEDED".into(),
            message: "Too Many Requests".into(),
            retry_after: pause,
        };
        assert_eq!(limited.rate_limited(), Some(pause));
        assert_eq!(api(429, "M_LIMIT_EXCEEDED", "").rate_limited(), Some(None));
        assert_eq!(api(503, "M_UNKNOWN", "").rate_limited(), None);
        assert_eq!(Error::Timeout.rate_limited(), None);
    }

    #[test]
    fn display_is_a_sentence() {
        for (error, want) in [
            (
                api(403, "M_FORBIDDEN", "You are not a server admin"),
                "the homeserver answered 403 M_FORBIDDEN: You are not a server admin",
            ),
            (
                not_routed(),
                "the homeserver's URL does not serve /_synapse/admin/v1/rooms (404, M_UNRECOGNIZED), so a \
                 reverse proxy may be hiding it or the server may be too old",
            ),
            (lost(false), "the homeserver cannot be reached: Connection refused (os error 111)"),
            (bad(502), "the homeserver's answer (502) cannot be read: an empty body"),
            (Error::Timeout, "the homeserver did not answer in time"),
        ] {
            assert_eq!(error.to_string(), want);
        }
    }
}
