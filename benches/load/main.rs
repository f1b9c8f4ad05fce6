//! The bot on a large server: thousands of rooms that it is in, a burst of commands, a flood, a wave of joins. What it
//! takes in time, memory and CPU, beside a raw HTTP client that does the same in the same run. Prints tables; asserts
//! nothing.
//!
//! `cargo bench --bench load`, or a small one that takes a minute or two:
//! `LOAD_ROOMS=100 LOAD_MEMBERSHIPS=2000 LOAD_COMMANDS=40 LOAD_EVENTS=300 LOAD_JOINS=50 LOAD_IDLE=5 cargo bench --bench load`

mod bot;
mod commands;
mod ear;
mod noise;
mod raw;
mod report;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use throwaway_synapse::{Crowd, Role, Synapse, User, path_part};

use self::{
    bot::{Bot, Home, Usage},
    ear::{Ear, Question, Said},
    raw::Raw,
    report::Report,
};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_mins(20);
/// How many commands of the burst are on their way at a time.
const ASKED_AT_ONCE: usize = 8;
/// The largest rooms are left to floods and waves.
const SPARED: usize = 50;
/// So many rooms of all are so large that the server takes two events a second there; a flood comes to the one after them.
const CROWDED: usize = 10;
/// Who floods.
const FLOODERS: usize = 10;
/// A flood that is only there to slow a raw client down need not be as long.
const SHORTER: usize = 5;
const BOT: &str = "@gleipnir:hs.test";

/// How much of everything.
struct Size {
    rooms: u32,
    memberships: u32,
    commands: usize,
    events: usize,
    joins: usize,
    idle: Duration,
}

impl Size {
    fn from_env() -> anyhow::Result<Self> {
        fn number<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
            name: &str,
            usual: T,
        ) -> anyhow::Result<T> {
            #[expect(clippy::disallowed_methods, reason = "it is no part of the bot")]
            match std::env::var(name) {
                Ok(value) => value.parse().with_context(|| format!("{name} is {value:?}")),
                Err(_) => Ok(usual),
            }
        }
        Ok(Self {
            rooms: number("LOAD_ROOMS", 5_000)?,
            memberships: number("LOAD_MEMBERSHIPS", 100_000)?,
            commands: number("LOAD_COMMANDS", 200)?,
            events: number("LOAD_EVENTS", 10_000)?,
            joins: number("LOAD_JOINS", 2_000)?,
            idle: Duration::from_secs(number("LOAD_IDLE", 60)?),
        })
    }
}

/// The server, and who and what is on it.
struct Scene {
    synapse: Synapse,
    url: String,
    moderator: User,
    /// An admin who prepares things.
    operator: Raw,
    /// The bot's management room, and the one in which the raw client answers.
    management: String,
    floor: String,
    /// The rooms of the crowd, the largest first.
    rooms: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let size = Size::from_env()?;
    let report = Report::new();
    let mut scene = Scene::new(&size).await?;
    let [flooded, waved] = [&scene.rooms[CROWDED], &scene.rooms[0]].map(Clone::clone);
    let home = Home::new(&scene.url, BOT, &scene.management, &[&flooded, &waved])?;
    report.beginning(&size)?;

    let (bot, raw) = scene.starts(&home, &report).await?;
    report.idle(&bot, &home, size.idle).await?;
    drop(bot);

    // First what the raw client needs, while the bot is not there.
    let ear = scene.ear(&scene.management).await?;
    let raw_ear = scene.ear(&scene.floor).await?;
    let since = raw::next_batch(&raw.listen(&scene.floor, None).await?)?;
    let answering = {
        let (room, moderator) = (scene.floor.clone(), scene.moderator.user_id.clone());
        tokio::spawn(async move { raw.answer(&room, &moderator, since).await })
    };
    let (some, others) = scene.rooms[SPARED..].split_at((scene.rooms.len() - SPARED) / 2);
    let raw_burst = scene.burst(&size, &raw_ear, some).await?;
    let flooders = scene.flooders(&flooded).await?;
    let few = size.events / SHORTER;
    let (took, raw_replies) =
        scene.asked_during(&raw_ear, noise::flood(&flooders, &flooded, few, "raw")).await?;
    report.line("a flood without the bot", &report::rate(few, took))?;
    answering.abort();

    let bot = scene.started(&home, &flooded, &ear, "back for the flood").await?;
    let before = Before::now(&bot, &ear)?;
    let burst = scene.burst(&size, &ear, others).await?;
    report.burst(&burst, &raw_burst)?;
    report.taken("the burst", before.usage, bot.usage()?)?;

    let before = Before::now(&bot, &ear)?;
    let flood = noise::flood(&flooders, &flooded, size.events, "flood");
    let (took, ours) = scene.asked_during(&ear, flood).await?;
    report.line("a flood with the bot", &report::rate(size.events, took))?;
    report.times("reply during the flood", &ours, &raw_replies)?;
    scene.caught_up("flood", &flooded, before, &bot, &ear, &report).await?;
    drop(bot);

