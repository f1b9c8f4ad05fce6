//! From a decision to a Plan: the safety rules, the preview, the confirmation.

use std::collections::BTreeSet;

use ruma::UserId;

use super::{Desk, Handled, ended, say_to, second::Second};
use crate::{
    actions::taken_by_another,
    cards::shown_for,
    commands::{Access, Draft, Failure, SkipConfirmation},
    execute::{Server, report},
    guard,
    keeping::job_not_kept,
    lasting::{Lost, Temporary},
    limits::begun,
    plan::{Origin, Plan, PlanId, PlanState, PlannedStep, Step},
    ports::{Change, InboxEvent, StoreError, Which, in_turn},
    reply::{Line, Reply, cut_list},
    rules::{
        case::again,
        limits::{Job, Kind, Whose},
        safety::{self, Verdict},
    },
    speech::{Effort, Mark, NO, Say, YES},
    text::duration::in_words,
};

/// How much is named that a new job takes the place of.
const TAKEN_OVER: usize = 20;

/// Where a draft came from.
pub(super) struct Asked {
    /// What the Plan comes from.
    pub(super) origin: Origin,
    /// The name of the command.
    pub(super) command: &'static str,
    /// The command as it was typed, or as it would be.
    pub(super) typed: String,
}

/// What speaks for asking first, before what was done in the last hour is counted.
struct Doubts {
    /// What `--yes` may skip.
    why: Option<String>,
    /// What it may not.
    second: Option<Second>,
}

impl Desk {
    /// A draft meets the safety rules: it is refused, shown, asked about, or begun.
    pub(super) async fn propose(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        asked: Asked,
        draft: Draft,
    ) -> Result<Handled, StoreError> {
        let command = asked.command;
        // An undo needs what doing it by its own command would need.
        if let Err(failure) = self.may_all(sender, command, &draft.steps).await {
            return self.fail(event, failure);
        }
        if let Err(failure) = self.objection(&draft.steps).await {
            return self.fail(event, failure);
        }
        let second = match self.second(sender, command, &draft.steps).await {
            Ok(second) => second,
            Err(fault) => return self.fail(event, fault.into()),
        };
        let running = self.under_way()?;
        let verdict =
            safety::check(&draft.steps, &self.settings.management, &running, self.settings.confirm_over);
        let why = match verdict {
            Verdict::Refuse(why) => return self.refuse(event, &sentence(&why)),
            Verdict::Allow => draft.caution.clone(),
            Verdict::Confirm(why) => Some(why),
        };
        let doubts = Doubts { why, second };
        in_turn(&*self.store, || self.make(event, sender, asked, draft, &doubts))
    }

    /// Why a draft is asked about, as paragraphs; none when it is not. Or why it is refused.
    fn weigh(
        &self,
        origin: &Origin,
        sender: &UserId,
        command: &str,
        draft: &Draft,
        doubts: &Doubts,
    ) -> Result<Result<Vec<Line>, Reply>, StoreError> {
        let job = Job { command, steps: &draft.steps, kind: Kind::of(draft.undoes.as_ref()) };
        let over = match self.limit(origin, sender, job)? {
            Verdict::Refuse(why) => return Ok(Err(sentence(&why))),
            Verdict::Confirm(why) => Some(Line::new().name_long(why)),
            Verdict::Allow => None,
        };
        let (yes, is_allowed) = (draft.acting.yes, self.settings.yes == SkipConfirmation::Allowed);
        let is_due = over.is_some() || doubts.second.is_some();
        let mut why: Vec<Line> = doubts.why.iter().map(|why| Line::new().text(why.clone())).collect();
        if yes && is_allowed && !is_due {
            why.clear();
        }
        why.extend(over);
        why.extend(doubts.second.as_ref().map(Second::line));
        if yes && !why.is_empty() {
            let line = Line::new().code("--yes");
            why.push(if is_allowed {
                line.text(" does not help here.")
            } else {
                line.text(" is not allowed by my configuration, so I ask.")
            });
        }
        Ok(Ok(why))
    }

    /// What the limits say to a job, after what was done in the last hour.
    pub(super) fn limit(
        &self,
        origin: &Origin,
        asked_by: &UserId,
        job: Job<'_>,
    ) -> Result<Verdict, StoreError> {
        let Some(whose) = Whose::of(origin, asked_by) else { return Ok(Verdict::Allow) };
        let now = self.clock.now();
        let earlier = begun(self.store.as_records(), &whose, now)?;
        Ok(self.settings.limits.check(&whose, job, &earlier, now))
    }

