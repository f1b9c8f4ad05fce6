//! A strand of the script: what is done one after the other, beside other strands, and what is to come of it.

use std::{
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use rand::{RngExt as _, SeedableRng as _, rngs::Xoshiro256PlusPlus};
use throwaway_synapse::{Role, Synapse, User};
use tokio::time::sleep;

use crate::support::Moderator;

/// The longest pause before something is said, in milliseconds.
const PAUSE: u64 = 400;

/// Chance, the same for the same seed wherever and whenever it is thrown.
pub(super) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Dice of their own, for what goes on beside the rest.
    pub(super) fn fork(&mut self) -> Self {
        Self::new(self.random())
    }

    /// One of some.
    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random_range(0..of.len())]
    }
}

impl Deref for Dice {
    type Target = Xoshiro256PlusPlus;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Dice {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// A room that the bot watches and has power in.
pub(super) struct Watched {
    pub(super) id: String,
    pub(super) name: String,
}

/// Where a round of the script is played.
pub(super) struct Stage<'a> {
    pub(super) moderator: &'a Moderator,
    pub(super) second: &'a Moderator,
    pub(super) synapse: &'a Synapse,
    /// Who has power in the watched rooms, besides the bot.
    pub(super) owner: &'a User,
    pub(super) rooms: &'a [Watched; 2],
    /// The URL at which the bot takes reports.
    pub(super) reports: &'a str,
    /// Counts what happens.
    pub(super) happened: &'a AtomicUsize,
    pub(super) round: usize,
}

/// What a command comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// One answer, ✅, and no job.
    Answered,
    /// One answer, ❌, and no job.
    Refused,
    /// A job without a question: its report, ✅.
    Done,
    /// A job that was asked about: the preview and the report, ✅.
    Confirmed,
    /// A job that was asked about and dropped: the preview, ❌.
    Dropped,
    /// `!confirm`: ✅, and nothing besides.
    Marked,
}

/// A command that somebody typed.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) event: String,
    pub(super) line: String,
    pub(super) ends: Ends,
}

/// A reaction to a card.
#[derive(Debug)]
pub(super) struct Tap {
    pub(super) event: String,
    /// How many jobs come of it.
    pub(super) jobs: usize,
}

/// Something that was reported.
#[derive(Debug)]
pub(super) struct Reported {
    /// `event`, `user` or `room`.
    pub(super) kind: &'static str,
    /// Its ID.
    pub(super) id: String,
    /// How many reports the server, or the bot, has accepted.
    pub(super) filed: usize,
    /// How many it may have accepted without having said so.
    pub(super) unsure: usize,
    /// The state of its case.
    pub(super) state: &'static str,
    /// How many jobs rules make of it.
    pub(super) by_rule: usize,
}

/// What the server is to say at the end.
#[derive(Debug)]
pub(super) enum Fact {
    /// The sanctions that an account has, by the names of the admin API.
    Account { user: String, has: Vec<&'static str> },
    /// Whether a room is blocked.
    Blocked { room: String, is: bool },
    /// A room was shut down, once, and these were in it.
    ShutDown { room: String, members: Vec<String> },
    /// A room was not shut down.
    Untouched { room: String },
    /// A user's membership of a room; `null` without one.
    Member { room: String, user: String, is: &'static str },
    /// The bot changed the membership of a user for this reason, once.
    ChangedOnce { room: String, user: String, reason: String },
    /// The entry of a user in the power levels.
    Power { room: String, user: String, level: Option<i64> },
    /// Where an alias leads.
    Leads { alias: String, room: Option<String> },
    /// Whether a room is in the directory.
    Listed { room: String, is: bool },
    /// Whether a file is kept from everybody.
    Quarantined { file: String, is: bool },
    /// An event was redacted, once.
    Redacted { room: String, event: String },
    /// A sentence with these words is told of a watched room, once.
    Told { room: String, words: String },
}

/// What was done, and what is to come of it.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) asked: Vec<Asked>,
    pub(super) taps: Vec<Tap>,
    pub(super) reports: Vec<Reported>,
    pub(super) facts: Vec<Fact>,
    /// Users who are sanctioned for a time, by the event of the command.
    pub(super) for_a_time: Vec<(String, String)>,
    /// What others than the bot changed in watched rooms.
    pub(super) changes: usize,
}

impl Notes {
    /// Takes in what another strand has noted.
    pub(super) fn extend(&mut self, other: Self) {
        let Self { asked, taps, reports, facts, for_a_time, changes } = other;
        self.asked.extend(asked);
        self.taps.extend(taps);
        self.reports.extend(reports);
        self.facts.extend(facts);
        self.for_a_time.extend(for_a_time);
        self.changes += changes;
    }
}

/// A strand, with chance and notes of its own.
pub(super) struct Strand<'a> {
    pub(super) stage: &'a Stage<'a>,
    pub(super) dice: Dice,
    pub(super) notes: Notes,
    /// Tells its names from those of other strands.
    name: String,
    names: usize,
}

