//! Telling reporters what became of what they reported: off unless the configuration has the words for it. They are told
//! by a Plan, so that each is told once, whoever dies when.

use std::collections::BTreeSet;

use ruma::OwnedUserId;
use thiserror::Error;

use crate::{
    commands::Settings,
    model::{About, Millis},
    plan::{Origin, Plan, PlanState, Step},
    ports::{Case, CaseState, Records, StoreError},
};

/// How many reporters of a case are told.
const TOLD: usize = 50;
/// What stands for what was reported.
const WHAT: &str = "{what}";

/// What reporters are told, in the words of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tell {
    /// When a case is resolved.
    pub resolved: Option<Template>,
    /// When it is dismissed.
    pub dismissed: Option<Template>,
}

/// A text in which `{what}` stands for “a message”, “a user” or “a room”.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(String);

/// Why a text cannot be told to reporters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadTemplate {
    /// There is nothing in it.
    #[error("the text is empty; without the key nobody is told")]
    Empty,
    /// It has a placeholder of a name that is none.
    #[error("{{{0}}} is no placeholder; there is {WHAT} only")]
    Placeholder(String),
    /// It has a brace that belongs to no placeholder.
    #[error("a brace stands alone; {WHAT} is the only placeholder")]
    Brace,
}

impl std::str::FromStr for Template {
    type Err = BadTemplate;

    fn from_str(text: &str) -> Result<Self, BadTemplate> {
        if text.trim().is_empty() {
            return Err(BadTemplate::Empty);
        }
        let rest = text.replace(WHAT, "");
        match (rest.find('{'), rest.find('}')) {
            (None, None) => Ok(Self(text.to_owned())),
            (Some(open), Some(close)) if open < close => {
                Err(BadTemplate::Placeholder(rest[open + 1..close].to_owned()))
            }
            _ => Err(BadTemplate::Brace),
        }
    }
}

impl Template {
    fn about(&self, about: &About) -> String {
        let what = match about {
            About::Event { .. } => "a message",
            About::User { .. } => "a user",
            About::Room { .. } => "a room",
        };
        self.0.replace(WHAT, what)
    }
}

/// The Plan that tells the reporters of a case, as it is now, that it was closed; `None` when there is nobody to tell.
/// It is to be committed together with what closed the case, and its number is taken until then.
pub fn tell(
    records: &dyn Records,
    settings: &Settings,
    case: &Case,
    now: Millis,
) -> Result<Option<Plan>, StoreError> {
    let (template, command) = match case.state {
        CaseState::Resolved => (&settings.tell.resolved, "resolve"),
        CaseState::Dismissed => (&settings.tell.dismissed, "dismiss"),
        CaseState::Open | CaseState::Claimed => return Ok(None),
    };
    let (Some(template), Some(by)) = (template, &case.by) else { return Ok(None) };
    let ignored = records.ignored_reporters()?;
    // All are accounts of this server: it takes reports of its own users only.
    let reporters: BTreeSet<OwnedUserId> = case
        .reports
        .iter()
        .filter(|report| !ignored.contains(&report.reporter))
        .filter_map(|report| OwnedUserId::try_from(report.reporter.as_str()).ok())
        .filter(|reporter| reporter != by)
        .collect();
    let occasion = format!("case-{}-{}-{now}", case.id, case.state.word());
    let text = template.about(&case.about);
    let step = |user: OwnedUserId| Step::Tell { key: format!("{occasion}-{user}"), user, text: text.clone() };
    let steps: Vec<Step> = reporters.into_iter().take(TOLD).map(step).collect();
    if steps.is_empty() {
        return Ok(None);
    }
    Ok(Some(Plan {
        id: records.next_plan_id()?,
        origin: Origin::Outcome(occasion.clone()),
        command: command.to_owned(),
        typed: format!("!{command} {}", case.id),
        asked_by: by.clone(),
        asked_at: now,
        because: None,
        undoes: None,
        case: Some(case.id),
        lasts: None,
        state: PlanState::Running,
        decided_by: Some(by.clone()),
        changed_at: now,
        expires_at: now,
        steps: steps.into_iter().map(Into::into).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_have_one_placeholder() {
        let about = About::Room { room_id: "!a".into() };
        for (text, want) in [
            ("Thank you.", Ok("Thank you.")),
            (
                "You reported {what}: {what} is looked after.",
                Ok("You reported a room: a room is looked after."),
            ),
            ("", Err(BadTemplate::Empty)),
            (" \n", Err(BadTemplate::Empty)),
            ("by {who}", Err(BadTemplate::Placeholder("who".into()))),
            ("{What}", Err(BadTemplate::Placeholder("What".into()))),
            ("a { b", Err(BadTemplate::Brace)),
            ("}{", Err(BadTemplate::Brace)),
        ] {
            let got = text.parse::<Template>().map(|template| template.about(&about));
            assert_eq!(got, want.map(str::to_owned), "{text}");
        }
    }
}
