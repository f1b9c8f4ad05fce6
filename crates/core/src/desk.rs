//! The desk: takes the events of the management room one after the other, and commits what follows from each together
//! with the note that it was handled. So whatever crashes when, a command is neither lost nor done twice.

mod about;
mod decide;
mod ending;
mod handled;
mod invited;
mod judge;
mod pages;
mod reading;
mod round;
mod second;
mod stop;
mod tuning;

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::FutureExt;
use ruma::{EventId, OwnedEventId, UserId};
use tokio::sync::Notify;
use tracing::{Instrument as _, error, field::Empty, trace_span, warn};

pub(crate) use self::decide::{Confirmer, asking};
use self::{
    decide::Asked,
    handled::{Handled, decided_as, internal, reference},
    reading::Reading,
};
pub use self::{
    invited::{Invitation, NotYet},
    round::Left,
    tuning::{not_reloaded, reloaded_in_words},
};
use crate::{
    cards::shown_for,
    commands::{
        Decision, Failure, InForce, Settings, World,
        line::{Found, Read, read as read_line},
        may, usage_reply,
    },
    incoming::{Incoming, read, replied_to},
    model::{Event, Millis},
    plan::{Origin, Plan, PlanId, PlanState},
    ports::{Change, Clock, Fault, InboxEvent, Lookup, Process, Store, StoreError, Tally, View, Which},
    reply::{Line, Reply},
    rules::case::{again, case_of_card},
    speech::{Effort, LEFT, Mark, Marked, NO, RIGHT, SEEN, Say, YES, is_emoji},
};

/// How long a message that cannot be decrypted, or a reaction to a message that is still on its way, is waited for.
const WAIT: Duration = Duration::from_mins(1);
const MILLIS_PER_HOUR: Millis = 3_600_000;
/// How long a command may read without a sign of life.
const LONGEST: Duration = Duration::from_mins(2);

/// What wakes those who wait for something to do.
#[derive(Clone, Debug, Default)]
pub struct Bells {
    /// Rung when there is something to send.
    pub said: Arc<Notify>,
    /// Rung when there is something to execute.
    pub confirmed: Arc<Notify>,
    /// Rung for the desk, when something arrived.
    pub received: Arc<Notify>,
}

/// Handles what arrives in the management room.
#[derive(Clone)]
pub struct Desk {
    lookup: Arc<dyn Lookup>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    in_force: InForce,
    /// Those that an event is handled by, from its beginning to its end.
    settings: Arc<Settings>,
    process: Arc<dyn Process>,
    bells: Bells,
    /// Since when there is this desk.
    since: Millis,
    tally: Arc<dyn Tally>,
}

impl Desk {
    /// A desk for the management room of `settings`.
    pub fn new(
        lookup: Arc<dyn Lookup>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: impl Into<InForce>,
        process: Arc<dyn Process>,
        bells: Bells,
    ) -> Self {
        let (in_force, since) = (settings.into(), clock.now());
        let settings = in_force.now();
        Self { lookup, store, clock, in_force, settings, process, bells, since, tally: Arc::new(()) }
    }

    /// As it is, with commands counted.
    #[must_use]
    pub fn counted_by(self, tally: Arc<dyn Tally>) -> Self {
        Self { tally, ..self }
    }

    /// The same, with the settings that are in force now.
    fn afresh(&self) -> Self {
        Self { settings: self.in_force.now(), ..self.clone() }
    }

    /// Says something of the bot's own accord, once for each key.
    pub fn announce(&self, key: &str, reply: &Reply) -> Result<(), StoreError> {
        self.commit(vec![Change::SayOnce(Say::new(key, None, reply))])
    }

    async fn handle(&self, event: &InboxEvent) -> Result<Handled, StoreError> {
        match read(&event.json, self.lookup.me()) {
            Incoming::Nothing => self.done(event, Vec::new(), Handled::Ignored),
            Incoming::Text { sender, text } => match read_line(&text, self.lookup.me()) {
                Read::NotACommand => self.done(event, Vec::new(), Handled::Ignored),
                line => {
                    self.commit(vec![mark(&event.event_id, SEEN, Effort::Once)])?;
                    self.command(event, &sender, line).await
                }
            },
            Incoming::Reaction { sender, to, key } => self.reaction(event, &sender, &to, &key).await,
            Incoming::Undecryptable { sender } => self.undecryptable(event, &sender),
        }
    }

