//! Commands about people, their files and the server, typed one after the other; what was done is held against what the
//! server says to somebody else, or to the user whom it is about.

mod accounts;
mod sanctions;

use throwaway_synapse::{Role, User};

use crate::support::{Kind, Scene};

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
    assert_eq!(scene.bot.stop().await, 0);
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
