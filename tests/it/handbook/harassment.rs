//! Somebody is after somebody else: a report of a user, and what is done in rooms.

use super::{Page, Town, membership, person, write};
use crate::reports::report_user;

pub(super) async fn played(town: &Town) {
    let (scene, m) = (&town.scene, &town.scene.moderator);
    let max = person(scene, "max", "Max").await;
    max.join(&town.lounge).await.unwrap();
    town.bea.send_text(&town.lounge, "please stop writing to me").await.unwrap();
    max.send_text(&town.lounge, "@Bea I know where you live").await.unwrap();
    let mut page = Page::new(m, "harassment");
    page.name(&town.lounge, "!lounge…");

    page.part("card");
    report_user(&town.bea, &max.user_id, "he follows me from room to room, also in private chats").await;
    let card = m.hears(": the user `@max:hs.test`").await;
    page.bot(&card);

    page.part("look").done("!messages #lounge:hs.test --from @max:hs.test", "where you live").await;
    page.done("!rooms-of @max:hs.test", "Lounge").await;

    page.part("story").done("!explain @max:hs.test #lounge:hs.test", "The story of").await;

    page.part("notice");
    let line = "!notice @max:hs.test Leave Bea alone. Next time you are out.";
    page.confirmed(line, "notice – done").await;

    page.part("mute");
    page.done("!mute @max:hs.test #lounge:hs.test leave Bea alone --for 1d", "mute – done").await;
    assert_eq!(write(&max, &town.lounge).await, 403);

    page.part("ban");
    let ban = page.done("!ban @max:hs.test #lounge:hs.test threats --for 7d", "ban – done").await;
    assert_eq!(membership(&town.bea, &town.lounge, &max).await, "ban");

    page.part("suspend").taps(&card, "⏸️", "– done").await;
    page.shows(&card, "Resolved by").await;

    page.part("undo");
    page.done(&format!("!undo {}", ban.job()), "undo – done").await;
    assert_eq!(membership(&town.bea, &town.lounge, &max).await, "leave");
    page.close();
}
