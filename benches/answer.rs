//! What a moderator waits for, on a real Synapse: the start, and the time from a command to its answer, beside a raw
//! HTTP client that does the same in the same run. Prints a table; asserts nothing.
//!
//! `cargo bench --bench answer`

use std::{
    io::{self, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde_json::{Value, json};
use throwaway_synapse::{PASSWORD, Role, Synapse, User, path_part};

/// How many commands are timed.
const COMMANDS: usize = 60;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let synapse = Synapse::start().await?;
    let bot = synapse.register("gleipnir", Role::Admin).await?;
    let moderator = synapse.register("mod", Role::User).await?;
    let invite = json!({"preset": "private_chat", "invite": [bot.user_id]});
    let room = moderator.create_room(invite.clone()).await?;
    let floor_room = moderator.create_room(invite).await?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("config.toml");
    std::fs::write(
        &config,
        format!(
            "[homeserver]\nurl = {:?}\nuser_id = {:?}\npassword = {PASSWORD:?}\n[management]\nroom = {room:?}\n\
             [storage]\npath = \"data\"\n",
            synapse.url(),
            bot.user_id
        ),
    )?;
    let mut ear = Ear::new(&moderator).await?;

    let started = Instant::now();
    let first = Bot::start(&config)?;
    ear.hear(&room, |body| body.contains("Hello, I am")).await?;
    let first_start = started.elapsed();
    drop(first);
    moderator.send_text(&room, "!version").await?;
    let started = Instant::now();
    let again = Bot::start(&config)?;
    ear.hear(&room, |body| body.contains("on Synapse")).await?;
    let restart = started.elapsed();

    let target = "!XPmubELA7ER6B1qWQEzTd4KVpxn6_czlQJqIh5dZlak";
    let ours = time(&moderator, &mut ear, &room, &format!("!blocked {target}"), "is not blocked").await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (idle, peak) = again.memory()?;
    drop(again);

    bot.join(&floor_room).await?;
    let raw = tokio::spawn(answer_raw(bot.clone(), floor_room.clone(), target.to_owned()));
    let floor = time(&moderator, &mut ear, &floor_room, "go", "is not blocked").await?;
    raw.abort();

    let mut out = io::stdout();
    writeln!(out, "| what | figure |\n|---|---|")?;
    writeln!(
        out,
        "| first start (login, keys, joining) to the introduction | {} ms |",
        first_start.as_millis()
    )?;
    writeln!(out, "| start again to the answer of a command sent before | {} ms |", restart.as_millis())?;
    writeln!(out, "| memory when idle (peak) | {} MiB ({} MiB) |", idle / 1024, peak / 1024)?;
    for (name, part) in [("median", 50), ("p95", 95)] {
        let (ours, floor) = (percentile(&ours, part), percentile(&floor, part));
        let ratio = ours.as_secs_f64() / floor.as_secs_f64();
        writeln!(
            out,
            "| command to answer, {name} of {COMMANDS} | {:.1} ms; raw client {:.1} ms; ratio {ratio:.2} |",
            ours.as_secs_f64() * 1e3,
            floor.as_secs_f64() * 1e3
        )?;
    }
    Ok(())
}

/// The same job without a bot: sync, ask the admin API, send.
async fn answer_raw(bot: User, room: String, target: String) -> anyhow::Result<()> {
    let mut ear = Ear::new(&bot).await?;
    loop {
        ear.hear(&room, |body| body == "go").await?;
        let status = bot.get(&format!("/_synapse/admin/v1/rooms/{}/block", path_part(&target))).await?;
        let words = if status["block"] == true { "is blocked" } else { "is not blocked" };
        bot.send(&room, "m.room.message", json!({"msgtype": "m.notice", "body": words})).await?;
    }
}

async fn time(
    moderator: &User,
    ear: &mut Ear,
    room: &str,
    line: &str,
    words: &str,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for n in 0..COMMANDS + 5 {
        let started = Instant::now();
        moderator.send_text(room, line).await?;
        ear.hear(room, |body| body.contains(words)).await?;
        // The first ones warm connections and caches.
        if n >= 5 {
            times.push(started.elapsed());
        }
    }
    times.sort_unstable();
    Ok(times)
}

fn percentile(sorted: &[Duration], part: usize) -> Duration {
    sorted[(sorted.len() * part / 100).min(sorted.len() - 1)]
}

/// Somebody's sync.
struct Ear {
    user: User,
    since: String,
}

impl Ear {
    async fn new(user: &User) -> anyhow::Result<Self> {
        let answer = user.sync(None, 0).await?;
        Ok(Self {
            user: user.clone(),
            since: answer["next_batch"].as_str().context("next_batch")?.to_owned(),
        })
    }

    /// Waits for a message of somebody else.
    async fn hear(&mut self, room: &str, fits: impl Fn(&str) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_mins(1);
        while Instant::now() < deadline {
            let answer = self.user.sync(Some(&self.since), 10_000).await?;
            answer["next_batch"].as_str().context("next_batch")?.clone_into(&mut self.since);
            let events =
                answer["rooms"]["join"][room]["timeline"]["events"].as_array().cloned().unwrap_or_default();
            let said = |event: &Value| {
                event["sender"] != self.user.user_id.as_str()
                    && event["content"]["body"].as_str().is_some_and(&fits)
            };
            if events.iter().any(said) {
                return Ok(());
            }
        }
        anyhow::bail!("nobody answered within a minute")
    }
}

/// The bot's process; ends when dropped.
struct Bot(Child);

impl Bot {
    fn start(config: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gleipnir"));
        Ok(Self(command.arg("--config").arg(config).stderr(Stdio::null()).spawn()?))
    }

    /// Resident memory now and at its peak, in KiB.
    fn memory(&self) -> anyhow::Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        Ok((field("VmRSS").context("VmRSS")?, field("VmHWM").context("VmHWM")?))
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
