//! Conversations with the bot on a stage: a moderator says something, the bot answers, the homeserver changes.

mod acting;
mod addressing;
mod beside;
mod confirming;
mod crashes;
mod danger;
mod directory;
mod empty_rooms;
mod event;
mod faults;
mod hostile;
mod jobs;
mod messages;
mod powers;
mod purging;
mod reading;
mod scene;
mod shutdown_status;
mod shutdowns;
mod state;
mod tidy;
mod usage;
