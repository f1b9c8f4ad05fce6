//! How a store in memory deletes what is over and old.

use std::collections::BTreeSet;

use super::{Inner, Out, What};
use crate::{
    model::Millis,
    plan::{Plan, PlanId, PlanState},
    ports::{CaseId, Forget, Forgotten},
    rules::case::card_key,
    speech::{FEED, Marked},
};

#[derive(Clone, Debug, Default)]
pub(super) struct Forgetting {
    /// The highest numbers that are gone.
    pub(super) forgotten: Forgotten,
    /// Numbers of jobs go on from here at least.
    pub(super) plans_from: PlanId,
    /// The how-manieth the last message was that is gone.
    pub(super) last_said: u64,
    /// How many messages and reactions there were, and when.
    said_by: Vec<(Millis, u64)>,
}

/// A job or a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Plan(PlanId),
    Case(CaseId),
}

impl Inner {
    pub(super) fn forget(&mut self, Forget { before, at }: Forget) {
        let (plans, cases) = self.staying(before);
        let next = self.plans.keys().next_back().map_or(1, |last| last + 1);
        self.forgetting.plans_from = self.forgetting.plans_from.max(next);
        let highest = self.plans.keys().rfind(|id| !plans.contains(id)).copied().unwrap_or_default();
        let forgotten = &mut self.forgetting.forgotten;
        forgotten.plans = forgotten.plans.max(highest);
        forgotten.cases = forgotten.cases.max(self.cases.keep(&cases).unwrap_or_default());
        self.plans.retain(|id, _| plans.contains(id));
        self.kept.retain(|(plan, _), _| plans.contains(plan));
        let handled = &mut self.handled;
        self.inbox.retain(|event| event.received_at >= before || !handled.remove(&event.event_id));
        self.watch.forget(before);
        let marks = &self.forgetting.said_by;
        if let Some(until) = marks.iter().filter(|(at, _)| *at < before).map(|(_, seq)| *seq).max() {
            self.unsay(until);
        }
        let last = self.outbox.last().map_or(self.forgetting.last_said, |last| last.seq);
        self.forgetting.said_by.push((at, last));
    }

    /// What stays, and what belongs to it.
    fn staying(&self, before: Millis) -> (BTreeSet<PlanId>, BTreeSet<CaseId>) {
        let targets = |plan: &Plan| plan.steps.iter().map(|step| step.step.target()).collect::<Vec<_>>();
        let lasting: BTreeSet<String> = self.lasting().flat_map(targets).collect();
        let ended = [PlanState::Done, PlanState::Cancelled, PlanState::Expired];
        let stays = |plan: &&Plan| {
            !ended.contains(&plan.state)
                || plan.changed_at >= before
                || targets(plan).iter().any(|target| lasting.contains(target))
        };
        let lasting = self.lasting().map(|plan| Node::Plan(plan.id));
        let plans = self.plans.values().filter(stays).map(|plan| Node::Plan(plan.id));
        let mut left: Vec<Node> =
            plans.chain(lasting).chain(self.cases.staying(before).map(Node::Case)).collect();
        let (mut plans, mut cases) = (BTreeSet::new(), BTreeSet::new());
        while let Some(node) = left.pop() {
            let is_new = match node {
                Node::Plan(id) => plans.insert(id),
                Node::Case(id) => cases.insert(id),
            };
            if is_new {
                left.extend(self.beside(node));
            }
        }
        (plans, cases)
    }

    /// What goes only together with something.
    fn beside(&self, node: Node) -> Vec<Node> {
        let all = self.plans.values();
        match node {
            Node::Case(case) => {
                all.filter(|plan| plan.case == Some(case)).map(|plan| Node::Plan(plan.id)).collect()
            }
            Node::Plan(id) => {
                let undos = all.filter(|plan| plan.puts_right(id)).map(|plan| Node::Plan(plan.id));
                let own = self.plans.get(&id);
                let undone = own.into_iter().flat_map(|plan| &plan.undoes).flat_map(|undoes| &undoes.jobs);
                let case = own.and_then(|plan| plan.case).map(Node::Case);
                undos.chain(undone.map(|job| Node::Plan(job.plan))).chain(case).collect()
            }
        }
    }

    /// Deletes what was said until then, but for what is still needed.
    fn unsay(&mut self, until: u64) {
        let is_reaction = |out: &Out| matches!(out.what, What::Reaction { .. });
        let waiting = self.outbox.iter().filter(|out| out.version > out.sent && !is_reaction(out));
        let mut needed: BTreeSet<String> = waiting.map(|out| out.key.clone()).collect();
        needed.extend(self.cases.ids().map(card_key));
        let waits = |plan: &&Plan| matches!(plan.state, PlanState::Proposed | PlanState::Running);
        for plan in self.plans.values().filter(waits) {
            needed.extend([Plan::preview_key(plan.id), Plan::report_key(plan.id)]);
        }
        needed.extend(self.watch.open_digests().iter().map(|digest| format!("{FEED}{}", digest.id)));
        let of = |out: &Out| match &out.what {
            What::Reaction { to: Marked::Message(key), .. } => key.clone(),
            _ => out.key.clone(),
        };
        let last = self.outbox.last().map_or(0, |last| last.seq);
        self.forgetting.last_said = self.forgetting.last_said.max(last);
        self.outbox.retain(|out| {
            out.seq > until
                || ["rights-", "introduction-", "tombstone-", "mas-"]
                    .iter()
                    .any(|once| out.key.starts_with(once))
                || (out.version > out.sent && !is_reaction(out))
                || needed.contains(&of(out))
        });
        let outbox = &self.outbox;
        self.views.retain(|view| outbox.iter().any(|out| out.key == view.key));
    }
}
