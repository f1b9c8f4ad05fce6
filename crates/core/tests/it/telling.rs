//! Conversations about telling reporters what became of what they reported.

use gleipnir_core::{
    desk::Left,
    model::Switch,
    plan::{PlanResult, PlanState},
    ports::{Change, Fault, Records as _, Reporting, Store as _},
    testing::{Lived, Moment, Stage},
};

use crate::{
    cases::{open_with, the_card},
    deaths::shown,
    scene::{has, moderator, plan, plans, stage},
};

const RESOLVED: &str = "Thank you for reporting {what}.";
const DISMISSED: &str = "We see nothing wrong with {what}.";

/// A stage on which reporters are told, on a server with notices, with the case 1.
fn told() -> Stage {
    let mut stage = stage();
    stage.settings.tell.resolved = Some(RESOLVED.parse().expect("a template"));
    stage.settings.tell.dismissed = Some(DISMISSED.parse().expect("a template"));
    stage.restart();
    stage.homeserver.enable_notices();
    let reports = vec![
        ("@rep:hs.test", Some("rude")),
        ("@ana:hs.test", None),
        ("@rep:hs.test", Some("again")),
        ("@mod:hs.test", Some("I saw it too")),
        ("@crank:hs.test", Some("as always")),
        ("no user", None),
    ];
    open_with(&stage, 1, reports, "you fool");
    let ignored = Reporting::Ignored { reporter: "@crank:hs.test".into(), to: Switch::On };
    stage.store.commit(vec![Change::Reporting(ignored)]).expect("the store writes");
    stage
}

fn written(stage: &Stage) -> Vec<(String, String)> {
    stage.homeserver.written()
}

fn to(user: &str, text: &str) -> (String, String) {
    (user.to_owned(), text.to_owned())
}

#[tokio::test]
async fn nobody_is_told_unless_the_configuration_says_so() {
    let mut stage = stage();
    open_with(&stage, 1, vec![("@rep:hs.test", None)], "you fool");
    stage.say("!resolve 1").await;
    assert_eq!((plans(&stage).len(), written(&stage).len()), (0, 0));
}

#[tokio::test]
async fn each_reporter_is_told_once_and_quietly() {
    let mut stage = told();
    let said = stage.say("!resolve 1 he was told").await;
    let thanks = "Thank you for reporting a message.";
    assert_eq!(written(&stage), [to("@ana:hs.test", thanks), to("@rep:hs.test", thanks)]);
    assert!(!said.contains("Job"), "{said}");
    assert_eq!(stage.store.said("run-1"), None);
    let plan = plan(&stage, 1);
    assert_eq!((plan.state, plan.result(), plan.case), (PlanState::Done, PlanResult::Done, Some(1)));
    assert!(the_card(&stage, 1).contains("Resolved by `@mod:hs.test`"));

    // Open again, that is no outcome; dismissed after all, it is another one.
    stage.say("!reopen 1").await;
    assert_eq!(plans(&stage).len(), 1);
    stage.say("!dismiss 1").await;
    let nothing = "We see nothing wrong with a message.";
    assert_eq!(written(&stage)[2..], [to("@ana:hs.test", nothing), to("@rep:hs.test", nothing)]);
}

#[tokio::test]
async fn a_tap_tells_too() {
    let mut stage = told();
    stage.handle().await;
    stage.react(moderator(), "case-1", "☑️").await;
    assert_eq!(written(&stage).len(), 2);
}

#[tokio::test]
async fn only_one_of_the_two_may_be_told() {
    let mut stage = told();
    stage.settings.tell.dismissed = None;
    stage.restart();
    stage.say("!dismiss 1").await;
    assert_eq!((plans(&stage).len(), written(&stage).len()), (0, 0));
}

#[tokio::test]
async fn where_there_are_no_notices_they_are_written_to() {
    let mut stage = told();
    stage
        .homeserver
        .fail_always("send_notice", refused(400, "Server notices are not enabled on this server"));
    stage.say("!resolve 1").await;
    let written = written(&stage);
    assert_eq!(written.len(), 2);
    assert!(written.iter().all(|(to, _)| to.starts_with("!direct")), "{written:?}");
}

fn refused(status: u16, message: &str) -> Fault {
    Fault::Refused { status, errcode: "M_UNKNOWN".into(), message: message.into() }
}

#[tokio::test]
async fn any_other_refusal_of_a_notice_opens_no_direct_chat() {
    for fault in
        [refused(400, "User not found"), refused(403, "You are not a server admin"), refused(404, "no")]
    {
        let mut stage = told();
        stage.homeserver.fail_always("send_notice", fault.clone());
        has(&stage.say("!resolve 1").await, &["Job 1: resolve – failed", "@ana:hs.test"]);
        assert_eq!(written(&stage), [], "{fault:?}");
        assert!(stage.homeserver.writes().is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn telling_delays_no_command() {
    let mut stage = told();
    stage.hear(moderator(), "!resolve 1");
    stage.handle().await;
    assert_eq!(plan(&stage, 1).state, PlanState::Running);
    let version = stage.hear(moderator(), "!version");
    assert_eq!(stage.handle().await, Left::Nothing);
    assert!(stage.store.said(&format!("answer-{version}")).is_some());
}

#[tokio::test]
async fn what_fails_is_said() {
    let mut stage = told();
    for method in ["send_notice", "open_direct_chat"] {
        let refused =
            Fault::Refused { status: 403, errcode: "M_FORBIDDEN".into(), message: "not permitted".into() };
        stage.homeserver.fail_once(method, refused);
    }
    let said = stage.say("!resolve 1").await;
    has(&said, &["Job 1: resolve – partly done", "@ana:hs.test", "not permitted"]);
    assert_eq!(written(&stage).len(), 1);
}

#[tokio::test]
async fn a_crowd_is_told_in_part() {
    let mut stage = told();
    let crowd: Vec<String> = (0..80).map(|n| format!("@u{n}:hs.test")).collect();
    open_with(&stage, 2, crowd.iter().map(|user| (user.as_str(), None)).collect(), "x");
    stage.say("!resolve 2").await;
    assert_eq!(written(&stage).len(), 50);
}

#[tokio::test]
async fn a_death_at_any_point_tells_nobody_twice() {
    let play = async |stage: &mut Stage| {
        stage.hear(moderator(), "!resolve 1");
        let mut deaths = 0;
        while stage.live().await == Lived::Died {
            deaths += 1;
            stage.restart();
        }
        deaths
    };
    let mut whole = told();
    let (calls, commits) = (whole.homeserver.calls(), whole.store.commits());
    assert_eq!(play(&mut whole).await, 0);
    for moment in [Moment::Before, Moment::After] {
        for call in calls + 1..=whole.homeserver.calls() {
            let mut stage = told();
            stage.homeserver.hang_at(call, moment);
            assert_eq!(play(&mut stage).await, 1, "{moment:?} call {call}");
            assert_eq!(
                (shown(&stage), written(&stage)),
                (shown(&whole), written(&whole)),
                "{moment:?} call {call}"
            );
        }
        for commit in commits + 1..=whole.store.commits() {
            let mut stage = told();
            stage.store.break_commit(commit, moment);
            assert!(play(&mut stage).await <= 1, "{moment:?} commit {commit}");
            assert_eq!(
                (shown(&stage), written(&stage)),
                (shown(&whole), written(&whole)),
                "{moment:?} commit {commit}"
            );
            assert_eq!(
                stage.store.plans(&gleipnir_core::ports::Which::default()).map(|plans| plans.len()),
                Ok(1)
            );
        }
    }
}
