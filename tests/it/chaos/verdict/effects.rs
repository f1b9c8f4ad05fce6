//! Whether the server is as the commands, taps and rules make it.

use std::collections::HashMap;

use serde_json::{Value, json};
use throwaway_synapse::path_part;

use super::{Verdict, told::ALL};
use crate::{
    chaos::strand::Fact,
    support::{BOT, strings},
};

pub(super) async fn wrong(verdict: &Verdict<'_>) -> Vec<String> {
    let mut histories = HashMap::new();
    for room in verdict.rooms {
        histories.insert(room.id.clone(), verdict.owner.messages(&room.id, ALL).await.unwrap());
    }
    let over = verdict
        .notes
        .for_a_time
        .iter()
        .map(|(_, user)| Fact::Account { user: user.clone(), has: Vec::new() });
    let over: Vec<Fact> = over.collect();
    let mut found = Vec::new();
    for fact in verdict.notes.facts.iter().chain(&over) {
        if let Err(is) = check(verdict, &histories, fact).await {
            found.push(format!("{fact:?}, but {is}"));
        }
    }
    for (room, history) in &histories {
        for (event, times) in redactions(history).into_iter().filter(|(_, times)| *times > 1) {
            found.push(format!("{event} in {room} was redacted {times} times"));
        }
    }
    found
}

/// What is so instead.
async fn check(
    verdict: &Verdict<'_>,
    histories: &HashMap<String, Vec<Value>>,
    fact: &Fact,
) -> Result<(), String> {
    let (scene, owner) = (&*verdict.scene, verdict.owner);
    match fact {
        Fact::Account { user, has } => {
            let account = scene.account(user).await;
            let names = ["suspended", "locked", "shadow_banned"];
            let is = names.into_iter().filter(|name| account[name] == true).collect::<Vec<_>>();
            same(&is, has)
        }
        Fact::Blocked { room, is } => same(&scene.is_blocked(room).await, is),
        Fact::ShutDown { room, members } => {
            let tasks = scene.delete_tasks(room).await;
            let mut out: Vec<String> =
                tasks.iter().flat_map(|task| strings(&task["result"]["kicked_users"])).collect();
            let mut members = members.clone();
            out.sort();
            members.sort();
            let known = scene.knows(room).await;
            same(&(tasks.len(), out, known), &(1, members, false))
        }
        Fact::Untouched { room } => {
            same(&(scene.delete_tasks(room).await.len(), scene.knows(room).await), &(0, true))
        }
        Fact::Member { room, user, is } => {
            let content = owner.state(room, "m.room.member", user).await.unwrap();
            same(&content["membership"], &json!(is))
        }
        Fact::ChangedOnce { room, user, reason } => {
            let changes = histories[room].iter().filter(|event| {
                event["type"] == "m.room.member"
                    && event["state_key"] == user.as_str()
                    && event["sender"] == BOT
                    && event["content"]["reason"] == reason.as_str()
            });
            same(&changes.count(), &1)
        }
        Fact::Power { room, user, level } => {
            let levels = owner.state(room, "m.room.power_levels", "").await.unwrap();
            same(&levels["users"][user].as_i64(), level)
        }
        Fact::Leads { alias, room } => {
            let path = format!("/_matrix/client/v3/directory/room/{}", path_part(alias));
            let (_, answer) = scene.admin.request("GET", &path, None).await.unwrap();
            same(&answer["room_id"].as_str(), &room.as_deref())
        }
        Fact::Listed { room, is } => {
            let path = format!("/_matrix/client/v3/directory/list/room/{}", path_part(room));
            let answer = scene.admin.get(&path).await.unwrap();
            same(&(answer["visibility"] == "public"), is)
        }
        Fact::Quarantined { file, is } => {
            let path = format!("/_matrix/client/v1/media/download/{}", file.strip_prefix("mxc://").unwrap());
            same(&owner.request("GET", &path, None).await.unwrap().0, &if *is { 404 } else { 200 })
        }
        Fact::Redacted { room, event } => {
            same(&redactions(&histories[room]).get(event.as_str()).copied().unwrap_or_default(), &1)
        }
        // That is held against the management room.
        Fact::Told { .. } => Ok(()),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(is: &T, want: &T) -> Result<(), String> {
    if is == want { Ok(()) } else { Err(format!("it is {is:?}")) }
}

/// How often each event of a room was redacted.
fn redactions(history: &[Value]) -> HashMap<&str, usize> {
    let mut times = HashMap::new();
    for event in history.iter().filter(|event| event["type"] == "m.room.redaction") {
        let redacts = event["content"]["redacts"].as_str().or(event["redacts"].as_str());
        if let Some(redacts) = redacts {
            *times.entry(redacts).or_default() += 1;
        }
    }
    times
}
