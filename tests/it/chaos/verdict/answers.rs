//! Whether every command has its answer and its job, and nothing is said twice.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::Verdict;
use crate::{
    chaos::strand::{Asked, Ends},
    support::{Answer, BOT},
};

/// Answers and marks; and what the bot sent, held against what it knows to have sent.
pub(super) fn wrong(verdict: &Verdict<'_>) -> Vec<String> {
    let m = &verdict.scene.moderator;
    let mut found = Vec::new();
    for Asked { event, line, ends } in &verdict.notes.asked {
        let (mut replies, marks) = (m.replies(event), m.marks(event));
        // Where reading took long, that was said first.
        replies.retain(|reply| reply.text != "I have read what I needed.");
        if !is_answered(*ends, &replies) {
            let replies: Vec<&str> = replies.iter().map(|reply| reply.text.as_str()).collect();
            found.push(format!("{line} ({ends:?}) was answered {} times: {replies:#?}", replies.len()));
        }
        let (want, other) = match ends {
            Ends::Answered | Ends::Done | Ends::Confirmed | Ends::Marked => ("✅", "❌"),
            Ends::Refused | Ends::Dropped => ("❌", "✅"),
        };
        let has = |mark: &str| marks.iter().any(|has| has == mark);
        if !has(want) || has(other) {
            found.push(format!("{line} ({ends:?}) is marked with {marks:?}"));
        }
    }
    let hellos = m.said().iter().filter(|said| said.text.contains("Hello, I am")).count();
    if hellos != 1 {
        found.push(format!("the bot said hello {hellos} times"));
    }
    found.extend(said_twice(&m.events()));
    found.extend(sent_wrong(verdict, &m.events()));
    found
}

fn is_answered(ends: Ends, replies: &[Answer]) -> bool {
    let is_report = |reply: &Answer| reply.text.starts_with("Job ") && reply.text.contains("– done");
    let asks = |reply: &Answer| reply.text.contains("do it?");
    match (ends, replies) {
        (Ends::Answered | Ends::Refused, [answer]) => !is_report(answer) && !asks(answer),
        (Ends::Done, [report]) => is_report(report),
        (Ends::Confirmed, [preview, report]) => asks(preview) && is_report(report),
        (Ends::Dropped, [preview]) => asks(preview),
        (Ends::Marked, []) => true,
        _ => false,
    }
}

fn is_edit(event: &Value) -> bool {
    event["content"]["m.relates_to"]["rel_type"] == "m.replace"
}

fn by_bot(events: &[Value]) -> impl Iterator<Item = &Value> {
    events.iter().filter(|event| event["sender"] == BOT && event["type"] == "m.room.message")
}

/// The same words to the same event.
fn said_twice(events: &[Value]) -> Vec<String> {
    let mut said = HashSet::new();
    let firsts = by_bot(events).filter(|event| !is_edit(event));
    let twice = firsts.filter(|event| {
        let content = &event["content"];
        !said.insert((content["m.relates_to"].to_string(), content["body"].to_string()))
    });
    twice.map(|event| format!("said twice: {}", event["content"]["body"])).collect()
}

/// Each message in the room is one of the bot's database, and the other way round; and no version was sent twice.
fn sent_wrong(verdict: &Verdict<'_>, events: &[Value]) -> Vec<String> {
    let database = verdict.scene.bot.database();
    let mut rows = database
        .prepare("SELECT key, version, event_id FROM outbox WHERE kind IN ('message', 'file')")
        .unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let rows: Vec<(String, usize, Option<String>)> = rows.map(Result::unwrap).collect();
    let text = |event: &Value| event.as_str().unwrap_or_default().to_owned();
    let sent: BTreeSet<String> =
        by_bot(events).filter(|event| !is_edit(event)).map(|event| text(&event["event_id"])).collect();
    let mut edits = BTreeMap::new();
    for event in by_bot(events).filter(|event| is_edit(event)) {
        *edits.entry(text(&event["content"]["m.relates_to"]["event_id"])).or_insert(0) += 1;
    }
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for (key, version, event) in rows {
        let Some(event) = event else {
            found.push(format!("{key} was given up"));
            continue;
        };
        if !sent.contains(&event) {
            found.push(format!("{key} is not in the room"));
        }
        let edits: usize = edits.get(&event).copied().unwrap_or_default();
        if edits >= version {
            found.push(format!("{key} was edited {edits} times, and has {version} versions"));
        }
        if !known.insert(event) {
            found.push(format!("{key} is the same message as another"));
        }
    }
    found.extend(sent.difference(&known).map(|event| format!("the bot does not know that it sent {event}")));
    found
}

/// Jobs: each is wanted by somebody, has ended well, and none is missing.
pub(super) fn jobs_wrong(verdict: &Verdict<'_>) -> Vec<String> {
    let database = verdict.scene.bot.database();
    let mut jobs = database.prepare("SELECT event_id, state, typed FROM plans").unwrap();
    let jobs = jobs.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
    let mut jobs: BTreeMap<String, (String, String)> = jobs.map(Result::unwrap).collect();
    let mut found = Vec::new();
    for Asked { event, line, ends } in &verdict.notes.asked {
        let job = jobs.remove(event).map(|(state, _)| state);
        let want = match ends {
            Ends::Done | Ends::Confirmed => Some("done"),
            Ends::Dropped => Some("cancelled"),
            Ends::Answered | Ends::Refused | Ends::Marked => None,
        };
        if job.as_deref() != want {
            found.push(format!("the job of {line} ({ends:?}) is {job:?}"));
        }
    }
    let mut take = |what: &str, front: &str, want: usize| {
        let those: Vec<String> = jobs.keys().filter(|origin| origin.starts_with(front)).cloned().collect();
        let ended = those.iter().filter_map(|origin| jobs.remove(origin)).filter(|job| job.0 == "done");
        let ended = ended.count();
        if (ended, those.len()) != (want, want) {
            found.push(format!("{} jobs of {what}, {ended} of them done, instead of {want}", those.len()));
        }
    };
    for tap in &verdict.notes.taps {
        take("a tap", &format!("tap {} ", tap.event), tap.jobs);
    }
    take("rules", "rule ", verdict.notes.reports.iter().map(|reported| reported.by_rule).sum());
    take("invitations", "invitation ", verdict.rooms.len());
    take("what is over", "ending ", verdict.notes.for_a_time.len());
    found.extend(jobs.into_iter().map(|job| format!("a job that nobody asked for: {job:?}")));
    let mut failed = database
        .prepare(
            "SELECT plan || ', ' || typed || ': ' || coalesce(outcome, 'without outcome') FROM steps \
             JOIN plans ON plans.id = plan WHERE plans.state != 'cancelled' \
             AND coalesce(json_extract(outcome, '$.outcome'), '') != 'done'",
        )
        .unwrap();
    let failed = failed.query_map([], |row| row.get::<_, String>(0)).unwrap();
    found.extend(failed.map(|step| format!("a step failed: job {}", step.unwrap())));
    found
}
