//! `!act`: do something about a case; the same as tapping its card.

use super::{
    Access, Acting, Command, Decision, Draft, Failure, Subject, World,
    cases::{known, number},
    facts::reason,
};
use crate::{
    actions::{Proposal, propose},
    ports::{Case, CaseId},
    reply::{Line, Reply},
    rules::case::CaseAction,
};

/// Do something about a case: redact, redact-all, kick, ban, suspend, quarantine, block, shutdown
///
/// The same as reacting to its card; several actions are one job. redact takes away the reported message, redact-all
/// everything that its author wrote. kick and ban are from the room of the message. quarantine keeps its files from being
/// downloaded. What cannot be undone asks first; what cannot be done says what is missing. Once it is done, the case is
/// resolved. The reason is for everybody in the room to read.
#[derive(clap::Args, Debug)]
#[command(override_usage = "!act <case> <action>... [--reason <text>] [--dry-run] [--yes]")]
pub(super) struct Act {
    /// The number of the case
    #[arg(value_name = "case", value_parser = number)]
    case: CaseId,
    /// What to do, in any order
    #[arg(value_name = "action", required = true, num_args = 1.., value_parser = action)]
    actions: Vec<CaseAction>,
    /// Why; in quotes, if it has several words
    #[arg(long, value_name = "text")]
    reason: Option<String>,
    #[command(flatten)]
    acting: Acting,
}

fn action(word: &str) -> Result<CaseAction, String> {
    let word = word.trim_end_matches(',').to_lowercase();
    let words = || {
        let acts = CaseAction::ALL.into_iter().filter(|action| action.changes_homeserver());
        acts.map(CaseAction::word).collect::<Vec<_>>().join(", ")
    };
    match CaseAction::from_word(&word) {
        Some(action) if action.changes_homeserver() => Ok(action),
        Some(CaseAction::More) => Err("!context and !messages show more; !case shows which.".to_owned()),
        Some(decision) => Err(format!("That is a command of its own: !{}.", decision.word())),
        None => Err(format!("Actions: {}.", words())),
    }
}

impl Command for Act {
    const NAME: &'static str = "act";
    const ACCESS: Access = Access::Act;
    const SUBJECT: Subject = Subject::Reports;
    const EXAMPLE: &'static str = "!act 12 redact suspend";
    type Facts = (Case, Proposal);

    async fn gather(&self, world: &World<'_>) -> Result<(Case, Proposal), Failure> {
        let case = known(world, self.case)?;
        let reason = self.reason();
        let proposal =
            propose(world.lookup, world.records, world.settings, &case, &self.actions, reason.as_deref())
                .await?;
        Ok((case, proposal))
    }

    fn decide(self, (case, proposal): (Case, Proposal), _world: &World<'_>) -> Result<Decision, Failure> {
        let reason = self.reason();
        draft(&case, proposal, reason, self.acting).map(|draft| Decision::Propose(Box::new(draft)))
    }
}

impl Act {
    fn reason(&self) -> Option<String> {
        self.reason.as_ref().and_then(|words| reason(std::slice::from_ref(words)))
    }
}

/// What is to be done about a case, or why nothing of it can be.
pub(crate) fn draft(
    case: &Case,
    proposal: Proposal,
    because: Option<String>,
    acting: Acting,
) -> Result<Draft, Failure> {
    let Proposal { steps, preview, missing, already, caution } = proposal;
    if steps.is_empty() {
        let reply = Reply::text(format!("Nothing was done about case {}:", case.id));
        return Err(Failure::Told(Box::new(reply.list(missing.into_iter().chain(already)))));
    }
    let preview = if already.is_empty() {
        preview
    } else {
        preview.paragraph(Line::new().strong("Nothing to do for:")).list(already)
    };
    let (preview, caution) = if missing.is_empty() {
        (preview, caution)
    } else {
        let heading = Line::new().strong("What cannot be done:");
        let why = "Not all of what was asked for can be done.".to_owned();
        (preview.paragraph(heading).list(missing), caution.or(Some(why)))
    };
    Ok(Draft { steps, because, preview, undoes: None, case: Some(case.id), lasts: None, caution, acting })
}
