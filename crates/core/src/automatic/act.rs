//! What follows from rules that match, as one commit. Nothing is waited for here.

use serde_json::json;

use super::{
    Automatic, Wish,
    wish::{is_by, is_open},
    words,
};
use crate::{
    cards,
    desk::asking,
    feed::is_within,
    model::{About, Millis},
    plan::{Origin, Plan, PlanId, PlanState, PlannedStep, Step},
    ports::{Acted, Case, CaseState, Change, Hit, Priority, Reporting, StoreError, Which},
    reply::{Line, Reply},
    rules::{
        case::{CaseAction, author},
        reports::{Mode, Rule, RuleAction},
        safety::{self, Verdict},
    },
    speech::{Mark, NO, Say, YES},
};

const HOUR: Millis = 60 * 60_000;

/// What is still to be done after the commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// The card is shown again: it can only tell of one new job in the commit that makes it.
    ShowsCard,
}

/// What several rules about one case share.
struct Round<'a> {
    automatic: &'a Automatic,
    /// The case, as it is from this commit on.
    case: Case,
    author: Option<String>,
    now: Millis,
    /// The jobs about the case, oldest first, with those of this commit.
    jobs: Vec<Plan>,
    /// What was being executed before: what is made here takes its turn.
    running: Vec<Plan>,
    /// What rules did lately, with this commit.
    hits: Vec<Hit>,
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
        let now = self.clock.now();
        let longest = wishes.iter().filter_map(|wish| wish.rule.cooldown).max().unwrap_or_default();
        let longest = Millis::try_from(longest.as_millis()).unwrap_or(Millis::MAX).max(HOUR);
        let mut round = Round {
            automatic: self,
            author: author(&case),
            now,
            jobs: cards::current_jobs(records, &case)?,
            running: records.plans(&Which { states: vec![PlanState::Running], ..Which::default() })?,
            hits: records.hits(now.saturating_sub(longest).min(case.opened_at))?,
            next_plan: records.next_plan_id()?,
            new_plans: Vec::new(),
            changes: std::mem::take(changes),
            is_changed: false,
            case,
        };
        for wish in wishes {
            round.take(wish);
        }
        if round.is_changed {
            let new = round.new_plans.first();
            round.changes.extend(cards::shown_with(records, &self.settings, &round.case, new)?);
        }
        *changes = round.changes;
        Ok(if round.new_plans.len() > 1 { Then::ShowsCard } else { Then::Nothing })
    }
}

