//! Every command, in its good case and in those that go wrong: the same conversation in an open and in an encrypted
//! management room. What the bot says is held against what the server says to somebody else.

mod closing;
mod context;
mod deleting;
mod directory;
mod emptying;
mod history;
mod jobs;
mod listing;
mod powers;
mod purging;
mod rooms;
mod shutdown;
mod spaces;

use serde_json::json;
use throwaway_synapse::{Role, SYNAPSE_VERSION, Synapse, User};

use crate::support::{BOT, Kind, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn in_an_open_room() {
    conversation(Kind::Open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_encrypted_room() {
    conversation(Kind::Encrypted).await;
}

async fn conversation(kind: Kind) {
    let server = Synapse::builder().config(json!({"room_list_publication_rules": directory::rules()}));
    let Some(mut scene) = Scene::on(server, kind, Role::Admin).await else { return };
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    let world = World::new(&scene).await;
    about_the_bot(&scene, kind).await;
    mistakes(&scene).await;
    listing::looking(&scene).await;
    spaces::looking(&scene).await;
    rooms::looking(&scene, &world).await;
    context::looking(&scene, &world).await;
    history::looking(&scene).await;
    directory::changing(&scene).await;
    powers::giving(&scene).await;
    purging::history(&scene).await;
    purging::extremities(&scene).await;
    deleting::several(&scene).await;
    deleting::trap_03_a_failed_deletion_tells_why(&scene).await;
    emptying::batches(&scene).await;
    rooms::blocking(&scene, &world).await;
    jobs::deciding(&scene, &world).await;
    shutdown::by_reaction(&scene, &world).await;
    shutdown::variants(&scene, &world).await;
    shutdown::failing(&scene, &world).await;
    jobs::looking_back(&scene).await;
    closing::everything_was_said_as_it_should(&scene, kind).await;
}

/// What goes on outside of the management room.
struct World {
    spammer: User,
    visitor: User,
    /// A room with an alias, which both are in.
    room: String,
}

const ALIAS: &str = "#free-stuff:hs.test";

/// A room that nobody knows.
const NOWHERE: &str = "!nowhere:elsewhere.test";

impl World {
    async fn new(scene: &Scene) -> Self {
        let spammer = scene.synapse.register("spammer", Role::User).await.unwrap();
        let visitor = scene.synapse.register("visitor", Role::User).await.unwrap();
        spammer.display_name("Nice Offers").await.unwrap();
        let request = json!({"preset": "public_chat", "name": "Free stuff!", "room_alias_name": "free-stuff",
            "topic": "get it while it is hot"});
        let room = spammer.create_room(request).await.unwrap();
        visitor.join(&room).await.unwrap();
        Self { spammer, visitor, room }
    }
}

async fn about_the_bot(scene: &Scene, kind: Kind) {
    let m = &scene.moderator;
    let by_name = format!("{BOT}: version");
    let answers = m
        .all_good(&[
            ("!help", "Rooms"),
            ("!help shutdown", "--notify-as"),
            ("!shutdown --help", "--notify-as"),
            ("!version", "Gleipnir"),
            (&by_name, "Gleipnir"),
            ("!gleipnir version", "Gleipnir"),
            ("!status", "I am a server admin"),
        ])
        .await;
    for name in [
        "alias",
        "audit",
        "block",
        "blocked",
        "cancel",
        "confirm",
        "context",
        "empty-rooms",
        "event",
        "extremities",
        "help",
        "job",
        "jobs",
        "list-room",
        "members",
        "messages",
        "purge-history",
        "room",
        "room-admin",
        "rooms",
        "shutdown",
        "shutdown-status",
        "space",
        "state",
        "status",
        "unblock",
        "undo",
        "unlist",
        "version",
    ] {
        answers[0].says(&[&format!("`!{name}` – ")]);
    }
    answers[1].says(&["Usage: `!shutdown <room>", "power level 50", "Example"]);
    assert_eq!(answers[1].text, answers[2].text);
    answers[3].says(&[env!("CARGO_PKG_VERSION"), SYNAPSE_VERSION]);
    answers[6].says(&[
        SYNAPSE_VERSION,
        BOT,
        scene.synapse.url(),
        "this device is signed by my identity",
        "0 at work, 0 waiting",
        "events to handle: 0",
        match kind {
            Kind::Open => ", not encrypted",
            Kind::Encrypted => ", encrypted",
        },
    ]);
}

async fn mistakes(scene: &Scene) {
    let answers = scene
        .moderator
        .all_bad(&[
            ("!room", "Something is missing: `<room>`"),
            ("!room #a:hs.test #b:hs.test", "one word too many"),
            ("!blok", "I do not know the command “blok”. Did you mean `!block`?"),
            ("!frobnicate", "`!help` lists all"),
            ("!help blok", "Did you mean `!help block`?"),
            ("!room \"#a:hs.test", "A quote opens here"),
            ("!version --loud", "I do not know “--loud”"),
            ("!audit --limit many", "many"),
            ("!block", "Something is missing"),
            ("!shutdown", "Something is missing"),
            ("!context", "Something is missing"),
            ("!confirm", "Something is missing"),
        ])
        .await;
    answers[0].says(&["Usage: `!room <room> [--json]`", "!help room"]);
    answers[1].says(&["^^^^^^^^^^"]);
}
