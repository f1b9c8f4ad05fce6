//! What happens in a room while somebody moderates: a flood of messages and changes, or a wave of joins.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use throwaway_synapse::path_part;
use tokio::task::JoinSet;

use crate::raw::Raw;

/// How many join at once in a wave.
const JOINING_AT_ONCE: usize = 4;

/// Of every 30 events of a user, these are changes: a new topic, leaving, and coming back.
const TOPIC: usize = 10;
const LEAVES: usize = 20;
const COMES_BACK: usize = LEAVES + 1;

/// So many events in a room, by all of these at once, each as fast as the server takes them: a tenth are changes, the rest
/// messages. All are in the room again afterwards. How long it took.
pub(crate) async fn flood(users: &[Raw], room: &str, events: usize, name: &str) -> anyhow::Result<Duration> {
    let (started, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let mut floods = JoinSet::new();
    for user in users {
        let (user, room, next, name) = (user.clone(), room.to_owned(), next.clone(), name.to_owned());
        floods.spawn(async move {
            let (mut mine, path) = (0, format!("/_matrix/client/v3/rooms/{}", path_part(&room)));
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= events && mine % 30 != LEAVES {
                    return anyhow::Ok(());
                }
                mine += 1;
                match mine % 30 {
                    TOPIC => {
                        user.put(
                            &format!("{path}/state/m.room.topic"),
                            &json!({"topic": format!("{name} {n}")}),
                        )
                        .await?
                    }
                    LEAVES => user.post(&format!("{path}/leave"), &json!({})).await?,
                    COMES_BACK => user.post(&format!("{path}/join"), &json!({})).await?,
                    _ => {
                        let body =
                            format!("{name} {n}: free stuff, only today, come in and tell your friends");
                        let content = json!({"msgtype": "m.text", "body": body});
                        let id = format!("{name}-{n}");
                        user.send(&room, "m.room.message", &id, &content).await?;
                        continue;
                    }
                };
            }
        });
    }
    all(floods).await?;
    Ok(started.elapsed())
}

/// These users join a room, several at once; by an admin who is in it. How long it took.
pub(crate) async fn wave(admin: &Raw, room: &str, users: &[String]) -> anyhow::Result<Duration> {
    let (started, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let users: Arc<[String]> = users.into();
    let path = format!("/_synapse/admin/v1/join/{}", path_part(room));
    let mut joins = JoinSet::new();
    for _ in 0..JOINING_AT_ONCE {
        let (admin, users, path, next) = (admin.clone(), users.clone(), path.clone(), next.clone());
        joins.spawn(async move {
            while let Some(user) = users.get(next.fetch_add(1, Ordering::Relaxed)) {
                admin.post(&path, &json!({"user_id": user})).await?;
            }
            anyhow::Ok(())
        });
    }
    all(joins).await?;
    Ok(started.elapsed())
}

async fn all(mut tasks: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
