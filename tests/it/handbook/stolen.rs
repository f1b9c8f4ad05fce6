//! An account in strange hands: a user's, and a moderator's.

use throwaway_synapse::User;

use super::{Page, Town, by_hand, membership, person, write};
use crate::support::Moderator;

pub(super) async fn played(town: &Town) {
    let (scene, m) = (&town.scene, &town.scene.moderator);
    let cleo = person(scene, "cleo", "Cleo").await;
    cleo.join(&town.lounge).await.unwrap();
    cleo.send_text(&town.lounge, "send me bitcoin, I am in trouble").await.unwrap();
    let mut page = Page::new(m, "stolen-account");
    page.name(&town.lounge, "!lounge…").name(&town.plaza, "!plaza…").name(&cleo.device_id, "CLEOSPHONE");
    of_a_user(town, &mut page, &cleo).await;
    of_a_moderator(town, &mut page).await;
    page.close();
}

async fn of_a_user(town: &Town, page: &mut Page<'_>, cleo: &User) {
    page.part("lock").done("!lock @cleo:hs.test stolen account", "lock – done").await;
    assert_eq!(write(cleo, &town.lounge).await, 401);

    page.part("devices").done("!devices @cleo:hs.test", "device").await;

    page.part("redact");
    let line = "!redact @cleo:hs.test stolen account --since 1h";
    page.confirmed(line, "redact – done").await;

    page.part("password").confirmed("!reset-password @cleo:hs.test", "reset-password – done").await;

    page.part("unlock").done("!unlock @cleo:hs.test", "unlock – done").await;
}

async fn of_a_moderator(town: &Town, page: &mut Page<'_>) {
    let (scene, m) = (&town.scene, &town.scene.moderator);
    let dan = person(scene, "dan", "Dan").await;
    dan.join(&town.lounge).await.unwrap();
    // Who has Ana's account now.
    let thief = Moderator::open(&scene.synapse, town.ana.clone(), m.room.clone());
    thief.good("!ban @dan:hs.test #lounge:hs.test", "ban – done").await;
    thief.good("!suspend @bea:hs.test", "suspend – done").await;
    thief.good("!block #plaza:hs.test", "block – done").await;

    page.part("audit").done("!audit @ana:hs.test", "block").await;

    page.part("protected").refused("!lock @ana:hs.test stolen account", "is a moderator").await;

    page.part("out");
    page.line("mod", "(removes @ana:hs.test from this room, with a client)");
    by_hand(&m.user, "kick", &m.room, &town.ana).await;
    page.done("!lock @ana:hs.test stolen account", "lock – done").await;

    page.part("undo").confirmed("!undo @ana:hs.test 10m", "undo – done").await;
    assert_eq!(membership(&m.user, &town.lounge, &dan).await, "leave");
    assert!(!scene.is_blocked(&town.plaza).await);
    assert_eq!(write(&town.bea, &town.lounge).await, 200);

    page.part("again");
    page.confirmed("!reset-password @ana:hs.test", "reset-password – done").await;
    page.done("!unlock @ana:hs.test", "unlock – done").await;
}
