//! What concerns the bot's own process: what is logged, reading the configuration again, and stopping.

use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use gleipnir_core::{
    execute::Executor,
    plan::PlanState,
    ports::{Clock as _, Reloaded},
    ruma::OwnedEventId,
    speech::YES,
    testing::Stage,
};
use tokio::sync::Notify;
use tracing::{Dispatch, subscriber::NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

use crate::scene::{answer_to, has, moderator, plan, plans, stage, watcher};

#[tokio::test]
async fn the_log_changes_for_a_time() {
    let mut stage = stage();
    assert_eq!(stage.say("!log").await, "I log at `info`, as my configuration says.");
    has(
        &stage.say("!log debug").await,
        &[
            "I log at `debug` until 2026-11-21 00:10:00 UTC (for 10 minutes), then at `info` again",
            "A restart ends it",
        ],
    );
    has(&stage.say("!log trace 1h").await, &["I log at `trace` until 2026-11-21 01:00:00 UTC (for 1 hour)"]);
    stage.wait(Duration::from_mins(20)).await;
    has(&stage.say("!log").await, &["I log at `trace` until 2026-11-21 01:00:00 UTC (for 40 minutes)"]);
    stage.wait(Duration::from_mins(40)).await;
    assert_eq!(stage.say("!log").await, "I log at `info`, as my configuration says.");
    for line in ["!log debug 0s", "!log debug 25h"] {
        has(&stage.say(line).await, &["Give a time of up to 24 hours", "!log debug 30m"]);
    }
    has(&stage.say("!log loud").await, &["loud", "!log"]);
    has(&stage.say("!log debug soon").await, &["is not a duration"]);
    has(&stage.say_as(watcher(), "!log trace").await, &["`!log` needs power level 50"]);
    has(&stage.say("!log").await, &["`info`"]);
}

fn file(stage: &Stage, confirm_over: usize, changed: &[(&str, &str)], restart: &[&str]) {
    let settings = gleipnir_core::commands::Settings { confirm_over, ..stage.settings.clone() };
    let changed = changed.iter().map(|(key, how)| ((*key).to_owned(), (*how).to_owned())).collect();
    let needs_restart = restart.iter().map(|key| (*key).to_owned()).collect();
    let reloaded = Reloaded { changed, needs_restart };
    stage.process.write(Ok((settings, reloaded)));
}

/// What `!block` of two rooms says, of which numbers are used once.
async fn block_two(stage: &mut Stage, n: u32) -> String {
    stage.say(&format!("!block !a{n}:hs.test !b{n}:hs.test")).await
}

#[tokio::test]
async fn the_configuration_is_read_again() {
    let mut stage = stage();
    assert_eq!(stage.say("!reload").await, "I have read my configuration again; nothing changed.");
    has(&block_two(&mut stage, 1).await, &["Job 1: block – done"]);
    file(
        &stage,
        1,
        &[("safety.confirm_over", "1, was 5"), ("reports.rules", "3, was 2")],
        &["http.listen", "mas.url"],
    );
    assert_eq!(
        stage.say("!reload").await,
        "I have read my configuration again. From now on:\n• `safety.confirm_over`: 1, was 5\n• `reports.rules`: 3, was 2\n\n\
         This is otherwise in the file and needs a restart: `http.listen`, `mas.url`."
    );
    has(&block_two(&mut stage, 2).await, &["Job 2: do it?"]);
    // A file with a mistake changes nothing.
    stage
        .process
        .write(Err("line 12, confirm_over: the value has to be a whole number, 0 or more".to_owned()));
    let event = stage.hear(moderator(), "!reload");
    stage.handle().await;
    assert_eq!(
        answer_to(&stage, &event).expect("an answer"),
        "My configuration cannot be used as it is now in the file, so the one that I had stays in force:\n\n\
         line 12, confirm_over: the value has to be a whole number, 0 or more"
    );
    assert!(stage.marked(&event, gleipnir_core::speech::NO));
    has(&block_two(&mut stage, 3).await, &["Job 3: do it?"]);
    let reads = stage.process.reads();
    has(&stage.say_as(watcher(), "!reload").await, &["`!reload` needs power level 50"]);
    assert_eq!(stage.process.reads(), reads, "who may not does not");
}

/// A file cannot say anything in the room but words.
#[tokio::test]
async fn what_the_file_says_formats_nothing() {
    let mut stage = stage();
    file(&stage, 5, &[("the rule “<b>@room</b>\n# x”", "<b>new</b>\n# x")], &[]);
    let event = stage.hear(moderator(), "!reload");
    stage.handle().await;
    let said = stage.store.said(&format!("answer-{event}")).expect("an answer");
    assert!(!said.html.contains("<b>") && !said.text.contains("\n# x"), "{said:?}");
}

/// A command goes on with what it began with: what asks in between sees what is in force then.
#[tokio::test]
async fn a_command_ends_by_what_it_began_with() {
    let mut stage = stage();
    file(&stage, 1, &[], &[]);
    let process = stage.process.clone();
    // While the command reads, the configuration is read again.
    stage.homeserver.meanwhile("block_status", move || {
        gleipnir_core::ports::Process::reload(&*process).expect("it can be used");
    });
    has(&block_two(&mut stage, 1).await, &["Job 1: block – done"]);
    has(&block_two(&mut stage, 2).await, &["Job 2: do it?"]);
}

/// Lines of the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// From here on, in this thread.
    fn keep() -> (Self, impl Drop) {
        /// While there is but one subscriber, another test's thread, which has none, may mark our events as never wanted.
        static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));
        LazyLock::force(&SECOND);
        let log = Self::default();
        let lines = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
        (log, tracing::subscriber::set_default(lines))
    }

    /// The fields of the lines with a message, in order.
    fn lines(&self, message: &str) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().expect("it is whole").clone()).expect("text");
        let lines =
            text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("an object"));
        lines.map(|mut line| line["fields"].take()).filter(|fields| fields["message"] == message).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("it is whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_command_has_one_line_and_a_job_one_more() {
    let mut stage = stage();
    let (log, _guard) = Log::keep();
    stage.hear(moderator(), "hello");
    stage.say("!version").await;
    stage.say("!rom !bad:hs.test").await;
    stage.say("!block !a:hs.test \u{202e}because\u{1b}[2J").await;
    stage.say("!shutdown !bad:hs.test").await;
    stage.react(moderator(), "plan-2", YES).await;
    stage.say("!shutdown !bad:hs.test --dry-run").await;
    stage.say_as(watcher(), "!block !b:hs.test").await;
    stage.homeserver.fail_always("server_version", gleipnir_core::ports::Fault::Timeout);
    stage.homeserver.fail_always("room", gleipnir_core::ports::Fault::Timeout);
    stage.say("!room !bad:hs.test").await;
    stage.homeserver.mend();
    stage.say("!token new --token opensesame").await;
    let waiting = plans(&stage)[0].id;
    stage.wait(Duration::from_mins(11)).await;
    let lines = log.lines("command");
    let said: Vec<String> = lines
        .iter()
        .map(|line| {
            let word = |key: &str| match &line[key] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            format!(
                "{} {} [{}] {} {}",
                word("moderator"),
                word("command"),
                word("line"),
                word("plan"),
                word("outcome")
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "@mod:hs.test version [!version] null answered".to_owned(),
            "@mod:hs.test unknown [!rom …] null refused".to_owned(),
            "@mod:hs.test block [!block !a:hs.test because[2J] 1 begun".to_owned(),
            "@mod:hs.test shutdown [!shutdown !bad:hs.test] 2 asks for confirmation".to_owned(),
            "@mod:hs.test reaction [✅] 2 confirmed".to_owned(),
            "@mod:hs.test shutdown [!shutdown !bad:hs.test --dry-run] null refused".to_owned(),
            "@watcher:hs.test block [!block !b:hs.test] null refused".to_owned(),
            "@mod:hs.test room [!room !bad:hs.test] null failed".to_owned(),
            format!("@mod:hs.test token [!token …] {waiting} asks for confirmation"),
            format!("@mod:hs.test token [null] {waiting} expired"),
        ],
        "{said:#?}"
    );
    assert!(lines.iter().all(|line| line["outcome"] == "expired" || line["took_ms"].is_i64()), "{lines:?}");
    let jobs = log.lines("a job ended");
    assert_eq!(jobs[0]["plan"], 1);
    assert_eq!((&jobs[0]["command"], &jobs[0]["outcome"]), (&"block".into(), &"done".into()));
    assert_eq!((&jobs[0]["done"], &jobs[0]["failed"]), (&1.into(), &0.into()));
    assert_eq!(jobs.iter().filter(|line| line["plan"] == 2).count(), 1, "{jobs:?}");
    // What was handled is not handled again, and has no second line.
    let before = log.lines("command").len();
    stage.restart();
    stage.handle().await;
    stage.execute().await;
    assert_eq!(log.lines("command").len(), before);
}

#[tokio::test]
async fn what_the_room_is_told_of_an_error_is_found_in_the_log() {
    let mut stage = stage();
    let (log, _guard) = Log::keep();
    stage.homeserver.meanwhile("server_version", || panic!("a mistake of the programmer"));
    let event: OwnedEventId = stage.hear(moderator(), "!version");
    stage.handle().await;
    let said = answer_to(&stage, &event).expect("an answer");
    has(&said, &["Something in me broke; nothing was done. My log has more under `event1`."]);
    let reference = said.split('`').nth(1).expect("a reference");
    let errors = log.lines("a command broke");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["reference"], reference);
    assert_eq!(log.lines("command")[0]["outcome"], "broke");
    has(&stage.say("!version").await, &["Gleipnir"]);
}