impl Round<'_> {
    /// Decides about what one rule wants.
    fn take(&mut self, mut wish: Wish) {
        let rule = wish.rule.clone();
        for steps in [&mut wish.steps, &mut wish.asks] {
            steps.retain(|step| self.is_new(&rule, step));
        }
        let own = |hit: &&Hit| hit.rule == rule.name && hit.case == self.case.id;
        let before: Vec<Acted> = self.hits.iter().filter(own).map(|hit| hit.acted.clone()).collect();
        let is_first = before.is_empty();
        let has_acted = before.iter().any(|acted| matches!(acted, Acted::Did(_) | Acted::Asked(_)));
        if rule.mode == Mode::DryRun {
            if is_first {
                let objection = wish.objection.as_ref();
                let reply = words::would_have(&rule, &self.case, wish.preview, &wish.missing, objection);
                self.say(wish.place, &reply);
                self.hit(&rule, Acted::DryRun);
            }
            return;
        }
        if has_acted && wish.steps.is_empty() && wish.asks.is_empty() {
            return;
        }
        // What it wants beside changing the homeserver is wanted once.
        if !has_acted {
            for action in &rule.actions {
                if let RuleAction::Webhook(name) = action {
                    let body = self.body(&rule);
                    wish.steps.push(Step::CallWebhook { name: name.clone(), body });
                }
            }
        }
        if let Some((why, is_told)) = self.held(&rule, &wish) {
            let words = Reply::text(why.clone()).render().text;
            if before.contains(&Acted::Held(words.clone())) {
                return;
            }
            let told = is_told.then(|| words::held(&rule, &self.case, &why));
            self.alert(wish.place, &rule, told, is_first && is_told);
            self.hit(&rule, Acted::Held(words));
            return;
        }
        let acted = self.carry_out(&rule, &mut wish);
        let told = (!wish.missing.is_empty()).then(|| words::incomplete(&rule, &self.case, &wish.missing));
        self.alert(wish.place, &rule, told, !has_acted);
        self.hit(&rule, acted);
    }

    /// Whether a step was neither done by anybody nor wanted by this rule before.
    fn is_new(&self, rule: &Rule, step: &Step) -> bool {
        match CaseAction::of_step(step) {
            Some(action) => is_open(&self.jobs, rule, action),
            None => !self
                .jobs
                .iter()
                .any(|plan| is_by(plan, rule) && plan.steps.iter().any(|planned| planned.step == *step)),
        }
    }

    /// Why nothing is done, and whether that is told.
    fn held(&mut self, rule: &Rule, wish: &Wish) -> Option<(Line, bool)> {
        let me = self.automatic.lookup.me();
        if !self.case.state.is_open() && self.case.by.as_deref().is_some_and(|by| by != me) {
            return Some((words::CLOSED.into(), false));
        }
        if let Some(why) = &wish.objection {
            return Some((why.clone(), true));
        }
        let only_acts = rule.actions.iter().all(|action| matches!(action, RuleAction::Case(_)));
        if only_acts && wish.steps.is_empty() && wish.asks.is_empty() {
            return match &wish.missing[..] {
                [] => Some(("All of it was done already.".into(), false)),
                missing => Some((words::why(missing), true)),
            };
        }
        if let Some(cooldown) = rule.cooldown {
            let within = Millis::try_from(cooldown.as_millis()).unwrap_or(Millis::MAX);
            let is_same = |hit: &&Hit| match (&hit.author, &self.author) {
                (Some(theirs), Some(ours)) => theirs == ours,
                (None, None) => hit.case == self.case.id,
                _ => false,
            };
            let acted = |hit: &&Hit| matches!(hit.acted, Acted::Did(_) | Acted::Asked(_));
            let mut own = self.hits.iter().filter(|hit| hit.rule == rule.name);
            if own.any(|hit| is_same(&hit) && acted(&hit) && is_within(within, hit.at, self.now)) {
                return Some((words::cooling(cooldown).into(), false));
            }
        }
        let management = &self.automatic.settings.management;
        // That something cannot be undone, or is much, was decided by whoever wrote the rule. What else is under way is
        // asked about when what was asked for is confirmed.
        for (steps, under_way) in [(&wish.steps, &self.running[..]), (&wish.asks, &[])] {
            if let Verdict::Refuse(why) = safety::check(steps, management, under_way, usize::MAX) {
                return Some((Line::new().name_long(why), true));
            }
        }
        let per_hour = self.automatic.settings.rules.per_hour;
        let asks = !wish.asks.is_empty() || (!wish.steps.is_empty() && self.did() >= per_hour);
        if asks && self.asked() >= per_hour.max(10) {
            let key = format!("rules-many-{}", self.now / HOUR);
            self.changes.push(Change::SayOnce(Say::new(key, None, &words::too_many(per_hour))));
            return Some((words::TOO_MANY.into(), false));
        }
        None
    }

    /// What rules did in the last hour.
    fn did(&self) -> u32 {
        self.count(|acted| matches!(acted, Acted::Did(Some(_))))
    }

    /// What rules asked for in the last hour.
    fn asked(&self) -> u32 {
        self.count(|acted| matches!(acted, Acted::Asked(_)))
    }

    fn count(&self, counts: impl Fn(&Acted) -> bool) -> u32 {
        let of_hour = |hit: &&Hit| is_within(HOUR, hit.at, self.now) && counts(&hit.acted);
        u32::try_from(self.hits.iter().filter(of_hour).count()).unwrap_or(u32::MAX)
    }

    /// Makes the Plans that a rule wants, and changes the case.
    fn carry_out(&mut self, rule: &Rule, wish: &mut Wish) -> Acted {
        let steps = std::mem::take(&mut wish.steps);
        let asks = std::mem::take(&mut wish.asks);
        let preview = std::mem::take(&mut wish.preview);
        let per_hour = self.automatic.settings.rules.per_hour;
        if rule.actions.contains(&RuleAction::Prioritize) && self.case.priority != Priority::High {
            self.case.priority = Priority::High;
            self.is_changed = true;
            self.changes.push(Change::Reporting(Reporting::Prioritized { case: self.case.id }));
        }
        if !steps.is_empty() && self.did() >= per_hour {
            let all = steps.into_iter().chain(asks).collect();
            return Acted::Asked(self.ask(rule, all, preview, &words::many(per_hour)));
        }
        let resolves = steps.iter().any(|step| CaseAction::of_step(step).is_some());
        let did = (!steps.is_empty()).then(|| self.plan(rule, steps, PlanState::Running, ""));
        if !asks.is_empty() {
            let id = self.ask(rule, asks, preview, words::SHUTDOWN);
            // What was done counts more than what is asked for.
            return did.map_or(Acted::Asked(id), |did| Acted::Did(Some(did)));
        }
        let state = rule.actions.iter().find_map(|action| match action {
            // Where something is done at the homeserver, the case is settled once that ended well.
            RuleAction::Resolve if !resolves => Some(CaseState::Resolved),
            RuleAction::Dismiss => Some(CaseState::Dismissed),
            _ => None,
        });
        if let Some(state) = state.filter(|_| self.case.state.is_open()) {
            self.judge(rule, state);
        }
        Acted::Did(did)
    }

    fn judge(&mut self, rule: &Rule, state: CaseState) {
        let by = self.automatic.lookup.me().to_owned();
        let note = Some(format!("the rule {}", rule.name));
        let (case, at) = (self.case.id, self.now);
        self.changes.push(Change::Reporting(Reporting::Judged {
            case,
            state,
            by: by.clone(),
            note: note.clone(),
            at,
        }));
        (self.case.state, self.case.by, self.case.note, self.case.changed_at) = (state, Some(by), note, at);
        self.is_changed = true;
    }

    /// Asks a moderator.
    fn ask(&mut self, rule: &Rule, steps: Vec<Step>, preview: Reply, why: &str) -> PlanId {
        let id = self.plan(rule, steps, PlanState::Proposed, "-asks");
        let by = Line::new().strong("By the rule ").user(&rule.name).text(":");
        let window = self.automatic.settings.confirm_for;
        let reply = asking(Reply::text(by).append(preview), id, why, window, false);
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
                occasion: format!("case-{}-{}{suffix}", self.case.id, self.case.reports.len()),
            },
            command: "act".to_owned(),
            typed: format!("rule {}", rule.name),
            asked_by: me.clone(),
            asked_at: self.now,
            because: None,
            undoes: None,
            case: Some(self.case.id),
            state,
            decided_by: (state == PlanState::Running).then_some(me),
            changed_at: self.now,
            expires_at: self.now.saturating_add(i64::try_from(window).unwrap_or(i64::MAX)),
            steps: steps.into_iter().map(PlannedStep::from).collect(),
        };
        tracing::info!(plan = id, rule = rule.name, case = self.case.id, state = state.word(), "a new plan");
        self.changes.push(Change::Plan(Box::new(plan.clone())));
        self.jobs.push(plan.clone());
        self.new_plans.push(plan);
        self.is_changed = true;
        id
    }

    /// What a webhook is sent: what is known by its ID, and nothing that anybody wrote.
    fn body(&self, rule: &Rule) -> serde_json::Value {
        let (room_id, event_id) = match &self.case.about {
            About::Event { room_id, event_id } => (Some(room_id), Some(event_id)),
            About::Room { room_id } => (Some(room_id), None),
            About::User { .. } => (None, None),
        };
        json!({
            "rule": rule.name,
            "case": self.case.id,
            "kind": self.case.about.kind().word(),
            "room_id": room_id,
            "event_id": event_id,
            "author": self.author,
            "reports": self.case.reports.len(),
            "at": self.now,
        })
    }

    fn hit(&mut self, rule: &Rule, acted: Acted) {
        let hit = Hit {
            rule: rule.name.clone(),
            case: self.case.id,
            author: self.author.clone(),
            at: self.now,
            acted,
        };
        self.hits.push(hit.clone());
        self.changes.push(Change::Reporting(Reporting::Hit(hit)));
    }

    /// Says something of a rule, and mentions those whom it is to notify, once.
    fn alert(&mut self, place: usize, rule: &Rule, told: Option<Reply>, is_first: bool) {
        let users = rule.actions.iter().filter(|_| is_first).find_map(|action| match action {
            RuleAction::Notify(users) => Some(users),
            _ => None,
        });
        let reply = match (users, told) {
            (None, None) => return,
            (None, Some(told)) => told,
            (Some(users), told) => {
                let line = users.iter().fold(Line::new(), |line, user| line.code(user.as_str()).text(" "));
                let told = told.unwrap_or_else(|| words::notice(rule, &self.case));
                users.iter().fold(Reply::text(line).append(told), |reply, user| reply.mention(user))
            }
        };
        self.say(place, &reply);
    }

    fn say(&mut self, place: usize, reply: &Reply) {
        let key = format!("rule-{}-{}-{place}", self.case.id, self.case.reports.len());
        self.changes.push(Change::Say(Say::new(key, None, reply)));
    }
}
