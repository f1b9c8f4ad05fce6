//! A room with 50 local members is shut down, and the bot is killed (SIGKILL) in the middle: at ten different moments,
//! from the first word of it to after the last. The shutdown is never lost, and never asked for twice.

use std::time::Duration;

use serde_json::Value;
use throwaway_synapse::User;

use crate::support::{Catch, Gate, Kind, Scene, strings};

const CROWD: usize = 50;

/// When the bot is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The command is in the room, and was not answered.
    Asked,
    /// The preview waits for a confirmation.
    Previewed,
    /// The confirmation is in the room, and was not handled.
    Confirmed,
    /// The bot is about to ask the server, which never hears it.
    BeforeTheRequest,
    /// The server has begun, and the bot has not heard so.
    BeforeTheAnswer,
    /// So many members are out.
    Removed(usize),
    /// The server has finished, and the bot may not know.
    Complete,
    /// The bot has said that it is done.
    Reported,
}

const MOMENTS: [Moment; 10] = [
    Moment::Asked,
    Moment::Previewed,
    Moment::Confirmed,
    Moment::BeforeTheRequest,
    Moment::BeforeTheAnswer,
    Moment::Removed(1),
    Moment::Removed(CROWD / 2),
    Moment::Removed(CROWD - 1),
    Moment::Complete,
    Moment::Reported,
];

/// The request that begins a shutdown.
const DELETE: &str = "DELETE /_synapse/admin/v2/rooms/";

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_of_fifty_survives_ten_kills() {
    let Some(mut scene) = Scene::new(Kind::Open).await else { return };
    let gate = Gate::new(scene.synapse.url());
    scene.bot.url = gate.url();
    scene.bot.start().await;
    scene.moderator.hears("Hello, I am").await;
    let crowd = scene.crowd("member", CROWD).await;
    for moment in MOMENTS {
        let room = scene.room(&crowd[0], "Crowded", &crowd[1..]).await;
        let command = kill_at(&mut scene, &gate, &room, moment).await;
        shut_down_once(&scene, &room, &command, &crowd, moment).await;
    }
    // Another start does nothing of it again.
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    let said = scene.moderator.said().len();
    scene.bot.kill();
    scene.bot.start().await;
    scene.moderator.good("!jobs", "Nothing is under way.").await;
    assert_eq!(scene.moderator.said().len(), said + 1);
    assert_eq!(all_tasks(&scene).await, MOMENTS.len());
}

/// Asks for the shutdown, confirms it, kills the bot at the moment, and starts it again; the command's event.
async fn kill_at(scene: &mut Scene, gate: &Gate, room: &str, moment: Moment) -> String {
    let line = format!("!shutdown {room} killed: {moment:?}");
    if let Moment::Asked = moment {
        scene.bot.freeze();
        let command = scene.moderator.say(&line).await;
        again(scene).await;
        let preview = scene.moderator.answer(&command, "do it?").await;
        scene.moderator.react(&preview.id, "✅").await;
        return command;
    }
    let command = scene.moderator.say(&line).await;
    let preview = scene.moderator.answer(&command, "do it?").await;
    match moment {
        Moment::Asked => {}
        Moment::Previewed => {
            again(scene).await;
            scene.moderator.react(&preview.id, "✅").await;
            return command;
        }
        Moment::Confirmed => {
            scene.bot.freeze();
            scene.moderator.react(&preview.id, "✅").await;
        }
        Moment::BeforeTheRequest => {
            gate.catch(Catch::Request(DELETE));
            scene.moderator.react(&preview.id, "✅").await;
            gate.caught().await;
            assert_eq!(scene.delete_tasks(room).await, Vec::<Value>::new());
        }
        Moment::BeforeTheAnswer => {
            gate.catch(Catch::Answer(DELETE));
            scene.moderator.react(&preview.id, "✅").await;
            gate.caught().await;
            assert_eq!(scene.delete_tasks(room).await.len(), 1);
        }
        Moment::Removed(count) => {
            scene.moderator.react(&preview.id, "✅").await;
            scene.removed(room, count).await;
        }
        Moment::Complete => {
            scene.moderator.react(&preview.id, "✅").await;
            scene.removed(room, usize::MAX).await;
        }
        Moment::Reported => {
            scene.moderator.react(&preview.id, "✅").await;
            scene.moderator.answer(&command, "shutdown – done").await;
        }
    }
    again(scene).await;
    command
}

/// Kills the bot, and starts it again a moment later, while the server goes on.
async fn again(scene: &mut Scene) {
    scene.bot.kill();
    tokio::time::sleep(Duration::from_millis(100)).await;
    scene.bot.start().await;
}

/// The room is gone, everybody was removed, and the server had to do it once.
async fn shut_down_once(scene: &Scene, room: &str, command: &str, crowd: &[User], moment: Moment) {
    let m = &scene.moderator;
    let report = m.answer(command, "shutdown – done").await;
    let removed = format!("Removed ({CROWD})");
    report.says(&[room, "is shut down and purged", "it is blocked", &removed]);
    m.marked(command, "✅").await;
    assert_eq!(m.replies(command).len(), 2, "{moment:?}: a preview and a report: {:?}", m.replies(command));
    let tasks = scene.delete_tasks(room).await;
    assert_eq!(tasks.len(), 1, "{moment:?}: {tasks:?}");
    assert_eq!(tasks[0]["status"], "complete", "{moment:?}");
    let mut out = strings(&tasks[0]["result"]["kicked_users"]);
    out.sort();
    let mut all: Vec<String> = crowd.iter().map(|user| user.user_id.clone()).collect();
    all.sort();
    assert_eq!(out, all, "{moment:?}: everybody once");
    assert!(!scene.knows(room).await && scene.is_blocked(room).await, "{moment:?}");
}

/// How many deletions the whole server has had.
async fn all_tasks(scene: &Scene) -> usize {
    let path = "/_synapse/admin/v1/scheduled_tasks?action_name=shutdown_and_purge_room";
    scene.admin.get(path).await.unwrap()["scheduled_tasks"].as_array().unwrap().len()
}