    async fn command(&self, event: &InboxEvent, sender: &UserId, line: Read) -> Result<Handled, StoreError> {
        let found = match line {
            Read::Found(found) => found,
            Read::NotACommand => return self.done(event, Vec::new(), Handled::Ignored),
            Read::Unclosed { line, at } => {
                let reply = Reply::new()
                    .paragraph(Line::new().text("A quote opens here and never closes:"))
                    .preformatted(crate::commands::pointed(&line, at.at, at.at + 1));
                return self.refuse(event, &reply);
            }
            Read::Unknown { name, nearest } => {
                let line = Line::new().text("I do not know the command ").user(&name).text(".");
                let line = match nearest {
                    Some(near) => line.text(" Did you mean ").code(format!("!{near}")).text("?"),
                    None => line.text(" ").code("!help").text(" lists all."),
                };
                return self.refuse(event, &Reply::new().paragraph(line));
            }
        };
        match self.run(&found, event, sender, None).await {
            Ok(Decision::Answer(reply)) => self.answer(event, &reply),
            Ok(Decision::Page(reply, pages)) => {
                let view = View {
                    key: answer_key(&event.event_id),
                    typed: found.line,
                    left: pages.left,
                    right: pages.right,
                };
                self.show(event, view, &reply)
            }
            Ok(Decision::Propose(draft)) => {
                let asked = Asked {
                    origin: Origin::Command(event.event_id.clone()),
                    command: found.entry.name,
                    typed: found.line,
                };
                self.propose(event, sender, asked, *draft).await
            }
            Ok(Decision::Confirm(id)) => self.confirm(event, sender, id).await,
            Ok(Decision::Cancel(id)) => self.cancel(event, sender, id).await,
            Ok(Decision::Judge { case, state, note }) => self.judge(event, sender, case, state, note),
            Ok(Decision::Tune(tuning)) => self.tune(event, tuning),
            Err(failure) => self.fail(event, failure),
        }
    }

    /// Says why a command came to nothing.
    fn fail(&self, event: &InboxEvent, failure: Failure) -> Result<Handled, StoreError> {
        match failure {
            Failure::Told(reply) => self.refuse(event, &reply),
            // It is answered after the next login.
            Failure::Fault(Fault::TokenGone) => Ok(Handled::Waits),
            Failure::Fault(fault) => {
                warn!(event = %event.event_id, %fault, "a command failed");
                self.say_why(event, &explain(&fault, self.lookup.me()), Handled::Failed)
            }
            Failure::Broke => {
                let reference = reference(&event.event_id);
                error!(event = %event.event_id, reference, "a command broke");
                self.say_why(event, &Reply::text(internal(&reference)), Handled::Broke)
            }
            Failure::Store(error) => Err(error),
        }
    }

    /// Runs a command to its decision, unless it gives no sign of life for too long. `at` is where a turned page begins.
    async fn run(
        &self,
        found: &Found,
        event: &InboxEvent,
        sender: &UserId,
        at: Option<&str>,
    ) -> Result<Decision, Failure> {
        let started = self.clock.now();
        let reading = Reading::new(started);
        let tell = |reply: &Reply| {
            // Turning a page edits a message that is there: it stays until the next page is.
            if reading.is_due(self.clock.now()) && at.is_none() {
                reading.said.store(true, Ordering::Relaxed);
                if let Err(error) = self.commit(vec![say_to(event, reply)]) {
                    warn!(%error, "cannot say how far a reading is");
                }
            }
        };
        let reference = reference(&event.event_id);
        let span = trace_span!("command", command = found.entry.name, reference, outcome = Empty);
        let deciding = self.decide(found, event, sender, at, &tell).instrument(span.clone());
        let decided = AssertUnwindSafe(deciding).catch_unwind();
        let result = tokio::select! {
            decided = decided => decided.unwrap_or(Err(Failure::Broke)),
            () = self.silence(&reading) => Err(Failure::Fault(Fault::Timeout)),
        };
        let outcome = decided_as(&result);
        span.record("outcome", outcome);
        let took = Duration::from_millis(u64::try_from(self.clock.now() - started).unwrap_or_default());
        self.tally.command(found.entry.name, outcome, took);
        if reading.said.load(Ordering::Relaxed) && matches!(result, Ok(Decision::Propose(_))) {
            self.commit(vec![say_to(event, &Reply::text("I have read what I needed."))])?;
        }
        result
    }

    /// Returns when a reading has given no sign of life for too long.
    async fn silence(&self, reading: &Reading) {
        loop {
            let heard = reading.heard.load(Ordering::Relaxed);
            self.clock.sleep(LONGEST).await;
            if reading.heard.load(Ordering::Relaxed) == heard {
                return;
            }
        }
    }

