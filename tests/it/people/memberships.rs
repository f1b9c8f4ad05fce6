//! `!kick`, `!ban`, `!unban`, `!invite`, `!mute`, `!unmute`, `!power`, `!join` and `!leave`.

use serde_json::{Value, json};
use throwaway_synapse::User;

use super::{empower, users};
use crate::support::{BOT, Scene, strings};

/// Who is in a room, and what the server says of them.
struct Place {
    owner: User,
    eve: User,
    bob: User,
    room: String,
}

impl Place {
    async fn new(scene: &Scene, version: &str) -> Self {
        let [owner, eve, bob] =
            users(scene, [&*format!("owner{version}"), &format!("eve{version}"), &format!("bob{version}")])
                .await;
        let request =
            json!({"preset": "public_chat", "name": format!("Club {version}"), "room_version": version});
        let room = owner.create_room(request).await.unwrap();
        eve.join(&room).await.unwrap();
        Self { owner, eve, bob, room }
    }

    async fn is(&self, user: &User) -> Value {
        let path = format!(
            "/_matrix/client/v3/rooms/{}/state/m.room.member/{}",
            throwaway_synapse::path_part(&self.room),
            throwaway_synapse::path_part(&user.user_id)
        );
        self.owner.request("GET", &path, None).await.unwrap().1["membership"].clone()
    }

    async fn power(&self, user: &str) -> Value {
        self.owner.state(&self.room, "m.room.power_levels", "").await.unwrap()["users"][user].clone()
    }
}

/// In a room of this version, without power at first.
pub(super) async fn in_a_room(scene: &Scene, version: &str) {
    let place = Place::new(scene, version).await;
    without_power(scene, &place, version).await;
    changes(scene, &place, version).await;
    levels(scene, &place, version).await;
    brought_in(scene, &place, version).await;
}

/// The refusal offers a way, and then it works.
async fn without_power(scene: &Scene, place: &Place, version: &str) {
    let (m, room) = (&scene.moderator, &place.room);
    let eve = &place.eve.user_id;
    let lines = [
        format!("!kick {eve} {room}"),
        format!("!ban {eve} {room}"),
        format!("!mute {eve} {room}"),
        format!("!invite {} {room}", place.bob.user_id),
        format!("!power {room} {eve} 10"),
    ];
    for line in &lines {
        m.bad(line, &format!("I am not in Club {version}"))
            .await
            .says(&[&format!("`!room-admin {room} {BOT}`")]);
    }
    m.good(&format!("!leave {room}"), &format!("I am not in Club {version}")).await;
    m.good(&format!("!join {room} --dry-run"), "Dry run").await;
    let joined = m.good(&format!("!join {room}"), "join – done").await;
    assert!(scene.members(room).await.contains(&BOT.to_owned()));
    m.good(&format!("!undo {}", joined.job()), "undo – done").await;
    assert!(!scene.members(room).await.contains(&BOT.to_owned()));
    m.good(&format!("!join {room}"), "join – done").await;
    m.good(&format!("!join {room}"), "already").await;
    for line in [&lines[0], &lines[1], &lines[2], &lines[4]] {
        m.bad(line, "I cannot ").await.says(&[&format!("`!room-admin {room} {BOT}` gives me the power")]);
    }
    assert_eq!(place.is(&place.eve).await, "join");
    scene.carry_out(&format!("!room-admin {room} {BOT}"), &[], "room-admin – done").await;
    assert_eq!(place.power(BOT).await, 100);
}

