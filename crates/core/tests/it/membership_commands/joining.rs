//! `!join` and `!leave`: the bot itself, and users of this server whom nobody asks.

use gleipnir_core::{
    model::{Account, Block},
    ports::{Effects as _, Fault},
    ruma::{room_id, user_id},
};
use serde_json::json;

use super::{bot, den, is, levels, lounge, membership, stage, writes};
use crate::scene::{has, plans};

fn private(stage: &gleipnir_core::testing::Stage, room: &gleipnir_core::ruma::RoomId) {
    stage.homeserver.change_room(room, |room| {
        room.details.join_rules = Some("invite".into());
        room.state[2]["content"] = json!({"join_rule": "invite"});
    });
}

#[tokio::test]
async fn i_join_and_leave() {
    let mut stage = stage();
    stage.homeserver.change_room(den(), |room| room.members.retain(|member| *member != bot()));
    has(&stage.say("!leave !den:hs.test").await, &["I am not in Den (`!den:hs.test`)."]);
    has(&stage.say("!join !den:hs.test").await, &["Job 1: join – done"]);
    has(&stage.say("!join !den:hs.test").await, &["I am in Den (`!den:hs.test`) already."]);
    has(&stage.say("!leave !den:hs.test").await, &["Job 2: leave – done"]);
    assert_eq!(writes(&stage), ["join !den:hs.test", "leave !den:hs.test"]);
    has(&stage.say("!undo 2").await, &["Job 3: undo – done"]);
    assert_eq!(membership(&stage, den(), &bot()).await.as_deref(), Some("join"));
}

#[tokio::test]
async fn what_leads_nowhere_is_refused() {
    let mut stage = stage();
    has(&stage.say("!leave !management:hs.test").await, &["I take commands there, so I never leave it."]);
    private(&stage, den());
    stage.homeserver.change_room(den(), |room| room.members.retain(|member| *member != bot()));
    has(
        &stage.say("!join !den:hs.test").await,
        &[
            "I cannot join Den (`!den:hs.test`): only invited people can join",
            "`!room-admin !den:hs.test @bot:hs.test`",
        ],
    );
    is(&stage, lounge(), "@bot:hs.test", "ban");
    has(
        &stage.say("!join !lounge:hs.test").await,
        &["I cannot join Lounge (`!lounge:hs.test`): they are banned"],
    );
    has(&stage.say("!join !nowhere:hs.test").await, &["The server does not know the room"]);
    stage.room(gleipnir_core::ruma::room_id!("!far:hs.test"), "Far", "#far:hs.test", 0);
    has(
        &stage.say("!join !far:hs.test").await,
        &["Nobody of this server is in Far", "Once I am invited, I join."],
    );
    assert!(plans(&stage).is_empty());
    // Whoever is invited may join.
    stage.homeserver.change_room(den(), |room| room.invites.push(bot()));
    has(&stage.say("!join !den:hs.test").await, &["Job 1: join – done"]);
}

#[tokio::test]
async fn a_room_that_i_could_not_come_back_to_asks_first() {
    let mut stage = stage();
    private(&stage, den());
    has(
        &stage.say("!leave !den:hs.test").await,
        &["I can only come back if somebody invites me.", "Job 1: do it?"],
    );
    stage.homeserver.change_room(lounge(), |room| room.members = vec![bot()]);
    has(&stage.say("!leave !lounge:hs.test").await, &["I am the last one of this server in it"]);
    assert!(writes(&stage).is_empty());
}

#[tokio::test]
async fn users_of_this_server_are_brought_in_after_a_word_about_it() {
    let mut stage = stage();
    let said = stage.say("!join !lounge:hs.test @bob:hs.test @eve:hs.test").await;
    has(
        &said,
        &[
            "To bring into Lounge (`!lounge:hs.test`), without asking them:",
            "• BOB (`@bob:hs.test`)",
            "EVE (`@eve:hs.test`) is in Lounge (`!lounge:hs.test`) already.",
            "They are not asked, and I cannot take back that they were in it; !kick removes them.",
        ],
    );
    has(&stage.say("!confirm 1").await, &["`@bob:hs.test` is in Lounge (`!lounge:hs.test`) now."]);
    assert_eq!(membership(&stage, lounge(), user_id!("@bob:hs.test")).await.as_deref(), Some("join"));
    has(&stage.say("!undo 1").await, &["`!kick @bob:hs.test !lounge:hs.test` removes them."]);
    has(
        &stage.say("!join !lounge:hs.test @bob:hs.test").await,
        &["is in Lounge (`!lounge:hs.test`) already."],
    );
}

