//! What moderators make of cases: by command, or by a reaction to the card.

use ruma::{EventId, UserId};

use super::{Desk, Handled, answer_key, decide::Asked, ended, reacts_to, say_to};
use crate::{
    actions::propose,
    cards::shown,
    commands::{
        Access, Acting, Decision, Draft, Failure, act_draft,
        line::{Read, read as read_line},
    },
    keeping::case_is_missing,
    outcome::tell,
    plan::Origin,
    ports::{Case, CaseId, CaseState, Change, InboxEvent, Reporting, StoreError, View, in_turn},
    reply::{Line, Reply},
    rules::case::{CaseAction, Judgement, judge, judged, more},
    speech::YES,
};

/// The command that does the same as a tap that acts.
const ACT: &str = "act";

impl Desk {
    /// A moderator taps a card: it needs what the command needs.
    pub(super) async fn tap(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        card: &EventId,
        id: CaseId,
        action: CaseAction,
    ) -> Result<Handled, StoreError> {
        let state = match action {
            CaseAction::Claim => CaseState::Claimed,
            CaseAction::Resolve => CaseState::Resolved,
            CaseAction::Dismiss => CaseState::Dismissed,
            CaseAction::More => return self.more(event, sender, id).await,
            _ => return self.act(event, sender, card, id, action).await,
        };
        let command = action.word();
        match self.may(sender, command, self.settings.level(command, Access::Act)).await {
            Ok(()) => self.judge(event, sender, id, state, None),
            Err(failure) => self.fail(event, failure),
        }
    }

    /// As `!act` does it.
    async fn act(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        card: &EventId,
        id: CaseId,
        action: CaseAction,
    ) -> Result<Handled, StoreError> {
        let draft = match self.draft(sender, id, action).await {
            Ok(draft) => draft,
            Err(failure) => return self.fail(event, failure),
        };
        let asked = Asked {
            origin: Origin::Tap { reaction: event.event_id.clone(), card: card.to_owned() },
            command: ACT,
            typed: format!("!{ACT} {id} {}", action.word()),
        };
        self.propose(event, sender, asked, draft).await
    }

    async fn draft(&self, sender: &UserId, id: CaseId, action: CaseAction) -> Result<Draft, Failure> {
        self.may(sender, ACT, self.settings.level(ACT, Access::Act)).await?;
        let Some(case) = self.store.case(id)? else { return Err(Failure::told(self.missing(id)?)) };
        let records = self.store.as_records();
        let proposal = propose(&*self.lookup, records, &self.settings, &case, &[action], None).await?;
        act_draft(&case, proposal, None, Acting::default())
    }

    /// Why there is no case of a number.
    fn missing(&self, id: CaseId) -> Result<Line, StoreError> {
        case_is_missing(self.store.as_records(), &self.settings, id)
    }

    /// Shows more of the conversation, as the command for it does.
    async fn more(&self, event: &InboxEvent, sender: &UserId, id: CaseId) -> Result<Handled, StoreError> {
        let Some(case) = self.store.case(id)? else {
            return self.refuse(event, &Reply::text(self.missing(id)?));
        };
        let Some(Read::Found(found)) = more(&case).map(|line| read_line(&line, self.lookup.me())) else {
            let words = format!("There is nothing more to show of case {id} yet than its card and ");
            return self.answer(event, &Reply::text(Line::from(words).code(format!("!case {id}")).text(".")));
        };
        match self.run(&found, event, sender, None).await {
            Ok(Decision::Answer(reply)) => self.answer(event, &reply),
            Ok(Decision::Page(reply, pages)) => {
                let (key, typed) = (answer_key(&event.event_id), found.line);
                self.show(event, View { key, typed, left: pages.left, right: pages.right }, &reply)
            }
            // These commands only read.
            Ok(_) => self.done(event, Vec::new(), Handled::Ignored),
            Err(failure) => self.fail(event, failure),
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
    ) -> Result<Handled, StoreError> {
        in_turn(&*self.store, || self.judge_now(event, sender, id, state, note))
    }

    fn judge_now(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        id: CaseId,
        state: CaseState,
        note: Option<String>,
    ) -> Result<Handled, StoreError> {
        let Some(before) = self.store.case(id)? else {
            return self.refuse(event, &Reply::text(self.missing(id)?));
        };
        match judge(&before, state, sender) {
            Judgement::Changes => {}
            Judgement::Already(reply) => return self.answer(event, &reply),
            Judgement::Refused(reply) => return self.refuse(event, &reply),
        }
        let at = self.clock.now();
        let now =
            Case { state, by: Some(sender.to_owned()), note: note.clone(), changed_at: at, ..before.clone() };
        let judged_now = Reporting::Judged { case: id, state, by: sender.to_owned(), note, at };
        let mut changes = vec![Change::Reporting(judged_now)];
        changes.extend(shown(self.store.as_records(), &self.settings, &now)?);
        // Whoever taps a card sees it change.
        if reacts_to(event).is_none() {
            changes.push(say_to(event, &Reply::text(judged(&now, &before))));
        }
        let told = tell(self.store.as_records(), &self.settings, &now, at)?;
        let tells = told.is_some();
        changes.extend(told.map(|plan| Change::Plan(Box::new(plan))));
        changes.extend(ended(event, YES));
        let handled = self.done(event, changes, Handled::Judged(id))?;
        if tells {
            self.bells.confirmed.notify_one();
        }
        Ok(handled)
    }
}
