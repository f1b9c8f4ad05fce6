//! The main job on a real server: a throwaway Synapse, the bot in its management room, and an incident played through.
//! The room is printed as it happens.
//!
//! `cargo run --example demo` ends by itself; with `-- --stay` everything stays up, so that one can join with a client.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};
use gleipnir::config::Config;
use serde_json::{Value, json};
use throwaway_synapse::{PASSWORD, Role, Synapse, User, path_part};

/// So many more people are in the bad room: shutting it down takes a while then, and shows its progress.
const CROWD: usize = 40;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let stay = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--stay") => true,
        Some(other) => bail!("the demo knows --stay only, not {other}"),
    };
    say("Starting a throwaway Synapse (the first time it is installed, which takes a minute) …")?;
    let synapse = Synapse::start().await?;
    let bot = synapse.register("gleipnir", Role::Admin).await?;
    let moderator = synapse.register("mod", Role::User).await?;
    let spammer = synapse.register("spammer", Role::User).await?;
    let visitor = synapse.register("visitor", Role::User).await?;
    let (bad, spam) = bad_room(&spammer, &visitor).await?;
    for n in 1..=CROWD {
        synapse.register(&format!("visitor{n}"), Role::User).await?.join(&bad).await?;
    }
    let management = moderator
        .create_room(json!({"preset": "private_chat", "name": "Moderators", "invite": [bot.user_id]}))
        .await?;

    let folder = tempfile::tempdir()?;
    let config = config(&synapse, &bot, &management, folder.path())?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut bot_task = tokio::spawn(gleipnir::run(config, async { drop(stopped.await) }));
    let mut room = Room { moderator: moderator.clone(), id: management, since: None, names: BTreeMap::new() };
    say("Synapse and the bot are up. This is the management room:\n")?;
    let incident = async {
        room.wait("Hello, I am").await?;
        watched(&mut room, &bot, &spammer).await?;
        room.command(&format!("!room {bad}"), "Joining").await?;
        room.command(&format!("!context https://matrix.to/#/{bad}/{spam} -n 6"), "▶").await?;
        reported(&mut room, &visitor, &bad, &spam).await?;
        room.command("!blok #free-stuff:hs.test", "Did you mean").await?;
        room.command("!block #free-stuff:hs.test spam", "blocked").await?;
        let preview = room.command("!shutdown #free-stuff:hs.test spam wave", "do it?").await?;
        room.moderator.react(&room.id, &preview, "✅").await?;
        room.wait("is shut down").await?;
        room.command(&format!("!blocked {bad}"), "blocked").await?;
        room.command("!audit", "shut down").await
    };
    tokio::select! {
        done = incident => done.map(drop)?,
        ended = &mut bot_task => bail!("the bot ended: {ended:?}"),
    }
    if stay {
        say(&format!(
            "\nEverything stays up until Ctrl-C. Homeserver: {}\nLog in as @mod:hs.test, @spammer:hs.test or \
             @visitor:hs.test with the password {PASSWORD}; the bot and server admin is @gleipnir:hs.test.",
            synapse.url()
        ))?;
        room.watch().await?;
    }
    // Before the server is gone.
    drop(stop);
    bot_task.await?.map_err(|ended| anyhow!("the bot ended: {ended:?}"))?;
    say("\nThat was it. Try it yourself: cargo run --example demo -- --stay")
}

/// A room that the bot is invited to watch: what happens there is told, and can be asked about.
async fn watched(room: &mut Room, bot: &User, spammer: &User) -> anyhow::Result<()> {
    let moderator = room.moderator.clone();
    let square = json!({"preset": "public_chat", "name": "Town square", "room_alias_name": "square",
        "invite": [bot.user_id]});
    let square = moderator.create_room(square).await?;
    room.wait("I am in it now").await?;
    spammer.join(&square).await?;
    let ban = json!({"user_id": spammer.user_id, "reason": "advertising"});
    moderator.post(&format!("/_matrix/client/v3/rooms/{}/ban", path_part(&square)), ban).await?;
    room.wait("removed and banned").await?;
    room.command(&format!("!explain {} #square:hs.test", spammer.user_id), "The story of").await?;
    room.command(&format!("!can {} join #square:hs.test", spammer.user_id), "cannot join").await?;
    Ok(())
}

