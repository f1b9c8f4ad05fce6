//! Commands about people, their files and the server, typed one after the other; what was done is held against what the
//! server says to somebody else, or to the user whom it is about.

mod accounts;
mod files;
mod looking;
mod memberships;
mod redacting;
mod sanctions;
mod server;

use serde_json::json;
use throwaway_synapse::{Role, Synapse, User};

use crate::support::{BOT, Kind, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn sanctions_hold_until_they_are_lifted() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    sanctions::imposed_and_lifted(&scene).await;
    sanctions::refused(&scene).await;
    sanctions::from_a_file(&scene).await;
    sanctions::for_a_time(&mut scene).await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_closed_and_opened_again() {
    let Some(mut scene) = Scene::at_work(Kind::Encrypted).await else { return };
    accounts::logged_out(&scene).await;
    accounts::a_password_is_for_one_pair_of_eyes(&scene).await;
    accounts::deactivated_and_back(&scene).await;
    accounts::from_an_encrypted_file(&scene).await;
    server::noticed_in_a_chat(&scene).await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_redacted_twice() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    redacting::one_event(&scene).await;
    redacting::everything_of_a_user(&scene).await;
    redacting::a_part(&scene).await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_change_where_the_bot_has_power() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    memberships::in_a_room(&scene, "12").await;
    memberships::in_a_room(&scene, "11").await;
    memberships::everywhere(&scene).await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_away_and_deleted() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    files::equal_files(&scene).await;
    files::of_a_user_and_in_a_room(&scene).await;
    files::deleted(&scene).await;
    files::listed(&scene).await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_kept_and_looked_at() {
    let server = Synapse::builder().config(server::with_notices());
    let Some(mut scene) = Scene::on(server, Kind::Open, Role::Admin).await else { return };
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    server::noticed(&scene).await;
    server::tokens(&scene).await;
    server::servers(&scene).await;
    server::rate_limits(&scene).await;
    looking::at_everything(&scene).await;
    assert_eq!(scene.bot.stop().await, 0);
}

/// The bot joins a public room, and gets power there.
async fn empower(scene: &Scene, owner: &User, room: &str) {
    scene.moderator.good(&format!("!join {room}"), "join – done").await;
    let mut levels = owner.state(room, "m.room.power_levels", "").await.unwrap();
    levels["users"][BOT] = json!(100);
    owner.send_state(room, "m.room.power_levels", "", levels).await.unwrap();
}

/// Users of the server, each logged in with one device.
async fn users<const N: usize>(scene: &Scene, names: [&str; N]) -> [User; N] {
    let mut users = Vec::new();
    for name in names {
        users.push(scene.synapse.register(name, Role::User).await.unwrap());
    }
    users.try_into().unwrap_or_else(|_| unreachable!("there are as many as names"))
}

/// What the server answers to a user who asks who they are: the status and the error.
async fn who_am_i(user: &User) -> (u16, String) {
    let (status, answer) = user.request("GET", "/_matrix/client/v3/account/whoami", None).await.unwrap();
    (status, answer["errcode"].as_str().unwrap_or_default().to_owned())
}
