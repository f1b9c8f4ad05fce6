//! What follows from rules that match, as one commit. Nothing is waited for here.

use super::{
    Automatic, Wish,
    past::{COMMAND, Course, HOUR, Past},
    words,
};
use crate::{
    cards,
    desk::{Confirmer, asking},
    outcome,
    plan::{Origin, Plan, PlanId, PlanState, PlannedStep, Step},
    ports::{Acted, Case, CaseState, Change, Hit, Hold, Priority, Reporting, Said, StoreError},
    reply::{Line, Reply},
    rules::{
        case::CaseAction,
        limits::Begun,
        reports::{Mode, Rule, RuleAction},
    },
    speech::{Mark, NO, Say, YES},
};

/// So many messages of all rules together are written in an hour.
const MESSAGES: u32 = 20;

/// What is still to be done after the commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// The card is shown again: it can only tell of one new job in the commit that makes it.
    ShowsCard,
}

/// Whether those whom a rule is to notify are mentioned now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notifies {
    Yes,
    No,
}

/// What several rules about one case share.
struct Round<'a> {
    automatic: &'a Automatic,
    /// What was done before, and the case, as they are from this commit on. What was being executed before is not changed:
    /// what is made here takes its turn.
    past: Past,
    next_plan: PlanId,
    new_plans: Vec<Plan>,
    changes: Vec<Change>,
    is_changed: bool,
}

impl Automatic {
    /// Adds what follows from what rules want.
    pub(super) fn act(
        &self,
        case: &Case,
        wishes: Vec<Wish>,
        changes: &mut Vec<Change>,
    ) -> Result<Then, StoreError> {
        if wishes.is_empty() {
            return Ok(Then::Nothing);
        }
        let records = self.store.as_records();
        // A moderator may have been quicker.
        let case = records.case(case.id)?.unwrap_or_else(|| case.clone());
        let mut round = Round {
            automatic: self,
            past: Past::read(records, &self.settings, self.lookup.me(), case, self.clock.now())?,
            next_plan: records.next_plan_id()?,
            new_plans: Vec::new(),
            changes: std::mem::take(changes),
            is_changed: false,
        };
        for wish in wishes {
            round.take(wish)?;
        }
        if round.is_changed {
            let new = round.new_plans.first();
            round.changes.extend(cards::shown_with(records, &self.settings, &round.past.case, new)?);
        }
        *changes = round.changes;
        Ok(if round.new_plans.len() > 1 { Then::ShowsCard } else { Then::Nothing })
    }
}

