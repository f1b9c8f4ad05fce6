//! Conversations about making, changing and deleting registration tokens.

use gleipnir_core::{
    model::RegistrationToken,
    plan::{Effect, Outcome, PlanResult},
    ports::{Clock as _, Fault},
    testing::Stage,
};

use super::{token, tokens, with_tokens};
use crate::scene::{has, left_behind, plan, plans, watcher};

fn word(token: &RegistrationToken) -> &str {
    &token.token
}

#[tokio::test]
async fn a_token_by_chance_is_made_and_said_once() {
    let mut stage = with_tokens();
    let said = stage.say("!token new --uses 5 --expires 7d").await;
    let until = stage.clock.now() + 7 * 86_400_000;
    has(
        &said,
        &[
            "Job 1: token – done",
            "The registration token `chance3` is made: for 5 registrations, until 2026-11-28 ",
        ],
    );
    let all = tokens(&stage).await;
    assert_eq!(all[2], token("chance3", Some(5), 0, Some(until)));
    let undone = stage.say("!undo 1").await;
    has(
        &undone,
        &["Job 2: undo – done", "The registration token `c…` is deleted: nobody can register with it."],
    );
    assert_eq!(tokens(&stage).await.len(), 2);
    // Undoing what was undone makes it anew, without saying it again.
    let again = stage.say("!undo 2").await;
    has(&again, &["Job 3: undo – done", "The registration token `c…` is made: for 5 registrations, until"]);
    assert!(!again.contains("chance3"), "{again}");
    assert_eq!(tokens(&stage).await[2], token("chance3", Some(5), 0, Some(until)));
}

#[tokio::test]
async fn a_token_without_limits_is_asked_about() {
    let mut stage = with_tokens();
    has(
        &stage.say("!token new").await,
        &[
            "A new registration token: by chance, for any number of registrations, for ever.",
            "everybody in this room could read it",
            "Anybody who knows it could register, without end: `--uses` and `--expires` set limits."
                .replace('`', "")
                .as_str(),
            "Job 1: do it?",
        ],
    );
    has(&stage.say("!confirm 1").await, &["`chance3` is made: for any number of registrations, for ever."]);
    has(&stage.say("!token new --uses unlimited --expires never --token open").await, &["Job 2: do it?"]);
    has(
        &stage.say("!token edit swordfishes --uses unlimited").await,
        &[
            "for 5 registrations, for ever",
            "Anybody who knows it could register, without end",
            "Job 3: do it?",
        ],
    );
    assert_eq!(tokens(&stage).await.len(), 3);
}

#[tokio::test]
async fn a_token_of_choice_is_made_and_not_said_again() {
    let mut stage = with_tokens();
    let said = stage.say("!token new --token Welcome.to_hs~1 --uses 1").await;
    has(&said, &["The registration token `Wel…` is made: for 1 registration, for ever."]);
    assert_eq!(word(&tokens(&stage).await[2]), "Welcome.to_hs~1");
    has(
        &stage.say("!token new --token Welcome.to_hs~1 --uses 1").await,
        &["There is a registration token with that word already: `!token list`."],
    );
    assert_eq!(plans(&stage).len(), 1);
}

#[tokio::test]
async fn limits_are_changed_and_changed_back() {
    let mut stage = with_tokens();
    has(
        &stage.say("!token edit swordfishes --uses 9 --expires \"2026-12-24 18:00\" --dry-run").await,
        &[
            "Registration token `sw…`",
            "Now: for 5 registrations, for ever",
            "Then: for 9 registrations, until 2026-12-24 18:00:00 UTC",
            "Dry run: nothing was done.",
        ],
    );
    has(
        &stage.say("!token edit swordfishes --uses 9 --expires 2026-12-24").await,
        &["The registration token `sw…` is good now for 9 registrations, until 2026-12-24 00:00:00 UTC."],
    );
    let changed = &tokens(&stage).await[0];
    assert_eq!((changed.uses_allowed, changed.expires_at.is_some(), changed.completed), (Some(9), true, 3));
    has(&stage.say("!token edit swordfishes --expires never").await, &["for 9 registrations, for ever."]);
    has(&stage.say("!undo 2").await, &["undo – done", "until 2026-12-24"]);
    has(&stage.say("!undo 1").await, &["came later and is about the same target."]);
    has(&stage.say("!confirm 4").await, &["undo – done", "is good now for 5 registrations, for ever."]);
    assert_eq!(tokens(&stage).await[0], token("swordfishes", Some(5), 3, None));
    has(
        &stage.say("!token edit swordfishes --uses 5").await,
        &["`sw…` is good for 5 registrations, for ever already."],
    );
}