    /// A draft becomes a Plan: what it comes from, and what was done in the last hour, is as it is now.
    fn make(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        Asked { origin, command, typed }: Asked,
        draft: Draft,
        doubts: &Doubts,
    ) -> Result<Handled, StoreError> {
        let asks = match self.weigh(&origin, sender, command, &draft, doubts)? {
            Ok(asks) => asks,
            Err(reply) => return self.refuse(event, &reply),
        };
        if draft.acting.dry_run {
            return self.answer(event, &dry(draft.preview, asks));
        }
        // A rule may have acted while the homeserver was asked.
        if let Some(case) = draft.case.filter(|_| draft.undoes.is_none())
            && let Some(why) = taken_by_another(self.store.as_records(), case, &draft.steps)?
        {
            return self.refuse(event, &Reply::text(why));
        }
        let now = self.clock.now();
        let id = self.store.next_plan_id()?;
        let window = i64::try_from(self.settings.confirm_for.as_millis()).unwrap_or(i64::MAX);
        let mut plan = Plan {
            id,
            origin,
            command: command.to_owned(),
            typed,
            asked_by: sender.to_owned(),
            asked_at: now,
            because: draft.because,
            undoes: draft.undoes,
            case: draft.case,
            lasts: draft.lasts,
            state: if asks.is_empty() { PlanState::Running } else { PlanState::Proposed },
            decided_by: asks.is_empty().then(|| sender.to_owned()),
            changed_at: now,
            expires_at: now.saturating_add(window),
            steps: draft.steps.into_iter().map(PlannedStep::from).collect(),
        };
        // Another undo may have been begun while the homeserver was asked.
        if let Some(reply) = self.undone_meanwhile(&plan)? {
            return self.refuse(event, &reply);
        }
        let passed = self.take_over(&mut plan)?;
        let card = shown_for(self.store.as_records(), &self.settings, &plan)?;
        let to = plan.origin.event().cloned();
        let mut changes = vec![Change::Plan(Box::new(plan))];
        changes.extend(card);
        if asks.is_empty() {
            if !passed.is_empty() {
                changes.push(say_to(event, &cut_list(Reply::new(), passed, TAKEN_OVER, "of them")));
            }
            // No "running" message first: the executor says how it went, and most steps are quicker than a message.
            self.done(event, changes, Handled::Begun(id))?;
            self.bells.confirmed.notify_one();
            return Ok(Handled::Begun(id));
        }
        let key = Plan::preview_key(id);
        let who = if doubts.second.is_some() { Confirmer::Another } else { Confirmer::Anybody };
        let preview = asking(draft.preview, id, asks, self.settings.confirm_for, who);
        let offer = |emoji| Change::Mark(Mark::offer(&key, emoji));
        changes.push(Change::Say(Say::new(&key, to, &preview)));
        changes.extend([offer(YES), offer(NO)]);
        self.done(event, changes, Handled::Asks(id))
    }

    /// What holds for a time and is done again belongs to the new Plan, as if that had done it: only it ends it, or does
    /// not. Says so; and what is lost with the undo of such a Plan.
    fn take_over(&self, plan: &mut Plan) -> Result<Vec<Line>, StoreError> {
        if let Some(undoes) = &plan.undoes {
            let undone = undoes.jobs.iter().map(|job| job.plan).collect();
            let steps = plan.steps.iter().map(|planned| &planned.step);
            let lost = Lost::read(self.store.as_records(), &undone, steps, plan.asked_at)?;
            return Ok(lost.iter().map(Lost::line).collect());
        }
        let users = plan.steps.iter().filter_map(|planned| planned.step.subject()).map(|(_, user)| user);
        let temporary = Temporary::read(self.store.as_records(), users)?;
        let (id, lasts) = (plan.id, plan.lasts);
        let mut passed = Vec::new();
        for planned in &mut plan.steps {
            if let Some(held) = temporary.of(&planned.step) {
                planned.state = Some(held.begun.clone());
                passed.push(held.passes_to(id, lasts));
            }
        }
        Ok(passed)
    }

