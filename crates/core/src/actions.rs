//! What can be done about a case, as steps: which, what would follow, and what is missing for the others. Used by `!act`, by
//! taps on cards and by rules, so that all three do the same.

pub(crate) mod owner;
mod people;
mod places;

use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, UserId};

use crate::{
    cards,
    commands::{Decision, Draft, Failure, Settings, World},
    model::{About, MemberChange},
    plan::{Origin, Plan, PlanState, RoomRef, Step},
    ports::{Case, CaseId, Fault, Lookup, Records, StoreError},
    reply::{Block, Line, Reply},
    rules::case::{CaseAction, Evidence, author, subject, taken},
};

/// What can be done about a case of what was asked for.
#[derive(Debug)]
pub struct Proposal {
    /// What is to be done, in this order: what stops somebody comes before what cleans up after them.
    pub steps: Vec<Step>,
    /// What would happen.
    pub preview: Reply,
    /// What was asked for and cannot be done, each with why and what to do instead.
    pub missing: Vec<Line>,
    /// What was asked for and is so already, or is on its way by another job.
    pub already: Vec<Line>,
    /// Why to ask first, whatever the safety rules say.
    pub caution: Option<String>,
}

/// The order in which actions are done.
const ORDER: [CaseAction; 8] = [
    CaseAction::Suspend,
    CaseAction::Ban,
    CaseAction::Kick,
    CaseAction::Quarantine,
    CaseAction::Redact,
    CaseAction::RedactAll,
    CaseAction::Block,
    CaseAction::Shutdown,
];

/// The steps of some actions about a case, as far as they can be done now. Actions that change nothing at the homeserver
/// are left out. `reason` is for everybody in the room to read.
pub async fn propose(
    lookup: &dyn Lookup,
    records: &dyn Records,
    settings: &Settings,
    case: &Case,
    actions: &[CaseAction],
    reason: Option<&str>,
) -> Result<Proposal, Failure> {
    let scene = Scene { lookup, records, settings, case, evidence: Evidence::of(case), reason };
    let jobs = cards::current_jobs(records, case)?;
    let mut found = Found::default();
    // Who is banned need not be kicked.
    let is_wanted = |action: CaseAction| {
        actions.contains(&action) && !(action == CaseAction::Kick && actions.contains(&CaseAction::Ban))
    };
    for action in ORDER.into_iter().filter(|action| is_wanted(*action)) {
        if let Some(plan) = taken(&jobs, action) {
            found.already.push(already(action, plan));
            continue;
        }
        match scene.look(action, &mut found).await {
            Ok(()) => {}
            Err(Unable::Lacks(why)) => found.lacks(action, why),
            Err(Unable::Already(line)) => found.is_so(action, line),
            Err(Unable::Failed(failure)) => return Err(failure),
        }
    }
    let heading =
        Line::new().strong(format!("Case {}: ", case.id)).append(subject(case)).text(". To be done:");
    let done = std::mem::take(&mut found.preview);
    let preview = Reply::text(heading).list(found.steps.iter().map(Step::describe)).append(done);
    let Found { steps, missing, already, caution, .. } = found;
    Ok(Proposal { steps, preview, missing, already, caution })
}

/// Why some steps about a case are not done again: another job has done one of them, does it, or waits to be confirmed.
pub fn taken_by_another(
    records: &dyn Records,
    case: CaseId,
    steps: &[Step],
) -> Result<Option<Line>, StoreError> {
    let Some(case) = records.case(case)? else { return Ok(None) };
    let jobs = cards::current_jobs(records, &case)?;
    let mut actions = steps.iter().filter_map(CaseAction::of_step);
    Ok(actions.find_map(|action| Some(already(action, taken(&jobs, action)?))))
}

/// “redact: `@mod:hs` did it already (job 12).”
fn already(action: CaseAction, plan: &Plan) -> Line {
    let line = Line::new().strong(format!("{}: ", action.word()));
    let line = match &plan.origin {
        Origin::Rule { rule, .. } => line.text("the rule ").user(rule),
        _ => line.code(plan.asked_by.as_str()),
    };
    let line = line.text(match plan.state {
        PlanState::Proposed => " asked for it already; it waits for a confirmation (job ",
        PlanState::Running => " asked for it already; it is being done (job ",
        PlanState::Done | PlanState::Cancelled | PlanState::Expired => " did it already (job ",
    });
    line.text(format!("{}). ", plan.id)).code(format!("!job {}", plan.id)).text(" shows it.")
}

/// What a case is about, and where to look.
struct Scene<'a> {
    lookup: &'a dyn Lookup,
    records: &'a dyn Records,
    settings: &'a Settings,
    case: &'a Case,
    evidence: Evidence,
    reason: Option<&'a str>,
}

/// Why an action is not done.
enum Unable {
    /// Something is missing; whole sentences about what, and what to do.
    Lacks(Line),
    /// There is nothing to do; a sentence about how it is.
    Already(Line),
    /// It could not be found out.
    Failed(Failure),
}

impl From<Line> for Unable {
    fn from(why: Line) -> Self {
        Self::Lacks(why)
    }
}

impl From<Fault> for Unable {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.into())
    }
}

