//! Abuse reports that users file on the server: each becomes part of one case in the management room, also when the bot
//! was killed, Synapse was restarted and gave a number again.

mod acts;
mod burst;
mod purged;
mod rules;
mod sights;

use serde_json::json;
use throwaway_synapse::{Role, User, path_part};

use crate::support::{Kind, Scene};

/// The newest report of an event.
const NEWEST: &str = "/_synapse/admin/v1/event_reports?limit=1";

/// Reports an event.
pub(crate) async fn report(by: &User, room: &str, event: &str, reason: &str) {
    let path = format!("/_matrix/client/v3/rooms/{}/report/{}", path_part(room), path_part(event));
    by.post(&path, json!({"reason": reason})).await.unwrap();
}

/// Reports a user.
pub(crate) async fn report_user(by: &User, user: &str, reason: &str) {
    let path = format!("/_matrix/client/v3/users/{}/report", path_part(user));
    by.post(&path, json!({"reason": reason})).await.unwrap();
}

/// Starts the bot on a quick look at reports, and waits until what comes from now on makes cases.
async fn start(scene: &mut Scene) {
    start_with(scene, "[reports]\npoll_interval = \"1s\"").await;
}

/// The same, with this end of the configuration.
async fn start_with(scene: &mut Scene, configuration: &str) {
    configuration.clone_into(&mut scene.bot.more);
    scene.bot.start().await;
    scene.bot.knows("SELECT count(*) = 2 FROM report_kinds WHERE kind IN ('event', 'user')").await;
}

/// The cases, newest first, as `!reports all --file=csv` tells them: the number, what was reported, how often.
async fn cases(scene: &Scene) -> Vec<(u64, String, u64)> {
    let command = scene.moderator.say("!reports all --file=csv").await;
    let (_, file) = scene.moderator.file(&command).await;
    // Nothing before the columns of strangers' words has commas.
    let rows = file.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    rows.map(|row| (row[0].parse().unwrap(), row[4].to_owned(), row[6].parse().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_users_report_is_a_case_once() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.more = "[reports]\npoll_interval = \"1s\"".to_owned();
    let [ana, bob, eve] = ["ana", "bob", "eve"].map(|name| scene.synapse.register(name, Role::User));
    let admin = scene.synapse.register("root", Role::Admin).await.unwrap();
    let (ana, bob, eve) = (ana.await.unwrap(), bob.await.unwrap(), eve.await.unwrap());
    let club = scene.room(&ana, "Club", &[bob.clone(), eve.clone()]).await;
    let old = eve.send_text(&club, "an old story").await.unwrap();
    report(&bob, &club, &old, "old").await;
    scene.bot.start().await;
    scene.moderator.hears("There is 1 report of messages from before I looked for them").await;

    // A message, a second reporter, and a user.
    let spam = eve.send_text(&club, "buy now").await.unwrap();
    report(&bob, &club, &spam, "advertising").await;
    let card = scene.moderator.hears("Case 1: a message in Club").await;
    assert!(card.text.contains("“buy now”") && card.text.contains("“advertising”"), "{}", card.text);
    report(&ana, &club, &spam, "me too").await;
    scene.moderator.hears("reported 2 times by 2 people").await;
    report_user(&bob, &eve.user_id, "she spams").await;
    scene.moderator.hears("Case 2: the user `@eve:hs.test`").await;

    // One tap, and a command.
    scene.moderator.react(&card.id, "✋").await;
    scene.moderator.hears("Claimed by `@mod:hs.test`").await;
    scene.moderator.good("!resolve 1 she was told", "Resolved by `@mod:hs.test`").await;
    scene.moderator.bad("!claim 9", "There is no case 9").await;

    // The newest report is deleted while the bot is dead, and its number is given again after a restart of Synapse.
    scene.bot.kill();
    let newest = admin.get(NEWEST).await.unwrap();
    let number = newest["event_reports"][0]["id"].as_u64().unwrap_or_else(|| panic!("{newest}"));
    let path = format!("/_synapse/admin/v1/event_reports/{number}");
    admin.delete(&path, json!({})).await.unwrap();
    scene.synapse.restart().await.unwrap();
    let again = eve.send_text(&club, "buy more").await.unwrap();
    report(&bob, &club, &again, "again").await;
    let newest = admin.get(NEWEST).await.unwrap();
    assert_eq!(newest["event_reports"][0]["id"].as_u64(), Some(number), "the number is given again");
    scene.bot.start().await;
    let card = scene.moderator.hears("Case 3: a message in Club").await;
    assert!(card.text.contains("“buy more”"), "{}", card.text);
    let listed = scene.moderator.good("!reports all", "3 cases").await;
    assert!(listed.text.contains("2 times by 2 people"), "{}", listed.text);
    let cards = scene.moderator.said().iter().filter(|said| said.text.starts_with("Case ")).count();
    assert!(cards >= 3, "{cards}");
    assert_eq!(scene.bot.stop().await, 0);
}
