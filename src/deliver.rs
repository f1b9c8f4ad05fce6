//! Carrying messages into the management room, each version once: what is to be said is in the database, and its
//! transaction ID is made of its key, so that sending it again after a crash gives the same event.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gleipnir_core::{
    ports::{Change, Store},
    reply::{Line, Rendered, Reply},
    ruma::OwnedRoomId,
    speech::{Delivery, Effort, FEED, Say, Sendable},
};
use gleipnir_matrix::{Membership, Outgoing, RequestError, Session};
use tokio::sync::Notify;
use tracing::{debug, info, warn};

use crate::outages::Outages;

/// What a pause is when the server asks for one without saying how long.
const UNSAID: Duration = Duration::from_secs(2);
/// An absurd wish of the server must not silence the bot.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

pub(crate) struct Deliverer {
    pub(crate) session: Session,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) room: OwnedRoomId,
    pub(crate) instance: String,
    /// Since when the homeserver does not answer.
    outages: Arc<Outages>,
    /// Whether the bot may not write at all, so that everything waits.
    is_mute: AtomicBool,
}

/// The two queues: reactions never hold a message up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Queue {
    Messages,
    Reactions,
}

impl Deliverer {
    /// Sends into `room` what is to be said. `instance` makes transaction IDs those of this database.
    pub(crate) fn new(
        session: Session,
        store: Arc<dyn Store>,
        room: OwnedRoomId,
        instance: String,
        outages: Arc<Outages>,
    ) -> Self {
        Self { session, store, room, instance, outages, is_mute: AtomicBool::new(false) }
    }

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
        let mut tries = HashMap::new();
        loop {
            woken.notified().await;
            loop {
                let pause = self.send_all(queue, &mut tries).await;
                sent();
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => break,
                }
            }
        }
    }

    /// Sends all of a queue, in order; how long to pause before the next round, if something is left. `tries` counts the
    /// failures that are each message's own.
    async fn send_all(&self, queue: Queue, tries: &mut HashMap<String, u32>) -> Option<Duration> {
        let mut undelivered = match self.store.undelivered() {
            Ok(undelivered) => undelivered,
            Err(error) => {
                debug!(%error, "cannot read what is to be said");
                return Some(Duration::from_secs(5));
            }
        };
        undelivered.retain(|delivery| Queue::of(delivery) == queue);
        // What the server chokes on, while it takes others, comes last and does not hold them up.
        undelivered.sort_by_key(|delivery| tries.get(&delivery.key).is_some_and(|tries| *tries >= 5));
        let mut next = None;
        for delivery in undelivered {
            let key = delivery.key.clone();
            match self.send(delivery).await {
                Ok(Sent::Newest) => {
                    tries.remove(&key);
                    // An answer that was given meanwhile goes before what else is told of watched rooms.
                    if key.starts_with(FEED) {
                        return Some(Duration::ZERO);
                    }
                }
                Ok(Sent::First) => next = next.or(Some(Duration::ZERO)),
                Err(Hindered::All(pause)) => {
                    // What failed while an outage began says nothing of a message either.
                    if self.outages.is_away() {
                        tries.clear();
                    }
                    return Some(pause);
                }
                Err(Hindered::One(pause)) => {
                    *tries.entry(key).or_default() += 1;
                    return Some(pause);
                }
            }
        }
        next
    }

    /// Sends one thing; what is in the way, if it could not be sent.
    async fn send(&self, delivery: Delivery) -> Result<Sent, Hindered> {
        let Delivery { key, version: newest, what } = delivery;
        let may_fail = matches!(what, Sendable::Reaction { effort: Effort::Once, .. });
        let file = match &what {
            Sendable::File { reply_to, attachment } => {
                Some((reply_to.clone(), attachment.name.clone(), attachment.bytes.len()))
            }
            Sendable::Message { .. } | Sendable::Reaction { .. } => None,
        };
        // Of the first event, the transaction ID knows no version: an earlier version may have reached the room although
        // its answer was lost. What is newer than the first version follows as an edit.
        let (transaction_id, version) = match what {
            Sendable::Message { replaces: Some(_), .. } => {
                (format!("{}-{newest}-{key}", self.instance), newest)
            }
            _ => (format!("{}-{key}", self.instance), 1),
        };
        let sent = self.session.send(&self.room, &transaction_id, outgoing(what)).await;
        let mut lost = None;
        if sent.is_ok() && self.is_mute.swap(false, Ordering::Relaxed) {
            info!(room = %self.room, "I may write in the management room again");
        }
        let change = match sent {
            Ok(event_id) => Change::Delivered { key, version, event_id },
            Err(error) if self.is_kept_from_writing(&error).await => return Err(Hindered::All(MUTE)),
            Err(RequestError::RateLimited { .. } | RequestError::Away(_)) if may_fail => {
                debug!(key, "left a reaction out");
                Change::GaveUp { key, version }
            }
            Err(RequestError::RateLimited { retry_after }) => {
                return Err(Hindered::All(retry_after.unwrap_or(UNSAID).min(LONGEST_PAUSE)));
            }
            Err(error) if is_final(&error) && self.session.membership(&self.room) == Membership::Joined => {
                warn!(key, %error, "a message could not be sent");
                lost = file.map(|(reply_to, name, bytes)| {
                    Say::new(format!("lost-{key}"), reply_to, &without_file(&name, bytes, &error))
                });
                Change::GaveUp { key, version: newest }
            }
            Err(error) => {
                debug!(key, %error, "cannot send a message now");
                // Of another message it may take it. Whether it is there at all is found out by who syncs.
                let is_away = matches!(error, RequestError::Away(_)) && self.outages.is_away();
                return Err(if is_away { Hindered::All(UNSAID) } else { Hindered::One(UNSAID) });
            }
        };
        let sent = match &change {
            Change::Delivered { version, .. } if *version < newest => Sent::First,
            _ => Sent::Newest,
        };
        let changes = std::iter::once(change).chain(lost.clone().map(Change::SayOnce)).collect();
        match self.store.commit(changes) {
            // What was lost is told in the next round.
            Ok(()) if lost.is_some() => Ok(Sent::First),
            Ok(()) => Ok(sent),
            Err(error) => {
                debug!(%error, "cannot write down what was said");
                Err(Hindered::All(Duration::from_secs(5)))
            }
        }
    }
}