fn executor(stage: &Stage) -> Arc<Executor> {
    Arc::new(Executor::new(
        stage.homeserver.clone(),
        stage.store.clone(),
        Arc::new(stage.clock.clone()),
        stage.settings.clone(),
        Arc::new(Notify::new()),
    ))
}

/// Told to wind down in the middle of a job, it ends after the step in hand, and another one does the rest, once.
#[tokio::test]
async fn an_executor_that_winds_down_ends_between_two_steps() {
    let mut stage = stage();
    stage.hear(moderator(), "!block !a:hs.test !b:hs.test !c:hs.test");
    stage.handle().await;
    let first = executor(&stage);
    let winding_down = first.clone();
    stage.homeserver.meanwhile("set_block", move || winding_down.wind_down());
    first.clone().supervise(Arc::default()).await;
    assert!(first.at_work().is_empty());
    assert_eq!(stage.homeserver.writes(), ["block !a:hs.test"]);
    assert_eq!(plan(&stage, 1).state, PlanState::Running);
    assert!(
        plan(&stage, 1).steps[0].state.is_some() || plan(&stage, 1).steps[0].outcome.is_some(),
        "it is known"
    );
    let second = executor(&stage);
    let supervisor = tokio::spawn(second.supervise(Arc::default()));
    while plan(&stage, 1).state != PlanState::Done {
        tokio::task::yield_now().await;
    }
    supervisor.abort();
    assert_eq!(stage.homeserver.writes(), ["block !a:hs.test", "block !b:hs.test", "block !c:hs.test"]);
}

/// One that waits for the server does not wait on.
#[tokio::test]
async fn an_executor_that_winds_down_does_not_wait_for_what_takes_long() {
    let mut stage = stage();
    stage.homeserver.fail_always("set_block", gleipnir_core::ports::Fault::Away("refused".into()));
    stage.hear(moderator(), "!block !a:hs.test");
    stage.handle().await;
    let executor = executor(&stage);
    let supervisor = tokio::spawn(executor.clone().supervise(Arc::default()));
    let began = stage.clock.now();
    while stage.clock.now() - began < 5_000 {
        tokio::task::yield_now().await;
    }
    executor.wind_down();
    supervisor.await.expect("it ends by itself");
    assert_eq!(plan(&stage, 1).state, PlanState::Running);
}