#[tokio::test]
async fn fewer_uses_than_there_were_are_pointed_out() {
    let mut stage = with_tokens();
    let words = "It was used 3 times already: nobody could register with it any more.";
    has(&stage.say("!token edit swordfishes --uses 2 --dry-run").await, &[words]);
    has(&stage.say("!token edit swordfishes --uses 0 --dry-run").await, &[words]);
    has(&stage.say("!token edit swordfishes --uses 3 --dry-run").await, &[words]);
    let said = stage.say("!token edit swordfishes --uses 4 --dry-run").await;
    assert!(!said.contains(words), "{said}");
}

#[tokio::test]
async fn a_deleted_token_comes_back_with_what_it_still_allowed() {
    let mut stage = with_tokens();
    let said = stage.say("!token delete swordfishes").await;
    has(&said, &["Job 1: token – done", "`sw…` is deleted: nobody can register with it."]);
    assert_eq!(tokens(&stage).await.iter().map(word).collect::<Vec<_>>(), ["swiftness"]);
    let undone = stage.say("!undo 1").await;
    has(&undone, &["undo – done", "The registration token `sw…` is made: for 2 registrations, for ever."]);
    assert_eq!(tokens(&stage).await[1], token("swordfishes", Some(2), 0, None));
    has(&stage.say("!undo 2").await, &["undo – done", "is deleted"]);
    assert_eq!(tokens(&stage).await.len(), 1);
    for text in [said, undone] {
        assert!(!text.contains("swordfishes"), "{text}");
    }
}

#[tokio::test]
async fn the_beginning_is_enough_and_asked_about() {
    let mut stage = with_tokens();
    has(
        &stage.say("!token delete swo…").await,
        &[
            "To delete: `sw…` can be used: used 3 of 5 times, for ever.",
            "Only its beginning was given",
            "Job 1: do it?",
        ],
    );
    stage.say("!confirm 1").await;
    assert_eq!(tokens(&stage).await.len(), 1);
    has(&stage.say("!token edit swi --uses 3").await, &["Only its beginning was given", "Job 2: do it?"]);
    stage.homeserver.put_token(token("swi", None, 0, None));
    // What is one in full is meant, whatever else begins so.
    has(&stage.say("!token delete swi").await, &["Job 3: token – done"]);
}

/// One that the server made by chance may look like an option.
#[tokio::test]
async fn a_token_that_begins_with_a_dash_goes_in_quotes() {
    let mut stage = with_tokens();
    has(&stage.say("!token new --uses 1 --token \"-x3T\"").await, &["Job 1: token – done"]);
    has(&stage.say("!token delete -x3T").await, &["I do not know “-x”.", "put it in quotes: `\"-x3T\"`"]);
    assert_eq!(tokens(&stage).await.len(), 3);
    has(&stage.say("!token delete \"-x3T\"").await, &["Job 2: token – done"]);
    assert!(!tokens(&stage).await.iter().any(|token| word(token) == "-x3T"));
}

