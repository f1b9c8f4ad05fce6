//! What moderators make of cases: by command, or by a reaction to the card.

use ruma::UserId;
use tracing::info;

use super::{Desk, Left, ended, explain, reacts_to, say_to};
use crate::{
    cards::shown,
    commands::{Access, Failure},
    ports::{Case, CaseId, CaseState, Change, InboxEvent, Reporting, StoreError},
    reply::Reply,
    rules::case::{Judgement, judge, judged, no_such_case},
    speech::YES,
};

impl Desk {
    /// A moderator taps a card: it needs what the command needs.
    pub(super) async fn tap(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        id: CaseId,
        state: CaseState,
    ) -> Result<Left, StoreError> {
        let command = command_for(state);
        match self.may(sender, command, self.settings.level(command, Access::Act)).await {
            Ok(()) => self.judge(event, sender, id, state, None),
            Err(Failure::Told(reply)) => self.refuse(event, &reply),
            Err(Failure::Fault(fault)) => self.refuse(event, &explain(&fault, self.lookup.me())),
            Err(Failure::Store(error)) => Err(error),
        }
    }

    /// Moderators are so far with a case, unless somebody was quicker: it is judged as it is now. What is remembered, the
    /// card and the answer change together.
    pub(super) fn judge(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        id: CaseId,
        state: CaseState,
        note: Option<String>,
    ) -> Result<Left, StoreError> {
        let Some(before) = self.store.case(id)? else {
            return self.refuse(event, &Reply::text(no_such_case(id)));
        };
        match judge(&before, state, sender) {
            Judgement::Changes => {}
            Judgement::Already(reply) => return self.answer(event, &reply),
            Judgement::Refused(reply) => return self.refuse(event, &reply),
        }
        let at = self.clock.now();
        info!(moderator = %sender, case = id, state = state.word(), "a case was judged");
        let now =
            Case { state, by: Some(sender.to_owned()), note: note.clone(), changed_at: at, ..before.clone() };
        let judged_now = Reporting::Judged { case: id, state, by: sender.to_owned(), note, at };
        let mut changes = vec![Change::Reporting(judged_now)];
        changes.extend(shown(self.store.as_records(), &self.settings, &now)?);
        // Whoever taps a card sees it change.
        if reacts_to(event).is_none() {
            changes.push(say_to(event, &Reply::text(judged(&now, &before))));
        }
        changes.extend(ended(event, YES));
        self.done(event, changes)
    }
}

/// The command that does the same as a reaction.
fn command_for(state: CaseState) -> &'static str {
    match state {
        CaseState::Open => "reopen",
        CaseState::Claimed => "claim",
        CaseState::Resolved => "resolve",
        CaseState::Dismissed => "dismiss",
    }
}
