//! `!unquarantine`: let files be downloaded again.

use super::{
    Access, Acting, Command, Decision, Failure, Subject, World,
    shelving::{Facts, Wish, decide, gather},
};
use crate::model::Switch;

/// Let files be downloaded again
///
/// A file, those that an event shows, or all files of a local user or in a room that are in quarantine, whoever put them
/// there. Every equal file goes with them. !undo of a quarantine lets out only what was not in quarantine before.
#[derive(clap::Args, Debug)]
#[command(
    override_usage = "!unquarantine <mxc, event, @user or room>... [reason|--because <reason>] [--dry-run] [--yes]"
)]
pub(super) struct Unquarantine {
    /// mxc:// URIs, events (a link, or room and event ID), users or rooms, followed by the reason, if there is one
    #[arg(value_name = "what", required = true, num_args = 1..)]
    words: Vec<String>,
    /// The reason, in quotes, where it begins with something that is not meant
    #[arg(long, value_name = "reason")]
    because: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

impl Command for Unquarantine {
    const NAME: &'static str = "unquarantine";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Media;
    const EXAMPLE: &'static str = "!unquarantine mxc://example.org/abcdef";
    type Facts = Facts;

    async fn gather(&self, world: &World<'_>) -> Result<Facts, Failure> {
        gather(world, &self.words, self.because.as_ref(), Switch::Off).await
    }

    fn decide(self, facts: Facts, world: &World<'_>) -> Result<Decision, Failure> {
        decide(Wish { to: Switch::Off, acting: self.acting }, facts, world)
    }
}
