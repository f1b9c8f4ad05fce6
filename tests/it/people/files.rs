//! `!quarantine`, `!unquarantine` and `!media`.

use std::io::Cursor;

use futures_util::future::join_all;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use throwaway_synapse::{User, path_part};

use super::users;
use crate::support::Scene;

/// The status that a user gets for a file.
async fn download(user: &User, file: &str) -> u16 {
    let path = format!("/_matrix/client/v1/media/download/{}", file.strip_prefix("mxc://").unwrap());
    user.request("GET", &path, None).await.unwrap().0
}

/// A file, by the admin API's word.
async fn info(scene: &Scene, file: &str) -> Value {
    let path = format!("/_synapse/admin/v1/media/{}", file.strip_prefix("mxc://").unwrap());
    let (status, mut answer) = scene.admin.request("GET", &path, None).await.unwrap();
    if status == 200 { answer["media_info"].take() } else { Value::Null }
}

/// On SQLite the server tells numbers.
async fn is_protected(scene: &Scene, file: &str) -> bool {
    let info = info(scene, file).await;
    info["safe_from_quarantine"] == true || info["safe_from_quarantine"] == 1
}

async fn image(user: &User, room: &str, file: &str) -> String {
    user.send(room, "m.room.message", json!({"msgtype": "m.image", "body": "a.png", "url": file}))
        .await
        .unwrap()
}

/// Colours that can be told from each other when they were blurred and compressed.
const COLOURS: [[u8; 3]; 8] = [
    [200, 0, 0],
    [0, 200, 0],
    [0, 0, 200],
    [250, 0, 250],
    [0, 200, 200],
    [200, 200, 0],
    [20, 20, 20],
    [120, 60, 0],
];

