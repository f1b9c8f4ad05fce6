//! How far the restoration of a room is, and what came of it.

use std::mem::discriminant;

use ruma::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use crate::plan::{RoomRef, StepState};

/// How far it is. It is written down after every unit of work, so it holds no lists that grow with the room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoringRun {
    /// What is done next.
    pub at: Restoring,
    /// The room as it is now; `None` before there is one.
    #[serde(default)]
    pub room: Option<OwnedRoomId>,
    /// How often what is next was tried without an answer that says anything.
    #[serde(default)]
    pub tries: u32,
    /// What is known of its end so far.
    #[serde(default)]
    pub told: Told,
}

/// What is known of the end of a restoration so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// How many former members could not be brought in, and are invited.
    pub invited: u64,
    /// How many former members have no account any more that could be brought in.
    pub gone: u64,
    /// Who of the others could not be brought in or invited, and why: the first hundred.
    pub left_out: Vec<NotBack>,
    /// What else did not go as it should, in sentences; the first twenty.
    pub troubles: Vec<String>,
    /// Whether the room that the members were moved to is closed.
    pub is_closed: bool,
}

impl Told {
    const LEFT_OUT: usize = 100;
    const TROUBLES: usize = 20;

    /// Somebody is not back.
    pub fn leave_out(&mut self, user: OwnedUserId, why: impl Into<String>) {
        if self.left_out.len() < Self::LEFT_OUT {
            self.left_out.push(NotBack { user, why: why.into() });
        }
    }

    /// Something did not go as it should.
    pub fn trouble(&mut self, sentence: String) {
        if self.troubles.len() < Self::TROUBLES {
            self.troubles.push(sentence);
        }
    }
}

/// What is done next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Restoring {
    /// The bot is about to join the room.
    Joining,
    /// A new room is about to be made. After a crash, a room that is not among the known ones, and names the old one as its
    /// predecessor, is ours.
    Creating {
        /// The rooms that the bot was in before.
        known: Vec<OwnedRoomId>,
        /// How often it was looked for since it was asked for last.
        looks: u32,
    },
    /// Those are banned who were, from this one on.
    Banning {
        /// Counted from 0.
        next: usize,
    },
    /// The aliases are made to lead to it, from this one on.
    Naming {
        /// Counted from 0.
        next: usize,
    },
    /// It gets its main alias, and its place in the room directory.
    Publishing,
    /// Former members are brought back, from this one on.
    BringingBack {
        /// Counted from 0.
        next: usize,
    },
    /// The room that the members were moved to is closed.
    Closing {
        /// How far that is, as a shutdown.
        state: Option<Box<StepState>>,
    },
    /// What came of it is read, and the bot leaves.
    Leaving,
}

/// Somebody who is not back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotBack {
    /// Who.
    pub user: OwnedUserId,
    /// Why, in the server's words or ours.
    pub why: String,
}

/// What came of a restoration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The room as it is now.
    pub room: RoomRef,
    /// How many former members are in it again.
    pub back: u64,
    /// How many of those who have an account are neither back nor invited.
    pub missing: u64,
    /// Whether the bot stays in it.
    pub is_watched: bool,
    /// What else is known.
    pub told: Told,
}

impl StepState {
    /// Whether it is the same state, as far as what is tried in it goes.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Restoring { run: ours }, Self::Restoring { run: theirs }) => {
                match (&ours.at, &theirs.at) {
                    (
                        Restoring::Closing { state: Some(ours) },
                        Restoring::Closing { state: Some(theirs) },
                    ) => ours.is_like(theirs),
                    (Restoring::Closing { state: ours }, Restoring::Closing { state: theirs }) => {
                        ours.is_some() == theirs.is_some()
                    }
                    (ours, theirs) => discriminant(ours) == discriminant(theirs),
                }
            }
            _ => discriminant(self) == discriminant(other),
        }
    }
}
