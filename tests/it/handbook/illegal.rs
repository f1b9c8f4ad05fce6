//! A picture that nobody should have: seized first, kept as evidence, deleted last.

use serde_json::json;

use super::{Page, Town, person, public};
use crate::reports::report;

pub(super) async fn played(town: &Town) {
    let (scene, m) = (&town.scene, &town.scene.moderator);
    let vic = person(scene, "vic", "Vic").await;
    let gallery = public(&vic, "Gallery", "gallery").await;
    town.bea.join(&gallery).await.unwrap();
    let file = vic.upload("image/png", b"no real picture".to_vec()).await.unwrap();
    vic.upload("image/png", b"another picture".to_vec()).await.unwrap();
    let content = json!({"msgtype": "m.image", "body": "IMG_0042.png", "url": file,
        "info": {"mimetype": "image/png", "size": 15, "w": 40, "h": 30}});
    let event = vic.send(&gallery, "m.room.message", content).await.unwrap();
    scene.counted(&gallery, 2).await;
    let mut page = Page::new(m, "illegal-content");
    page.name(&gallery, "!gallery…").name(&event, "$event…").name(&file, "mxc://hs.test/picture…");

    page.part("card");
    report(&town.bea, &gallery, &event, "this is illegal").await;
    let card = m.hears(&format!("Event: `{event}`")).await;
    page.bot(&card);
    let case = card.number("Case ");

    page.part("stop");
    let line = format!("!act {case} quarantine suspend block --reason \"illegal picture\"");
    let stopped = page.done(&line, " – done").await;
    page.shows(&card, "Resolved by").await;
    let path = format!("/_matrix/client/v1/media/download/{}", file.trim_start_matches("mxc://"));
    assert_eq!(town.bea.request("GET", &path, None).await.unwrap().0, 404);
    assert!(scene.is_blocked(&gallery).await);

    page.part("all-files").done("!quarantine @vic:hs.test illegal picture", "quarantine – done").await;

    page.part("evidence");
    for line in [
        format!("!case {case} --file=json"),
        format!("!event {gallery} {event} --file"),
        "!messages #gallery:hs.test --from @vic:hs.test --all --file=csv".to_owned(),
        "!media user @vic:hs.test --file=csv".to_owned(),
        "!user @vic:hs.test --file=json".to_owned(),
    ] {
        page.line("mod", &line);
        let command = m.say(&line).await;
        m.marked(&command, "✅").await;
        let (name, _) = m.file(&command).await;
        page.line("gleipnir", &format!("{name} (a file)"));
    }

    page.done("!whois @vic:hs.test", "program").await;

    page.part("delete").dropped(&format!("!media delete {file}")).await;

    page.part("shutdown").dropped("!shutdown #gallery:hs.test illegal content").await;

    page.part("undo").confirmed(&format!("!undo {}", stopped.job()), "undo – done").await;
    page.close();
    assert!(!scene.is_blocked(&gallery).await);
}
