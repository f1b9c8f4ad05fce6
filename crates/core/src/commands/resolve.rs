//! `!resolve`: a case is settled.

use super::{
    Access, Command, Decision, Failure, Subject, World,
    cases::{Deciding, known, number},
    facts::reason,
};
use crate::ports::{Case, CaseId, CaseState};

/// Say that a case is settled; the same as reacting to its card with ☑️
#[derive(clap::Args, Debug)]
#[command(override_usage = "!resolve <case> [note] [--dry-run]")]
pub(super) struct Resolve {
    /// The number of the case
    #[arg(value_name = "case", value_parser = number)]
    case: CaseId,
    /// What was done
    #[arg(value_name = "note")]
    note: Vec<String>,
    #[command(flatten)]
    deciding: Deciding,
}

impl Command for Resolve {
    const NAME: &'static str = "resolve";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!resolve 12 warned the author";
    type Facts = Case;

    async fn gather(&self, world: &World<'_>) -> Result<Case, Failure> {
        known(world, self.case)
    }

    fn decide(self, case: Case, world: &World<'_>) -> Result<Decision, Failure> {
        Ok(self.deciding.decide(&case, CaseState::Resolved, reason(&self.note), world))
    }
}
