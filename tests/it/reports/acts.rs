//! Every action of a card, tapped by moderators, and what the server says afterwards.

use serde_json::{Value, json};
use throwaway_synapse::{Role, User, path_part};

use super::{report, report_user, start};
use crate::support::{Answer, BOT, Kind, Scene};

/// Where something bad was written, and by whom.
struct Place {
    scene: Scene,
    /// A second moderator.
    second: User,
    /// Who has all power in the club.
    owner: User,
    eve: User,
    bob: User,
    /// A public room that the bot is not in at first.
    club: String,
}

impl Place {
    async fn new() -> Option<Self> {
        let mut scene = Scene::new(Kind::Open).await?;
        let [second, owner, eve, bob] =
            ["second", "owner", "eve", "bob"].map(|name| scene.synapse.register(name, Role::User));
        let (second, owner) = (second.await.unwrap(), owner.await.unwrap());
        let (eve, bob) = (eve.await.unwrap(), bob.await.unwrap());
        let club = scene.room(&owner, "Club", &[eve.clone(), bob.clone()]).await;
        let m = &scene.moderator;
        m.user.invite(&m.room, &second.user_id).await.unwrap();
        second.join(&m.room).await.unwrap();
        let mut levels = m.user.state(&m.room, "m.room.power_levels", "").await.unwrap();
        levels["users"][&second.user_id] = json!(50);
        m.user.send_state(&m.room, "m.room.power_levels", "", levels).await.unwrap();
        start(&mut scene).await;
        Some(Self { scene, second, owner, eve, bob, club })
    }

    /// Lets the bot into the club, with all power, as its refusals say.
    async fn give_power(&self) {
        let m = &self.scene.moderator;
        for line in [format!("!room-admin {}", self.club), format!("!room-admin {} {BOT}", self.club)] {
            let command = self.scene.confirm(&line, &[]).await;
            m.answer(&command, "room-admin – done").await;
        }
        m.user.join(&self.club).await.unwrap();
        m.user.invite(&self.club, BOT).await.unwrap();
        m.hears("): I am in it now, and watch it.").await;
    }

    /// Something of Eve's is reported: its card.
    async fn card(&self, room: &str, event: &str) -> Answer {
        report(&self.bob, room, event, "bad").await;
        self.scene.moderator.hears(&format!("Event: `{event}`")).await
    }

    /// Eve writes something, and it is reported: the event, and its card.
    async fn said(&self, words: &str) -> (String, Answer) {
        let event = self.eve.send_text(&self.club, words).await.unwrap();
        let card = self.card(&self.club, &event).await;
        (event, card)
    }

    /// Taps a card, and waits until it has these words.
    async fn tap(&self, card: &Answer, emoji: &str, words: &str) -> Answer {
        self.scene.moderator.react(&card.id, emoji).await;
        self.scene.moderator.shows(&card.id, words).await
    }

    /// As [`tap`](Self::tap), for what asks first; the second moderator confirms it.
    async fn tap_and_confirm(&self, card: &Answer, emoji: &str, words: &str) -> Answer {
        let m = &self.scene.moderator;
        m.react(&card.id, emoji).await;
        let waiting = m.shows(&card.id, "waits for a confirmation").await;
        let preview = m.hears(&format!("Job {}: do it?", waiting_job(&waiting))).await;
        self.second.react(&m.room, &preview.id, "✅").await.unwrap();
        let card = m.shows(&card.id, words).await;
        card.leaves_out(&["waits for a confirmation"]);
        card
    }

    /// Undoes what a case was resolved with, and waits until its card says so.
    async fn undo(&self, card: &Answer) {
        let m = &self.scene.moderator;
        let shown = m.shows(&card.id, "Undo: `!undo ").await;
        let job = shown.number("Undo: `!undo ");
        let command = m.say(&format!("!undo {job}")).await;
        m.marked(&command, "✅").await;
        m.shows(&card.id, "Undone by job").await.says(&["Open again by `@mod:hs.test`"]);
    }

    async fn is_redacted(&self, room: &str, event: &str) -> bool {
        let event = self.owner.event(room, event).await.unwrap();
        event["unsigned"]["redacted_because"].is_object() && event["content"]["body"].is_null()
    }