async fn changes(scene: &Scene, place: &Place, version: &str) {
    let (m, room) = (&scene.moderator, &place.room);
    let (eve, bob, owner) = (&place.eve.user_id, &place.bob.user_id, &place.owner.user_id);
    let undo = async |job: u64| m.good(&format!("!undo {job}"), "undo – done").await;

    let kicked = m.good(&format!("!kick {eve} {room} rude words"), "– done, because “rude words”").await;
    kicked.says(&[&format!("`{eve}` is kicked from Club {version}")]);
    assert_eq!(place.is(&place.eve).await, "leave");
    let content = place.owner.state(room, "m.room.member", eve).await.unwrap();
    assert_eq!(content["reason"], "rude words");
    m.good(&format!("!kick {eve} {room}"), "is not in Club").await;
    undo(kicked.job()).await;
    assert_eq!(place.is(&place.eve).await, "invite");
    place.eve.join(room).await.unwrap();

    let banned = m.good(&format!("!ban {eve} {bob} {room} raid"), "ban – done").await;
    assert_eq!((place.is(&place.eve).await, place.is(&place.bob).await), (json!("ban"), json!("ban")));
    m.good(&format!("!ban {eve} {room}"), "is banned already from").await;
    m.bad(&format!("!invite {eve} {room}"), &format!("`!unban {eve} {room}` lifts that first.")).await;
    m.bad(&format!("!join {room} {eve}"), &format!("`!unban {eve} {room}` lifts that first.")).await;
    let unbanned = m.good(&format!("!unban {eve} {room}"), "unban – done").await;
    assert_eq!(place.is(&place.eve).await, "leave");
    undo(unbanned.job()).await;
    assert_eq!(place.is(&place.eve).await, "ban");
    m.good(&format!("!unban {eve} {room}"), "is no longer banned from").await;
    // Later jobs are about one of the two.
    scene.carry_out(&format!("!undo {}", banned.job()), &["came later"], "undo – done").await;
    assert_eq!((place.is(&place.eve).await, place.is(&place.bob).await), (json!("leave"), json!("leave")));
    m.good(&format!("!unban {eve} {room}"), "is not banned from").await;

    let invited = m.good(&format!("!invite {eve} {bob} {room}"), "invite – done").await;
    assert_eq!((place.is(&place.eve).await, place.is(&place.bob).await), (json!("invite"), json!("invite")));
    undo(invited.job()).await;
    assert_eq!(place.is(&place.bob).await, "leave");
    place.eve.join(room).await.unwrap();
    m.good(&format!("!invite {eve} {room}"), "is already in").await;

    m.all_bad(&[
        (&format!("!kick @nobody:hs.test {room}"), "There is no account `@nobody:hs.test`"),
        (&format!("!ban {eve} @nobody:hs.test {room}"), "There is no account `@nobody:hs.test`"),
        (&format!("!invite @nobody:hs.test {room}"), "There is no account `@nobody:hs.test`"),
        (
            &format!("!kick {owner} {room}"),
            if version == "12" { "is a creator of the room" } else { "has 100" },
        ),
        (&format!("!kick {eve}"), "In which room?"),
        (&format!("!kick {eve} !nowhere:hs.test"), "does not know the room"),
        (&format!("!kick {eve} {}", m.room), "That is the management room."),
        (&format!("!ban {BOT} {room}"), "nobody can do that to themselves"),
        (&format!("!ban @mod:hs.test {room}"), "is a moderator"),
        (&format!("!ban @admin:hs.test {room}"), "is a server admin"),
    ])
    .await;
    assert_eq!(place.is(&place.eve).await, "join");
    // What is told of it names for each time its own command, although the last job took an invitation back.
    let told = m.told_that(room, "“rude words”").await;
    assert!(told.sentence.contains(&format!("`!kick {eve} {room} rude words`")), "{}", told.sentence);
    // Who is of another server can be kept out.
    let far = m.good(&format!("!ban @far:elsewhere.test {room}"), "ban – done").await;
    assert_eq!(
        place.owner.state(room, "m.room.member", "@far:elsewhere.test").await.unwrap()["membership"],
        "ban"
    );
    undo(far.job()).await;
}

async fn levels(scene: &Scene, place: &Place, version: &str) {
    let (m, room) = (&scene.moderator, &place.room);
    let (eve, owner) = (&place.eve.user_id, &place.owner.user_id);
    let before = place.owner.state(room, "m.room.power_levels", "").await.unwrap();
    let muted = m.good(&format!("!mute {eve} {room} loud"), "mute – done, because “loud”").await;
    muted.says(&[&format!("`{eve}` has the power -1 in Club {version}")]);
    let say = format!("/_matrix/client/v3/rooms/{}/send/m.room.message", throwaway_synapse::path_part(room));
    let body = Some(json!({"msgtype": "m.text", "body": "x"}));
    assert_eq!(place.eve.request("POST", &say, body.clone()).await.unwrap().0, 403);
    m.good(&format!("!mute {eve} {room}"), "cannot write already in").await;
    m.good(&format!("!undo {}", muted.job()), "undo – done").await;
    assert_eq!(
        place.owner.state(room, "m.room.power_levels", "").await.unwrap(),
        before,
        "nothing else is changed"
    );
    m.good(&format!("!unmute {eve} {room}"), "is not muted in").await;
    m.good(&format!("!mute {eve} {room}"), "mute – done").await;
    m.good(&format!("!unmute {eve} {room}"), "unmute – done").await;
    assert_eq!(place.eve.request("POST", &say, body).await.unwrap().0, 200);

    let line = format!("!power {room} {eve} 20");
    let given = m.good(&line, &format!("`{eve}` has the power 20 in Club {version}")).await;
    assert_eq!(place.power(eve).await, 20);
    m.good(&line, "already").await;
    m.good(&format!("!undo {}", given.job()), "undo – done").await;
    assert_eq!(place.power(eve).await, Value::Null);
    let caution = ["They would have power 100, as much as I have: I could not take it away again."];
    scene.carry_out(&format!("!power {room} {eve} 100"), &caution, "has the power 100").await;
    let creator = if version == "12" { "is a creator of the room, above all levels" } else { "has 100" };
    m.all_bad(&[
        (&format!("!power {room} {eve} 0"), "has 100: it takes more than the other one has"),
        (&format!("!power {room} {eve} much"), "much"),
        (&format!("!power {room} @nobody:hs.test 5"), "There is no account"),
        (&format!("!power {room} {owner} 5"), creator),
        (&format!("!power {} {eve} 5", m.room), "That is the management room."),
    ])
    .await;
    let mute_creator = format!("!mute {owner} {room}");
    if version == "12" {
        m.good(&mute_creator, "is a creator of the room, above all levels, and cannot be muted").await;
    } else {
        m.bad(&mute_creator, "has 100").await;
    }
}

