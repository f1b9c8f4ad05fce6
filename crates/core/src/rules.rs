//! Pure rules: values in, values out; no waiting, no ports.

pub mod event;
pub mod join_rules;
pub mod membership;
pub mod power;
pub mod safety;
