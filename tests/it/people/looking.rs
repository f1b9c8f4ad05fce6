//! `!user`, `!users`, `!rooms-of`, `!memberships`, `!devices`, `!whois`, `!find`, `!tasks` and `!biggest`.

use serde_json::{Value, json};
use throwaway_synapse::{User, path_part};

use super::users;
use crate::support::Scene;

/// Somebody of whom there is much to tell, and what is told.
pub(super) async fn at_everything(scene: &Scene) {
    let m = &scene.moderator;
    let [lucy, host] = users(scene, ["lucy", "host"]).await;
    lucy.display_name("Lucy in the sky").await.unwrap();
    let phone = scene.synapse.login("lucy").await.unwrap();
    let own = scene.room(&lucy, "Diamonds", &[]).await;
    let club = scene.room(&host, "Club", std::slice::from_ref(&lucy)).await;
    let barred = scene.room(&host, "Barred", std::slice::from_ref(&lucy)).await;
    let ban = format!("/_matrix/client/v3/rooms/{}/ban", path_part(&barred));
    host.post(&ban, json!({"user_id": lucy.user_id, "reason": "too loud"})).await.unwrap();
    lucy.invite(&own, &host.user_id).await.unwrap();
    lucy.upload("text/plain", b"a poem".to_vec()).await.unwrap();
    let path = "/_synapse/admin/v2/users/@lucy:hs.test";
    let identities = json!({"threepids": [{"medium": "email", "address": "lucy@example.org"}],
        "external_ids": [{"auth_provider": "oidc-x", "external_id": "Lucy7"}]});
    scene.admin.put(path, identities).await.unwrap();
    let event = lucy.send_text(&club, "kaleidoscope").await.unwrap();
    let report = format!("/_matrix/client/v3/rooms/{}/report/{}", path_part(&club), path_part(&event));
    host.post(&report, json!({"reason": "odd"})).await.unwrap();
    m.good("!suspend @lucy:hs.test a try", "– done").await;

    picture(scene, &own).await;
    rooms(scene, [&own, &club, &barred]).await;
    sessions(scene, [&lucy, &phone]).await;
    lists(scene).await;
    nobody(scene).await;
    m.good("!unsuspend @lucy:hs.test", "– done").await;
}

async fn picture(scene: &Scene, own: &str) {
    let m = &scene.moderator;
    m.good("!user @lucy:hs.test", "Lucy in the sky (`@lucy:hs.test`)").await.says(&[
        "Account: of this server",
        "State: suspended",
        "E-mail: `lucy@example.org`",
        "Logs in as: `Lucy7` at `oidc-x`",
        "Devices: 2,",
        "Rooms: in 2",
        &format!("Rooms made: 1: Diamonds (`{own}`)"),
        "Rooms joined: 3 rooms",
        "Invitations sent: 1 invitation",
        "Files: 1 file",
        "Rate limit: the server's own",
        "Reports about them: 1",
        "Reports by them: none",
        "Jobs: 1, newest first:",
        "because “a try”",
    ]);
    let file = m.say("!user @lucy:hs.test --file=json").await;
    let (_, file) = m.file(&file).await;
    let file: Value = serde_json::from_str(&file).unwrap();
    assert!(file.to_string().contains("lucy@example.org"), "{file}");
    m.good("!find LUCY@example.org", "Lucy in the sky (`@lucy:hs.test`) has the e-mail address").await;
    m.good("!find oidc-x Lucy7", "has the login `Lucy7` at `oidc-x`").await;
    m.good("!find nobody@example.org", "No account of this server has the e-mail address").await;
    m.bad("!find lucy", "is neither an e-mail address nor a telephone number.").await;
    let far = m.good("!user @far:elsewhere.test", "`@far:elsewhere.test`").await;
    far.says(&["Account: on another server, `elsewhere.test`"]).leaves_out(&["Devices"]);
}

async fn rooms(scene: &Scene, [own, club, barred]: [&str; 3]) {
    let m = &scene.moderator;
    let of = m.good("!rooms-of @lucy:hs.test", "2 rooms that Lucy in the sky (`@lucy:hs.test`) is in:").await;
    of.says(&[own, club, "made by them"]).leaves_out(&[barred]);
    let all = m.good("!memberships @lucy:hs.test", "3 rooms of Lucy in the sky").await;
    all.says(&[own, club, barred, "banned from Barred", "“too loud”", "in Club"]);
    m.good("!memberships @host:hs.test", "invited to Diamonds").await;
    m.good("!rooms-of @far:elsewhere.test", "is in no room that this server takes part in").await;
}

/// Addresses only where they are asked for.
async fn sessions(scene: &Scene, devices: [&User; 2]) {
    let m = &scene.moderator;
    let listed = m.good("!devices @lucy:hs.test", "2 devices of Lucy in the sky").await;
    for device in devices {
        listed.says(&[&device.device_id]);
    }
    listed.leaves_out(&["127.0.0.1"]);
    let whois = m.good("!whois @lucy:hs.test", "of Lucy in the sky").await;
    whois.says(&["Addresses: `!whois @lucy:hs.test --ip`."]).leaves_out(&["127.0.0.1"]);
    m.good("!whois @lucy:hs.test --ip", "`127.0.0.1`").await;
}

async fn lists(scene: &Scene) {
    let m = &scene.moderator;
    m.good("!users sky", "1 account with “sky”").await.says(&["Lucy in the sky (`@lucy:hs.test`)"]);
    m.good("!users --admins", "2 accounts, server admins only:")
        .await
        .says(&["`@admin:hs.test`", "`@gleipnir:hs.test`"]);
    m.good("!users nothing like it", "There is no account with").await;
    let [locked] = users(scene, ["skylark"]).await;
    m.good(&format!("!lock {}", locked.user_id), "– done").await;
    // A locked account is left out unless it is asked for.
    m.good("!users sky", "1 that are locked (`--locked`)").await.leaves_out(&["@skylark"]);
    m.good("!users sky --locked", "2 accounts with “sky”").await.says(&["`@skylark:hs.test`"]);
    let file = m.say("!users --locked --deactivated --file").await;
    let (name, file) = m.file(&file).await;
    assert_eq!(name, "users.csv");
    assert!(file.contains("@skylark:hs.test") && file.contains("@lucy:hs.test"), "{file}");
    m.good("!tasks", "The database is not being changed.").await;
    m.bad("!biggest", "only PostgreSQL can").await;
}

/// A typo is told as one, although the server answers with nothing.
async fn nobody(scene: &Scene) {
    let m = &scene.moderator;
    for command in ["user", "rooms-of", "memberships", "devices", "whois"] {
        m.bad(&format!("!{command} @lucie:hs.test"), "There is no account `@lucie:hs.test` on this server.")
            .await;
    }
    for command in ["devices", "whois"] {
        m.bad(&format!("!{command} @far:elsewhere.test"), "is of another server").await;
    }
    assert_eq!(scene.account("@lucie:hs.test").await, Value::Null);
}