/// Users of this server are brought in; the bot leaves, and comes back.
async fn brought_in(scene: &Scene, place: &Place, version: &str) {
    let (m, room, bob) = (&scene.moderator, &place.room, &place.bob.user_id);
    let without = ["without asking them", "They are not asked"];
    let joined = scene.carry_out(&format!("!join {room} {bob}"), &without, "join – done").await;
    joined.says(&[&format!("`{bob}` is in Club {version}")]);
    assert_eq!(place.is(&place.bob).await, "join");
    m.good(&format!("!join {room} {bob}"), "already").await;
    m.bad(&format!("!undo {}", joined.job()), &format!("`!kick {bob} {room}` removes them.")).await;
    m.all_bad(&[
        (&format!("!join {room} @nobody:hs.test"), "There is no account `@nobody:hs.test`"),
        (&format!("!join {room} @far:elsewhere.test"), "asks them."),
        (&format!("!join {room} {BOT}"), "without users lets me join."),
        (&format!("!join {} {bob}", m.room), "I bring nobody into it."),
        (&format!("!leave {}", m.room), "I take commands there, so I never leave it."),
        ("!join !nowhere:hs.test", "does not know the room"),
    ])
    .await;
    // A room that nobody can join: the bot invites first, where it is inside.
    let request =
        json!({"preset": "private_chat", "name": format!("Den {version}"), "room_version": version});
    let den = place.owner.create_room(request).await.unwrap();
    m.bad(&format!("!join {den}"), "only invited people can join").await;
    m.bad(&format!("!join {den} {bob}"), "so I have to invite them, and I am not inside.").await;
    scene.carry_out(&format!("!room-admin {den} {BOT}"), &[], "room-admin – done").await;
    m.good(&format!("!join {den}"), " – done").await;
    scene.carry_out(&format!("!join {den} {bob}"), &without, "join – done").await;
    assert!(scene.members(&den).await.contains(bob));
    scene
        .carry_out(
            &format!("!leave {den}"),
            &["I can only come back if somebody invites me."],
            "leave – done",
        )
        .await;

    let left = m.good(&format!("!leave {room}"), "leave – done").await;
    assert!(!scene.members(room).await.contains(&BOT.to_owned()));
    m.good(&format!("!undo {}", left.job()), "undo – done").await;
    assert!(scene.members(room).await.contains(&BOT.to_owned()));
}

/// In all rooms at once where that is possible.
pub(super) async fn everywhere(scene: &Scene) {
    let m = &scene.moderator;
    let [owner, eve] = users(scene, ["host", "raider"]).await;
    let mut rooms = Vec::new();
    for name in ["North", "South", "East"] {
        let room = scene.room(&owner, name, std::slice::from_ref(&eve)).await;
        if name == "East" {
            m.good(&format!("!join {room}"), "join – done").await;
        } else {
            empower(scene, &owner, &room).await;
        }
        rooms.push(room);
    }
    let inside = async || {
        let path = "/_synapse/admin/v1/users/@raider:hs.test/joined_rooms";
        strings(&scene.admin.get(path).await.unwrap()["joined_rooms"])
    };
    let dry = m.good("!kick @raider:hs.test --everywhere --dry-run", "Dry run").await;
    dry.says(&["from North", "from South", "Left out: ", "East"]);
    assert_eq!(inside().await.len(), 3);
    let kicked = m.good("!kick @raider:hs.test --everywhere raid", "kick – done, because “raid”").await;
    kicked.says(&["is kicked from North", "is kicked from South"]).leaves_out(&["East"]);
    assert_eq!(inside().await, [rooms[2].clone()]);
    m.good(&format!("!undo {}", kicked.job()), "undo – done").await;
    for room in &rooms[..2] {
        eve.join(room).await.unwrap();
    }
    let muted = m.good("!mute @raider:hs.test --everywhere", "mute – done").await;
    muted.says(&["has the power -1 in North", "has the power -1 in South"]);
    m.good("!unmute @raider:hs.test --everywhere", "unmute – done").await;
    m.bad(&format!("!kick @raider:hs.test {} --everywhere", rooms[0]), "name no rooms then").await;
    assert_eq!(inside().await.len(), 3);
}