    async fn decide(
        &self,
        found: &Found,
        event: &InboxEvent,
        sender: &UserId,
        at: Option<&str>,
        tell: &(dyn Fn(&Reply) + Send + Sync),
    ) -> Result<Decision, Failure> {
        let (entry, words) = (found.entry, &found.words);
        if words.iter().any(|word| !word.quoted && (word.text == "--help" || word.text == "-h")) {
            return Ok(Decision::Answer(crate::commands::describe(&entry, &self.settings)));
        }
        let arguments = entry
            .parse(&found.arguments())
            .map_err(|error| Failure::Told(Box::new(usage_reply(found, &error))))?;
        self.may(sender, entry.name, self.settings.level(entry.name, entry.access)).await?;
        let reply_to = replied_to(&event.json);
        let world = World {
            lookup: &*self.lookup,
            records: self.store.as_records(),
            settings: &self.settings,
            asker: sender,
            reply_to: reply_to.as_deref(),
            now: event.received_at,
            typed: Some(found),
            at,
            tell,
        };
        entry.run(arguments, &world).await
    }

    /// Whether somebody may use a command, now.
    async fn may(&self, user: &UserId, command: &str, level: Option<i64>) -> Result<(), Failure> {
        may(&*self.lookup, user, command, level).await
    }

    async fn reaction(
        &self,
        event: &InboxEvent,
        sender: &UserId,
        to: &EventId,
        emoji: &str,
    ) -> Result<Handled, StoreError> {
        let (wish, action) = (Wish::of(emoji), self.settings.cards.action(emoji));
        if wish.is_none() && action.is_none() {
            return self.done(event, Vec::new(), Handled::Ignored);
        }
        // Asked for first: a message that is delivered in between has its key then.
        let undelivered = self.store.queue()?.undelivered;
        let Some(key) = self.store.key_of(to)? else {
            // A preview that was sent just before a crash is known once it was sent again.
            return if undelivered > 0 && !self.is_late(event) {
                Ok(Handled::Waits)
            } else {
                self.done(event, Vec::new(), Handled::Ignored)
            };
        };
        // What an emoji means goes by the message that it is a reaction to.
        if let Some(case) = case_of_card(&key) {
            return match action {
                Some(action) => self.tap(event, sender, to, case, action).await,
                None => self.done(event, Vec::new(), Handled::Ignored),
            };
        }
        // A report is no question, unless the job is still at work.
        if wish == Some(Wish::No)
            && let Some(id) = Plan::reported_by(&key)
        {
            return self.stop_reported(event, sender, id).await;
        }
        match (wish, Plan::previewed_by(&key)) {
            (Some(Wish::Yes), Some(id)) => self.confirm(event, sender, id).await,
            (Some(Wish::No), Some(id)) => self.cancel(event, sender, id).await,
            (Some(Wish::Left), None) => self.turn(event, sender, &key, |view| view.left.as_deref()).await,
            (Some(Wish::Right), None) => self.turn(event, sender, &key, |view| view.right.as_deref()).await,
            (Some(Wish::Yes | Wish::No | Wish::Left | Wish::Right) | None, _) => {
                self.done(event, Vec::new(), Handled::Ignored)
            }
        }
    }

    fn undecryptable(&self, event: &InboxEvent, sender: &UserId) -> Result<Handled, StoreError> {
        if !self.is_late(event) {
            return Ok(Handled::Waits);
        }
        warn!(event = %event.event_id, %sender, "could not decrypt a message");
        let reply = Reply::new().paragraph(
            Line::new()
                .text("I cannot decrypt this message of ")
                .code(sender.as_str())
                .text(", and maybe others. If it was a command, please send it again."),
        );
        // Lost keys may concern many messages: one notice an hour is enough for each sender.
        let key = format!("undecryptable-{sender}-{}", self.clock.now() / MILLIS_PER_HOUR);
        self.done(
            event,
            vec![Change::SayOnce(Say::new(key, Some(event.event_id.clone()), &reply))],
            Handled::Ignored,
        )
    }

    fn is_late(&self, event: &InboxEvent) -> bool {
        self.clock.now() - event.received_at > i64::try_from(WAIT.as_millis()).unwrap_or(i64::MAX)
    }

    /// Drops what has waited too long for a confirmation.
    fn expire(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let waiting = self.store.plans(&Which { states: vec![PlanState::Proposed], ..Which::default() })?;
        for plan in waiting.into_iter().filter(|plan| plan.expires_at <= now) {
            let line = Line::new().text(format!(
                "Job {} ({}) was not confirmed in time and is dropped. Nothing was done.",
                plan.id, plan.command
            ));
            let is_for_another = self.settings.is_for_another(&plan, self.lookup.me());
            let line = if is_for_another { line.append(second::unanswered(&plan.asked_by)) } else { line };
            let reply = Reply::text(match again(&plan) {
                Some(command) if is_for_another => line
                    .text(" Any moderator who may can ask for it again with ")
                    .code(command)
                    .text("; another one then has to confirm it."),
                Some(command) => line.text(" ").code(command).text(" asks for it again."),
                None => line,
            });
            let mut changes = vec![
                Change::PlanState { id: plan.id, state: PlanState::Expired, by: None, at: now },
                Change::Say(Say::new(Plan::report_key(plan.id), plan.origin.event().cloned(), &reply)),
            ];
            changes.extend(plan.mark(NO, Effort::Surely));
            let expired = Plan { state: PlanState::Expired, ..plan };
            changes.extend(shown_for(self.store.as_records(), &self.settings, &expired)?);
            self.commit(changes)?;
            Self::log_expired(&expired);
        }
        Ok(())
    }