/// What was found to do.
#[derive(Default)]
struct Found {
    steps: Vec<Step>,
    preview: Reply,
    missing: Vec<Line>,
    already: Vec<Line>,
    caution: Option<String>,
}

impl Found {
    /// There is nothing to do for an action.
    fn is_so(&mut self, action: CaseAction, line: Line) {
        self.already.push(Line::new().strong(format!("{}: ", action.word())).append(line));
    }

    /// An action cannot be done; `why` is whole sentences.
    fn lacks(&mut self, action: CaseAction, why: impl Into<Line>) {
        self.missing.push(Line::new().strong(format!("{}: ", action.word())).append(why));
    }
}

impl Scene<'_> {
    async fn look(&self, action: CaseAction, found: &mut Found) -> Result<(), Unable> {
        match action {
            CaseAction::Redact => self.redact(found).await,
            CaseAction::RedactAll => self.redact_all(found).await,
            CaseAction::Kick => self.remove(MemberChange::Kick, found).await,
            CaseAction::Ban => self.remove(MemberChange::Ban, found).await,
            CaseAction::Suspend => self.suspend(found).await,
            CaseAction::Quarantine => self.quarantine(found).await,
            CaseAction::Block | CaseAction::Shutdown => self.whole_room(action, found).await,
            CaseAction::Claim | CaseAction::Resolve | CaseAction::Dismiss | CaseAction::More => Ok(()),
        }
    }

    /// The room of the reported event, or the reported room; why there is none.
    fn room(&self) -> Result<RoomRef, Line> {
        let Some(id) = self.case.about.room_id() else {
            return Err(Line::from(
                "a user was reported, not something in a room, so there is no room to do it in. ",
            ));
        };
        let kept = self.evidence.room.clone().filter(|room| room.id == id);
        match OwnedRoomId::try_from(id) {
            Ok(room) => Ok(kept.unwrap_or_else(|| room.into())),
            Err(_) => Err(Line::new().code(id).text(" is no room ID that I could use.")),
        }
    }

    /// The reported event and its room; why there is none.
    fn event(&self) -> Result<(RoomRef, OwnedEventId), Line> {
        let About::Event { event_id, .. } = &self.case.about else {
            return Err(Line::from("no message was reported, so there is none to do it to."));
        };
        match <&EventId>::try_from(event_id.as_str()) {
            Ok(event) => Ok((self.room()?, event.to_owned())),
            Err(_) => Err(Line::new().code(event_id).text(" is no event ID that I could use.")),
        }
    }

    /// Who wrote what was reported, or was reported; why that is not known.
    fn author(&self) -> Result<OwnedUserId, Line> {
        if let About::Room { .. } = self.case.about {
            return Err(Line::from("a room was reported, not what somebody wrote."));
        }
        let Some(author) = author(self.case) else {
            return Err(Line::from(
                "I do not know who wrote it: the server had it no more when I first looked.",
            ));
        };
        OwnedUserId::try_from(author.as_str())
            .map_err(|_| Line::new().code(author).text(" is no user ID that I could use."))
    }

    fn is_local(&self, user: &UserId) -> bool {
        crate::model::is_local(user, self.lookup.me())
    }

    fn reason(&self) -> Option<String> {
        self.reason.map(str::to_owned)
    }

    /// What a command is given that nobody typed.
    fn world<'w>(&'w self, tell: &'w (dyn Fn(&Reply) + Send + Sync)) -> World<'w> {
        World {
            lookup: self.lookup,
            records: self.records,
            settings: self.settings,
            asker: self.lookup.me(),
            reply_to: None,
            now: self.case.changed_at,
            typed: None,
            at: None,
            tell,
        }
    }
}

/// All lines of an answer.
fn lines(reply: &Reply) -> Vec<Line> {
    let of = |block: &Block| match block {
        Block::Heading(line) | Block::Paragraph(line) => vec![line.clone()],
        Block::List(lines) | Block::Quote(lines) => lines.clone(),
        Block::Facts(facts) => {
            facts.iter().map(|(name, value)| Line::from(format!("{name}: ")).append(value.clone())).collect()
        }
        Block::Preformatted(_) | Block::More { .. } => Vec::new(),
    };
    reply.blocks.iter().flat_map(of).collect()
}

/// The draft that a command made; its refusal, or its answer that there is nothing to do, as a line.
fn drafted(decided: Result<Decision, Failure>) -> Result<Draft, Unable> {
    let joined = |reply: &Reply| {
        let space = |all: &Line| if all.is_empty() { "" } else { " " };
        lines(reply).into_iter().fold(Line::new(), |all, line| {
            let space = space(&all);
            all.text(space).append(line)
        })
    };
    match decided {
        Ok(Decision::Propose(draft)) => Ok(*draft),
        Ok(Decision::Answer(reply) | Decision::Page(reply, _)) => Err(Unable::Already(joined(&reply))),
        Ok(Decision::Confirm(_) | Decision::Cancel(_) | Decision::Judge { .. } | Decision::Tune(_)) => {
            Err(Unable::Lacks(Line::from("that is decided elsewhere.")))
        }
        Err(Failure::Told(reply)) => Err(Unable::Lacks(joined(&reply))),
        Err(failure) => Err(Unable::Failed(failure)),
    }
}
