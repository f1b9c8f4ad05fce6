//! What a homeserver answers, or does not, instead of what was asked for.

use std::time::Duration;

use thiserror::Error;

/// Why the homeserver did not do or tell what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// 403: the bot's account is not a server admin.
    #[error("I am not a server admin.")]
    NotAdmin,
    /// The admin API does not answer at this address.
    #[error("The admin API is not reachable at this address (HTTP {status}).")]
    NotRouted {
        /// The HTTP status.
        status: u16,
    },
    /// 401: the bot's access token is no longer valid, or its account is locked. Everything waits for a new login.
    #[error("The homeserver no longer accepts my access token.")]
    TokenGone,
    /// 429.
    #[error("The homeserver asks me to slow down.")]
    RateLimited {
        /// How long to wait, when it said so.
        retry_after: Option<Duration>,
    },
    /// No answer in time. A write may have happened.
    #[error("The homeserver did not answer in time.")]
    Timeout,
    /// The homeserver cannot be reached. A write may have happened if the connection broke half-way.
    #[error("I cannot reach the homeserver ({0}).")]
    Away(String),
    /// A refusal with a Matrix error.
    #[error("The homeserver refused: {message} ({errcode}, HTTP {status}).")]
    Refused {
        /// The HTTP status, 4xx.
        status: u16,
        /// The `errcode`.
        errcode: String,
        /// The server's own words.
        message: String,
    },
    /// 5xx. A write may have happened.
    #[error("The homeserver failed: {message} (HTTP {status}).")]
    Broken {
        /// The HTTP status, 5xx.
        status: u16,
        /// The server's own words, or the beginning of its answer.
        message: String,
    },
    /// An answer that makes no sense: cut short, not JSON, of the wrong shape. A write may have happened.
    #[error("The homeserver's answer makes no sense to me: {0}.")]
    BadAnswer(String),
}

impl Fault {
    /// Whether the same request may well succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::Timeout | Self::Away(_) | Self::TokenGone => true,
            Self::Broken { status, .. } => matches!(status, 502..=504),
            Self::NotAdmin | Self::NotRouted { .. } | Self::Refused { .. } | Self::BadAnswer(_) => false,
        }
    }

    /// Whether a write that ended so may have happened all the same.
    pub fn may_have_acted(&self) -> bool {
        matches!(self, Self::Timeout | Self::Away(_) | Self::Broken { .. } | Self::BadAnswer(_))
    }
}
