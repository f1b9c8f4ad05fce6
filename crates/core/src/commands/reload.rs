//! `!reload`: read the configuration again.

use super::{Access, Command, Decision, Failure, Subject, Tuning, World};

/// Read my configuration again, and tell what changed
///
/// Rules, limits, levels, what cards offer and what is told of rooms change at once; what needs a restart is named. A file with a mistake changes nothing. Cases that the rules have weighed are not weighed again.
#[derive(clap::Args, Debug)]
pub(super) struct Reload {}

impl Command for Reload {
    const NAME: &'static str = "reload";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Bot;
    const EXAMPLE: &'static str = "!reload";
    type Facts = ();

    async fn gather(&self, _world: &World<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn decide(self, (): (), _world: &World<'_>) -> Result<Decision, Failure> {
        Ok(Decision::Tune(Tuning::Reload))
    }
}
