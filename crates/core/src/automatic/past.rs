//! What was done about a case and its author before, and what follows from that for a rule that matches now.

use ruma::UserId;
use serde_json::json;

use super::{
    Wish,
    wish::{is_by, is_open},
    words,
};
use crate::{
    cards,
    commands::Settings,
    feed::is_within,
    limits::begun,
    model::{About, Millis},
    plan::{Outcome, Plan, PlanId, PlanState, Step},
    ports::{Acted, Case, Hit, Hold, Records, Said, StoreError, Which},
    reply::Line,
    rules::{
        case::{CaseAction, author, card_key, opened_again_at},
        limits::{Begun, Job, Kind, Whose},
        reports::{Rule, RuleAction},
        safety::{self, Verdict},
    },
};

/// The command that does the same as a rule.
pub(super) const COMMAND: &str = "act";
pub(super) const HOUR: Millis = 60 * 60_000;
/// For so long whoever undid what a rule did is heeded.
const HEEDED: Millis = 30 * 24 * HOUR;
/// What rules did is looked through for what was undone, so far back.
const LOOKED_BACK: Millis = 90 * 24 * HOUR;
/// So much may be asked for in an hour, however little may be done.
const ASKED: u32 = 10;

/// What was done about a case before.
pub(crate) struct Past {
    pub(super) case: Case,
    pub(super) author: Option<String>,
    pub(super) now: Millis,
    /// The jobs about the case, oldest first.
    pub(super) jobs: Vec<Plan>,
    /// What rules did lately.
    pub(super) hits: Vec<Hit>,
    /// From when on what they did matters to cases that are closed.
    pub(super) heeded_since: Millis,
    /// Whether moderators see the case. Of those that were held back in a flood nothing is said.
    pub(super) has_card: bool,
    /// What rules began in the last hour.
    pub(super) begun: Vec<Begun>,
    /// What is being executed now.
    running: Vec<Plan>,
    /// What rules did against the same author and moderators undid lately, with the jobs that did it.
    undone: Vec<(CaseAction, PlanId)>,
}

/// What becomes of a rule that matches.
pub(crate) enum Course {
    /// All that it wants was wanted before.
    Nothing,
    /// It does nothing; what keeps it from that, and why in a sentence.
    Held(Hold, Line),
    /// A moderator is asked about all of it; why, in sentences.
    Asks(String),
    /// It is done, but for what rules only ever ask for.
    Acts,
}

impl Past {
    /// What `records` have about `case`.
    pub(crate) fn read(
        records: &dyn Records,
        settings: &Settings,
        me: &UserId,
        case: Case,
        now: Millis,
    ) -> Result<Self, StoreError> {
        let longest = settings.rules.list.iter().filter_map(|rule| rule.cooldown).max().unwrap_or_default();
        let longest = Millis::try_from(longest.as_millis()).unwrap_or(Millis::MAX).max(LOOKED_BACK);
        let heeded_since = now.saturating_sub(longest);
        let mut past = Self {
            author: author(&case),
            now,
            jobs: cards::current_jobs(records, &case)?,
            begun: begun(records, &Whose::Rules, now)?,
            running: records.plans(&Which { states: vec![PlanState::Running], ..Which::default() })?,
            hits: records.hits(heeded_since.min(case.opened_at))?,
            heeded_since,
            // What nobody reported is only tried.
            has_card: case.id == 0 || records.is_said(&card_key(case.id))?,
            undone: Vec::new(),
            case,
        };
        // What was done before a case came back was done about something else.
        if let Some(since) = opened_again_at(&past.case) {
            past.hits.retain(|hit| hit.case != past.case.id || hit.at >= since);
        }
        past.undone = past.find_undone(records, me)?;
        Ok(past)
    }

