//! The numbers in the text format of OpenMetrics, which Prometheus reads. The table [`METRICS`] is all of them: what they
//! mean, which labels they have, and where each comes from. What the database knows is read when somebody asks, so that a
//! restart forgets nothing of it.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Instant};

use gleipnir_core::{model::ReportKind, ports::CaseState};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, MetricEncoder, NoLabelSet, text::encode},
    metrics::MetricType,
    registry::Registry,
};
use tracing::debug;

use super::{Tally, Vitals, health::Health};
use crate::store::{Count, Figures};

/// A family of numbers.
pub(super) struct Metric {
    /// Its name, without what the format puts behind it for its type.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold the samples and the handbook against it"))]
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
    write: Write,
}

/// What a family holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

type Memory = fn(&Scrape, MetricEncoder<'_>) -> fmt::Result;
type Database = fn(&Figures, MetricEncoder<'_>) -> fmt::Result;

/// Where its numbers come from.
enum Write {
    /// From this process: a restart begins anew.
    Memory(Memory),
    /// From the database, if that can be read.
    Database(Database),
}

/// All numbers.
pub(super) const METRICS: [Metric; 16] = [
    Metric {
        name: "gleipnir_build",
        kind: Kind::Info,
        labels: &["version"],
        help: "The version that runs",
        write: Write::Memory(|_, mut to| to.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])),
    },
    Metric {
        name: "gleipnir_process_start_time_seconds",
        kind: Kind::Gauge,
        labels: &[],
        help: "When the process started, in seconds since the Unix epoch",
        write: Write::Memory(|scrape, mut to| to.encode_gauge(&scrape.started_at)),
    },
    Metric {
        name: "gleipnir_ready",
        kind: Kind::Gauge,
        labels: &[],
        help: "1 if all checks are good, as /health/ready says, else 0",
        write: Write::Memory(|scrape, mut to| to.encode_gauge(&u64::from(scrape.health.is_ready()))),
    },
    Metric {
        name: "gleipnir_check_good",
        kind: Kind::Gauge,
        labels: &["check"],
        help: "1 if a check of /health/ready is good, else 0",
        write: Write::Memory(|scrape, to| {
            let checks = scrape.health.checks().map(|(name, check)| (name, u64::from(check.is_good)));
            gauges(to, "check", checks)
        }),
    },
    Metric {
        name: "gleipnir_sync_age_seconds",
        kind: Kind::Gauge,
        labels: &[],
        help: "How long ago the homeserver answered a sync last, or the process started if it has not since; up to 30 \
               while nothing happens",
        write: Write::Memory(|scrape, mut to| to.encode_gauge(&scrape.sync_age)),
    },
    Metric {
        name: "gleipnir_queue_length",
        kind: Kind::Gauge,
        labels: &["queue"],
        help: "What waits: received events (inbox), messages and reactions to send (outbox), jobs under way or waiting \
               for their turn (jobs), jobs to be confirmed (confirmations), changes in watched rooms to be told (feed), \
               parts of their history to be read (gaps), forwarded reports that are in no case yet (forwarded)",
        write: Write::Database(|figures, to| {
            let queues = [
                ("inbox", figures.inbox),
                ("outbox", figures.outbox),
                ("jobs", figures.running),
                ("confirmations", figures.proposed),
                ("feed", figures.untold),
                ("gaps", figures.gaps),
                ("forwarded", figures.forwarded),
            ];
            gauges(to, "queue", queues)
        }),
    },
    Metric {
        name: "gleipnir_commands",
        kind: Kind::Counter,
        labels: &["command", "outcome"],
        help: "Commands and turned pages since the start, by what was decided: answered, planned (a job, unless the safety \
               rules refuse it), confirmed, cancelled, judged, tuned (the bot itself), refused or failed",
        write: Write::Memory(|scrape, to| scrape.tally.commands.encode(to)),
    },
    Metric {
        name: "gleipnir_command_seconds",
        kind: Kind::Histogram,
        labels: &[],
        help: "How long commands took to be decided",
        write: Write::Memory(|scrape, to| scrape.tally.command_seconds.encode(to)),
    },
    Metric {
        name: "gleipnir_jobs",
        kind: Kind::Counter,
        labels: &["command", "outcome"],
        help: "Jobs that ended, by the command: done, partly, failed, stopped, cancelled or expired",
        write: Write::Database(|figures, to| {
            counters(to, figures, "job", |count| {
                vec![("command", word(&count.kind)), ("outcome", word(&count.outcome))]
            })
        }),
    },
    Metric {
        name: "gleipnir_steps",
        kind: Kind::Counter,
        labels: &["kind", "outcome"],
        help: "Steps of jobs that ended: done, failed, or stopped before they were begun",
        write: Write::Database(|figures, to| {
            counters(to, figures, "step", |count| {
                vec![("kind", word(&count.kind)), ("outcome", word(&count.outcome))]
            })
        }),
    },
    Metric {
        name: "gleipnir_admin_requests",
        kind: Kind::Counter,
        labels: &["method", "path", "status"],
        help: "Requests to the homeserver's admin API since the start, by the pattern of the path and the class of the \
               status; or timeout, unreachable, broken_off, not_sent",
        write: Write::Memory(|scrape, to| scrape.tally.requests.encode(to)),
    },
    Metric {
        name: "gleipnir_admin_request_seconds",
        kind: Kind::Histogram,
        labels: &["method", "path"],
        help: "How long requests to the homeserver's admin API took",
        write: Write::Memory(|scrape, to| scrape.tally.request_seconds.encode(to)),
    },
    Metric {
        name: "gleipnir_reports",
        kind: Kind::Counter,
        labels: &["kind"],
        help: "Abuse reports that became part of a case",
        write: Write::Database(|figures, mut to| {
            for kind in ReportKind::ALL {
                let n = sum(figures, |count| count.what == "report" && count.kind == kind.word());
                counter(&mut to, &[("kind", kind.word())], n)?;
            }
            Ok(())
        }),
    },
    Metric {
        name: "gleipnir_cases",
        kind: Kind::Gauge,
        labels: &["state"],
        help: "Cases, by what moderators made of them",
        write: Write::Database(|figures, to| {
            let of = |state: CaseState| figures.cases.iter().find(|(word, _)| word == state.word());
            let states = [CaseState::Open, CaseState::Claimed, CaseState::Resolved, CaseState::Dismissed];
            gauges(to, "state", states.map(|state| (state.word(), of(state).map_or(0, |(_, n)| *n))))
        }),
    },
    Metric {
        name: "gleipnir_feed_events",
        kind: Kind::Counter,
        labels: &[],
        help: "Changes in watched rooms that were told",
        write: Write::Database(|figures, mut to| {
            to.encode_counter::<NoLabelSet, _, u64>(&sum(figures, |count| count.what == "told"), None)
        }),
    },
    Metric {
        name: "gleipnir_messages",
        kind: Kind::Counter,
        labels: &["kind", "of"],
        help: "What was sent into the management room: a message, edit, file or reaction, of the feed or other",
        write: Write::Database(|figures, mut to| {
            for kind in ["message", "edit", "file", "reaction"] {
                for of in ["feed", "other"] {
                    let is_it =
                        |count: &Count| count.what == "sent" && count.kind == kind && count.outcome == of;
                    counter(&mut to, &[("kind", kind), ("of", of)], sum(figures, is_it))?;
                }
            }
            Ok(())
        }),
    },
];