/// Somebody reports the spam: a card appears, and one tap on it acts.
async fn reported(room: &mut Room, visitor: &User, bad: &str, spam: &str) -> anyhow::Result<()> {
    let path = format!("/_matrix/client/v3/rooms/{}/report/{}", path_part(bad), path_part(spam));
    visitor.post(&path, json!({"reason": "they advertise to everybody"})).await?;
    let card = room.wait("Case 1:").await?;
    room.moderator.react(&room.id, &card, "⏸️").await?;
    room.wait("is suspended").await?;
    Ok(())
}

/// A room with a spammer and a visitor; its ID, and the message to look at.
async fn bad_room(spammer: &User, visitor: &User) -> anyhow::Result<(String, String)> {
    spammer.display_name("Nice Offers").await?;
    let room = spammer
        .create_room(json!({"preset": "public_chat", "name": "Free stuff!", "room_alias_name": "free-stuff",
            "topic": "get it while it is hot"}))
        .await?;
    visitor.join(&room).await?;
    visitor.send_text(&room, "hello, what is this room about?").await?;
    let spam = spammer.send_text(&room, "FREE NITRO at http://nitro.example @room <b>now</b>").await?;
    visitor.send_text(&room, "is that allowed here?").await?;
    Ok((room, spam))
}

fn config(synapse: &Synapse, bot: &User, room: &str, folder: &Path) -> anyhow::Result<Config> {
    let text = format!(
        "[homeserver]\nurl = {:?}\nuser_id = {:?}\npassword = {PASSWORD:?}\n[management]\nroom = {room:?}\n\
         [storage]\npath = \"data\"\n[reports]\npoll_interval = \"2s\"\n[log]\nlevel = \"warn\"\n",
        synapse.url(),
        bot.user_id
    );
    Config::parse(&text, folder)
}

/// The management room, seen by the moderator.
struct Room {
    moderator: User,
    id: String,
    since: Option<String>,
    names: BTreeMap<String, String>,
}

impl Room {
    /// Sends a command, and waits for an answer with these words; the answer's ID.
    async fn command(&mut self, line: &str, words: &str) -> anyhow::Result<String> {
        self.moderator.send_text(&self.id, line).await?;
        self.wait(words).await
    }

    /// Prints what happens until the bot says these words.
    async fn wait(&mut self, words: &str) -> anyhow::Result<String> {
        let waiting = async {
            loop {
                let mut found = None;
                for event in self.news().await? {
                    self.print(&event)?;
                    let body = event["content"]["body"].as_str().unwrap_or_default();
                    if event["content"]["msgtype"] == "m.notice" && body.contains(words) {
                        found = event["event_id"].as_str().map(str::to_owned);
                    }
                }
                if let Some(id) = found {
                    return Ok(id);
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), waiting)
            .await
            .with_context(|| format!("the bot did not say {words:?} within a minute"))?
    }

    async fn watch(&mut self) -> anyhow::Result<()> {
        loop {
            for event in self.news().await? {
                self.print(&event)?;
            }
        }
    }

    async fn news(&mut self) -> anyhow::Result<Vec<Value>> {
        let answer = self.moderator.sync(self.since.as_deref(), 10_000).await?;
        self.since = answer["next_batch"].as_str().map(str::to_owned);
        let timeline = &answer["rooms"]["join"][&self.id]["timeline"]["events"];
        Ok(timeline.as_array().cloned().unwrap_or_default())
    }

    fn print(&mut self, event: &Value) -> anyhow::Result<()> {
        let id = event["event_id"].as_str().unwrap_or_default().to_owned();
        let content = &event["content"];
        let sender = event["sender"].as_str().unwrap_or_default();
        let body = content["body"].as_str().unwrap_or_default();
        match event["type"].as_str() {
            Some("m.room.message") if content["m.relates_to"]["rel_type"] == "m.replace" => {
                let body = content["m.new_content"]["body"].as_str().unwrap_or(body);
                print(&format!("{sender} (edited)"), body)
            }
            Some("m.room.message") => {
                let start: String = body.lines().next().unwrap_or_default().chars().take(40).collect();
                self.names.insert(id, start);
                print(sender, body)
            }
            Some("m.reaction") => {
                let relation = &content["m.relates_to"];
                let to = relation["event_id"].as_str().and_then(|id| self.names.get(id));
                let key = relation["key"].as_str().unwrap_or_default();
                print(sender, &format!("{key}  on “{}”", to.map_or("…", String::as_str)))
            }
            _ => Ok(()),
        }
    }
}

fn print(sender: &str, body: &str) -> anyhow::Result<()> {
    let mut lines = body.lines();
    say(&format!("{sender:>26} │ {}", lines.next().unwrap_or_default()))?;
    lines.try_for_each(|line| say(&format!("{:>26} │ {line}", "")))
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
