//! Conversations about `!ratelimit`.

use gleipnir_core::{
    model::RateLimit,
    ports::{Fault, LookupPeople as _},
    ruma::user_id,
    testing::Stage,
};

use super::{eve, with_eve};
use crate::scene::{has, plans, watcher};

async fn limit(stage: &Stage) -> Option<(u64, u64)> {
    let limit = stage.homeserver.rate_limit(&eve()).await.expect("nothing fails any more");
    limit.map(|limit| (limit.messages_per_second, limit.burst_count))
}

#[tokio::test]
async fn a_limit_is_shown_set_and_cleared_and_each_is_undone() {
    let mut stage = with_eve();
    assert_eq!(
        stage.say("!ratelimit @eve:hs.test").await,
        "Eve *of* '<b>' (`@eve:hs.test`) has the rate limit: the server's own."
    );
    has(
        &stage.say_as(watcher(), "!ratelimit @eve:hs.test").await,
        &["has the rate limit: the server's own."],
    );
    has(
        &stage.say("!ratelimit @eve:hs.test set 2 10 --dry-run").await,
        &[
            "Rate limit of Eve",
            "Now: the server's own",
            "Then: 2 a second, 10 at once",
            "Dry run: nothing was done.",
        ],
    );
    has(
        &stage.say("!ratelimit @eve:hs.test set 2 10").await,
        &["Job 1: ratelimit – done", "`@eve:hs.test` can do 2 a second, and 10 at once.", "`!undo 1`"],
    );
    assert_eq!(limit(&stage).await, Some((2, 10)));
    has(
        &stage.say("!ratelimit @eve:hs.test set 2 10").await,
        &["has that rate limit already: 2 a second, 10 at once."],
    );
    has(
        &stage.say("!ratelimit @eve:hs.test clear").await,
        &["Job 2: ratelimit – done", "that of the server holds."],
    );
    assert_eq!(limit(&stage).await, None);
    has(
        &stage.say("!ratelimit @eve:hs.test clear").await,
        &["has no rate limit of its own. It has: the server's own."],
    );
    has(&stage.say("!undo 2").await, &["Job 3: undo – done"]);
    assert_eq!(limit(&stage).await, Some((2, 10)));
    has(&stage.say("!undo 1").await, &["came later and is about the same target."]);
    has(&stage.say("!confirm 4").await, &["undo – done", "that of the server holds."]);
    assert_eq!(limit(&stage).await, None);
}

/// An empty body means no limit for Synapse, and so does 0: neither is ever sent unless that was typed out.
#[tokio::test]
async fn trap_18_no_limit_at_all_has_to_be_typed_out() {
    let mut stage = with_eve();
    for (line, part) in [
        ("!ratelimit @eve:hs.test set", "Give how many actions a second, and how many at once"),
        ("!ratelimit @eve:hs.test set 5", "Give how many actions a second, and how many at once"),
        ("!ratelimit @eve:hs.test set 0 0", "0 does not mean nothing: for Synapse it means no limit at all."),
        ("!ratelimit @eve:hs.test set 0 5", "`!ratelimit <@user> set unlimited`"),
        ("!ratelimit @eve:hs.test set 5 0", "0 does not mean nothing"),
        ("!ratelimit @eve:hs.test set unlimited 5", "write a whole number"),
        ("!ratelimit @eve:hs.test set -1 5", "write a whole number"),
        ("!ratelimit @eve:hs.test set 0.2 5", "write a whole number"),
        ("!ratelimit @eve:hs.test set 5 99999999999", "write a whole number"),
        ("!ratelimit @eve:hs.test clear 5", "`!ratelimit <@user> clear`"),
        ("!ratelimit @eve:hs.test drop", "it takes set, clear."),
        ("!ratelimit", "Something is missing"),
        ("!ratelimit eve", "eve"),
    ] {
        has(&stage.say(line).await, &[part]);
    }
    assert_eq!(plans(&stage).len(), 0);
    has(
        &stage.say("!ratelimit @eve:hs.test set Unlimited --dry-run").await,
        &["Then: none: they may send as fast as they like", "Nothing would keep this account from sending"],
    );
    has(&stage.say("!ratelimit @eve:hs.test set unlimited").await, &["can send as fast as it likes."]);
    assert_eq!(limit(&stage).await, Some((0, 0)));
    has(&stage.say("!ratelimit @eve:hs.test set unlimited").await, &["has that rate limit already: none"]);
    has(&stage.say("!undo 1").await, &["that of the server holds."]);
    assert_eq!(limit(&stage).await, None);
}

#[tokio::test]
async fn the_bot_gives_itself_more() {
    let mut stage = with_eve();
    has(&stage.say("!ratelimit @bot:hs.test set unlimited").await, &["Job 1: ratelimit – done"]);
    let bot = stage.homeserver.rate_limit(user_id!("@bot:hs.test")).await;
    assert_eq!(bot, Ok(Some(RateLimit { messages_per_second: 0, burst_count: 0 })));
}

#[tokio::test]
async fn whose_limit_cannot_be_set_is_said() {
    let mut stage = with_eve();
    for action in ["", " set 1 1", " clear"] {
        has(
            &stage.say(&format!("!ratelimit @typo:hs.test{action}")).await,
            &["There is no account `@typo:hs.test` on this server."],
        );
        has(&stage.say(&format!("!ratelimit @far:other.test{action}")).await, &["is of another server"]);
    }
    has(&stage.say("!ratelimit @gone:hs.test set 1 1").await, &["is deactivated"]);
    has(&stage.say_as(watcher(), "!ratelimit @eve:hs.test set 1 1").await, &["needs power level 50"]);
    stage.homeserver.fail_once("rate_limit", Fault::Timeout);
    has(&stage.say("!ratelimit @eve:hs.test set 1 1").await, &["did not answer in time."]);
    assert_eq!(plans(&stage).len(), 0);
}