    fn plan(&self, id: PlanId) -> Result<Option<Plan>, StoreError> {
        self.store.plan(id)
    }

    fn answer(&self, event: &InboxEvent, reply: &Reply) -> Result<Handled, StoreError> {
        let changes = [Some(say_to(event, reply)), ended(event, YES)].into_iter().flatten().collect();
        self.done(event, changes, Handled::Answered)
    }

    fn refuse(&self, event: &InboxEvent, reply: &Reply) -> Result<Handled, StoreError> {
        self.say_why(event, reply, Handled::Refused)
    }

    /// Says why a command came to nothing.
    fn say_why(&self, event: &InboxEvent, reply: &Reply, handled: Handled) -> Result<Handled, StoreError> {
        let changes = [Some(say_to(event, reply)), ended(event, NO)].into_iter().flatten().collect();
        self.done(event, changes, handled)
    }

    fn done(
        &self,
        event: &InboxEvent,
        mut changes: Vec<Change>,
        handled: Handled,
    ) -> Result<Handled, StoreError> {
        changes.push(Change::Handled(event.event_id.clone()));
        self.commit(changes)?;
        Ok(handled)
    }

    fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store.commit(changes)?;
        self.bells.said.notify_one();
        Ok(())
    }
}

/// Whether an event of the management room is a command, a decision, or could be one: the others are not kept.
pub fn concerns_us(json: &serde_json::Value, me: &UserId, settings: &Settings) -> bool {
    match read(json, me) {
        Incoming::Text { text, .. } => !matches!(read_line(&text, me), Read::NotACommand),
        Incoming::Reaction { key, .. } => Wish::of(&key).is_some() || settings.cards.action(&key).is_some(),
        Incoming::Undecryptable { .. } => true,
        Incoming::Nothing => false,
    }
}

/// What somebody wants who reacts to a message of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Yes,
    No,
    Left,
    Right,
}

impl Wish {
    fn of(key: &str) -> Option<Self> {
        let wishes = [(YES, Self::Yes), (NO, Self::No), (LEFT, Self::Left), (RIGHT, Self::Right)];
        wishes.into_iter().find(|(emoji, _)| is_emoji(key, emoji)).map(|(_, wish)| wish)
    }
}

/// Answers an event; a reaction is answered below the message that it reacts to.
fn say_to(event: &InboxEvent, reply: &Reply) -> Change {
    let to = reacts_to(event).unwrap_or_else(|| event.event_id.clone());
    Change::Say(Say::new(answer_key(&event.event_id), Some(to), reply))
}

/// The key of the message that answers an event.
fn answer_key(event: &EventId) -> String {
    format!("answer-{event}")
}

/// Marks a command as ended. A reaction gets no reaction.
fn ended(event: &InboxEvent, emoji: &'static str) -> Option<Change> {
    reacts_to(event).is_none().then(|| mark(&event.event_id, emoji, Effort::Once))
}

fn reacts_to(event: &InboxEvent) -> Option<OwnedEventId> {
    let event = Event(event.json.clone());
    let to = event.content().pointer("/m.relates_to/event_id").filter(|_| event.kind() == "m.reaction");
    to?.as_str()?.try_into().ok()
}

fn mark(event: &EventId, emoji: &'static str, effort: Effort) -> Change {
    Change::Mark(Mark { to: Marked::Event(event.to_owned()), emoji: emoji.into(), effort })
}

/// A fault of the homeserver, and what to do about it.
pub fn explain(fault: &Fault, me: &UserId) -> Reply {
    let line = Line::new().name_long(fault.to_string());
    let advice = match fault {
        Fault::NotAdmin => Line::new()
            .text("Make ")
            .code(me.as_str())
            .text(" a server admin on ")
            .code(me.server_name().as_str())
            .text("; docs/setup.md says how, also for delegated authentication."),
        Fault::NotRouted { .. } => Line::new().text(
            "Reverse proxies usually hide /_synapse/admin. Let it through for me, or set homeserver.url to Synapse's own \
             address; docs/setup.md says how.",
        ),
        Fault::RateLimited { .. }
        | Fault::Timeout
        | Fault::Away(_)
        | Fault::TokenGone
        | Fault::Broken { .. } => {
            Line::new().text("Nothing was done. Try again in a moment.")
        }
        Fault::Refused { .. } | Fault::BadAnswer(_) => Line::new().text("Nothing was done."),
    };
    Reply::new().paragraph(line).paragraph(advice)
}
