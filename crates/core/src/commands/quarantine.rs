//! `!quarantine`: keep everybody from downloading files from this server.

use super::{
    Access, Acting, Command, Decision, Failure, Subject, World,
    shelving::{Facts, Wish, decide, gather},
};
use crate::model::Switch;

/// Keep everybody from downloading files from this server
///
/// A file, those that an event shows, all that a local user uploaded, or all in messages of a room that are not encrypted.
/// Every equal file goes with them, whoever uploaded it, also one that is uploaded later. What is protected stays. Other
/// servers keep their copies. What follows the files is the reason.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!quarantine <mxc, event, @user or room>... [reason|--because <reason>] [--dry-run] [--yes]"
)]
pub(super) struct Quarantine {
    /// mxc:// URIs, events (a link, or room and event ID), users or rooms, followed by the reason, if there is one
    #[arg(value_name = "what", required = true, num_args = 1..)]
    words: Vec<String>,
    /// The reason, in quotes, where it begins with something that is not meant
    #[arg(long, value_name = "reason")]
    because: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

impl Command for Quarantine {
    const NAME: &'static str = "quarantine";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Media;
    const EXAMPLE: &'static str = "!quarantine mxc://example.org/abcdef spam";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        gather(world, &self.words, self.because.as_ref(), Switch::On).await
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        decide(Wish { to: Switch::On, acting: self.acting }, facts, world)
    }
}
