//! Conversations with the bot on a stage: a moderator says something, the bot answers, the homeserver changes.

mod acting;
mod addressing;
mod confirming;
mod crashes;
mod danger;
mod faults;
mod hostile;
mod jobs;
mod listing;
mod people;
mod reading;
mod scene;
mod spaces;
mod tidy;
mod usage;
