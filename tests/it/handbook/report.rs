//! A report comes in.

use serde_json::Value;
use throwaway_synapse::User;

use super::{Page, Town, person, write};
use crate::{
    reports::report,
    support::{BOT, PATIENCE},
};

pub(super) async fn played(town: &Town) {
    let (scene, m) = (&town.scene, &town.scene.moderator);
    let rex = person(scene, "rex", "Rex").await;
    rex.join(&town.lounge).await.unwrap();
    let mut page = Page::new(m, "report");
    page.name(&town.lounge, "!lounge…");

    page.part("card");
    town.bea.send_text(&town.lounge, "is anybody here from the hiking group?").await.unwrap();
    let event = rex.send_text(&town.lounge, "shut up, you are all idiots").await.unwrap();
    page.name(&event, "$event…");
    report(&town.bea, &town.lounge, &event, "he insults everybody").await;
    let card = m.hears(&format!("Event: `{event}`")).await;
    page.bot(&card);

    page.part("claim").judges(&card, "✋", "Claimed by").await;

    page.part("more").taps(&card, "🔎", "Around").await;

    page.part("act").taps(&card, "⏸️", "– done").await;
    let resolved = page.shows(&card, "Resolved by").await;
    assert_eq!(write(&rex, &town.lounge).await, 403);

    page.part("told");
    page.line("gleipnir", &told(town, &town.bea).await);

    page.part("undo");
    let job = resolved.number("Undo: `!undo ");
    page.done(&format!("!undo {job}"), "undo – done").await;
    page.shows(&card, "Open again").await;
    assert_eq!(write(&rex, &town.lounge).await, 200);

    page.part("redact");
    let asked = page.taps(&card, "🧹", "do it?").await;
    m.react(&asked.id, "✅").await;
    page.line("mod", "(reacts with ✅)");
    page.bot(&m.hears(&format!("Job {}: act by `@mod:hs.test` – done", asked.job())).await);
    page.shows(&card, "message redacted").await;
    page.close();
}

/// What the bot writes to somebody in a direct chat, once it did.
async fn told(town: &Town, user: &User) -> String {
    town.scene.bot.knows("SELECT count(*) = 1 FROM plans WHERE command = 'resolve' AND state = 'done'").await;
    let sync = user.sync(None, 0).await.unwrap();
    let invitations = sync["rooms"]["invite"].as_object().unwrap();
    let chat = invitations.keys().next().expect("an invitation of the bot");
    user.join(chat).await.unwrap();
    let is_it = |event: &Value| event["sender"] == BOT && event["type"] == "m.room.message";
    let said = user.wait_for(chat, PATIENCE, is_it).await.unwrap();
    said["content"]["body"].as_str().unwrap().to_owned()
}