#[tokio::test]
async fn mistakes_are_refused_before_anything_is_done() {
    let mut stage = with_tokens();
    stage.homeserver.put_token(token("bygones", Some(5), 1, Some(stage.clock.now() - 1)));
    for (line, part) in [
        ("!token new extra", "To choose the token yourself: `!token new --token <word>`."),
        ("!token new --uses 0", "Nobody could register with it. Give how many may: `!token new --uses 1`."),
        ("!token new --uses -1", "write a whole number, or unlimited"),
        ("!token new --uses=-1", "write a whole number, or unlimited"),
        ("!token new --uses 99999999999", "write a whole number, or unlimited"),
        ("!token new --uses 1 --expires yesterday", "is over already: nobody could use the token."),
        ("!token new --uses 1 --expires 2020-01-01", "2020-01-01 00:00:00 UTC is over already"),
        ("!token new --uses 1 --expires 0s", "is over already"),
        (
            "!token new --uses 1 --expires soon",
            "write how long from now, like 7d, a date like 2026-12-31, or never",
        ),
        (
            "!token new --uses 1 --token \"a b\"",
            "That cannot be a registration token: it takes 1 to 64 characters",
        ),
        ("!token new --uses 1 --token <b>hi</b>", "That cannot be a registration token"),
        ("!token new --uses 1 --token ünicode", "That cannot be a registration token"),
        ("!token new --uses 1 --token \"\"", "That cannot be a registration token"),
        ("!token new --uses 1 --token ..", "and not dots alone"),
        ("!token edit", "Give the token, or its beginning: `!token edit <token> --uses 5`."),
        ("!token edit swordfishes", "Say what to change: `!token edit <token> --uses <number|unlimited>"),
        ("!token edit sw --uses 1", "2 registration tokens begin so: give more of it."),
        ("!token edit nope --uses 1", "No registration token is or begins so."),
        ("!token edit bygones --uses 7", "expired on 2026-11-2"),
        ("!token edit swordfishes --uses 1 --token other", "`--token` is for new only."),
        ("!token delete", "Give the token, or its beginning: `!token delete <token>`."),
        ("!token delete nope", "No registration token is or begins so."),
        ("!token delete swordfishes --uses 1", "`--uses` is for new and edit only."),
        ("!token list --expires 1d", "`--expires` is for new and edit only."),
        ("!token new --uses 1 --reveal", "`--reveal` is for show only."),
        ("!token new --uses 1 --page 2", "`--page` is for list only."),
    ] {
        has(&stage.say(line).await, &[part]);
    }
    let long = "x".repeat(65);
    has(&stage.say(&format!("!token new --uses 1 --token {long}")).await, &["That cannot be"]);
    for line in ["!token new --uses 1", "!token edit swordfishes --uses 1", "!token delete swordfishes"] {
        has(&stage.say_as(watcher(), line).await, &["needs power level 50"]);
    }
    assert_eq!((plans(&stage).len(), stage.homeserver.writes().len()), (0, 0));
    // An expired one is brought back with another end.
    has(&stage.say("!token edit bygones --expires 1d").await, &["Job 1: token – done"]);
}

#[tokio::test]
async fn where_there_are_none_they_cannot_be_made() {
    let mut stage = with_tokens();
    stage.homeserver.fail_always("registration_tokens", Fault::NotRouted { status: 404 });
    for line in ["!token new --uses 1", "!token edit swordfishes --uses 1", "!token delete swordfishes"] {
        has(
            &stage.say(line).await,
            &["they are kept by the authentication service. Make and change them there."],
        );
    }
    stage.homeserver.mend();
    stage.homeserver.fail_once("registration_tokens", Fault::Timeout);
    has(&stage.say("!token new --uses 1").await, &["did not answer in time."]);
    assert_eq!(plans(&stage).len(), 0);
}

#[tokio::test]
async fn no_token_is_in_what_is_logged() {
    let mut stage = with_tokens();
    for line in [
        "!token new --uses 1",
        "!token new --token quicksilver --uses 1",
        "!token edit swordfishes --uses 7",
        "!token delete swordfishes",
    ] {
        has(&stage.say(line).await, &["token – done"]);
    }
    for plan in plans(&stage) {
        assert_eq!(plan.result(), PlanResult::Done);
        for planned in &plan.steps {
            let logged = format!("{planned:?}");
            for word in ["chance", "quicksilver", "swordfishes", "swiftness"] {
                assert!(!logged.contains(word), "{logged}");
            }
        }
    }
    let Some(Outcome::Done { effect: Effect::TokenMade { token } }) = &plan(&stage, 1).steps[0].outcome
    else {
        panic!("it is made");
    };
    assert_eq!(token.0, "chance3");
    // The steps are found in the audit by what is said of them.
    has(&stage.say("!audit registration").await, &["delete the registration token `sw…`"]);
}

