//! `!reopen`: a case is not settled after all, or nobody looks after it any more.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    cases::{Deciding, known, number},
};
use crate::ports::{Case, CaseId, CaseState};

/// Open a case again, or give back one that was claimed
///
/// What was said when it was resolved or dismissed is repeated in the answer, and stays there only.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!reopen <case> [--dry-run]")]
pub(super) struct Reopen {
    /// The number of the case
    #[arg(value_name = "case", value_parser = number)]
    case: CaseId,
    #[command(flatten)]
    deciding: Deciding,
}

impl Command for Reopen {
    const NAME: &'static str = "reopen";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!reopen 12";
    type Facts = Case;

    async fn gather(&self, world: &World<'_>) -> Result<Case, Failure> {
        known(world, self.case)
    }

    fn decide(self, case: Case, world: &World<'_>) -> Result<Decision, Failure> {
        Ok(self.deciding.decide(&case, CaseState::Open, None, world))
    }
}