/// A picture of one colour.
fn png(side: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(side, side, Rgb(colour)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// One file, and one with the same bytes that somebody else uploaded.
pub(super) async fn equal_files(scene: &Scene) {
    let m = &scene.moderator;
    let [eve, bob] = users(scene, ["eve", "bob"]).await;
    let bytes = png(32, COLOURS[0]);
    let hers = eve.upload("image/png", bytes.clone()).await.unwrap();
    let his = bob.upload("image/png", bytes.clone()).await.unwrap();
    let other = eve.upload("image/png", png(32, COLOURS[1])).await.unwrap();
    assert_ne!(hers, his);
    scene.admin.upload("text/plain", b"rules".to_vec()).await.unwrap();

    let dry = m.good(&format!("!quarantine {hers} --dry-run"), "Dry run: nothing was done.").await;
    dry.says(&["`image/png`", "uploaded by `@eve:hs.test`", "nor any equal file"]);
    assert_eq!(download(&bob, &hers).await, 200);
    let done = m.good(&format!("!quarantine {hers} vile"), "quarantine – done, because “vile”").await;
    done.says(&["is in quarantine: nobody can download it from this server, nor any equal file."]);
    assert_eq!(
        [download(&bob, &hers).await, download(&bob, &his).await, download(&bob, &other).await],
        [404, 404, 200]
    );
    // Also one that comes later.
    let later = bob.upload("image/png", bytes).await.unwrap();
    assert_eq!(download(&bob, &later).await, 404);
    m.good(&format!("!quarantine {hers}"), "is already in quarantine").await;
    m.good(&format!("!media {his}"), "in quarantine").await;
    m.good(&format!("!undo {}", done.job()), "undo – done").await;
    assert_eq!(
        [download(&bob, &hers).await, download(&bob, &his).await],
        [200, 200],
        "the undo lets all of them out"
    );
    m.good(&format!("!unquarantine {hers}"), "is not in quarantine.").await;

    // By its event.
    let room = scene.room(&eve, "Gallery", std::slice::from_ref(&bob)).await;
    let event = image(&eve, &room, &other).await;
    let theft = image(&eve, &room, &his).await;
    let done = m.good(&format!("!quarantine https://matrix.to/#/{room}/{event}"), "quarantine – done").await;
    assert_eq!(download(&bob, &other).await, 404);
    m.good(&format!("!unquarantine {room} {event}"), "unquarantine – done").await;
    // The later job did it already.
    let asked = m.ask(&format!("!undo {}", done.job()), "do it?").await;
    asked.says(&["came later and is about the same target."]);
    m.good(&format!("!cancel {}", asked.job()), "is cancelled").await;
    let asked = m.ask(&format!("!quarantine https://matrix.to/#/{room}/{theft}"), "do it?").await;
    asked.says(&["was uploaded by `@bob:hs.test`, not by `@eve:hs.test`, who sent it."]);
    m.good(&format!("!cancel {}", asked.job()), "is cancelled").await;
    m.all_bad(&[
        ("!quarantine mxc://hs.test/nothing", "This server does not have the file `mxc://hs.test/nothing`"),
        (&format!("!quarantine {hers} mxc://hs.test/nothing"), "Nothing was done."),
        ("!quarantine", "Something is missing"),
        ("!quarantine hello", "names no files"),
        ("!quarantine @nobody:hs.test", "There is no account `@nobody:hs.test`"),
        ("!quarantine @far:elsewhere.test", "is of another server"),
        ("!quarantine !nowhere:hs.test", "does not know the room"),
        ("!quarantine @admin:hs.test", "is a server admin"),
    ])
    .await;
    assert_eq!(download(&bob, &hers).await, 200);
}

/// All files of a user, and all in a room; what is protected stays.
pub(super) async fn of_a_user_and_in_a_room(scene: &Scene) {
    let m = &scene.moderator;
    let [ida, jon] = users(scene, ["ida", "jon"]).await;
    let room = scene.room(&ida, "Wall", std::slice::from_ref(&jon)).await;
    let mut files = Vec::new();
    for colour in &COLOURS[2..5] {
        let file = ida.upload("image/png", png(32, *colour)).await.unwrap();
        image(&ida, &room, &file).await;
        files.push(file);
    }
    let his = jon.upload("text/plain", b"a note".to_vec()).await.unwrap();
    image(&jon, &room, &his).await;
    let downloads = async || {
        let mut statuses = Vec::new();
        for file in files.iter().chain([&his]) {
            statuses.push(download(&jon, file).await);
        }
        statuses
    };

    let protected = m.good(&format!("!media protect {}", files[0]), "is protected from quarantine.").await;
    assert!(is_protected(scene, &files[0]).await);
    m.good(&format!("!media protect {}", files[0]), "is already protected from quarantine.").await;
    m.bad(&format!("!quarantine {}", files[0]), &format!("`!media unprotect {}`", files[0])).await;
    m.good(&format!("!quarantine {}", files[1]), "quarantine – done").await;

    let done = m.good("!quarantine @ida:hs.test spam", "quarantine – done, because “spam”").await;
    done.says(&[
        "1 file in quarantine: the files of `@ida:hs.test`",
        "Left alone, because protected or not here: 1.",
    ]);
    assert_eq!(downloads().await, [200, 404, 404, 200]);
    m.good("!quarantine @ida:hs.test", "There is nothing to quarantine of").await;
    m.good(&format!("!undo {}", done.job()), "1 file no longer in quarantine").await;
    assert_eq!(downloads().await, [200, 404, 200, 200], "what was in quarantine before stays there");

    let done = m.good(&format!("!quarantine {room}"), "2 files in quarantine: the files in Wall").await;
    assert_eq!(downloads().await, [200, 404, 404, 404]);
    m.good(&format!("!undo {}", done.job()), "2 files no longer in quarantine").await;
    assert_eq!(downloads().await, [200, 404, 200, 200]);
    let preview = ["Put there by `@gleipnir:hs.test`: 1"];
    let words = "1 file no longer in quarantine";
    let released = scene.carry_out(&format!("!unquarantine {room}"), &preview, words).await;
    assert_eq!(downloads().await, [200; 4]);
    m.good(&format!("!undo {}", released.job()), "1 file in quarantine").await;
    scene.carry_out("!unquarantine @ida:hs.test", &preview, words).await;
    assert_eq!(downloads().await, [200; 4]);
    m.good("!unquarantine @ida:hs.test", "Nothing is in quarantine of").await;

    m.good(&format!("!undo {}", protected.job()), "is no longer protected from quarantine.").await;
    assert!(!is_protected(scene, &files[0]).await);
    m.all_bad(&[
        ("!media protect @ida:hs.test", "Files are protected one by one"),
        ("!media protect mxc://hs.test/nothing", "does not have the file"),
        ("!media protect mxc://elsewhere.test/x", "is of another server"),
        (&format!("!media delete {room}"), "cannot be deleted at once"),
    ])
    .await;
}

/// More than the server deletes at once.
const COUNT: usize = 120;

/// One, and then more than a page of them.
pub(super) async fn deleted(scene: &Scene) {
    let m = &scene.moderator;
    let [kim] = users(scene, ["kim"]).await;
    let uploads = (0..COUNT).map(|n| kim.upload("text/plain", n.to_string().into_bytes()));
    let files: Vec<String> = join_all(uploads).await.into_iter().map(Result::unwrap).collect();
    let preview =
        ["To delete from this server", "uploaded by `@kim:hs.test`", "This cannot simply be undone"];
    let done = scene
        .carry_out(&format!("!media delete {} vile", files[0]), &preview, "is deleted from this server.")
        .await;
    assert_eq!((info(scene, &files[0]).await, download(&kim, &files[0]).await), (Value::Null, 404));
    m.bad(&format!("!undo {}", done.job()), "I cannot bring back the file").await;
    m.bad(&format!("!media delete {}", files[0]), "does not have the file").await;
    assert_eq!(download(&kim, &files[1]).await, 200);

    let preview = ["all files of kim (`@kim:hs.test`): 119 files"];
    let done = scene.carry_out("!media delete @kim:hs.test", &preview, "media – done").await;
    done.says(&["119 files of `@kim:hs.test` are deleted from this server."]);
    let left = scene
        .admin
        .get(&format!("/_synapse/admin/v1/users/{}/media", path_part(&kim.user_id)))
        .await
        .unwrap();
    assert_eq!(left["total"], 0);
    assert_eq!(download(&kim, &files[COUNT - 1]).await, 404);
    m.good("!media delete @kim:hs.test", "The server knows no files of").await;
    m.all_bad(&[
        ("!media delete @admin:hs.test", "is a server admin"),
        ("!media delete @nobody:hs.test", "There is no account"),
        ("!media delete mxc://elsewhere.test/x", "the server deletes its own files only"),
    ])
    .await;
}

/// Lists, and the picture of them.
pub(super) async fn listed(scene: &Scene) {
    let m = &scene.moderator;
    let [lea] = users(scene, ["lea"]).await;
    let room = scene.room(&lea, "Album", &[]).await;
    let mut files = Vec::new();
    for colour in COLOURS {
        let file = lea.upload("image/png", png(64, colour)).await.unwrap();
        image(&lea, &room, &file).await;
        files.push(file);
    }
    m.good(&format!("!quarantine {}", files[3]), "– done").await;
    m.good("!media mxc://hs.test/nothing", "`mxc://hs.test/nothing`").await.leaves_out(&["Type"]);
    m.good(&format!("!media {}", files[0]), "Type: `image/png`").await.says(&["`@lea:hs.test`"]);
    let listed = m.good("!media user @lea:hs.test", "8 files of lea (`@lea:hs.test`):").await;
    let in_room = m.good(&format!("!media room {room}"), "8 files of Album").await;
    for file in &files {
        listed.says(&[file]);
        in_room.says(&[file]);
    }
    listed.says(&["in quarantine by `@gleipnir:hs.test`"]);
    m.good("!media user @lea:hs.test --limit 3 --page 2", "Files 4–6 of 8").await;
    m.good("!media top", "`@lea:hs.test`").await.says(&["in 8 files"]);
    let top = m.say("!media top --by files --file=csv").await;
    let (_, table) = m.file(&top).await;
    assert!(table.contains("@lea:hs.test"), "{table}");
    m.all_bad(&[
        ("!media user @nobody:hs.test", "There is no account"),
        ("!media room !nowhere:hs.test", "does not know the room"),
        ("!media top --thumbnails", "--thumbnails goes with"),
    ])
    .await;

    let command = m.say(&format!("!media room {room} --thumbnails")).await;
    m.answer(&command, "8 files of Album").await;
    let (name, picture) = m.picture(&command).await;
    assert_eq!(name, "files.png");
    let sheet = image::load_from_memory(&picture).unwrap().to_rgb8();
    // The newest first.
    for ((n, colour), place) in COLOURS.iter().enumerate().rev().zip(0..) {
        // The middle of its place: six in a row, each with its number above it.
        let (left, top) = (8 + place % 6 * 168, 8 + place / 6 * 192);
        let Rgb(seen) = sheet.get_pixel(left + 80, top + 104);
        let is_it = seen.iter().zip(colour).all(|(seen, colour)| seen.abs_diff(*colour) < 24);
        assert_eq!(is_it, n != 3, "{n}: {seen:?} for {colour:?}; the one in quarantine is not shown");
    }
}
