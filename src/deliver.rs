//! Carrying messages into the management room, each version once: what is to be said is in the database, and its
//! transaction ID is made of its key, so that sending it again after a crash gives the same event.

use std::{sync::Arc, time::Duration};

use gleipnir_core::{
    ports::{Change, Store, StoreError},
    ruma::OwnedRoomId,
    speech::{Delivery, Effort, Sendable},
};
use gleipnir_matrix::{Membership, Outgoing, RequestError, Session};
use tokio::sync::Notify;
use tracing::{debug, error, warn};

/// What a pause is when the server asks for one without saying how long.
const UNSAID: Duration = Duration::from_secs(2);
/// An absurd wish of the server must not silence the bot.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

pub(crate) struct Deliverer {
    pub(crate) session: Session,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) room: OwnedRoomId,
    pub(crate) instance: String,
}

/// The two queues: reactions never hold a message up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Queue {
    Messages,
    Reactions,
}

impl Deliverer {
    /// Sends what is to be sent, now and whenever `said` is notified. Never returns.
    pub(crate) async fn run(&self, said: Arc<Notify>) {
        let (messages, reactions) = (Notify::new(), Notify::new());
        let pass_on = async {
            loop {
                messages.notify_one();
                reactions.notify_one();
                said.notified().await;
            }
        };
        // A reaction to a message of our own can go as soon as that message is there.
        let sent = || reactions.notify_one();
        tokio::join!(
            pass_on,
            self.work(Queue::Messages, &messages, sent),
            self.work(Queue::Reactions, &reactions, || {})
        );
    }

    async fn work(&self, queue: Queue, woken: &Notify, sent: impl Fn()) {
        loop {
            woken.notified().await;
            loop {
                let pause = self.send_all(queue).await;
                sent();
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => break,
                }
            }
        }
    }

    /// Sends all of a queue, in order; how long to pause before trying again, if something could not be sent.
    async fn send_all(&self, queue: Queue) -> Option<Duration> {
        let undelivered = match self.store.undelivered() {
            Ok(undelivered) => undelivered,
            Err(error) => {
                error!(%error, "cannot read what is to be said");
                return Some(Duration::from_secs(5));
            }
        };
        let mut pause = None;
        let mut failures = 0;
        for delivery in undelivered.into_iter().filter(|delivery| Queue::of(delivery) == queue) {
            if let Err(after) = self.send(delivery).await {
                pause = Some(after);
                failures += 1;
            }
            // One message that the server chokes on does not hold the others up; a server that is away does.
            if failures >= 2 {
                break;
            }
        }
        pause
    }

    async fn send(&self, delivery: Delivery) -> Result<(), Duration> {
        let Delivery { key, version: newest, what } = delivery;
        let may_fail = matches!(what, Sendable::Reaction { effort: Effort::Once, .. });
        // Of the first event, the transaction ID knows no version: an earlier version may have reached the room although
        // its answer was lost. What is newer than the first version follows as an edit.
        let (transaction_id, version) = match what {
            Sendable::Message { replaces: Some(_), .. } => {
                (format!("{}-{newest}-{key}", self.instance), newest)
            }
            _ => (format!("{}-{key}", self.instance), 1),
        };
        let sent = self.session.send(&self.room, &transaction_id, outgoing(what)).await;
        let change = match sent {
            Ok(event_id) => Change::Delivered { key, version, event_id },
            Err(RequestError::RateLimited { .. } | RequestError::Away(_)) if may_fail => {
                debug!(key, "left a reaction out");
                Change::GaveUp { key, version }
            }
            Err(RequestError::RateLimited { retry_after }) => {
                return Err(retry_after.unwrap_or(UNSAID).min(LONGEST_PAUSE));
            }
            Err(error) if is_final(&error) && self.session.membership(&self.room) == Membership::Joined => {
                warn!(key, %error, "a message could not be sent");
                Change::GaveUp { key, version: newest }
            }
            Err(error) => {
                debug!(key, %error, "cannot send a message now");
                return Err(UNSAID);
            }
        };
        self.note(change).map_err(|error| {
            error!(%error, "cannot write down what was said");
            Duration::from_secs(5)
        })
    }

    fn note(&self, change: Change) -> Result<(), StoreError> {
        self.store.commit(vec![change])
    }
}

/// Whether the homeserver has said for good that it does not take a message. A proxy's page is not its word.
fn is_final(error: &RequestError) -> bool {
    matches!(error, RequestError::Refused { errcode, .. } if errcode != "M_UNKNOWN")
}

impl Queue {
    fn of(delivery: &Delivery) -> Self {
        match delivery.what {
            Sendable::Message { .. } | Sendable::File { .. } => Self::Messages,
            Sendable::Reaction { .. } => Self::Reactions,
        }
    }
}

fn outgoing(what: Sendable) -> Outgoing {
    match what {
        Sendable::Message { reply_to, replaces, rendered } => {
            Outgoing::Message { text: rendered.text, html: rendered.html, reply_to, replaces }
        }
        Sendable::File { reply_to, attachment } => {
            Outgoing::File { name: attachment.name, mime: attachment.mime, bytes: attachment.bytes, reply_to }
        }
        Sendable::Reaction { to, emoji, .. } => Outgoing::Reaction { to, key: emoji },
    }
}