    let few = size.joins / SHORTER;
    let absent = scene.absent(&waved, few + size.joins).await?;
    let (first, second) = absent.split_at(few.min(absent.len()));
    let took = noise::wave(&scene.operator, &waved, first).await?;
    report.line("a wave of joins without the bot", &report::rate(first.len(), took))?;
    let bot = scene.started(&home, &waved, &ear, "back for the wave").await?;
    let before = Before::now(&bot, &ear)?;
    let took = noise::wave(&scene.operator, &waved, second).await?;
    report.line("a wave of joins with the bot", &report::rate(second.len(), took))?;
    scene.caught_up("wave", &waved, before, &bot, &ear, &report).await
}

/// How a burst of commands went.
struct Burst {
    /// When all were sent, and when all were answered, from the first one on.
    sent: Duration,
    answered: Duration,
    /// How long each waited for its answer.
    replies: Vec<Duration>,
}

/// How things stood before something began.
struct Before {
    usage: Usage,
    said: Said,
}

impl Before {
    fn now(bot: &Bot, ear: &Ear) -> anyhow::Result<Self> {
        bot.forget_peak()?;
        Ok(Self { usage: bot.usage()?, said: ear.unasked() })
    }
}

impl Scene {
    async fn new(size: &Size) -> anyhow::Result<Self> {
        let crowd =
            Crowd { rooms: size.rooms, memberships: size.memberships, messages: 20, member: BOT.to_owned() };
        let synapse =
            Synapse::builder().crowd(crowd).config(json!({"filter_timeline_limit": 10_000})).start().await?;
        let url = synapse.url().to_owned();
        let bot = synapse.register("gleipnir", Role::Admin).await?;
        let moderator = synapse.register("mod", Role::User).await?;
        let operator = Raw::of(&url, &synapse.register("operator", Role::Admin).await?)?;
        let invite = json!({"preset": "private_chat", "invite": [BOT]});
        let management = moderator.create_room(invite.clone()).await?;
        let floor = moderator.create_room(invite).await?;
        bot.join(&floor).await?;
        let mut rooms = Vec::new();
        let listed = operator.get("/_synapse/admin/v1/rooms?order_by=joined_members&limit=500").await?;
        for room in listed["rooms"].as_array().context("rooms")? {
            if room["name"].as_str().is_some_and(|name| name.starts_with("Crowd")) {
                rooms.push(room["room_id"].as_str().context("room_id")?.to_owned());
            }
        }
        ensure!(rooms.len() >= 2 * SPARED, "{} rooms are too few", rooms.len());
        Ok(Self { synapse, url, moderator, operator, management, floor, rooms })
    }

    async fn ear(&self, room: &str) -> anyhow::Result<Ear> {
        Ear::new(Raw::of(&self.url, &self.moderator)?, &self.moderator.user_id, room).await
    }

    /// First start and second one, each on a server that was just started itself; the bot goes on running.
    async fn starts(&mut self, home: &Home, report: &Report) -> anyhow::Result<(Bot, Raw)> {
        self.synapse.restart().await?;
        let started = Instant::now();
        let raw = Raw::login(&self.url, "gleipnir").await?;
        let (bytes, token) = raw.sync(None).await?;
        let floor = started.elapsed();

        self.synapse.restart().await?;
        let mut bot = Bot::start(home)?;
        let ours = bot.at_work(PATIENCE).await?;
        report.time("first start, to at work", ours, floor)?;
        report.line("what a raw first sync brings", &format!("{:.1} MB", report::mb(bytes)))?;
        report.usage("after the first start", bot.usage()?)?;
        if let Some(line) = bot.log()?.lines().find(|line| line.contains("does not answer")) {
            report.line("the log", line)?;
        }
        drop(bot);

        self.synapse.restart().await?;
        let started = Instant::now();
        raw.get("/_matrix/client/v3/account/whoami").await?;
        raw.sync(Some(&token)).await?;
        let floor = started.elapsed();
        self.synapse.restart().await?;
        let mut bot = Bot::start(home)?;
        let ours = bot.at_work(PATIENCE).await?;
        report.time("start again, to at work", ours, floor)?;
        report.usage("after the start", bot.usage()?)?;
        Ok((bot, raw))
    }

    /// All commands at once, about these rooms, to whoever answers in the room of the ear.
    async fn burst(&self, size: &Size, ear: &Ear, rooms: &[String]) -> anyhow::Result<Burst> {
        self.settle(ear).await?;
        let lines = commands::burst(size.commands, rooms);
        let started = Instant::now();
        let asking = stream::iter(&lines).map(|line| ear.ask(line)).buffered(ASKED_AT_ONCE);
        let questions: Vec<Question> = asking.try_collect().await?;
        let sent = started.elapsed();
        let replies = ear.answers(&questions, PATIENCE).await?;
        Ok(Burst { sent, answered: started.elapsed(), replies })
    }