/// What somebody else made while the answer was waited for is not taken for ours.
#[tokio::test]
async fn which_token_is_ours_is_not_guessed() {
    use gleipnir_core::{
        model::{NewToken, TokenLimits, TokenWord},
        plan::{Step, StepState},
    };
    let limits = TokenLimits { uses_allowed: Some(1), expires_at: None };
    let known = |words: &[&str]| StepState::MakingToken {
        known: words.iter().map(|word| TokenWord((*word).to_owned())).collect(),
    };
    let by_chance = || Step::NewToken { new: NewToken { token: None, limits } };
    // Nothing is there that could be ours, so it is made.
    let stage = with_tokens();
    stage.homeserver.put_token(token("theirs", Some(1), 1, None));
    stage.homeserver.put_token(token("others", Some(2), 0, None));
    let said = left_behind(&stage, by_chance(), Some(known(&["swordfishes", "swiftness"]))).await;
    has(&said, &["`chance5` is made"]);
    // One is there: it was made.
    let stage = with_tokens();
    stage.homeserver.put_token(token("ours", Some(1), 0, None));
    let said = left_behind(&stage, by_chance(), Some(known(&["swordfishes", "swiftness"]))).await;
    has(&said, &["`ours` is made"]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
    // Two are there.
    stage.homeserver.put_token(token("either", Some(1), 0, None));
    let said = left_behind(&stage, by_chance(), Some(known(&["swordfishes", "swiftness"]))).await;
    has(&said, &["failed", "several new registration tokens"]);
    // With a word of choice, one with other limits is somebody else's.
    let chosen = Step::NewToken { new: NewToken { token: Some(TokenWord("swordfishes".into())), limits } };
    let said = left_behind(&stage, chosen.clone(), Some(known(&[]))).await;
    has(&said, &["failed", "Token already exists"]);
    let said = left_behind(&stage, chosen, None).await;
    has(&said, &["failed", "There is a registration token with that word already."]);
    assert_eq!(stage.homeserver.writes(), Vec::<String>::new());
}

/// What somebody else makes just before ours is asked for is theirs.
#[tokio::test]
async fn a_token_of_somebody_else_is_not_taken_for_ours() {
    use gleipnir_core::{plan::StepState, ports::Records as _};
    let mut stage = with_tokens();
    stage.hear(crate::scene::moderator(), "!token new --uses 5");
    stage.handle().await;
    let mut is_made = false;
    {
        let run = stage.execute();
        tokio::pin!(run);
        loop {
            tokio::select! {
                biased;
                () = &mut run => break,
                () = tokio::task::yield_now() => {
                    let job = stage.store.plan(1).expect("the store reads").expect("a job");
                    if !is_made && matches!(job.steps[0].state, Some(StepState::MakingToken { .. })) {
                        stage.homeserver.put_token(token("theirs", Some(5), 0, None));
                        is_made = true;
                    }
                }
            }
        }
    }
    assert!(is_made);
    has(&stage.store.said("run-1").expect("a report").text, &["The registration token `chance4` is made"]);
    assert_eq!(tokens(&stage).await.len(), 4);
    // Those that are made take turns.
    use gleipnir_core::{
        model::{NewToken, TokenWord},
        plan::Step,
    };
    let chosen = NewToken { token: Some(TokenWord("word".into())), ..NewToken::default() };
    let lane = |new| Step::NewToken { new }.lane();
    assert_eq!(lane(chosen), lane(NewToken::default()));
}

#[tokio::test]
async fn who_may_read_tokens_is_configured_and_the_whole_of_one_takes_power() {
    let mut stage = with_tokens();
    has(&stage.say_as(watcher(), "!token show swordfishes").await, &["`sw…` can be used"]);
    let said = stage.say_as(watcher(), "!token show swordfishes --reveal").await;
    has(&said, &["`!token show --reveal` needs power level 50 in this room, and you have 0."]);
    assert!(!said.contains("swordfishes"), "{said}");
    has(&stage.say("!token show swordfishes --reveal").await, &["`swordfishes` can be used"]);
    for name in ["token", "media", "federation", "alias", "extremities", "empty-rooms", "ratelimit"] {
        stage.settings.levels.insert(name.to_owned(), 100);
    }
    stage.restart();
    for line in [
        "!token list",
        "!media top",
        "!federation",
        "!alias of !bad:hs.test",
        "!extremities !bad:hs.test",
        "!empty-rooms",
        "!ratelimit @eve:hs.test",
    ] {
        has(&stage.say_as(watcher(), line).await, &["needs power level 100 in this room, and you have 0."]);
    }
    has(&stage.say("!help token").await, &["Needs: power level 100 in the management room"]);
    // Acting needs it as well, and no less.
    has(
        &stage.say("!token delete swordfishes").await,
        &["needs power level 100 in this room, and you have 50."],
    );
    stage.settings.levels.insert("token".to_owned(), 0);
    stage.restart();
    has(&stage.say_as(watcher(), "!token show swordfishes --reveal").await, &["`swordfishes` can be used"]);
}

/// What is deleted while a change waits is not made anew by it.
#[tokio::test]
async fn a_token_that_is_gone_meanwhile_is_said() {
    async fn gone(line: &str) -> String {
        let mut stage: Stage = with_tokens();
        stage.say(line).await;
        stage.say("!token delete swordfishes").await;
        stage.say("!confirm 1").await
    }
    for line in ["!token edit swo --uses 9", "!token delete swo"] {
        has(&gone(line).await, &["failed", "There is no such registration token (any more)."]);
    }
}
