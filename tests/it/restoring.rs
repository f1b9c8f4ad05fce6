//! The undo of a shutdown on a real server: a room that nobody has any more is made anew, shut down again, and made anew
//! once more. What the bot says is held against what the server says.

use serde_json::{Value, json};
use throwaway_synapse::{Role, Synapse, User, path_part};

use crate::support::{Answer, BOT, Kind, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_was_shut_down_is_made_anew() {
    let rules = json!([{"alias": "#club*", "action": "allow"}]);
    let server = Synapse::builder().config(json!({"room_list_publication_rules": rules}));
    let Some(mut scene) = Scene::on(server, Kind::Open, Role::Admin).await else { return };
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    let people: [User; 4] = scene.crowd("keeper", 4).await.try_into().unwrap();
    for version in ["11", "12"] {
        public(&scene, &people, version).await;
    }
    private(&scene, &people).await;
}

/// The rooms that the server answers for.
async fn leads(scene: &Scene, alias: &str) -> Option<String> {
    let path = format!("/_matrix/client/v3/directory/room/{}", path_part(alias));
    let (status, answer) = scene.admin.request("GET", &path, None).await.unwrap();
    assert!(status == 200 || status == 404, "{status}: {answer}");
    answer["room_id"].as_str().map(str::to_owned)
}

async fn is_listed(scene: &Scene, room: &str) -> bool {
    let path = format!("/_matrix/client/v3/directory/list/room/{}", path_part(room));
    scene.admin.get(&path).await.unwrap()["visibility"] == "public"
}

/// Asks for something with the words of the preview, confirms it, and waits for the end of it.
async fn carry_out(scene: &Scene, line: &str, preview: &[&str], words: &str) -> Answer {
    let command = scene.confirm(line, preview).await;
    scene.moderator.answer(&command, words).await
}

/// A room with all that a room can have: made by the first, with power for the second, without the fourth at last.
async fn public(scene: &Scene, people: &[User; 4], version: &str) {
    let [owner, helper, member, gone] = people;
    let (name, alias) = (format!("Club {version}"), format!("#club{version}:hs.test"));
    let mut users = json!({ &helper.user_id: 50 });
    if version != "12" {
        users[&owner.user_id] = json!(100);
    }
    let request = json!({"preset": "public_chat", "visibility": "public", "room_version": version, "name": name,
        "topic": "All about <b>clubs</b>", "room_alias_name": format!("club{version}"),
        "power_level_content_override": {"users": users, "kick": 40}});
    let old = owner.create_room(request).await.unwrap();
    for user in [helper, member] {
        user.join(&old).await.unwrap();
    }
    if version == "11" {
        gone.join(&old).await.unwrap();
    }
    let ban = format!("/_matrix/client/v3/rooms/{}/ban", path_part(&old));
    owner.post(&ban, json!({"user_id": "@troll:elsewhere.test"})).await.unwrap();
    assert!(is_listed(scene, &old).await);

    let line = format!("!shutdown {old} --notify-as {}", scene.admin.user_id);
    let report = carry_out(scene, &line, &["moved to a new room"], "shutdown – done").await;
    let notice = leads(scene, &alias).await.expect("the alias was moved");
    report.says(&[&notice]);
    if version == "11" {
        let path = format!("/_synapse/admin/v1/deactivate/{}", path_part(&gone.user_id));
        scene.admin.post(&path, json!({})).await.unwrap();
    }

    let preview = [
        "make another room in the place of",
        "Aliases that lead there again",
        "It is listed in the room directory again.",
        "Banned again: `@troll:elsewhere.test`.",
        &format!("closed and deleted, with all that was said there: `{notice}`."),
        "What cannot come back:",
    ];
    let report = carry_out(scene, "!undo last", &preview, "undo – done").await;
    let undo = report.job();
    let new = leads(scene, &alias).await.expect("the alias leads to the new room");
    report.says(&["there is a new room now", &new, "are in it again.", &notice]);
    if version == "11" {
        report.says(&["3 of 4 former local members", "1 has no active account any more."]);
    }
    assert!(
        new != old
            && !scene.knows(&old).await
            && !scene.is_blocked(&old).await
            && !scene.knows(&notice).await
    );
    assert_eq!(scene.members(&new).await, [&*owner.user_id, &helper.user_id, &member.user_id]);
    assert!(is_listed(scene, &new).await);
    as_it_was(people, &old, &new, version).await;

    // Undone again, and that once more.
    let report = carry_out(scene, &format!("!undo {undo}"), &["shut down", &new], "undo – done").await;
    assert!(!scene.knows(&new).await && scene.is_blocked(&new).await);
    let report =
        carry_out(scene, &format!("!undo {}", report.job()), &["make another room"], "undo – done").await;
    let newest = leads(scene, &alias).await.expect("the alias leads to the newest room");
    report.says(&[&newest]);
    assert_eq!(scene.members(&newest).await, [&*owner.user_id, &helper.user_id, &member.user_id]);
    as_it_was(people, &new, &newest, version).await;
}

/// The state of the new room, as a member sees it.
async fn as_it_was(people: &[User; 4], old: &str, new: &str, version: &str) {
    let [owner, helper, ..] = people;
    let state = async |kind: &str, key: &str| owner.state(new, kind, key).await.unwrap();
    assert_eq!(state("m.room.name", "").await["name"], json!(format!("Club {version}")));
    assert_eq!(state("m.room.topic", "").await["topic"], "All about <b>clubs</b>");
    assert_eq!(state("m.room.join_rules", "").await["join_rule"], "public");
    assert_eq!(state("m.room.canonical_alias", "").await["alias"], json!(format!("#club{version}:hs.test")));
    assert_eq!(state("m.room.member", "@troll:elsewhere.test").await["membership"], "ban");
    let create = state("m.room.create", "").await;
    assert_eq!((&create["predecessor"]["room_id"], &create["room_version"]), (&json!(old), &json!(version)));
    let levels: Value = state("m.room.power_levels", "").await;
    assert_eq!((&levels["users"][&helper.user_id], &levels["kick"]), (&json!(50), &json!(40)));
    if version == "12" {
        assert!(
            create["additional_creators"].as_array().unwrap().contains(&json!(owner.user_id)),
            "{create}"
        );
    } else {
        assert_eq!(levels["users"][&owner.user_id], 100);
    }
    // Their power is not only written down.
    owner.send_state(new, "m.room.topic", "", json!({"topic": "All about <b>clubs</b>"})).await.unwrap();
}

/// A room that nobody joins uninvited, shut down without being blocked.
async fn private(scene: &Scene, people: &[User; 4]) {
    let [owner, helper, member, _] = people;
    let users: Vec<&str> = vec![&helper.user_id, &member.user_id];
    let request = json!({"preset": "private_chat", "name": "Back room", "invite": users, "initial_state": [
        {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}]});
    let old = owner.create_room(request).await.unwrap();
    for user in [helper, member] {
        user.join(&old).await.unwrap();
    }
    let line = format!("!shutdown {old} --no-block");
    carry_out(scene, &line, &[], "shutdown – done").await;
    // One who is locked out meanwhile keeps nobody else.
    let path = format!("/_synapse/admin/v1/suspend/{}", path_part(&member.user_id));
    scene.admin.put(&path, json!({"suspend": true})).await.unwrap();
    let report = carry_out(scene, "!undo last", &["make another room"], "of 3 former local members").await;
    let joined = owner.get("/_matrix/client/v3/joined_rooms").await.unwrap()["joined_rooms"].clone();
    let new =
        joined.as_array().unwrap().iter().filter_map(Value::as_str).find(|room| report.text.contains(room));
    let new = new.expect("it names the new room");
    let members = scene.members(new).await;
    assert!(members.contains(&owner.user_id) && members.contains(&helper.user_id), "{members:?}");
    assert!(!members.contains(&BOT.to_owned()), "{members:?}");
    assert_eq!(owner.state(new, "m.room.join_rules", "").await.unwrap()["join_rule"], "invite");
    assert_eq!(owner.state(new, "m.room.encryption", "").await.unwrap()["algorithm"], "m.megolm.v1.aes-sha2");
}
