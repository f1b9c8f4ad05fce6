//! `!claim`: a moderator looks after a case.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    cases::{Deciding, known, number},
};
use crate::ports::{Case, CaseId, CaseState};

/// Say that you look after a case; the same as reacting to its card with ✋
#[derive(clap::Args, Debug)]
#[command(override_usage = "!claim <case> [--dry-run]")]
pub(super) struct Claim {
    /// The number of the case
    #[arg(value_name = "case", value_parser = number)]
    case: CaseId,
    #[command(flatten)]
    deciding: Deciding,
}

impl Command for Claim {
    const NAME: &'static str = "claim";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!claim 12";
    type Facts = Case;

    async fn gather(&self, world: &World<'_>) -> Result<Case, Failure> {
        known(world, self.case)
    }

    fn decide(self, case: Case, world: &World<'_>) -> Result<Decision, Failure> {
        Ok(self.deciding.decide(&case, CaseState::Claimed, None, world))
    }
}
