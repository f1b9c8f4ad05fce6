//! Pure rules: values in, values out; no waiting, no ports.

pub mod can;
pub mod cause;
pub mod change;
pub mod digest;
pub mod event;
pub mod explain;
pub mod feed;
pub mod grant;
pub mod join_rules;
pub mod member;
pub mod membership;
pub mod names;
pub mod power;
pub mod room_order;
pub mod room_state;
pub mod safety;
pub mod space;
pub mod state;
pub mod tasks;
