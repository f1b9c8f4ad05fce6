//! `!confirm`: do what a preview showed.

use super::{Access, Command, Decision, Failure, Subject, World};
use crate::plan::PlanId;

/// Do what a preview showed; the same as reacting to it with ✅
#[derive(clap::Args, Debug)]
pub(super) struct Confirm {
    /// The number of the job
    #[arg(value_name = "job", value_parser = super::job::number)]
    job: PlanId,
}

impl Command for Confirm {
    const NAME: &'static str = "confirm";
    const ACCESS: Access = Access::Decide;
    const SUBJECT: Subject = Subject::Jobs;
    const EXAMPLE: &'static str = "!confirm 12";
    type Facts = ();

    async fn gather(&self, _world: &World<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn decide(self, (): (), _world: &World<'_>) -> Result<Decision, Failure> {
        Ok(Decision::Confirm(self.job))
    }
}
