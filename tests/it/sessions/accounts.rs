//! What server admins do to the bot's account.

use serde_json::{Value, json};
use throwaway_synapse::path_part;

use crate::support::{BOT, Kind, Scene, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_a_locked_and_a_powerless_bot_goes_on_when_it_may() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.more = "[reports]\npoll_interval = \"1s\"".to_owned();
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    scene.moderator.good("!version", "Gleipnir").await;

    // Suspended, it reads and acts, and what it says waits.
    let suspend = format!("/_synapse/admin/v1/suspend/{}", path_part(BOT));
    scene.admin.put(&suspend, json!({"suspend": true})).await.unwrap();
    let commands = [scene.moderator.say("!version").await, scene.moderator.say("!block !x:hs.test").await];
    scene.bot.logs("I may not write in the management room: my account is suspended").await;
    until("the room is blocked", async || scene.is_blocked("!x:hs.test").await).await;
    assert_eq!(
        (scene.moderator.replies(&commands[0]), scene.moderator.replies(&commands[1])),
        (vec![], vec![])
    );
    scene.admin.put(&suspend, json!({"suspend": false})).await.unwrap();
    for (command, words) in commands.iter().zip(["Gleipnir", "block – done"]) {
        scene.moderator.answer(command, words).await;
    }
    scene.bot.logs("I may write in the management room again").await;
    assert_eq!(scene.times_logged("I may not write in the management room"), 1);

    // Locked, it waits.
    change(&scene, json!({"locked": true})).await;
    let command = scene.moderator.say("!version").await;
    scene.bot.logs("the homeserver has ended my session: my account is locked").await;
    scene
        .bot
        .logs("the homeserver has locked the account @gleipnir:hs.test; waiting until somebody unlocks it")
        .await;
    change(&scene, json!({"locked": false})).await;
    scene.bot.logs("my account is unlocked").await;
    scene.moderator.answer(&command, "Gleipnir").await;
    assert_eq!(scene.moderator.replies(&command).len(), 1);
    assert_eq!(scene.times_logged("waiting until somebody unlocks it"), 1);
    assert_eq!(scene.times_logged("how=Restored"), 1, "the same device");

    // Without rights it says what is to be done, once, and goes on by itself.
    change(&scene, json!({"admin": false})).await;
    scene
        .moderator
        .hears("I am not a server admin (any more).")
        .await
        .says(&["Make `@gleipnir:hs.test` a server admin"]);
    scene.bot.logs("I am not a server admin (any more)").await;
    assert_eq!(scene.bot.stop().await, 0);
    scene.bot.start().await;
    scene.moderator.bad("!block !y:hs.test", "I am not a server admin.").await;
    change(&scene, json!({"admin": true})).await;
    scene.moderator.hears("I am a server admin again.").await;
    scene.bot.logs("I am a server admin again").await;
    scene.moderator.good("!unblock !x:hs.test", "unblock – done").await;
    for words in ["I am not a server admin (any more).", "I am a server admin again."] {
        let said = scene.moderator.said();
        assert_eq!(said.iter().filter(|said| said.text.contains(words)).count(), 1, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_and_a_deactivation_end_the_bot_when_it_has_to_log_in() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let reset = format!("/_synapse/admin/v1/reset_password/{}", path_part(BOT));
    scene.admin.post(&reset, json!({"new_password": "another one", "logout_devices": false})).await.unwrap();
    scene.moderator.good("!version", "Gleipnir").await;
    scene.log_out().await;
    let missed = scene.moderator.say("!blocked !x:hs.test").await;
    assert_eq!(scene.bot.ended().await, 2);
    let log = scene.bot.log_of_run();
    assert!(log.contains("the homeserver refused the password of @gleipnir:hs.test: M_FORBIDDEN"), "{log}");
    assert!(log.contains("Configure the password that the account has now"), "{log}");
    scene.bot.login = "password = \"another one\"".to_owned();
    scene.bot.start().await;
    scene.moderator.answer(&missed, "is not blocked").await;

    let deactivate = format!("/_synapse/admin/v1/deactivate/{}", path_part(BOT));
    scene.admin.post(&deactivate, json!({})).await.unwrap();
    assert_eq!(scene.bot.ended().await, 2);
    let log = scene.bot.log_of_run();
    assert!(log.contains("the homeserver refused the password of @gleipnir:hs.test: M_"), "{log}");
}

async fn change(scene: &Scene, to: Value) {
    let path = format!("/_synapse/admin/v2/users/{}", path_part(BOT));
    scene.admin.put(&path, to).await.unwrap();
}
