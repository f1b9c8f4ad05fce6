//! What is counted as it happens, since the database does not know it: commands, and requests to the admin API. Labels are
//! names of commands, outcomes, patterns of paths and classes of statuses: few, and nothing that anybody wrote.

use std::time::Duration;

use gleipnir_core::ports;
use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};
use synapse_admin::Exchange;

/// The name of a label and its value.
type Label = (&'static str, String);

/// Seconds, from what a local server needs to the longest time-out.
const BUCKETS: [f64; 11] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// The counters.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(super) commands: Family<[Label; 2], Counter>,
    pub(super) command_seconds: Histogram,
    pub(super) requests: Family<[Label; 3], Counter>,
    pub(super) request_seconds: Family<[Label; 2], Histogram, fn() -> Histogram>,
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            commands: Family::default(),
            command_seconds: histogram(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
        }
    }
}

impl Tally {
    /// A request to the admin API.
    pub(crate) fn request(&self, exchange: &Exchange<'_>) {
        let Exchange { method, path, status, took } = *exchange;
        let endpoint = || [("method", method.to_owned()), ("path", path.to_owned())];
        let [method, path] = endpoint();
        self.requests.get_or_create(&[method, path, ("status", class(status))]).inc();
        self.request_seconds.get_or_create(&endpoint()).observe(took.as_secs_f64());
    }
}

impl ports::Tally for Tally {
    fn command(&self, name: &'static str, outcome: &'static str, took: Duration) {
        self.commands.get_or_create(&[("command", name.to_owned()), ("outcome", outcome.to_owned())]).inc();
        self.command_seconds.observe(took.as_secs_f64());
    }
}

/// `2xx` to `5xx`; `timeout`, `unreachable`, `broken_off` or `not_sent` where there is no status.
fn class(status: &str) -> String {
    match status.chars().next() {
        Some(digit) if digit.is_ascii_digit() => format!("{digit}xx"),
        _ => status.replace(' ', "_"),
    }
}
