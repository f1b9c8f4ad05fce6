//! Redacts what the server's task does not take, one event after the other with the bot's own power.

use ruma::RoomId;

use super::{
    Wish, is_redacted, note,
    rooms::{closed, done},
    working,
};
use crate::{
    execute::{Advance, Pace},
    plan::{RedactionRun, Single, StepState},
    ports::{Effects, Fault},
};

/// How many events are redacted before that is made durable.
const AT_ONCE: usize = 10;

/// What became of one event.
enum Became {
    Redacted,
    /// It stays; the sentence says why.
    Lost(String),
    /// The bot has no power in the room.
    Powerless(String),
    /// It is looked at once more, behind the others; the sentence says why.
    Unseen(String),
    /// That is not known yet.
    Open(Advance),
}

pub(super) async fn redact(
    effects: &dyn Effects,
    wish: &Wish<'_>,
    room: &RoomId,
    mut run: RedactionRun,
) -> Advance {
    for n in 0..AT_ONCE {
        let singles = run.current.singles.get_or_insert_default();
        let Some(single) = singles.first().cloned() else {
            if run.current.through.is_none() {
                return working(done(run));
            }
            // The next few hundred are read.
            run.current.singles = None;
            return working(run);
        };
        match one(effects, wish, room, &single).await {
            Became::Redacted => {
                run.rest.failed.remove(single.event_id.as_str());
            }
            Became::Lost(why) => lost(&mut run, &single, why),
            Became::Powerless(why) => {
                note(&mut run.rest, single.event_id.as_str(), why);
                return working(closed(run, room));
            }
            // The others need not wait for it.
            Became::Unseen(_) if !single.is_asked => {
                let singles = run.current.singles.get_or_insert_default();
                singles.remove(0);
                singles.push(Single { is_asked: true, ..single });
                let state = StepState::RedactingUser { run: Box::new(run) };
                return Advance::Working { state, keep: None, pace: Pace::Poll };
            }
            Became::Unseen(why) => lost(&mut run, &single, why),
            // What is done is made durable first.
            Became::Open(_) if n > 0 => return working(run),
            Became::Open(advance) => return advance,
        }
        run.current.singles.get_or_insert_default().remove(0);
    }
    working(run)
}

fn lost(run: &mut RedactionRun, single: &Single, why: String) {
    note(&mut run.rest, single.event_id.as_str(), why);
    run.rest.failures += 1;
    run.current.lost += 1;
}

async fn one(effects: &dyn Effects, wish: &Wish<'_>, room: &RoomId, single: &Single) -> Became {
    let event = &single.event_id;
    match is_redacted(effects, room, event).await {
        Ok(Some(true)) => return Became::Redacted,
        Ok(Some(false)) => {}
        Ok(None) => return Became::Lost("The server does not know this event (any more).".to_owned()),
        Err(fault) => return unclear(fault),
    }
    match effects.redact_event(room, event, wish.reason).await {
        Ok(()) => {}
        Err(fault @ Fault::Refused { status: 403, .. }) => return Became::Powerless(fault.to_string()),
        Err(fault @ Fault::Refused { .. }) => return Became::Lost(fault.to_string()),
        Err(fault) => return unclear(fault),
    }
    match is_redacted(effects, room, event).await {
        Ok(Some(true)) => Became::Redacted,
        Ok(_) => Became::Unseen("The homeserver accepted its redaction, and still shows it.".to_owned()),
        Err(fault) => unclear(fault),
    }
}

/// A fault that stays at one event must not keep the others from being redacted.
fn unclear(fault: Fault) -> Became {
    match fault {
        Fault::Broken { .. } | Fault::BadAnswer(_) if !fault.is_passing() => {
            Became::Unseen(fault.to_string())
        }
        fault => Became::Open(Advance::doubt(fault)),
    }
}