    /// Waits until a command is answered: whatever was before has passed.
    async fn settle(&self, ear: &Ear) -> anyhow::Result<()> {
        let question = ear.ask("!version").await?;
        ear.answers(&[question], PATIENCE).await.map(drop)
    }

    /// Asks again and again while something happens: how long that took, and how long the answers did.
    async fn asked_during(
        &self,
        ear: &Ear,
        noise: impl Future<Output = anyhow::Result<Duration>>,
    ) -> anyhow::Result<(Duration, Vec<Duration>)> {
        let times = std::cell::RefCell::new(Vec::new());
        let asking = async {
            for n in 0.. {
                let line =
                    if n % 2 == 0 { "!version".to_owned() } else { format!("!room {}", self.rooms[SPARED]) };
                let question = ear.ask(&line).await?;
                let waited = ear.answers(&[question], PATIENCE).await?;
                times.borrow_mut().extend(waited);
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            anyhow::Ok(())
        };
        let took = tokio::select! {
            took = noise => took?,
            failed = asking => anyhow::bail!("asking ended: {failed:?}"),
        };
        Ok((took, times.into_inner()))
    }

    /// Those who flood, in the room.
    async fn flooders(&self, room: &str) -> anyhow::Result<Vec<Raw>> {
        let mut flooders = Vec::new();
        for n in 0..FLOODERS {
            let user = self.synapse.register(&format!("flooder-{n}"), Role::User).await?;
            user.join(room).await?;
            flooders.push(Raw::of(&self.url, &user)?);
        }
        Ok(flooders)
    }

    /// Waits until what happened last in a room was told, and says what it took.
    async fn caught_up(
        &self,
        what: &str,
        room: &str,
        before: Before,
        bot: &Bot,
        ear: &Ear,
        report: &Report,
    ) -> anyhow::Result<()> {
        let waited = self.mark(room, &format!("the end of the {what}"), ear).await?;
        report.line(
            &format!("from the end of the {what} until it was told"),
            &format!("{:.1} s", waited.as_secs_f64()),
        )?;
        let said = ear.unasked();
        report.line(
            &format!("what the bot said of the {what}"),
            &format!(
                "{} messages, {} edits of them",
                said.messages - before.said.messages,
                said.edits - before.said.edits
            ),
        )?;
        report.taken(&format!("the {what}"), before.usage, bot.usage()?)
    }

    /// Has something happen in a room that is told with these words, after all that happened before; how long that takes.
    async fn mark(&self, room: &str, words: &str, ear: &Ear) -> anyhow::Result<Duration> {
        let room = path_part(room);
        let creator = self.operator.get(&format!("/_synapse/admin/v1/rooms/{room}")).await?;
        let creator = path_part(creator["creator"].as_str().context("creator")?);
        let token =
            self.operator.post(&format!("/_synapse/admin/v1/users/{creator}/login"), &json!({})).await?;
        let creator = self.operator.with_token(token["access_token"].as_str().context("access_token")?);
        let nobody =
            format!("@{}:hs.test", words.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_lowercase());
        let ban = json!({"user_id": nobody, "reason": words});
        let started = Instant::now();
        creator.post(&format!("/_matrix/client/v3/rooms/{room}/ban"), &ban).await?;
        ear.hears(words, PATIENCE).await?;
        Ok(started.elapsed())
    }

    /// A bot that is at work, and has told what happened in a room while it was away.
    async fn started(&self, home: &Home, room: &str, ear: &Ear, words: &str) -> anyhow::Result<Bot> {
        let mut bot = Bot::start(home)?;
        bot.at_work(PATIENCE).await?;
        self.mark(room, words, ear).await?;
        Ok(bot)
    }

    /// So many users who are not in a room; the operator is in it afterwards.
    async fn absent(&self, room: &str, count: usize) -> anyhow::Result<Vec<String>> {
        self.operator.post(&format!("/_matrix/client/v3/join/{}", path_part(room)), &json!({})).await?;
        let members =
            self.operator.get(&format!("/_synapse/admin/v1/rooms/{}/members", path_part(room))).await?;
        let members: HashSet<&str> =
            members["members"].as_array().context("members")?.iter().filter_map(Value::as_str).collect();
        let path = format!("/_synapse/admin/v2/users?name=member-&limit={}", count + members.len());
        let users = self.operator.get(&path).await?;
        let names =
            users["users"].as_array().context("users")?.iter().filter_map(|user| user["name"].as_str());
        Ok(names.filter(|name| !members.contains(name)).take(count).map(str::to_owned).collect())
    }
}
