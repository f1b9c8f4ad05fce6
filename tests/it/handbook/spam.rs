//! A spam wave: several accounts that write the same into rooms, and a room of theirs.

use super::{Page, Town, person, public, write};

pub(super) async fn played(town: &Town) {
    let (scene, m) = (&town.scene, &town.scene.moderator);
    let mut spammers = Vec::new();
    for (n, name) in ["Nice Offers", "Best Offers", "Sam"].into_iter().enumerate() {
        let spammer = person(scene, &format!("offers{}", n + 1), name).await;
        spammer.join(&town.lounge).await.unwrap();
        spammers.push(spammer);
    }
    let shop = public(&spammers[0], "Free stuff!", "free-stuff").await;
    for spammer in &spammers {
        spammer.send_text(&town.lounge, "FREE NITRO at http://nitro.example").await.unwrap();
        spammer.send_text(&town.lounge, "come to #free-stuff:hs.test").await.unwrap();
    }
    town.bea.join(&shop).await.unwrap();
    scene.counted(&shop, 2).await;
    let mut page = Page::new(m, "spam-wave");
    page.name(&town.lounge, "!lounge…").name(&town.plaza, "!plaza…").name(&shop, "!free-stuff…");

    page.part("look").done("!messages #lounge:hs.test --limit 4", "nitro.example").await;

    page.part("suspend");
    let line = "!suspend @offers1:hs.test @offers2:hs.test @offers3:hs.test advertising";
    let suspended = page.done(line, "suspend – done").await;
    assert_eq!(write(&spammers[2], &town.lounge).await, 403);

    page.part("redact");
    let line = "!redact @offers1:hs.test @offers2:hs.test @offers3:hs.test advertising --since 1h";
    page.confirmed(line, "redact – done").await;

    page.part("shutdown");
    page.confirmed("!shutdown #free-stuff:hs.test advertising", "shutdown – done").await;
    assert!(!scene.knows(&shop).await && scene.is_blocked(&shop).await);

    page.part("remote");
    page.done("!ban @offers:spam.example --everywhere advertising", "ban – done").await;

    page.part("one");
    page.done("!unsuspend @offers3:hs.test", "unsuspend – done").await;
    assert_eq!(write(&spammers[2], &town.lounge).await, 200);

    page.part("all").confirmed(&format!("!undo {}", suspended.job()), "undo – done").await;
    assert_eq!(write(&spammers[0], &town.lounge).await, 200);
    page.close();
}
