//! What cards say of things that are not plain text, or are no longer what they were.

use serde_json::json;
use throwaway_synapse::Role;

use super::{report, report_user, start};
use crate::support::{Kind, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn cards_say_what_there_is_of_each_kind() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let eve = scene.synapse.register("eve", Role::User).await.unwrap();
    let bob = scene.synapse.register("bob", Role::User).await.unwrap();
    eve.display_name("Eve <b>bold</b>").await.unwrap();
    let club = scene.room(&eve, "Club", std::slice::from_ref(&bob)).await;
    start(&mut scene).await;
    // It sees nothing of this before all of it is there.
    scene.bot.kill();

    bob.send_text(&club, "hello you").await.unwrap();
    let image = eve.upload("image/png", b"no real image".to_vec()).await.unwrap();
    let content = json!({"msgtype": "m.image", "body": "cat.png", "url": image,
        "info": {"mimetype": "image/png", "size": 20_480, "w": 40, "h": 30}});
    let image_event = eve.send(&club, "m.room.message", content).await.unwrap();
    bob.send_text(&club, "what is that?").await.unwrap();
    report(&bob, &club, &image_event, "ugly").await;

    let gone = eve.send_text(&club, "regretted words").await.unwrap();
    report(&bob, &club, &gone, "rude").await;
    eve.redact(&club, &gone, "never mind").await.unwrap();

    let encrypted = json!({"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnACgAkLmt6qF84I",
        "session_id": "X3lUlvLELLYxeTx4yOVu6UDpasGEVO0Jbu+QFnm0cKQ", "device_id": "RJYKSTBOIE", "sender_key": "k"});
    let encrypted = eve.send(&club, "m.room.encrypted", encrypted).await.unwrap();
    report(&bob, &club, &encrypted, "you cannot know").await;
    report_user(&bob, &eve.user_id, "all of it").await;
    let topic = json!({"topic": "buy here"});
    let topic = eve.send_state(&club, "m.room.topic", "", topic).await.unwrap();
    report(&bob, &club, &topic, "advertising").await;
    scene.bot.start().await;

    let m = &scene.moderator;
    m.hears("Case 5: ").await;
    let card = m.hears("“ugly”").await;
    card.says(&[
        "a message in Club",
        "reported once",
        "an image “`cat.png`”, `image/png`, 20 KiB",
        &image,
        "By: Eve <b>bold</b> (`@eve:hs.test`), of this server; the account is of",
        "bob (`@bob:hs.test`): “ugly”",
        "2 members",
        "“hello you”",
        "“what is that?”",
        &image_event,
    ]);
    let html = m.has(&card.id).await;
    let html = html["content"]["formatted_body"].as_str().unwrap();
    assert!(
        !html.contains("<img") && !html.contains("<b>bold") && html.contains("data-mx-spoiler"),
        "{html}"
    );
    m.hears("“rude”").await.says(&[
        "redacted by Eve <b>bold</b> (`@eve:hs.test`), because “never mind”",
        "what I kept: “regretted words”",
    ]);
    m.hears("“you cannot know”")
        .await
        .says(&["an encrypted message in Club", "neither the server nor I can read it"]);
    m.hears("“all of it”").await.says(&["the user", "`@eve:hs.test`", "of this server; the account is of"]);
    m.hears("“advertising”").await.says(&["a change of the settings in Club", "“buy here”"]);
    // Nothing is shown by itself.
    let is_media = |event: &serde_json::Value| event["content"]["msgtype"] == "m.image";
    assert!(!m.events().iter().any(is_media));
    assert_eq!(scene.bot.stop().await, 0);
}