impl<'a> Strand<'a> {
    pub(super) fn new(stage: &'a Stage<'a>, dice: Dice, number: usize) -> Self {
        let name = format!("r{}s{number}", stage.round);
        Self { stage, dice, notes: Notes::default(), name, names: 0 }
    }

    /// A word that nothing else has.
    pub(super) fn word(&mut self) -> String {
        self.names += 1;
        format!("{}n{}", self.name, self.names)
    }

    /// A new user.
    pub(super) async fn user(&mut self) -> User {
        let name = self.word();
        self.stage.synapse.register(&name, Role::User).await.unwrap()
    }

    pub(super) fn moderator(&self) -> &'a Moderator {
        self.stage.moderator
    }

    /// One of the watched rooms.
    pub(super) fn room(&mut self) -> &'a str {
        let rooms = self.stage.rooms;
        &rooms[self.dice.random_range(0..rooms.len())].id
    }

    /// Nobody is in a hurry.
    pub(super) async fn pause(&mut self) {
        let pause = self.dice.random_range(0..PAUSE);
        sleep(Duration::from_millis(pause)).await;
        self.stage.happened.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        self.notes.facts.push(fact);
    }

    /// The moderator types something, and does not wait for the bot; the event.
    pub(super) async fn say(&mut self, line: &str, ends: Ends) -> String {
        self.says(self.stage.moderator, line, ends).await
    }

    /// As [`say`](Self::say), for any moderator.
    pub(super) async fn says(&mut self, who: &Moderator, line: &str, ends: Ends) -> String {
        self.pause().await;
        let event = who.say(line).await;
        self.notes.asked.push(Asked { event: event.clone(), line: line.to_owned(), ends });
        event
    }

    /// Says what is asked about, and wants it, one way or another; the event.
    pub(super) async fn wants(&mut self, line: &str) -> String {
        let m = self.moderator();
        match self.dice.random_range(0..3) {
            0 => self.say(&format!("{line} --yes"), Ends::Done).await,
            1 => {
                let command = self.say(line, Ends::Confirmed).await;
                let preview = m.answer(&command, "do it?").await;
                self.pause().await;
                m.react(&preview.id, "✅").await;
                command
            }
            _ => {
                let command = self.say(line, Ends::Confirmed).await;
                let job = m.answer(&command, "do it?").await.job();
                self.say(&format!("!confirm {job}"), Ends::Marked).await;
                command
            }
        }
    }

    /// Says what is asked about, and drops it, one way or another.
    pub(super) async fn drops(&mut self, line: &str) {
        let m = self.moderator();
        let command = self.say(line, Ends::Dropped).await;
        let preview = m.answer(&command, "do it?").await;
        if self.dice.random_bool(0.5) {
            self.pause().await;
            m.react(&preview.id, "❌").await;
        } else {
            self.say(&format!("!cancel {}", preview.job()), Ends::Answered).await;
        }
    }

    /// Undoes what a command did, once it is done; also if others had something done in the same room since.
    pub(super) async fn undo(&mut self, command: &str) {
        let job = self.moderator().answer(command, "– done").await.job();
        self.say(&format!("!undo {job} --yes"), Ends::Done).await;
    }
}