#[tokio::test]
async fn who_cannot_be_brought_in_is_refused_with_a_way() {
    let mut stage = stage();
    let put = |name: &str, account: Account| {
        let id = gleipnir_core::ruma::OwnedUserId::try_from(format!("@{name}:hs.test")).expect("a user ID");
        stage.homeserver.put_account(&id, account);
    };
    put("dead", Account { deactivated: true, ..Account::default() });
    put("mum", Account { suspended: true, ..Account::default() });
    put("shut", Account { locked: true, ..Account::default() });
    is(&stage, lounge(), "@ana:hs.test", "ban");
    for (users, said) in [
        ("@far:other.test", "`!invite @far:other.test !lounge:hs.test` asks them."),
        ("@evve:hs.test @bob:hs.test", "There is no account `@evve:hs.test`"),
        ("@dead:hs.test", "is deactivated, and cannot join anything."),
        ("@mum:hs.test", "`!unsuspend @mum:hs.test` lifts that."),
        ("@shut:hs.test", "is locked"),
        ("@bot:hs.test", "`!join !lounge:hs.test` without users lets me join."),
        ("@ana:hs.test", "`!unban @ana:hs.test !lounge:hs.test` lifts that first."),
        ("bob", "“bob”"),
    ] {
        has(&stage.say(&format!("!join !lounge:hs.test {users}")).await, &[said]);
    }
    has(&stage.say("!join !management:hs.test @bob:hs.test").await, &["I bring nobody into it."]);
    private(&stage, den());
    levels(&stage, den(), &json!({"invite": 50}));
    has(
        &stage.say("!join !den:hs.test @bob:hs.test").await,
        &[
            "I cannot invite users to Den",
            "inviting takes 50",
            "`!room-admin !den:hs.test @bot:hs.test` gives me the power.",
        ],
    );
    stage.homeserver.change_room(den(), |room| room.members.retain(|member| *member != bot()));
    has(
        &stage.say("!join !den:hs.test @bob:hs.test").await,
        &["so I have to invite them, and I am not inside."],
    );
    stage.homeserver.set_block(lounge(), Block::On).await.expect("it answers");
    has(&stage.say("!join !lounge:hs.test @bob:hs.test").await, &["`!unblock !lounge:hs.test` lifts that."]);
    assert!(plans(&stage).is_empty());
}

#[tokio::test]
async fn what_the_server_says_is_told() {
    let mut stage = stage();
    let refused = Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "Not today".into() };
    stage.homeserver.fail_once("bring_in", refused);
    stage.say("!join !lounge:hs.test @bob:hs.test").await;
    has(&stage.say("!confirm 1").await, &["❌ Could not bring `@bob:hs.test` into Lounge", "Not today"]);
}

#[tokio::test]
async fn who_is_protected_is_brought_nowhere_but_by_themselves() {
    let mut stage = stage();
    let put = |name: &str, account: Account| {
        let id = gleipnir_core::ruma::OwnedUserId::try_from(format!("@{name}:hs.test")).expect("a user ID");
        stage.homeserver.put_account(&id, account);
    };
    put("admin", Account { admin: true, ..Account::default() });
    put("bridge", Account { appservice: Some("irc".into()), ..Account::default() });
    put("mod", Account::default());
    put("other", Account::default());
    put("cleo", Account::default());
    for (users, said) in [
        ("@admin:hs.test", "`@admin:hs.test` is a server admin."),
        ("@bob:hs.test @bridge:hs.test", "`@bridge:hs.test` belongs to the appservice"),
        ("@other:hs.test", "`@other:hs.test` is a moderator"),
    ] {
        has(&stage.say(&format!("!join !lounge:hs.test {users}")).await, &[said]);
    }
    assert!(plans(&stage).is_empty());
    stage.say("!join !lounge:hs.test @mod:hs.test @bob:hs.test").await;
    has(&stage.say("!confirm 1").await, &["`@mod:hs.test` is in Lounge (`!lounge:hs.test`) now."]);
    // Who became an admin meanwhile is left alone when it is done.
    stage.say("!join !lounge:hs.test @cleo:hs.test").await;
    stage.homeserver.put_account(user_id!("@cleo:hs.test"), Account { admin: true, ..Account::default() });
    has(&stage.say("!confirm 2").await, &["`@cleo:hs.test` is a server admin."]);
}

#[tokio::test]
async fn a_join_that_no_other_server_answers_is_not_waited_for() {
    let fault = || Fault::Broken { status: 502, message: "Failed to make_join via any server".into() };
    let mut stage = stage();
    let far = room_id!("!far:hs.test");
    stage.room(far, "Far", "#far:hs.test", 0);
    stage.homeserver.change_room(far, |room| room.invites.push(bot()));
    stage.homeserver.fail_always("join_room", fault());
    has(
        &stage.say("!join !far:hs.test").await,
        &[
            "Job 1: join – failed",
            "Nobody of this server is in the room, and no server that is in it answers. The homeserver failed: Failed to \
             make_join via any server (HTTP 502). Try again when one of them is back",
        ],
    );
    stage.homeserver.mend();
    // It happened all the same.
    stage.homeserver.lose_answer("join_room", fault());
    has(&stage.say("!join !far:hs.test").await, &["join – done"]);
}
