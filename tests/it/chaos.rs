//! Everything at once, and the bot is killed (SIGKILL) in the middle of it again and again: commands of all kinds, abuse
//! reports, and changes in watched rooms. At the end each command was executed once, each report is in one case, each
//! change is told once, and what the bot remembers is what the server says.
//!
//! What happens, and when the bot is killed, is drawn from a seed; `GLEIPNIR_SEED` is another one, `GLEIPNIR_KILLS` (10) is
//! how many kills there are. An even seed is an open management room, an odd one is encrypted. A long run:
//!
//! ```sh
//! for seed in $(seq 100 109); do GLEIPNIR_SEED=$seed GLEIPNIR_KILLS=30 cargo test --test it chaos::seeded; done
//! ```

mod killer;
mod script;
mod strand;
mod verdict;

use std::{net::TcpListener, sync::atomic::AtomicUsize, time::Duration};

use serde_json::json;
use throwaway_synapse::{Role, Synapse, User};
use tokio::time::Instant;

use self::{
    strand::{Dice, Notes, Stage, Watched},
    verdict::Verdict,
};
use crate::support::{BOT, Kind, Moderator, Scene};

/// Kills in a row, with a part of the script of its own beside them.
const KILLS_A_ROUND: usize = 20;

/// How many kills there are where `GLEIPNIR_KILLS` says nothing.
const KILLS: usize = 10;

/// The seeds that are tried where `GLEIPNIR_SEED` says nothing.
const OPEN: u64 = 20_261_120;
const ENCRYPTED: u64 = 20_261_121;

/// What rules there are, and that nothing is asked for because it is much.
const CONFIGURATION: &str = r#"
[safety]
allow_yes = true
[safety.limits]
all = { ask = 100000, refuse = 1000000 }
[feed]
default = "all"
[reports]
poll_interval = "1s"
max_actions_per_hour = 1000
[[reports.rules]]
name = "spam"
when = { kind = "event", text = '(?i)\bfree\s+nitro\b' }
do = ["redact", "suspend"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn seeded() {
    run(number("GLEIPNIR_SEED").unwrap_or(OPEN)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted() {
    // Who asks for a seed is not interested in this one.
    if number("GLEIPNIR_SEED").is_none() {
        run(ENCRYPTED).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "what cargo starts has no arguments for it")]
fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}")))
}

async fn run(seed: u64) {
    let kills = number("GLEIPNIR_KILLS").map_or(KILLS, |kills| usize::try_from(kills).unwrap());
    eprintln!("Again: GLEIPNIR_SEED={seed} GLEIPNIR_KILLS={kills} cargo test --test it chaos::seeded");
    let kind = if seed.is_multiple_of(2) { Kind::Open } else { Kind::Encrypted };
    let server = Synapse::builder().config(json!({"room_list_publication_rules": [{"action": "allow"}]}));
    let Some(mut scene) = Scene::on(server, kind, Role::Admin).await else { return };
    let mut dice = Dice::new(seed);
    let second = second(&scene, kind).await;
    let reports = free_address();
    scene.bot.more = format!("{CONFIGURATION}\n[reports.http]\nlisten = {reports:?}");
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    scene.bot.knows("SELECT count(*) = 2 FROM report_kinds WHERE kind IN ('event', 'user')").await;
    let owner = scene.synapse.register("owner", Role::User).await.unwrap();
    let rooms = [watched(&scene, &owner, "Square").await, watched(&scene, &owner, "Garden").await];

    let started = Instant::now();
    let mut notes = Notes::default();
    let happened = AtomicUsize::new(0);
    let mut left = kills;
    for round in 0..kills.div_ceil(KILLS_A_ROUND) {
        let now = left.min(KILLS_A_ROUND);
        left -= now;
        let stage = Stage {
            moderator: &scene.moderator,
            second: &second,
            synapse: &scene.synapse,
            owner: &owner,
            rooms: &rooms,
            reports: &format!("http://{reports}"),
            happened: &happened,
            round,
        };
        let (played, ()) = tokio::join!(
            script::play(&stage, dice.fork()),
            killer::kill(&mut scene.bot, dice.fork(), now, &happened)
        );
        notes.extend(played);
    }
    let (acted, ending) = (started.elapsed(), Instant::now());
    let verdict = Verdict { scene: &mut scene, notes: &notes, rooms: &rooms, owner: &owner };
    let found = verdict.given().await;
    eprintln!(
        "seed {seed}, {kind:?}: {kills} kills, {} commands, {} taps, {} reports, {} changes by others; {:.0} s, then {:.0} s to the end",
        notes.asked.len(),
        notes.taps.len(),
        notes.reports.iter().map(|reported| reported.filed).sum::<usize>(),
        notes.changes,
        acted.as_secs_f64(),
        ending.elapsed().as_secs_f64(),
    );
    assert!(found.is_empty(), "seed {seed}:\n• {}", found.join("\n• "));
    assert_eq!(scene.bot.stop().await, 0);
}

/// A second moderator, who speaks as the first one does.
async fn second(scene: &Scene, kind: Kind) -> Moderator {
    let m = &scene.moderator;
    let user = scene.synapse.register("second", Role::User).await.unwrap();
    m.user.invite(&m.room, &user.user_id).await.unwrap();
    user.join(&m.room).await.unwrap();
    let mut levels = m.user.state(&m.room, "m.room.power_levels", "").await.unwrap();
    levels["users"][&user.user_id] = json!(50);
    m.user.send_state(&m.room, "m.room.power_levels", "", levels).await.unwrap();
    match kind {
        Kind::Open => Moderator::open(&scene.synapse, user, m.room.clone()),
        Kind::Encrypted => Moderator::encrypted(&scene.synapse, user, m.room.clone()).await,
    }
}

/// A public room that the bot is in, with power.
async fn watched(scene: &Scene, owner: &User, name: &str) -> Watched {
    let m = &scene.moderator;
    let request = json!({"preset": "public_chat", "name": name, "invite": [BOT],
        "power_level_content_override": {"users": {BOT: 100, &owner.user_id: 100}}});
    let id = m.user.create_room(request).await.unwrap();
    m.hears(&format!("`{id}`): I am in it now, and watch it.")).await;
    owner.join(&id).await.unwrap();
    Watched { id, name: name.to_owned() }
}

/// An address that is free.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// What is tried again in a moment.
const MOMENT: Duration = Duration::from_millis(100);
