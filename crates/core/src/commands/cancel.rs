//! `!cancel`: drop what a preview showed, or stop what is at work.

use super::{Access, Command, Decision, Failure, Subject, World};
use crate::plan::PlanId;

/// Drop what a preview showed, or stop a job that is at work; the same as reacting to it with ❌
///
/// A job that is at work finishes what it has begun, and begins nothing else. What it has done stays, until !undo puts it
/// right. An !undo itself is not stopped half-way.
#[derive(clap::Args, Debug)]
pub(super) struct Cancel {
    /// The number of the job
    #[arg(value_name = "job", value_parser = super::job::number)]
    job: PlanId,
}

impl Command for Cancel {
    const NAME: &'static str = "cancel";
    const ACCESS: Access = Access::Decide;
    const SUBJECT: Subject = Subject::Jobs;
    const EXAMPLE: &'static str = "!cancel 12";
    type Facts = ();

    async fn gather(&self, _world: &World<'_>) -> Result<(), Failure> {
        Ok(())
    }

    fn decide(self, (): (), _world: &World<'_>) -> Result<Decision, Failure> {
        Ok(Decision::Cancel(self.job))
    }
}
