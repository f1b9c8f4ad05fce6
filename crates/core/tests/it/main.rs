//! Conversations with the bot on a stage: a moderator says something, the bot answers, the homeserver changes.

mod acting;
mod addressing;
mod beside;
mod confirming;
mod crashes;
mod danger;
mod faults;
mod hostile;
mod jobs;
mod reading;
mod scene;
mod tidy;
mod usage;