impl Round<'_> {
    /// Decides about what one rule wants.
    fn take(&mut self, mut wish: Wish) -> Result<(), StoreError> {
        let rule = wish.rule.clone();
        let is_first = self.past.before(&rule).next().is_none();
        if rule.mode == Mode::DryRun {
            if is_first {
                let objection = wish.objection.as_ref();
                let case = &self.past.case;
                let reply = words::would_have(&rule, case, wish.preview, &wish.missing, objection);
                let said = self.alert(wish.place, &rule, Some(reply), Notifies::No);
                self.hit(&rule, Acted::DryRun, said);
            }
            return Ok(());
        }
        let has_acted = self.past.has_acted(&rule);
        self.past.complete(&mut wish);
        let course = self.past.course(&self.automatic.settings, self.automatic.lookup.me(), &wish);
        let acted = match course {
            Course::Nothing => return Ok(()),
            Course::Held(by, why) => {
                self.hold(&wish, by, &why, is_first);
                return Ok(());
            }
            Course::Asks(why) => {
                self.prioritize(&rule);
                let all = wish.steps.into_iter().chain(wish.asks).collect();
                Acted::Asked(self.ask(&rule, all, wish.preview, &why))
            }
            Course::Acts => {
                self.prioritize(&rule);
                self.carry_out(&rule, wish.steps, wish.asks, wish.preview)?
            }
        };
        let case = &self.past.case;
        let told = (!wish.missing.is_empty()).then(|| words::incomplete(&rule, case, &wish.missing));
        let notifies = if has_acted { Notifies::No } else { Notifies::Yes };
        let said = self.alert(wish.place, &rule, told, notifies);
        self.hit(&rule, acted, said);
        Ok(())
    }

    /// Nothing is done; moderators hear of what they would not expect, once.
    fn hold(&mut self, wish: &Wish, by: Hold, why: &Line, is_first: bool) {
        let rule = &wish.rule;
        if by == Hold::TooMany && self.past.has_card {
            let key = format!("rules-many-{}", self.past.now / HOUR);
            let reply = words::too_many(self.per_hour());
            self.changes.push(Change::SayOnce(Say::new(key, None, &reply)));
        }
        if self.past.before(rule).any(|acted| matches!(acted, Acted::Held { by: other, .. } if *other == by))
        {
            return;
        }
        let is_told = match by {
            Hold::Objection | Hold::Missing | Hold::Refused | Hold::Unsure => true,
            Hold::Closed | Hold::Done | Hold::Cooldown | Hold::Unseen | Hold::TooMany => false,
        };
        let told = is_told.then(|| words::held(rule, &self.past.case, why));
        let notifies = if is_first && is_told { Notifies::Yes } else { Notifies::No };
        let said = self.alert(wish.place, rule, told, notifies);
        self.hit(rule, Acted::Held { by, why: Reply::text(why.clone()).render().text }, said);
    }

    fn per_hour(&self) -> u32 {
        self.automatic.settings.rules.per_hour
    }

    fn prioritize(&mut self, rule: &Rule) {
        let case = &mut self.past.case;
        if rule.actions.contains(&RuleAction::Prioritize) && case.priority != Priority::High {
            case.priority = Priority::High;
            self.is_changed = true;
            self.changes.push(Change::Reporting(Reporting::Prioritized { case: case.id }));
        }
    }

    /// Makes the Plans that a rule wants, and closes the case.
    fn carry_out(
        &mut self,
        rule: &Rule,
        steps: Vec<Step>,
        asks: Vec<Step>,
        preview: Reply,
    ) -> Result<Acted, StoreError> {
        let resolves = steps.iter().any(|step| CaseAction::of_step(step).is_some());
        let did = (!steps.is_empty()).then(|| self.plan(rule, steps, PlanState::Running, ""));
        if !asks.is_empty() {
            let id = self.ask(rule, asks, preview, words::SHUTDOWN);
            // What was done counts more than what is asked for.
            return Ok(did.map_or(Acted::Asked(id), |did| Acted::Did(Some(did))));
        }
        let state = rule.actions.iter().find_map(|action| match action {
            // Where something is done at the homeserver, the case is settled once that ended well.
            RuleAction::Resolve if !resolves => Some(CaseState::Resolved),
            RuleAction::Dismiss => Some(CaseState::Dismissed),
            _ => None,
        });
        if let Some(state) = state.filter(|_| self.past.case.state.is_open()) {
            self.judge(rule, state)?;
        }
        Ok(Acted::Did(did))
    }

    /// Closes the case, and tells those who reported it, as where a moderator closes one.
    fn judge(&mut self, rule: &Rule, state: CaseState) -> Result<(), StoreError> {
        let by = self.automatic.lookup.me().to_owned();
        let note = Some(format!("the rule {}", rule.name));
        let at = self.past.now;
        let case = &mut self.past.case;
        self.changes.push(Change::Reporting(Reporting::Judged {
            case: case.id,
            state,
            by: by.clone(),
            note: note.clone(),
            at,
        }));
        (case.state, case.by, case.note, case.changed_at) = (state, Some(by), note, at);
        self.is_changed = true;
        let records = self.automatic.store.as_records();
        if let Some(told) = outcome::tell(records, &self.automatic.settings, case, at)? {
            // The store knows nothing yet of the jobs of this commit.
            let told = Plan { id: self.next_plan, ..told };
            self.next_plan += 1;
            self.changes.push(Change::Plan(Box::new(told)));
        }
        Ok(())
    }

    /// Asks a moderator.
    fn ask(&mut self, rule: &Rule, steps: Vec<Step>, preview: Reply, why: &str) -> PlanId {
        let id = self.plan(rule, steps, PlanState::Proposed, "-asks");
        let by = Line::new().strong("By the rule ").user(&rule.name).text(":");
        let window = self.automatic.settings.confirm_for;
        let why = vec![Line::from(why)];
        let reply = asking(Reply::text(by).append(preview), id, why, window, Confirmer::Anybody);
        let key = Plan::preview_key(id);
        let offer = |emoji| Change::Mark(Mark::offer(&key, emoji));
        self.changes.extend([Change::Say(Say::new(&key, None, &reply)), offer(YES), offer(NO)]);
        id
    }

    fn plan(&mut self, rule: &Rule, steps: Vec<Step>, state: PlanState, suffix: &str) -> PlanId {
        let id = self.next_plan;
        self.next_plan += 1;
        let me = self.automatic.lookup.me().to_owned();
        let window = self.automatic.settings.confirm_for.as_millis();
        let plan = Plan {
            id,
            origin: Origin::Rule {
                rule: rule.name.clone(),
                occasion: format!("case-{}-{}{suffix}", self.past.case.id, self.past.case.reports.len()),
            },
            command: COMMAND.to_owned(),
            typed: format!("rule {}", rule.name),
            asked_by: me.clone(),
            asked_at: self.past.now,
            because: None,
            undoes: None,
            case: Some(self.past.case.id),
            lasts: None,
            state,
            decided_by: (state == PlanState::Running).then_some(me),
            changed_at: self.past.now,
            expires_at: self.past.now.saturating_add(i64::try_from(window).unwrap_or(i64::MAX)),
            steps: steps.into_iter().map(PlannedStep::from).collect(),
        };
        tracing::info!(
            plan = id,
            rule = rule.name,
            case = self.past.case.id,
            state = state.word(),
            "a new plan"
        );
        self.changes.push(Change::Plan(Box::new(plan.clone())));
        self.past.jobs.push(plan.clone());
        if state == PlanState::Running {
            self.past.begun.push(Begun { at: plan.asked_at, plan: plan.clone() });
        }
        self.new_plans.push(plan);
        self.is_changed = true;
        id
    }

    fn hit(&mut self, rule: &Rule, acted: Acted, said: Said) {
        let hit = Hit {
            rule: rule.name.clone(),
            case: self.past.case.id,
            author: self.past.author.clone(),
            at: self.past.now,
            acted,
            said,
        };
        self.past.hits.push(hit.clone());
        let forgotten = Reporting::HitsForgotten { before: self.past.heeded_since };
        self.changes.extend([Reporting::Hit(hit), forgotten].map(Change::Reporting));
    }

    /// Says something of a rule, and mentions those whom it is to notify: as often as is bearable, and nothing about a case
    /// that moderators were not shown.
    fn alert(&mut self, place: usize, rule: &Rule, told: Option<Reply>, notifies: Notifies) -> Said {
        let users =
            rule.actions.iter().filter(|_| notifies == Notifies::Yes).find_map(|action| match action {
                RuleAction::Notify(users) => Some(users),
                _ => None,
            });
        if !self.past.has_card || (users.is_none() && told.is_none()) {
            return Said::Nothing;
        }
        if self.past.said(Said::Told) >= MESSAGES {
            let key = format!("rules-said-{}", self.past.now / HOUR);
            self.changes.push(Change::SayOnce(Say::new(key, None, &words::said_enough(MESSAGES))));
            return Said::Nothing;
        }
        let per_hour = self.per_hour();
        let reply = told.unwrap_or_else(|| words::notice(rule, &self.past.case));
        let (reply, said) = match users {
            None => (reply, Said::Told),
            Some(_) if self.past.said(Said::Mentioned) >= per_hour => {
                (reply.paragraph(words::unmentioned(per_hour)), Said::Told)
            }
            Some(users) => {
                let line = users.iter().fold(Line::new(), |line, user| line.code(user.as_str()).text(" "));
                let reply = Reply::text(line).append(reply);
                (users.iter().fold(reply, |reply, user| reply.mention(user)), Said::Mentioned)
            }
        };
        let key = format!("rule-{}-{}-{place}", self.past.case.id, self.past.case.reports.len());
        self.changes.push(Change::Say(Say::new(key, None, &reply)));
        said
    }
}
