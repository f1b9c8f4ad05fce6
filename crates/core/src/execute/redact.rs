//! Redacts one event, or what a user wrote. One event is looked at before and after. Of what a user wrote the server's own
//! task takes messages, and takes them again when they are redacted already: so all rooms are read first, and it is asked
//! only for what holds nothing of that kind; first for all such rooms together, then room by room. What it does not take
//! is redacted one by one.

mod rooms;
mod singly;
mod task;

use ruma::{EventId, OwnedRoomId, RoomId, UserId};

use super::{Advance, Pace, failed, refused, unchanged};
use crate::{
    model::{Scope, is_local},
    plan::{Effect, NotRedacted, Outcome, RedactionRun, StepState},
    ports::{Effects, Fault},
};

/// How many failures are kept.
const KEPT: usize = 100;
/// How many rooms are named where power is missing.
const CLOSED: usize = 10;

pub(super) async fn one(
    effects: &dyn Effects,
    room: &RoomId,
    event: &EventId,
    reason: Option<&str>,
    state: Option<&StepState>,
) -> Advance {
    let begun = matches!(state, Some(StepState::Redacting));
    match is_redacted(effects, room, event).await {
        Ok(Some(true)) => return Advance::Ended(Outcome::Done { effect: Effect::EventRedacted }),
        Ok(Some(false)) => {}
        Ok(None) => {
            return failed("The server does not know this event (any more), or it is in another room.", None);
        }
        Err(fault) if begun => return Advance::doubt(fault),
        Err(fault) => return Advance::fault(fault),
    }
    if !begun {
        return Advance::Working { state: StepState::Redacting, keep: None, pace: Pace::Now };
    }
    if let Some(refused) = refused(effects.redact_event(room, event, reason).await) {
        return refused;
    }
    match is_redacted(effects, room, event).await {
        Ok(Some(true)) => Advance::Ended(Outcome::Done { effect: Effect::EventRedacted }),
        Ok(_) => unchanged(),
        Err(fault) => Advance::doubt(fault),
    }
}

async fn is_redacted(effects: &dyn Effects, room: &RoomId, event: &EventId) -> Result<Option<bool>, Fault> {
    let context = effects.context(room, event, 0).await?;
    Ok(context.map(|context| context.event.redacted_because().is_some()))
}

/// What is to be redacted of a user.
pub(super) struct Wish<'a> {
    pub(super) user: &'a UserId,
    /// None means all that they are or were in.
    pub(super) rooms: &'a [OwnedRoomId],
    /// Never touched.
    pub(super) management: &'a RoomId,
    pub(super) reason: Option<&'a str>,
    pub(super) scope: Scope,
}

impl Wish<'_> {
    /// The rooms in the order of their IDs.
    async fn rooms(&self, effects: &dyn Effects) -> Result<Vec<OwnedRoomId>, Fault> {
        let mut rooms: Vec<OwnedRoomId> = if self.rooms.is_empty() {
            effects.memberships(self.user).await?.into_keys().collect()
        } else {
            self.rooms.to_vec()
        };
        rooms.retain(|room| room != self.management);
        rooms.sort();
        rooms.dedup();
        Ok(rooms)
    }

    /// Whether the server redacts it in the user's own name, without anybody's power.
    fn is_local(&self, effects: &dyn Effects) -> bool {
        is_local(self.user, effects.me())
    }
}

pub(super) async fn all(effects: &dyn Effects, wish: &Wish<'_>, state: Option<&StepState>) -> Advance {
    match state {
        Some(StepState::AskingRedaction { known, run }) => {
            task::ask(effects, wish, known, (**run).clone()).await
        }
        Some(StepState::FollowingRedaction { redact_id, run }) => {
            task::follow(effects, redact_id, (**run).clone()).await
        }
        Some(StepState::RedactingUser { run }) => rooms::go_on(effects, wish, (**run).clone()).await,
        _ => rooms::go_on(effects, wish, RedactionRun::default()).await,
    }
}

fn working(run: RedactionRun) -> Advance {
    // A room that could not be read is given some time.
    let pace = if run.todo.first().is_some_and(|left| left.is_unread) { Pace::Poll } else { Pace::Now };
    Advance::Working { state: StepState::RedactingUser { run: Box::new(run) }, keep: None, pace }
}

/// Keeps why something could not be redacted.
fn note(rest: &mut NotRedacted, what: &str, why: String) {
    if rest.failed.len() < KEPT {
        rest.failed.insert(what.to_owned(), why);
    }
}

/// All rooms are looked after.
fn over(run: RedactionRun) -> Advance {
    let RedactionRun { rooms, redacted, mut rest, .. } = run;
    if rest.failures == 0 {
        // What the server's task could not do was done after it.
        rest.failed.clear();
    }
    if redacted == 0 && rest.is_any() {
        let why = rest.failed.values().chain(rest.unread.values()).next();
        let why = why.map_or("I have no power to redact there.", String::as_str);
        let but = rest.closed.first().map(|room| {
            format!("!room-admin {room} gives me the power there, where somebody of this server has it.")
        });
        return super::failed(format!("Nothing could be redacted: {why}"), but.as_deref());
    }
    Advance::Ended(Outcome::Done { effect: Effect::UserRedacted { rooms, events: redacted, rest } })
}
