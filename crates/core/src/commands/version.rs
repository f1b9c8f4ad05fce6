//! `!version`: of the bot and of the server.

use super::{Access, Command, Decision, Failure, Subject, World};
use crate::{
    ports::Fault,
    reply::{Line, Reply},
};

/// Tell my version and the server's
#[derive(clap::Args, Debug)]
pub(super) struct Version {}

impl Command for Version {
    const NAME: &'static str = "version";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Bot;
    const EXAMPLE: &'static str = "!version";
    type Facts = Result<String, Fault>;

    async fn gather(&self, world: &World<'_>) -> Result<Self::Facts, Failure> {
        Ok(world.lookup.server_version().await)
    }

    fn decide(self, server: Self::Facts, _world: &World<'_>) -> Result<Decision, Failure> {
        let line = Line::new().text(format!("Gleipnir {}", env!("CARGO_PKG_VERSION")));
        Ok(Decision::Answer(Reply::text(match server {
            Ok(version) => line.text(", on Synapse ").code(version),
            Err(fault) => line.text("; the server did not tell its version: ").name_long(fault.to_string()),
        })))
    }
}