    /// A moderator wants what a preview showed.
    pub(super) async fn confirm(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        id: PlanId,
    ) -> Result<Handled, StoreError> {
        let plan = match self.decidable(event, sender, id).await {
            Ok(plan) => plan,
            Err(failure) => return self.fail(event, failure),
        };
        let steps: Vec<Step> = plan.steps.iter().map(|planned| planned.step.clone()).collect();
        let others: Vec<Plan> = self.under_way()?.into_iter().filter(|other| other.id != id).collect();
        // What was confirmed is what runs; but the world may have moved on since it was shown.
        if let Verdict::Refuse(why) =
            safety::check(&steps, &self.settings.management, &others, self.settings.confirm_over)
        {
            return self.refuse(event, &sentence(&why));
        }
        if let Err(failure) = self.objection(&steps).await {
            return self.fail(event, failure);
        }
        match self.lacks_second(sender, &plan, &steps).await {
            Ok(None) => {}
            Ok(Some(reply)) => return self.refuse(event, &reply),
            Err(fault) => return self.fail(event, fault.into()),
        }
        in_turn(&*self.store, || self.begin(event, sender, plan, &steps))
    }

    /// A Plan that was confirmed is begun, unless too much was done meanwhile, or the same was undone.
    fn begin(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        plan: Plan,
        steps: &[Step],
    ) -> Result<Handled, StoreError> {
        let id = plan.id;
        let job = Job { command: &plan.command, steps, kind: Kind::of(plan.undoes.as_ref()) };
        if let Verdict::Refuse(why) = self.limit(&plan.origin, &plan.asked_by, job)? {
            return self.refuse(event, &sentence(&why));
        }
        if let Some(reply) = self.undone_meanwhile(&plan)? {
            return self.refuse(event, &reply);
        }
        let origin = plan.origin.event().cloned();
        let running = Plan { state: PlanState::Running, decided_by: Some(sender.to_owned()), ..plan };
        let mut changes = vec![
            Change::PlanState {
                id,
                state: PlanState::Running,
                by: Some(sender.to_owned()),
                at: self.clock.now(),
            },
            Change::Say(Say::new(Plan::report_key(id), origin, &report(&running, Server::There))),
        ];
        changes.extend(shown_for(self.store.as_records(), &self.settings, &running)?);
        changes.extend(ended(event, YES));
        self.done(event, changes, Handled::Confirmed(id))?;
        self.bells.confirmed.notify_one();
        Ok(Handled::Confirmed(id))
    }

    /// Why an undo is not begun: another one has done the same, or is about to.
    fn undone_meanwhile(&self, plan: &Plan) -> Result<Option<Reply>, StoreError> {
        let jobs: Vec<PlanId> =
            plan.undoes.iter().flat_map(|undoes| &undoes.jobs).map(|job| job.plan).collect();
        if jobs.is_empty() {
            return Ok(None);
        }
        let states = vec![PlanState::Running, PlanState::Done];
        let others = self.store.plans(&Which { states, ..Which::default() })?;
        let is_same = |other: &Plan, job: PlanId| {
            let matters = |planned: &PlannedStep| planned.step.matter();
            let theirs: BTreeSet<String> = other.right_steps_for(job).filter_map(matters).collect();
            plan.steps_for(job).filter_map(matters).any(|matter| theirs.contains(&matter))
        };
        // What it undoes itself is no other one.
        let others = others.iter().filter(|other| other.id != plan.id && !jobs.contains(&other.id));
        let mut found = others.filter_map(|other| {
            jobs.iter().find(|job| is_same(other, **job)).map(|job| {
                let line = Line::new()
                    .text(format!("Job {job} was undone by job {} meanwhile. Ask again: ", other.id));
                Reply::text(line.code(&*plan.typed).text("."))
            })
        });
        Ok(found.next())
    }

    /// A moderator does not want what a preview showed, or what is at work.
    pub(super) async fn cancel(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        id: PlanId,
    ) -> Result<Handled, StoreError> {
        if let Some(plan) = self.plan(id)?.filter(|plan| plan.state == PlanState::Running) {
            return self.stop(event, sender, &plan).await;
        }
        let plan = match self.decidable(event, sender, id).await {
            Ok(plan) => plan,
            Err(failure) => return self.fail(event, failure),
        };
        let reply = Reply::new().paragraph(
            Line::new()
                .text(format!("Job {id} ({}) is cancelled by ", plan.command))
                .code(sender.as_str())
                .text(". Nothing was done."),
        );
        let mut changes = vec![
            Change::PlanState {
                id,
                state: PlanState::Cancelled,
                by: Some(sender.to_owned()),
                at: self.clock.now(),
            },
            say_to(event, &reply),
        ];
        changes.extend(plan.mark(NO, Effort::Once));
        let cancelled = Plan { state: PlanState::Cancelled, ..plan };
        changes.extend(shown_for(self.store.as_records(), &self.settings, &cancelled)?);
        changes.extend(ended(event, YES));
        self.done(event, changes, Handled::Cancelled(id))
    }

