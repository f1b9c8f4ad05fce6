//! Text in both directions: what a moderator typed becomes words, targets and durations; what strangers wrote becomes
//! safe to show. Pure functions.

pub mod clean;
pub mod duration;
mod link;
pub mod message;
pub mod moment;
pub mod nearest;
pub mod number;
pub mod size;
pub mod target;
pub mod user_list;
pub mod words;
