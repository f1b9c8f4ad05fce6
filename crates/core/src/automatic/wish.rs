//! What a rule wants that matches a case: all that has to be asked for before it can be decided.

use ruma::OwnedUserId;

use super::words;
use crate::{
    actions::propose,
    cards,
    commands::{Failure, Settings},
    guard,
    plan::{Origin, Plan, Step},
    ports::{Case, Lookup, Records, StoreError},
    reply::{Line, Reply},
    rules::{
        case::{Cards, CaseAction, offered, taken},
        reports::{Facts, Matching, Rule, RuleAction},
    },
};

/// What a rule wants.
pub(crate) struct Wish {
    /// The rule's place in the configuration.
    pub(crate) place: usize,
    pub(crate) rule: Rule,
    /// What it may do by itself.
    pub(crate) steps: Vec<Step>,
    /// What it only ever asks for.
    pub(crate) asks: Vec<Step>,
    /// What would happen, of both.
    pub(crate) preview: Reply,
    /// What it wants and cannot have, each with why.
    pub(crate) missing: Vec<Line>,
    /// Why all of it is only asked for, in sentences.
    pub(crate) doubts: Vec<String>,
    /// Why nothing is done.
    pub(crate) objection: Option<Line>,
}

impl Wish {
    /// A rule that can do nothing; why.
    pub(super) fn held(place: usize, rule: &Rule, why: Line) -> Self {
        Self {
            place,
            rule: rule.clone(),
            steps: Vec::new(),
            asks: Vec::new(),
            preview: Reply::new(),
            missing: Vec::new(),
            doubts: Vec::new(),
            objection: Some(why),
        }
    }

    /// Whether it is a wish for nothing that is done as a job.
    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.asks.is_empty()
    }
}

/// What is wanted of a rule about a case. What was done about the case already is left out, and so is what this rule wanted
/// before, whatever became of that: who undid it wants it undone.
pub(crate) async fn wish(
    lookup: &dyn Lookup,
    records: &dyn Records,
    settings: &Settings,
    matching: Matching,
    case: &Case,
    facts: &Facts,
) -> Result<Wish, Failure> {
    let rule = &settings.rules.list[matching.place];
    let (asks, does): (Vec<CaseAction>, Vec<CaseAction>) =
        open_actions(records, case, rule)?.into_iter().partition(|action| *action == CaseAction::Shutdown);
    // That there is no file to quarantine casts no doubt on the rest; that the bot lacks the power to ban does.
    let all = Cards { offered: CaseAction::ALL.to_vec(), ..settings.cards.clone() };
    let sensible = offered(case, &all);
    let (does, vain): (Vec<CaseAction>, Vec<CaseAction>) =
        does.into_iter().partition(|action| sensible.contains(action));
    let mut wish = Wish { objection: None, ..Wish::held(matching.place, rule, Line::new()) };
    wish.doubts.extend(matching.behind.map(words::behind));
    for (actions, kind) in [(does, Wanted::Done), (vain, Wanted::InVain), (asks, Wanted::Asked)] {
        if actions.is_empty() {
            continue;
        }
        let proposal = propose(lookup, records, settings, case, &actions, None).await?;
        if !proposal.steps.is_empty() {
            wish.preview = wish.preview.append(proposal.preview);
        }
        if kind == Wanted::Done {
            let is_partly_missing = !proposal.missing.is_empty() && !proposal.steps.is_empty();
            wish.doubts.extend(is_partly_missing.then(|| words::PARTLY.to_owned()));
        }
        wish.doubts.extend(proposal.caution);
        if proposal.steps.is_empty() {
            // Then there is nothing else to say.
            wish.missing.extend(proposal.already);
        }
        wish.missing.extend(proposal.missing);
        if kind == Wanted::Asked { wish.asks = proposal.steps } else { wish.steps.extend(proposal.steps) }
    }
    let all: Vec<Step> = wish.steps.iter().chain(&wish.asks).cloned().collect();
    wish.objection = guard::objection(lookup, settings, &all).await?.map(|why| Line::new().name_long(why));
    if rule.actions.contains(&RuleAction::IgnoreReporter) {
        for reporter in rule.fitting_reporters(facts) {
            let Ok(user) = OwnedUserId::try_from(reporter) else { continue };
            match guard::protection(lookup, settings, &user).await? {
                Some(why) => {
                    let line = Line::new().strong("ignore-reporter: ");
                    wish.missing.push(line.name_long(why));
                }
                None => wish.steps.push(Step::IgnoreReporter { user }),
            }
        }
    }
    Ok(wish)
}

/// What becomes of some actions of a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// They are done.
    Done,
    /// Going by what was kept of the case they cannot be done.
    InVain,
    /// They are asked for.
    Asked,
}

/// The actions of a rule that are still to be done about a case.
fn open_actions(records: &dyn Records, case: &Case, rule: &Rule) -> Result<Vec<CaseAction>, StoreError> {
    let jobs = cards::current_jobs(records, case)?;
    let wanted = rule.actions.iter().filter_map(|action| match action {
        RuleAction::Case(action) => Some(*action),
        _ => None,
    });
    Ok(wanted.filter(|action| is_open(&jobs, rule, *action)).collect())
}

/// Whether an action is still to be done: nobody does or did it, and this rule has not wanted it before.
pub(super) fn is_open(jobs: &[Plan], rule: &Rule, action: CaseAction) -> bool {
    let did =
        |plan: &&Plan| plan.steps.iter().any(|planned| CaseAction::of_step(&planned.step) == Some(action));
    taken(jobs, action).is_none() && !jobs.iter().filter(|plan| is_by(plan, rule)).any(|plan| did(&plan))
}

/// Whether a rule made a Plan.
pub(super) fn is_by(plan: &Plan, rule: &Rule) -> bool {
    matches!(&plan.origin, Origin::Rule { rule: name, .. } if *name == rule.name)
}