    /// The Plan, if this moderator can decide about it now; otherwise why not.
    async fn decidable(&self, event: &InboxEvent, sender: &UserId, id: PlanId) -> Result<Plan, Failure> {
        let Some(plan) = self.plan(id)? else {
            let line = match job_not_kept(self.store.as_records(), &self.settings, id)? {
                Some(line) => line.text(" "),
                None => Line::new().text(format!("There is no job {id}. ")),
            };
            return Err(Failure::told(line.code("!jobs").text(" lists those that wait.")));
        };
        // By when it arrived: it may have waited here behind slower commands.
        let is_late = plan.expires_at <= event.received_at;
        let over = match plan.state {
            PlanState::Proposed if !is_late => None,
            PlanState::Proposed | PlanState::Expired => Some("was not confirmed in time; nothing was done."),
            PlanState::Cancelled => Some("was cancelled; nothing was done."),
            PlanState::Running => Some("is at work already."),
            PlanState::Done => Some("has ended already."),
        };
        if let Some(over) = over {
            let line = Line::new().text(format!("Job {id} {over} "));
            let line = match plan.state {
                PlanState::Running | PlanState::Done => line,
                PlanState::Proposed | PlanState::Expired | PlanState::Cancelled => {
                    let line = line.text("If it is still wanted, send ");
                    match again(&plan) {
                        Some(command) => line.code(command).text(" again. "),
                        None => line.text("the command again. "),
                    }
                }
            };
            return Err(Failure::told(line.code(format!("!job {id}")).text(" shows it.")));
        }
        let steps: Vec<Step> = plan.steps.iter().map(|planned| planned.step.clone()).collect();
        self.may_all(sender, &plan.command, &steps).await?;
        Ok(plan)
    }

    /// Whether somebody may use a command and the commands that its steps stand for; otherwise why not.
    pub(super) async fn may_all(
        &self,
        sender: &UserId,
        command: &str,
        steps: &[Step],
    ) -> Result<(), Failure> {
        let of_steps: BTreeSet<&str> =
            steps.iter().map(Step::command).filter(|name| *name != command).collect();
        for name in std::iter::once(command).chain(of_steps) {
            self.may(sender, name, self.settings.level(name, Access::Act)).await?;
        }
        Ok(())
    }

    /// Why nothing of it is done, as a failure: it is against somebody who is protected, or that cannot be known now.
    async fn objection(&self, steps: &[Step]) -> Result<(), Failure> {
        match guard::objection(&*self.lookup, &self.settings, steps).await? {
            Some(why) => Err(Failure::Told(Box::new(sentence(&why)))),
            None => Ok(()),
        }
    }

    fn under_way(&self) -> Result<Vec<Plan>, StoreError> {
        self.store.plans(&Which { states: vec![PlanState::Running], ..Which::default() })
    }
}

/// A sentence that may name rooms, whose IDs other servers choose.
fn sentence(words: &str) -> Reply {
    Reply::text(Line::new().name_long(words))
}

fn dry(preview: Reply, asks: Vec<Line>) -> Reply {
    let line = Line::new().strong("Dry run: nothing was done. ");
    if asks.is_empty() {
        return preview.paragraph(line.text("It would be done without asking."));
    }
    let line = line.text("It would ask for a confirmation first.");
    preview.paragraph(asks.into_iter().fold(line, |line, why| line.text(" ").append(why)))
}

/// Who can confirm a job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confirmer {
    /// Who may do it.
    Anybody,
    /// Who may do it and did not ask for it.
    Another,
}

/// A preview, and how it is confirmed or dropped.
pub(crate) fn asking(
    preview: Reply,
    id: PlanId,
    why: Vec<Line>,
    window: std::time::Duration,
    who: Confirmer,
) -> Reply {
    let how = match who {
        Confirmer::Anybody => format!("React with {YES} or send "),
        Confirmer::Another => format!("Another moderator reacts with {YES} or sends "),
    };
    why.into_iter().fold(preview, Reply::paragraph).paragraph(
        Line::new()
            .strong(format!("Job {id}: do it? "))
            .text(how)
            .code(format!("!confirm {id}"))
            .text(format!(" within {}. {NO} or ", in_words(window)))
            .code(format!("!cancel {id}"))
            .text(" drops it."),
    )
}