    fn find_undone(
        &self,
        records: &dyn Records,
        me: &UserId,
    ) -> Result<Vec<(CaseAction, PlanId)>, StoreError> {
        let mut found = Vec::new();
        for hit in self.hits.iter().filter(|hit| self.is_same(hit)) {
            let (Acted::Did(Some(id)) | Acted::Asked(id)) = hit.acted else { continue };
            let Some(undo) = records.undone_by(id)?.map(|undo| records.plan(undo)).transpose()?.flatten()
            else {
                continue;
            };
            if undo.asked_by == me || !is_within(HEEDED, undo.changed_at, self.now) {
                continue;
            }
            let done = records.plan(id)?.into_iter().flat_map(|plan| plan.steps);
            let done = done.filter(|planned| planned.outcome.as_ref().is_some_and(Outcome::is_done));
            found.extend(done.filter_map(|planned| Some((CaseAction::of_step(&planned.step)?, id))));
        }
        Ok(found)
    }

    /// Leaves out of a wish what was done or wanted before, and adds what it wants beside changing the homeserver, once.
    pub(crate) fn complete(&self, wish: &mut Wish) {
        let rule = wish.rule.clone();
        for steps in [&mut wish.steps, &mut wish.asks] {
            steps.retain(|step| self.is_new(&rule, step));
        }
        if !self.has_acted(&rule) {
            let hooks = rule.actions.iter().filter_map(|action| match action {
                RuleAction::Webhook(name) => Some(name.clone()),
                _ => None,
            });
            wish.steps.extend(hooks.map(|name| Step::CallWebhook { name, body: self.body(&rule) }));
        }
        // Nobody is asked about what nobody sees, and what may be done is done.
        if !self.has_card && !wish.steps.is_empty() {
            wish.asks.clear();
        }
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

    /// What came of the rule before in this case, oldest first.
    pub(super) fn before<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = &'a Acted> {
        let own = |hit: &&Hit| hit.rule == rule.name && hit.case == self.case.id;
        self.hits.iter().filter(own).map(|hit| &hit.acted)
    }

    pub(super) fn has_acted(&self, rule: &Rule) -> bool {
        self.before(rule).any(|acted| matches!(acted, Acted::Did(_) | Acted::Asked(_)))
    }

    /// Whether a rule acted against the same author; of cases without one, about the same case.
    fn is_same(&self, hit: &Hit) -> bool {
        match (&hit.author, &self.author) {
            (Some(theirs), Some(ours)) => theirs == ours,
            (None, None) => hit.case == self.case.id,
            _ => false,
        }
    }

    /// What becomes of a wish that was completed.
    pub(crate) fn course(&self, settings: &Settings, me: &UserId, wish: &Wish) -> Course {
        let rule = &wish.rule;
        if wish.is_empty() && self.has_acted(rule) {
            return Course::Nothing;
        }
        if let Some((by, why)) = self.held(settings, me, wish) {
            return Course::Held(by, why);
        }
        let per_hour = settings.rules.per_hour;
        let is_over = self.did() >= per_hour;
        let mut why: Vec<String> = wish.doubts.clone();
        why.extend(self.undone(&wish.steps).map(words::undone));
        let second = settings.second(COMMAND, &wish.steps);
        if !wish.steps.is_empty() && !second.is_empty() {
            why.push(words::second(&second));
        }
        let all: Vec<Step> = wish.steps.iter().chain(&wish.asks).cloned().collect();
        if let Verdict::Refuse(why) = self.limit(settings, &all) {
            return Course::Held(Hold::Refused, why.into());
        }
        if let Verdict::Confirm(over) = self.limit(settings, &wish.steps) {
            why.push(over);
        }
        if wish.is_empty() {
            // There is nothing to confirm: the case is judged, or it is not.
            let judges =
                rule.actions.iter().any(|action| matches!(action, RuleAction::Resolve | RuleAction::Dismiss));
            return match (judges && !why.is_empty(), is_over) {
                (true, _) => Course::Held(Hold::Unsure, why.join(" ").into()),
                (false, true) => Course::Held(Hold::TooMany, words::TOO_MANY.into()),
                (false, false) => Course::Acts,
            };
        }
        if is_over {
            why.push(words::many(per_hour));
        }
        let asks_all = !wish.steps.is_empty() && !why.is_empty();
        if asks_all || !wish.asks.is_empty() {
            if !self.has_card {
                return Course::Held(Hold::Unseen, words::UNSEEN.into());
            }
            if self.asked() >= per_hour.max(ASKED) {
                return Course::Held(Hold::TooMany, words::TOO_MANY.into());
            }
        }
        if asks_all { Course::Asks(why.join(" ")) } else { Course::Acts }
    }