impl Kind {
    fn of_the_format(self) -> MetricType {
        match self {
            Self::Counter => MetricType::Counter,
            Self::Gauge => MetricType::Gauge,
            Self::Histogram => MetricType::Histogram,
            Self::Info => MetricType::Info,
        }
    }

    /// The format's word for it.
    #[cfg(test)]
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }

    /// What the format puts behind the name.
    #[cfg(test)]
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Gauge | Self::Histogram => "",
            Self::Info => "_info",
        }
    }
}

fn gauges<'a>(
    mut to: MetricEncoder<'_>,
    label: &'static str,
    values: impl IntoIterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    values.into_iter().try_for_each(|(word, n)| to.encode_family(&[(label, word)])?.encode_gauge(&n))
}

fn counter(to: &mut MetricEncoder<'_>, labels: &[(&str, &str)], n: u64) -> fmt::Result {
    to.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&n, None)
}

/// The counts of something, by labels; those with equal ones are one.
fn counters(
    mut to: MetricEncoder<'_>,
    figures: &Figures,
    what: &str,
    labels: impl Fn(&Count) -> Vec<(&'static str, &str)>,
) -> fmt::Result {
    let mut sums = BTreeMap::new();
    for count in figures.counts.iter().filter(|count| count.what == what) {
        *sums.entry(labels(count)).or_insert(0) += count.n;
    }
    sums.into_iter().try_for_each(|(labels, n)| counter(&mut to, &labels, n))
}

fn sum(figures: &Figures, which: impl Fn(&Count) -> bool) -> u64 {
    figures.counts.iter().filter(|count| which(count)).map(|count| count.n).sum()
}

/// A word that the bot wrote into its database. What looks like anything else is not told.
fn word(stored: &str) -> &str {
    let is_ours = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if !stored.is_empty() && stored.len() <= 40 && stored.chars().all(is_ours) { stored } else { "other" }
}

/// What is told at one time.
#[derive(Debug)]
struct Scrape {
    health: Health,
    started_at: f64,
    sync_age: f64,
    tally: Arc<Tally>,
    /// `None` while the database cannot be read: the rest is told all the same.
    figures: Option<Figures>,
}

impl Collector for Scrape {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        for metric in &METRICS {
            let write: &dyn Fn(MetricEncoder<'_>) -> fmt::Result = match (&metric.write, &self.figures) {
                (Write::Memory(write), _) => &|to| write(self, to),
                (Write::Database(write), Some(figures)) => &|to| write(figures, to),
                (Write::Database(_), None) => continue,
            };
            write(to.encode_descriptor(metric.name, metric.help, None, metric.kind.of_the_format())?)?;
        }
        Ok(())
    }
}

/// All numbers, as they are now. Reads the database.
pub(super) fn text(vitals: &Vitals, health: &Health) -> Result<String, fmt::Error> {
    let figures = vitals.store.figures();
    if let Err(error) = &figures {
        debug!(%error, "cannot read the numbers of the database");
    }
    let now = Instant::now();
    let age = vitals.since_sync(now).unwrap_or_else(|| now.saturating_duration_since(vitals.started));
    let scrape = Scrape {
        health: health.clone(),
        started_at: std::time::Duration::from_millis(u64::try_from(vitals.started_at).unwrap_or_default())
            .as_secs_f64(),
        sync_age: age.as_secs_f64(),
        tally: vitals.tally.clone(),
        figures: figures.ok(),
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(scrape));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
