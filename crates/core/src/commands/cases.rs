//! What the commands about cases share: which one is meant, and what a decision about it comes to.

use super::{Decision, Failure, World};
use crate::{
    keeping::case_is_missing,
    ports::{Case, CaseId, CaseState},
    reply::{Line, Reply},
    rules::case::{Judgement, judge, judged},
};

/// A case's number, with or without a `#`.
pub(super) fn number(word: &str) -> Result<CaseId, String> {
    let number = word.trim_start_matches('#').parse().ok();
    // The database counts up to here; nobody else does.
    number
        .filter(|number| (1..=i64::MAX.unsigned_abs()).contains(number))
        .ok_or_else(|| "A case is given by its number, such as 12. !reports lists them.".to_owned())
}

/// The case of a number. Refused when there is none.
pub(super) fn known(world: &World<'_>, id: CaseId) -> Result<Case, Failure> {
    match world.records.case(id)? {
        Some(case) => Ok(case),
        None => Err(Failure::told(case_is_missing(world.records, world.settings, id)?)),
    }
}

/// What every command takes that decides about a case. Nothing has to be confirmed: everything can be reopened.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(super) struct Deciding {
    /// Show what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Deciding {
    /// The decision, or what would follow from it.
    pub(super) fn decide(
        self,
        case: &Case,
        state: CaseState,
        note: Option<String>,
        world: &World<'_>,
    ) -> Decision {
        if !self.dry_run {
            return Decision::Judge { case: case.id, state, note };
        }
        let dry = Line::new().strong("Dry run: nothing was done.");
        Decision::Answer(match judge(case, state, world.asker) {
            Judgement::Already(reply) | Judgement::Refused(reply) => reply.paragraph(dry),
            Judgement::Changes => {
                let by = Some(world.asker.to_owned());
                let then = Case { state, by, note, changed_at: world.now, ..case.clone() };
                Reply::text(judged(&then, case)).paragraph(dry)
            }
        })
    }
}