/// How often is tried to write while the bot may not.
const MUTE: Duration = Duration::from_secs(5);

impl Deliverer {
    /// Whether the bot may write nothing at all, rather than this one message: suspended, without the power, or out of the
    /// room before a sync said so. Then everything waits, and the log says so once.
    async fn is_kept_from_writing(&self, error: &RequestError) -> bool {
        let RequestError::Refused { errcode, message, .. } = error else { return false };
        let why = match &**errcode {
            "M_USER_SUSPENDED" => "my account is suspended",
            "M_FORBIDDEN" => match self.session.may_write(&self.room).await {
                Ok(true) => return false,
                Ok(false) => "I have not the power to write there, or am out of it",
                Err(_) => return true,
            },
            _ => return false,
        };
        if !self.is_mute.swap(true, Ordering::Relaxed) {
            warn!(room = %self.room, answer = message, "I may not write in the management room: {why}. What I have to say waits");
        }
        true
    }
}

/// What is said instead of a file that the homeserver does not take.
fn without_file(name: &str, bytes: usize, error: &RequestError) -> Reply {
    Reply::text(
        Line::new()
            .text("I could not send the file ")
            .code(name)
            .text(format!(" ({} KiB): ", bytes.div_ceil(1024)))
            .name_long(error.to_string())
            .text(" Ask for less of it, or have the server take larger files (max_upload_size)."),
    )
}

/// What is in the way of a message, and how long to pause.
enum Hindered {
    /// Something that is in the way of each.
    All(Duration),
    /// Something that may be in the way of this one only.
    One(Duration),
}

/// What has reached the room.
enum Sent {
    /// The newest version, or nothing more is to come.
    Newest,
    /// The first event of a message, maybe in an older version: the newest one follows as an edit.
    First,
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
            let Rendered { text, html, mentions } = rendered;
            Outgoing::Message { text, html, mentions, reply_to, replaces }
        }
        Sendable::File { reply_to, attachment } => Outgoing::File {
            pixels: attachment.pixels(),
            name: attachment.name,
            mime: attachment.mime,
            bytes: attachment.bytes,
            reply_to,
        },
        Sendable::Reaction { to, emoji, .. } => Outgoing::Reaction { to, key: emoji },
    }
}
