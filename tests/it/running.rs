//! What changes while the bot runs, and what it logs of its work: the configuration, read again at SIGHUP and `!reload`, and
//! the log, by `!log` and in JSON.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Kind, Scene};

/// The fields of the lines of a log in JSON, each of which has to be an object.
fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn with_message<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    lines.iter().map(|line| &line["fields"]).filter(|fields| fields["message"] == message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_read_again_while_it_runs() {
    let Some(mut scene) = Scene::at_work(Kind::Open).await else { return };
    let m = &scene.moderator;
    let rules = "[[reports.rules]]\nname = \"nitro\"\nwhen = { reason = \"nitro\" }\ndo = [\"priority\"]\n";
    let unchanged = "I have read my configuration again; nothing changed.";
    m.good("!reload", unchanged).await;

    // By a signal: the room hears of it.
    scene.bot.more = format!("[safety]\nconfirm_over = 1\n[log]\nformat = \"json\"\n{rules}");
    scene.bot.configure();
    scene.bot.signal("HUP");
    m.hears("I have read my configuration again. From now on:").await.says(&[
        "`safety.confirm_over`: 1, was 5",
        "`reports.rules`: 1, was 0",
        "`the rule “nitro”`: new",
        "needs a restart: `log.format`",
    ]);
    let asked = m.ask("!block !one:hs.test !two:hs.test", "do it?").await;
    m.react(&asked.id, "❌").await;
    m.hears("is cancelled by").await;
    m.good("!rules", "nitro").await;
    m.good("!reload", "nothing changed").await.says(&["needs a restart: `log.format`"]);

    // A mistake changes nothing, whoever finds it.
    let good = scene.bot.more.clone();
    scene.bot.more = good.replace("confirm_over = 1", "confirm_over = \"many\"");
    scene.bot.configure();
    let wrong = ["stays in force", "confirm_over: the value has to be", "line 1"];
    m.bad("!reload", "My configuration cannot be used").await.says(&wrong);
    let said = m.said().len();
    scene.bot.signal("HUP");
    m.hears_after(said, "My configuration cannot be used").await.says(&wrong);
    scene.bot.logs("the configuration cannot be used; the one before stays in force").await;
    let asked = m.ask("!block !one:hs.test !two:hs.test", "do it?").await;
    m.react(&asked.id, "❌").await;

    // A secret is neither read again nor told.
    scene.bot.more = good;
    scene.bot.login = "password = \"another1Xy\"".to_owned();
    scene.bot.configure();
    m.good("!reload", "needs a restart").await.says(&["homeserver.password"]).leaves_out(&["another1Xy"]);
    assert!(!scene.bot.log_of_run().contains("another1Xy"));
    fs::remove_file(scene.bot.path("config.toml")).unwrap();
    m.bad("!reload", "cannot read the configuration").await;
    m.good("!version", "Gleipnir").await;
    assert_eq!(scene.bot.stop().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_json_and_its_level_changes() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    scene.bot.more = "[log]\nlevel = \"warn\"\nformat = \"json\"\n".to_owned();
    scene.bot.launch();
    scene.moderator.hears("Hello, I am").await;
    let m = &scene.moderator;
    m.good("!version", "Gleipnir").await;
    assert!(with_message(&lines(&scene.bot.log_of_run()), "command").is_empty());
    m.good("!log info", "I log at `info` until").await.says(&["then at `warn` again", "(for 10 minutes)"]);
    m.good("!log", "I log at `info` until").await;
    let club = scene.room(&scene.admin, "Club", &[]).await;
    m.good(&format!("!block {club} spam"), "block – done").await;
    m.good("!log debug 1h", "I log at `debug` until").await;
    m.good("!log trace 1h", "I log at `trace` until").await;
    m.good("!version", "Gleipnir").await;
    // The time ends by itself.
    m.good("!log info 1s", "I log at `info` until").await;
    scene.bot.logs("the log is again as the configuration says").await;
    m.good("!log", "I log at `warn`, as my configuration says.").await;
    assert_eq!(scene.bot.stop().await, 0);

    let lines = lines(&scene.bot.log_of_run());
    let commands = with_message(&lines, "command");
    let of = |line: &str| -> Vec<&Value> {
        commands.iter().copied().filter(|command| command["line"] == line).collect()
    };
    assert_eq!(of("!log").len(), 1, "the one while it was logged: {commands:?}");
    let block = of(&format!("!block {club} spam"));
    assert_eq!(block.len(), 1);
    assert_eq!(block[0]["moderator"], json!("@mod:hs.test"));
    assert_eq!((&block[0]["command"], &block[0]["outcome"]), (&json!("block"), &json!("begun")));
    assert!(block[0]["took_ms"].is_i64() && block[0]["plan"] == 1, "{block:?}");
    let jobs = with_message(&lines, "a job ended");
    assert_eq!(jobs.len(), 1);
    assert_eq!((&jobs[0]["plan"], &jobs[0]["done"], &jobs[0]["failed"]), (&json!(1), &json!(1), &json!(0)));
    let levels: Vec<&str> = lines.iter().filter_map(|line| line["level"].as_str()).collect();
    assert!(levels.contains(&"DEBUG") && levels.contains(&"TRACE"), "what was asked for was logged");
}
