//! A storm: a fifth of all requests fail, by any of the faults, while moderators go on working. At the end everything is
//! answered, and what was said is what the server says.

use std::time::{Duration, Instant};

use super::{answered, answers, behind_a_proxy, from_environment, is_the_same_and_well, report, start};
use crate::support::{Dice, Proxy, Scene, until};

/// How many commands are typed.
const COMMANDS: usize = 20;
/// Of a hundred requests.
const PERCENT: u64 = 20;

/// What was asked for.
enum Asked {
    /// Only looked at.
    Reading,
    /// This room was to be blocked.
    Block(String),
    /// This user was to be suspended.
    Suspend(String),
    /// This room was to be shut down.
    ShutDown(String),
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm() {
    let seconds = from_environment("GLEIPNIR_STORM_SECONDS", 10);
    let seed = from_environment("GLEIPNIR_SEED", 7);
    eprintln!("a storm of {seconds} seconds, GLEIPNIR_SEED={seed}");
    let Some((mut scene, proxy)) = behind_a_proxy().await else { return };
    start(&mut scene).await;
    let victims = scene.crowd("victim", COMMANDS).await;
    let club = scene.room(&victims[0], "Club", &victims[1..2]).await;
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut dice = Dice(seed);
    let mut asked = Vec::new();
    proxy.storm(PERCENT, seed);
    let pause = Duration::from_secs(seconds) / u32::try_from(COMMANDS + 1).unwrap();
    let mut spam = Vec::new();
    for (n, victim) in victims.iter().enumerate() {
        let m = &scene.moderator;
        let room = async || scene.room(&m.user, &format!("Room {n}"), &[]).await;
        let (line, what) = match dice.below(6) {
            0 => ("!version".to_owned(), Asked::Reading),
            1 => (format!("!room {club}"), Asked::Reading),
            2 => (format!("!user {}", victim.user_id), Asked::Reading),
            3 => {
                let room = room().await;
                (format!("!block {room}"), Asked::Block(room))
            }
            4 => (format!("!suspend {}", victim.user_id), Asked::Suspend(victim.user_id.clone())),
            _ => {
                let room = room().await;
                (format!("!shutdown {room}"), Asked::ShutDown(room))
            }
        };
        asked.push((m.say(&line).await, line, what));
        if n % 5 == 0 {
            let words = format!("buy thing number {n}.");
            let event = victims[1].send_text(&club, &words).await.unwrap();
            report(&victims[0], &club, &event, "spam").await;
            spam.push(words);
        }
        confirm(&scene, &asked).await;
        tokio::time::sleep(pause).await;
    }
    while Instant::now() < end {
        confirm(&scene, &asked).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    proxy.heal();
    for (command, line, what) in &asked {
        agrees(&scene, command, line, what).await;
    }
    for words in spam {
        scene.moderator.hears(&words).await;
        let said = scene.moderator.said();
        let what = format!("What: “{words}”");
        let cards = said.iter().filter(|said| said.text.starts_with("Case ") && said.text.contains(&what));
        assert_eq!(cards.count(), 1, "{words}");
    }
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    is_the_same_and_well(&scene);
    statistics(&proxy);
}

/// Confirms what waits for it.
async fn confirm(scene: &Scene, asked: &[(String, String, Asked)]) {
    let m = &scene.moderator;
    for (command, _, what) in asked {
        if let (Asked::ShutDown(_), [preview]) = (what, &*answers(scene, command))
            && preview.text.contains("do it?")
            && !m.events().iter().any(|event| {
                event["type"] == "m.reaction"
                    && event["sender"] == m.user.user_id.as_str()
                    && event["content"]["m.relates_to"]["event_id"] == preview.id.as_str()
            })
        {
            let reaction = m.react(&preview.id, "✅").await;
            m.has(&reaction).await;
        }
    }
}

/// A command was answered once, and what the answer says is so.
async fn agrees(scene: &Scene, command: &str, line: &str, what: &Asked) {
    answered(scene, command).await;
    let refused = |text: &str| text.contains("Nothing was done");
    match what {
        Asked::Reading => {}
        Asked::Block(room) => {
            let is_so = ended(scene, command, "block – ", refused).await;
            assert_eq!(scene.is_blocked(room).await, is_so, "{line}: {:?}", answers(scene, command));
        }
        Asked::Suspend(user) => {
            let is_so = ended(scene, command, "suspend – ", refused).await;
            let suspended = scene.account(user).await["suspended"] == true;
            assert_eq!(suspended, is_so, "{line}: {:?}", answers(scene, command));
        }
        Asked::ShutDown(room) => {
            if let [preview] = &*answers(scene, command)
                && preview.text.contains("do it?")
            {
                confirm(scene, &[(command.to_owned(), line.to_owned(), Asked::ShutDown(room.clone()))]).await;
            }
            let is_so = ended(scene, command, "shutdown – ", refused).await;
            assert_eq!(!scene.knows(room).await, is_so, "{line}: {:?}", answers(scene, command));
            assert_eq!(scene.delete_tasks(room).await.len(), usize::from(is_so), "{line}");
        }
    }
    let most = if matches!(what, Asked::ShutDown(_)) { 2 } else { 1 };
    assert!((1..=most).contains(&answers(scene, command).len()), "{line}: {:?}", answers(scene, command));
}

/// Waits until a command was refused, or its job ended; whether the job did what was asked for.
async fn ended(scene: &Scene, command: &str, job: &str, refused: impl Fn(&str) -> bool) -> bool {
    let (done, failed) = (format!("{job}done"), format!("{job}failed"));
    let mut is_done = false;
    until(&format!("the end of {command}"), async || {
        let answers = answers(scene, command);
        let says = |words: &str| answers.iter().any(|reply| reply.text.contains(words));
        is_done = says(&done);
        // What could not even be looked at has failed, and is so far from done as the server says.
        is_done
            || says(&failed)
            || answers.iter().any(|reply| refused(&reply.text) && !reply.text.contains("do it?"))
    })
    .await;
    is_done
}

fn statistics(proxy: &Proxy) {
    eprintln!(
        "{} requests: {} syncs, {} sent, {} of the admin API",
        proxy.count(&[]),
        proxy.count(&["/v3/sync"]),
        proxy.count(&["/send/"]),
        proxy.count(&["/_synapse/admin/"])
    );
}
