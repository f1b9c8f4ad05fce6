//! Pages: an answer that is longer than a message shows one, with ⬅️ and ➡️ to turn it. Turning runs the command again
//! from where the next page begins, and edits the message.

use ruma::{OwnedEventId, UserId};

use super::{Desk, Handled, answer_key, ended, reacts_to};
use crate::{
    commands::{
        Decision,
        line::{Read, read as read_line},
    },
    ports::{Change, InboxEvent, StoreError, View},
    reply::Reply,
    speech::{LEFT, Mark, RIGHT, Say, YES},
};

impl Desk {
    /// Shows a page, with reactions for its neighbours.
    pub(super) fn show(&self, event: &InboxEvent, view: View, reply: &Reply) -> Result<Handled, StoreError> {
        let offer = |emoji| Change::Mark(Mark::offer(&view.key, emoji));
        // The answer to a reaction stands below what it is a reaction to; a page that is turned stays where it is.
        let own = (view.key == answer_key(&event.event_id)).then(|| reacts_to(event)).flatten();
        let to = || view.key.strip_prefix("answer-").and_then(|id| OwnedEventId::try_from(id).ok());
        let to = own.or_else(to);
        let mut changes = vec![Change::Say(Say::new(view.key.clone(), to, reply))];
        changes.extend(view.left.is_some().then(|| offer(LEFT)));
        changes.extend(view.right.is_some().then(|| offer(RIGHT)));
        changes.extend(ended(event, YES));
        changes.push(Change::View(view));
        self.done(event, changes, Handled::Answered)
    }

    /// Somebody turns the page that the message under `key` shows.
    pub(super) async fn turn(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        key: &str,
        to: impl Fn(&View) -> Option<&str> + Send,
    ) -> Result<Handled, StoreError> {
        let Some(view) = self.store.view(key)? else { return self.done(event, Vec::new(), Handled::Ignored) };
        let Some(at) = to(&view) else { return self.done(event, Vec::new(), Handled::Ignored) };
        let Read::Found(found) = read_line(&view.typed, self.lookup.me()) else {
            return self.done(event, Vec::new(), Handled::Ignored);
        };
        match self.run(&found, event, sender, Some(at)).await {
            Ok(Decision::Page(reply, pages)) => {
                self.show(event, View { left: pages.left, right: pages.right, ..view.clone() }, &reply)
            }
            // By now it is so short that it has no pages.
            Ok(Decision::Answer(reply)) => {
                self.show(event, View { left: None, right: None, ..view.clone() }, &reply)
            }
            // What acts has no pages.
            Ok(_) => self.done(event, Vec::new(), Handled::Ignored),
            Err(failure) => self.fail(event, failure),
        }
    }
}
