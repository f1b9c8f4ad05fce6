//! The tables that are printed.

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use crate::{
    Burst, Size,
    bot::{Bot, Home, Usage},
};

/// Prints each row as soon as it is known: a large run takes long.
pub(crate) struct Report {
    started: Instant,
    out: io::Stdout,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), out: io::stdout() }
    }

    pub(crate) fn beginning(&self, size: &Size) -> anyhow::Result<()> {
        let Size { rooms, memberships, .. } = size;
        writeln!(self.out.lock(), "| what | figure |\n|---|---|")?;
        self.line("the server", &format!("{rooms} rooms with the bot, {memberships} other memberships"))?;
        self.line("prepared in", &format!("{:.0} s", self.started.elapsed().as_secs_f64()))
    }

    pub(crate) fn line(&self, what: &str, figure: &str) -> anyhow::Result<()> {
        let mut out = self.out.lock();
        writeln!(out, "| {what} | {figure} |")?;
        Ok(out.flush()?)
    }

    /// The bot's time beside the raw client's.
    pub(crate) fn time(&self, what: &str, ours: Duration, floor: Duration) -> anyhow::Result<()> {
        let (ours, floor) = (ours.as_secs_f64(), floor.as_secs_f64());
        self.line(what, &format!("{ours:.2} s; raw client {floor:.2} s; ratio {:.2}", ours / floor))
    }

    /// The same of many times each.
    pub(crate) fn times(&self, what: &str, ours: &[Duration], floor: &[Duration]) -> anyhow::Result<()> {
        for (name, part) in [("median", 50), ("p95", 95)] {
            let what = format!("{what}, {name} of {} (raw: of {})", ours.len(), floor.len());
            self.time(&what, percentile(ours, part), percentile(floor, part))?;
        }
        Ok(())
    }

    pub(crate) fn burst(&self, ours: &Burst, floor: &Burst) -> anyhow::Result<()> {
        let count = ours.replies.len();
        self.time(&format!("{count} commands, until all are sent"), ours.sent, floor.sent)?;
        self.time("until the last one is answered", ours.answered, floor.answered)?;
        self.times("reply in the burst", &ours.replies, &floor.replies)
    }

    pub(crate) fn usage(&self, when: &str, usage: Usage) -> anyhow::Result<()> {
        let Usage { memory, peak, cpu } = usage;
        self.line(&format!("memory (peak), CPU {when}"), &format!("{memory} MiB ({peak} MiB), {cpu:.1} s"))
    }

    /// What something took.
    pub(crate) fn taken(&self, what: &str, before: Usage, after: Usage) -> anyhow::Result<()> {
        let cpu = after.cpu - before.cpu;
        self.line(
            &format!("memory before {what}, at its peak, after; CPU"),
            &format!("{} MiB, {} MiB, {} MiB; {cpu:.1} s", before.memory, after.peak, after.memory),
        )
    }

    pub(crate) async fn idle(&self, bot: &Bot, home: &Home, span: Duration) -> anyhow::Result<()> {
        // What follows on the start.
        tokio::time::sleep(span / 6).await;
        let before = bot.usage()?;
        tokio::time::sleep(span).await;
        let after = bot.usage()?;
        let a_minute = (after.cpu - before.cpu) * 60.0 / span.as_secs_f64();
        self.line("memory when idle; CPU in a minute", &format!("{} MiB; {a_minute:.2} s", after.memory))?;
        let size = usize::try_from(home.on_disk()?)?;
        self.line("on disk", &format!("{:.1} MB", mb(size)))
    }
}

/// So many in a time.
pub(crate) fn rate(count: usize, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    format!(
        "{count} in {seconds:.1} s, {:.1} a second",
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds
    )
}

/// Bytes in MB.
pub(crate) fn mb(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}

fn percentile(times: &[Duration], part: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() * part / 100).or(sorted.last()).copied().unwrap_or_default()
}
