//! The management room is another one from now on.

use std::collections::BTreeSet;

use ruma::OwnedRoomId;

use super::{Inner, What};
use crate::{
    plan::PlanState,
    speech::{FEED, Marked, REPORT},
};

impl Inner {
    pub(super) fn upgrade(&mut self, from: OwnedRoomId, to: OwnedRoomId) {
        self.leave_house();
        let keys: BTreeSet<String> =
            self.outbox.iter().filter(|out| out.event_id.is_some()).map(|out| out.key.clone()).collect();
        for out in &mut self.outbox {
            let is_over = match &out.what {
                What::Reaction { to: Marked::Event(_), .. } => true,
                What::Reaction { to: Marked::Message(key), .. } => keys.contains(key),
                What::Message { .. } | What::File { .. } => {
                    out.key.starts_with(FEED) && out.event_id.is_none()
                }
            };
            if is_over {
                out.sent = out.version;
            }
            out.event_id = None;
            out.what.answer_nothing();
        }
        self.replaced.insert(from, to);
    }

    fn leave_house(&mut self) {
        self.elsewhere.extend(self.inbox.iter().map(|event| event.event_id.clone()));
        self.views.clear();
        let outbox = &self.outbox;
        self.watch.moved(|id| {
            let key = format!("{FEED}{id}");
            outbox.iter().any(|out| out.key == key && out.event_id.is_some())
        });
    }

    pub(super) fn move_house(&mut self) {
        self.leave_house();
        self.handled.extend(self.inbox.iter().map(|event| event.event_id.clone()));
        for plan in self.plans.values_mut().filter(|plan| plan.state == PlanState::Proposed) {
            plan.state = PlanState::Expired;
        }
        for out in &mut self.outbox {
            let is_report = out.key.starts_with(REPORT) && !matches!(out.what, What::Reaction { .. });
            if !is_report {
                out.sent = out.version;
            }
            out.event_id = None;
            out.what.answer_nothing();
        }
    }
}
