//! `!version`: of the bot and of the server.

use super::{Access, Command, Decision, Failure, Subject, World};
use crate::reply::{Line, Reply};

/// Tell my version and the server's
#[derive(clap::Args, Debug)]
pub(super) struct Version {}

impl Command for Version {
    const NAME: &'static str = "version";
    const ACCESS: Access = Access::Read;
    const SUBJECT: Subject = Subject::Bot;
    const EXAMPLE: &'static str = "!version";
    type Facts = String;

    async fn gather(&self, world: &World<'_>) -> Result<String, Failure> {
        Ok(world.lookup.server_version().await?)
    }

    fn decide(self, server: String, _world: &World<'_>) -> Result<Decision, Failure> {
        Ok(Decision::Answer(Reply::new().paragraph(
            Line::new().text(format!("Gleipnir {}, on Synapse ", env!("CARGO_PKG_VERSION"))).code(server),
        )))
    }
}
