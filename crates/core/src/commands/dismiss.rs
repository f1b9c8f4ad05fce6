//! `!dismiss`: there was nothing to a case.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    cases::{Deciding, known, number},
    facts::reason,
};
use crate::ports::{Case, CaseId, CaseState};

/// Say that there was nothing to a case; the same as reacting to its card with 🗑️
#[derive(clap::Args, Debug)]
#[command(override_usage = "!dismiss <case> [reason] [--dry-run]")]
pub(super) struct Dismiss {
    /// The number of the case
    #[arg(value_name = "case", value_parser = number)]
    case: CaseId,
    /// Why
    #[arg(value_name = "reason")]
    reason: Vec<String>,
    #[command(flatten)]
    deciding: Deciding,
}

impl Command for Dismiss {
    const NAME: &'static str = "dismiss";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!dismiss 12 not against the rules";
    type Facts = Case;

    async fn gather(&self, world: &World<'_>) -> Result<Case, Failure> {
        known(world, self.case)
    }

    fn decide(self, case: Case, world: &World<'_>) -> Result<Decision, Failure> {
        Ok(self.deciding.decide(&case, CaseState::Dismissed, reason(&self.reason), world))
    }
}
