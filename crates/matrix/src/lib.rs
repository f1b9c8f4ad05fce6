//! The wire: the only code that knows matrix-sdk. A [`connect`] gives a [`Session`], whose every call returns
//! a boxed future, so that no other crate compiles the SDK's machinery. Nothing of the SDK shows here but
//! ruma's identifiers. What a message means, and what to do about it, is not decided in this crate.

mod account;
mod attachment;
mod connect;
mod encryption;
mod error;
mod event;
mod folder;
mod outgoing;
mod session;
mod settings;
mod sync;

pub use matrix_sdk::ruma;

pub use crate::{
    attachment::Attachment,
    connect::{Connected, How, connect},
    encryption::{Encryption, Recovery},
    error::{ConnectError, RequestError, SyncError},
    event::{Decryption, TimelineEvent},
    folder::{KeptSession, kept_session},
    outgoing::Outgoing,
    session::{Invite, Membership, Power, Session},
    settings::{Login, Settings},
    sync::{Batch, LONG_POLL, RoomUpdate},
};

/// Directives for `tracing_subscriber::EnvFilter` that silence the SDK's ordinary noise: it logs an error for
/// every 404 that only means "not set yet", and a warning for every device that is new. What matters is in
/// the errors that this crate returns.
pub const LOG_FILTER: &str = "matrix_sdk=error,matrix_sdk::http_client=off,matrix_sdk_base=error,\
                              matrix_sdk_crypto=error,matrix_sdk_sqlite=error,hyper=warn,hyper_util=warn,\
                              reqwest=warn,rustls=warn";