    /// What the limits say to some steps, after what rules did in the last hour.
    fn limit(&self, settings: &Settings, steps: &[Step]) -> Verdict {
        let job = Job { command: COMMAND, steps, kind: Kind::Does };
        settings.limits.check(&Whose::Rules, job, &self.begun, self.now)
    }

    /// What keeps a rule from all of it, whatever rules did before.
    fn held(&self, settings: &Settings, me: &UserId, wish: &Wish) -> Option<(Hold, Line)> {
        let rule = &wish.rule;
        if !self.case.state.is_open() && self.case.by.as_deref().is_some_and(|by| by != me) {
            return Some((Hold::Closed, words::CLOSED.into()));
        }
        if let Some(why) = &wish.objection {
            return Some((Hold::Objection, why.clone()));
        }
        let only_acts = rule.actions.iter().all(|action| matches!(action, RuleAction::Case(_)));
        if only_acts && wish.is_empty() {
            return Some(match &wish.missing[..] {
                [] => (Hold::Done, words::DONE.into()),
                missing => (Hold::Missing, words::why(missing)),
            });
        }
        if let Some(cooldown) = rule.cooldown {
            let within = Millis::try_from(cooldown.as_millis()).unwrap_or(Millis::MAX);
            let acted = |hit: &&Hit| matches!(hit.acted, Acted::Did(_) | Acted::Asked(_));
            let mut own = self.hits.iter().filter(|hit| hit.rule == rule.name);
            if own.any(|hit| self.is_same(hit) && acted(&hit) && is_within(within, hit.at, self.now)) {
                return Some((Hold::Cooldown, words::cooling(cooldown).into()));
            }
        }
        // That something cannot be undone, or is much, was decided by whoever wrote the rule. What else is under way is
        // asked about when what was asked for is confirmed.
        [(&wish.steps, &self.running[..]), (&wish.asks, &[])].into_iter().find_map(|(steps, under_way)| {
            match safety::check(steps, &settings.management, under_way, usize::MAX) {
                Verdict::Refuse(why) => Some((Hold::Refused, Line::new().name_long(why))),
                Verdict::Allow | Verdict::Confirm(_) => None,
            }
        })
    }

    /// The newest job that did one of some steps against the same author, and was undone.
    fn undone(&self, steps: &[Step]) -> Option<PlanId> {
        let wanted = |action| steps.iter().any(|step| CaseAction::of_step(step) == Some(action));
        self.undone.iter().filter(|(action, _)| wanted(*action)).map(|(_, plan)| *plan).max()
    }

    /// What rules did in the last hour.
    fn did(&self) -> u32 {
        self.count(|hit| matches!(hit.acted, Acted::Did(_)))
    }

    /// What rules asked for in the last hour.
    fn asked(&self) -> u32 {
        self.count(|hit| matches!(hit.acted, Acted::Asked(_)))
    }

    /// How often something was said of rules in the last hour, at least so.
    pub(super) fn said(&self, at_least: Said) -> u32 {
        self.count(|hit| hit.said >= at_least)
    }

    fn count(&self, counts: impl Fn(&Hit) -> bool) -> u32 {
        let of_hour = |hit: &&Hit| is_within(HOUR, hit.at, self.now) && counts(hit);
        u32::try_from(self.hits.iter().filter(of_hour).count()).unwrap_or(u32::MAX)
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
}
