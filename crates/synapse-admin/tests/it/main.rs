//! The client against recorded answers of Synapse 1.163.2, and against the server itself (`live`). Tests named `trap_…`
//! are about answers that mislead.

mod account_management;
mod block;
mod client_api;
mod delete;
mod directory;
mod entry;
mod extremities;
mod fake;
mod faults;
mod federation;
mod history;
mod live;
mod logging;
mod login;
mod media;
mod membership;
mod observing;
mod purge_history;
mod registration;
mod registration_tokens;
mod reports;
mod requests;
mod rooms;
mod rooms_made;
mod sending;
mod statistics;
mod tasks;
mod users;
