//! A wave of strangers joins a room.

use super::{Page, Town, membership, person, set_join_rule, write};

/// How many of them.
const RAIDERS: usize = 8;

pub(super) async fn played(town: &Town) {
    let (scene, m) = (&town.scene, &town.scene.moderator);
    let mut raiders = Vec::new();
    for n in 1..=RAIDERS {
        raiders.push(person(scene, &format!("raider{n}"), &format!("Raider {n}")).await);
    }
    town.watched(&town.plaza).await;
    let mut page = Page::new(m, "raid");
    page.name(&town.plaza, "!plaza…");

    page.part("joins");
    for raider in &raiders {
        raider.join(&town.plaza).await.unwrap();
    }
    told(town, &mut page, &format!("{RAIDERS} users joined")).await;

    page.part("closed");
    page.line("mod", "(sets the room to invite only, with a client)");
    set_join_rule(&m.user, &town.plaza, "invite").await;
    told(town, &mut page, "who can join").await;

    page.part("mute");
    let line = "!mute @raider1:hs.test @raider2:hs.test #plaza:hs.test raid --for 1h";
    page.done(line, "mute – done").await;
    assert_eq!(write(&raiders[0], &town.plaza).await, 403);

    page.part("list");
    page.line("mod", "!members #plaza:hs.test --file=csv");
    let command = m.say("!members #plaza:hs.test --file=csv").await;
    let (name, file) = m.file(&command).await;
    page.line("gleipnir", &name);
    let users: Vec<&str> = file.lines().filter(|line| line.contains("@raider")).collect();
    assert_eq!(users.len(), RAIDERS, "{file}");

    page.part("ban");
    let list: Vec<&str> = raiders.iter().map(|raider| &*raider.user_id).collect();
    page.line("mod", "raiders.txt");
    let file = m.send_file("raiders.txt", list.join("\n").as_bytes()).await;
    let line = "!ban --attached #plaza:hs.test raid of the 21st";
    page.line("mod", &format!("{line}   (as a reply to the file)"));
    let command = m.reply(&file, line).await;
    let ban = page.agreed(&command, "ban – done").await;
    assert_eq!(membership(&town.bea, &town.plaza, &raiders[7]).await, "ban");

    page.part("one");
    page.done("!unban @raider3:hs.test #plaza:hs.test", "unban – done").await;
    assert_eq!(membership(&town.bea, &town.plaza, &raiders[2]).await, "leave");

    page.part("undo").confirmed(&format!("!undo {}", ban.job()), "undo – done").await;
    assert_eq!(membership(&town.bea, &town.plaza, &raiders[7]).await, "leave");
    page.close();
}

/// A line that the bot tells of the room, as it stands in a message of its own.
async fn told(town: &Town, page: &mut Page<'_>, words: &str) {
    let told = town.scene.moderator.told_that(&town.plaza, words).await;
    page.line("gleipnir", &format!("Plaza (`#plaza:hs.test`, `{}`): {}", town.plaza, told.sentence));
}