    async fn membership(&self) -> Value {
        self.owner.state(&self.club, "m.room.member", &self.eve.user_id).await.unwrap()["membership"].clone()
    }

    async fn is_suspended(&self) -> bool {
        let path = format!("/_synapse/admin/v2/users/{}", path_part(&self.eve.user_id));
        self.scene.admin.get(&path).await.unwrap()["suspended"] == true
    }

    /// The status that a user gets for a file.
    async fn download(&self, file: &str) -> u16 {
        let path = format!("/_matrix/client/v1/media/download/{}", file.strip_prefix("mxc://").unwrap());
        self.bob.request("GET", &path, None).await.unwrap().0
    }
}

/// The job that waits for a confirmation, by a card.
fn waiting_job(card: &Answer) -> u64 {
    let text = card.text.lines().find(|line| line.contains("waits for a confirmation")).unwrap().to_owned();
    Answer { text, ..card.clone() }.number("Job ")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tapped_is_so_on_the_server() {
    let Some(mut place) = Place::new().await else { return };
    refused_without_power(&place).await;
    judged(&place).await;
    about_the_message(&place).await;
    about_the_author(&place).await;
    about_the_room(&place).await;
    everything_at_once(&place).await;
    assert_eq!(place.scene.bot.stop().await, 0);
}

/// The refusal says how to get power, and then it works.
async fn refused_without_power(place: &Place) {
    let m = &place.scene.moderator;
    let (event, card) = place.said("rude words").await;
    for (emoji, word) in [("🧹", "redact: "), ("👢", "kick: "), ("🔨", "ban: ")] {
        m.react(&card.id, emoji).await;
        let refused = m.hears(&format!("{word}I am not in Club")).await;
        let club = &place.club;
        refused.says(&[
            &format!("`!room-admin {club}` gives it to you"),
            &format!("`!room-admin {club} {BOT}` gives me the power"),
        ]);
    }
    assert!(!place.is_redacted(&place.club, &event).await);
    place.give_power().await;
    place.second.react(&m.room, &card.id, "🧹").await.unwrap();
    let waiting = m.shows(&card.id, "waits for a confirmation: redact.").await;
    let preview = m.hears(&format!("Job {}: do it?", waiting_job(&waiting))).await;
    m.react(&preview.id, "✅").await;
    m.shows(&card.id, "Resolved by `@second:hs.test`, ").await.says(&[": message redacted (job "]);
    assert!(place.is_redacted(&place.club, &event).await);
}

/// What changes nothing on the server.
async fn judged(place: &Place) {
    let m = &place.scene.moderator;
    let (_, card) = place.said("a matter of taste").await;
    place.tap(&card, "✋", "Claimed by `@mod:hs.test`").await;
    place.tap(&card, "☑️", "Resolved by `@mod:hs.test`").await;
    let (event, card) = place.said("nothing bad").await;
    m.react(&card.id, "🔎").await;
    m.hears(&format!("Around `{event}` in Club")).await.says(&["a matter of taste", "▶ "]);
    place.tap(&card, "🗑️", "Dismissed by `@mod:hs.test`").await;
    // Of a user there is nothing more to see, and no room.
    report_user(&place.bob, &place.eve.user_id, "she is rude").await;
    let card = m.hears(": the user `@eve:hs.test`").await;
    card.leaves_out(&["🧹", "👢", "🔨", "🚧", "💣", "🔎"]).says(&["⏸️ suspend", "🧨 redact-all"]);
}

/// Its words, and its files.
async fn about_the_message(place: &Place) {
    let file = place.eve.upload("image/png", b"no real image".to_vec()).await.unwrap();
    let content = json!({"msgtype": "m.image", "body": "cat.png", "url": file});
    let event = place.eve.send(&place.club, "m.room.message", content).await.unwrap();
    assert_eq!(place.download(&file).await, 200);
    let card = place.card(&place.club, &event).await;
    place.tap(&card, "☣️", "Resolved by `@mod:hs.test`").await.says(&[": file quarantined (job "]);
    assert_eq!(place.download(&file).await, 404);
    place.undo(&card).await;
    assert_eq!(place.download(&file).await, 200);

    // It is open again. More can be done about a case that is resolved.
    let m = &place.scene.moderator;
    let card = place.tap_and_confirm(&card, "🧹", ": message redacted (job ").await;
    card.leaves_out(&["!undo"]);
    assert!(place.is_redacted(&place.club, &event).await);
    place.second.react(&m.room, &card.id, "☣️").await.unwrap();
    let card = m.shows(&card.id, "of `@second:hs.test`: file quarantined. Undo: `!undo ").await;
    card.says(&["Resolved by `@mod:hs.test`", ": message redacted (job "]);
    assert_eq!(place.download(&file).await, 404);
}

/// Her account, and her place in the room. Two moderators at once do it once.
async fn about_the_author(place: &Place) {
    let m = &place.scene.moderator;
    let (_, card) = place.said("threats").await;
    let case = card.number("Case ");
    let (first, second) = tokio::join!(m.react(&card.id, "⏸️"), place.second.react(&m.room, &card.id, "⏸️"));
    assert_ne!(first, second.unwrap());
    m.hears("suspend: `@").await.says(&[&format!("Nothing was done about case {case}:"), "already"]);
    m.shows(&card.id, ": author suspended (job ").await;
    assert!(place.is_suspended().await);
    let once = format!("SELECT count(*) = 1 FROM plans WHERE case_id = {case}");
    place.scene.bot.knows(&once).await;
    place.undo(&card).await;
    assert!(!place.is_suspended().await);

    let (_, card) = place.said("more threats").await;
    place.tap(&card, "👢", ": author kicked (job ").await;
    assert_eq!(place.membership().await, "leave");
    place.undo(&card).await;
    assert_eq!(place.membership().await, "invite");
    place.eve.join(&place.club).await.unwrap();

    let (_, card) = place.said("even more threats").await;
    place.tap(&card, "🔨", ": author banned (job ").await;
    assert_eq!(place.membership().await, "ban");
    place.undo(&card).await;
    assert_eq!(place.membership().await, "leave");
    place.eve.join(&place.club).await.unwrap();
}

/// A room that the bot is not in.
async fn about_the_room(place: &Place) {
    let den = place.scene.room(&place.eve, "Den", std::slice::from_ref(&place.bob)).await;
    let event = place.eve.send_text(&den, "come here").await.unwrap();
    let card = place.card(&den, &event).await;
    place.tap(&card, "🚧", ": room blocked (job ").await;
    assert!(place.scene.is_blocked(&den).await);
    place.undo(&card).await;
    assert!(!place.scene.is_blocked(&den).await);
    let other = place.eve.send_text(&den, "come, all of you").await.unwrap();
    let card = place.card(&den, &other).await;
    place.tap_and_confirm(&card, "💣", ": room shut down (job ").await.says(&["“come, all of you”"]);
    assert!(!place.scene.knows(&den).await);
}

/// Who was stopped first cannot answer, and what they wrote goes all the same, also where the bot is not.
async fn everything_at_once(place: &Place) {
    let m = &place.scene.moderator;
    let attic = place.scene.room(&place.owner, "Attic", std::slice::from_ref(&place.eve)).await;
    let elsewhere = place.eve.send_text(&attic, "rude in the attic").await.unwrap();
    place.eve.leave(&attic).await.unwrap();
    let (event, card) = place.said("rude in the club").await;
    let card = place.tap_and_confirm(&card, "🧨", ": all messages of the author redacted (job ").await;
    card.leaves_out(&["!undo"]);
    assert!(place.is_redacted(&place.club, &event).await);
    assert!(place.is_redacted(&attic, &elsewhere).await);

    let (event, card) = place.said("and again").await;
    let case = card.number("Case ");
    let command =
        place.scene.confirm(&format!("!act {case} redact-all ban suspend --reason enough"), &[]).await;
    m.answer(&command, "– done").await;
    let card = m.shows(&card.id, "Resolved by `@mod:hs.test`").await;
    card.says(&[": author suspended, author banned, all messages of the author redacted (job "]);
    assert!(place.is_suspended().await && place.is_redacted(&place.club, &event).await);
    assert_eq!(place.membership().await, "ban");
}
