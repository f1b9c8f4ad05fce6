//! Reading back what the bot remembers.

use gleipnir_core::{
    plan::{Origin, Plan, PlanId, PlanState, PlannedStep, Undoes, Undone},
    ports::{InboxEvent, Queue, View, Which},
    reply::{Attachment, Rendered},
    ruma::EventId,
    speech::{Delivery, Effort, Sendable},
};
use rusqlite::{Connection, OptionalExtension as _, Row, params, types::Type};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::write::SURELY;

const PLAN: &str = "SELECT id, event_id, command, typed, asked_by, asked_at, because, stays, state, decided_by, \
                    changed_at, expires_at, case_id, lasts FROM plans";

/// Those in some states (1), about something (2), so many (3), changed since a time (4), newest first.
const CHOSEN: &str = "(?1 = '[]' OR state IN (SELECT value FROM json_each(?1))) AND changed_at >= ?4 \
                      AND (instr(lower(asked_by), ?2) OR instr(lower(typed), ?2) \
                           OR EXISTS (SELECT 1 FROM steps WHERE plan = id AND instr(lower(room), ?2))) \
                      ORDER BY id DESC LIMIT ?3";

pub(crate) fn plan(db: &Connection, id: PlanId) -> rusqlite::Result<Option<Plan>> {
    let plan = db.prepare_cached(&format!("{PLAN} WHERE id = ?"))?.query_row([id], plan_of_row).optional()?;
    plan.map(|plan| with_steps(db, plan)).transpose()
}

pub(crate) fn plans(db: &Connection, which: &Which) -> rusqlite::Result<Vec<Plan>> {
    // An empty list of states means all of them, an empty text occurs in everything.
    let states: Vec<&str> = which.states.iter().map(|state| state.word()).collect();
    let about = which.about.as_deref().unwrap_or_default().to_lowercase();
    let limit = which.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let states = serde_json::json!(states).to_string();
    let since = which.since.unwrap_or(i64::MIN);
    let found: Vec<Plan> = match which.case {
        Some(case) => db
            .prepare_cached(&plans_of_case())?
            .query_map(params![states, about, limit, since, case], plan_of_row)?
            .collect::<rusqlite::Result<_>>()?,
        None => db
            .prepare_cached(&format!("{PLAN} WHERE {CHOSEN}"))?
            .query_map(params![states, about, limit, since], plan_of_row)?
            .collect::<rusqlite::Result<_>>()?,
    };
    found.into_iter().map(|plan| with_steps(db, plan)).collect()
}

/// A query of its own: one that may be about no case goes by no index.
pub(super) fn plans_of_case() -> String {
    format!(
        "{PLAN} WHERE (case_id = ?5 OR id IN (SELECT undo FROM plans AS of_case JOIN undone ON undone.plan = of_case.id \
                                              WHERE of_case.case_id = ?5)) AND {CHOSEN}"
    )
}

/// Those whose time is not over, or not ended.
pub(super) const LASTING: &str = "lasts IS NOT NULL AND state = 'done' AND NOT EXISTS ( \
     SELECT 1 FROM undone JOIN plans AS undo ON undo.id = undone.undo \
     WHERE undone.plan = plans.id AND undo.state NOT IN ('cancelled', 'expired') \
     AND (undo.state != 'done' OR undo.event_id LIKE 'ending %' OR NOT EXISTS ( \
       SELECT 1 FROM json_each(undone.steps) AS own JOIN steps ON steps.plan = undo.id AND steps.n = own.value \
       WHERE json_extract(steps.outcome, '$.outcome') = 'failed')))";

pub(crate) fn lasting(db: &Connection) -> rusqlite::Result<Vec<Plan>> {
    let mut query = db.prepare_cached(&format!("{PLAN} WHERE {LASTING} ORDER BY id"))?;
    let found = query.query_map([], plan_of_row)?;
    found.map(|plan| with_steps(db, plan?)).collect()
}

fn plan_of_row(row: &Row<'_>) -> rusqlite::Result<Plan> {
    let (state, origin): (String, String) = (row.get("state")?, row.get("event_id")?);
    Ok(Plan {
        id: row.get("id")?,
        origin: Origin::from_text(&origin).ok_or_else(|| wrong(&format!("the origin {origin}")))?,
        command: row.get("command")?,
        typed: row.get("typed")?,
        asked_by: id(row, "asked_by")?,
        asked_at: row.get("asked_at")?,
        because: row.get("because")?,
        undoes: row
            .get::<_, Option<String>>("stays")?
            .as_deref()
            .map(|stays| Ok::<_, rusqlite::Error>(Undoes { jobs: Vec::new(), stays: json(stays)? }))
            .transpose()?,
        case: row.get("case_id")?,
        lasts: row.get("lasts")?,
        state: PlanState::from_word(&state).ok_or_else(|| wrong(&format!("the state {state}")))?,
        decided_by: optional_id(row, "decided_by")?,
        changed_at: row.get("changed_at")?,
        expires_at: row.get("expires_at")?,
        steps: Vec::new(),
    })
}

fn with_steps(db: &Connection, mut plan: Plan) -> rusqlite::Result<Plan> {
    let mut query = db.prepare_cached("SELECT step, state, outcome FROM steps WHERE plan = ? ORDER BY n")?;
    let steps = query.query_map([plan.id], |row| {
        Ok(PlannedStep {
            step: json(&row.get::<_, String>("step")?)?,
            state: row.get::<_, Option<String>>("state")?.as_deref().map(json).transpose()?,
            outcome: row.get::<_, Option<String>>("outcome")?.as_deref().map(json).transpose()?,
        })
    })?;
    plan.steps = steps.collect::<rusqlite::Result<_>>()?;
    let mut query = db.prepare_cached("SELECT plan, steps FROM undone WHERE undo = ? ORDER BY plan DESC")?;
    let jobs = query.query_map([plan.id], |row| {
        Ok(Undone { plan: row.get("plan")?, steps: json(&row.get::<_, String>("steps")?)? })
    })?;
    let jobs: Vec<Undone> = jobs.collect::<rusqlite::Result<_>>()?;
    let stays = plan.undoes.take().map(|undoes| undoes.stays).unwrap_or_default();
    plan.undoes = (!jobs.is_empty()).then_some(Undoes { jobs, stays });
    Ok(plan)
}

pub(crate) fn next_plan_id(db: &Connection) -> rusqlite::Result<PlanId> {
    db.prepare_cached(
        "SELECT max((SELECT coalesce(max(id), 0) + 1 FROM plans), \
                    (SELECT coalesce(max(CAST(value AS INTEGER)), 1) FROM meta WHERE key = 'plans_from'))",
    )?
    .query_row([], |row| row.get(0))
}

pub(super) fn kept(db: &Connection, plan: PlanId, step: usize) -> rusqlite::Result<Option<Value>> {
    let kept: Option<Option<String>> = db
        .prepare_cached("SELECT kept FROM steps WHERE plan = ? AND n = ?")?
        .query_row(params![plan, step], |row| row.get(0))
        .optional()?;
    kept.flatten().as_deref().map(json).transpose()
}

pub(super) fn undone_by(db: &Connection, id: PlanId) -> rusqlite::Result<Option<PlanId>> {
    let mut query = db.prepare_cached(
        "SELECT undo FROM undone JOIN plans ON plans.id = undo \
         WHERE plan = ? AND state NOT IN ('cancelled', 'expired') ORDER BY undo DESC",
    )?;
    let undos: Vec<PlanId> = query.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for undo in undos {
        if plan(db, undo)?.is_some_and(|undo| !undo.failed_to_undo(id)) {
            return Ok(Some(undo));
        }
    }
    Ok(None)
}

pub(super) fn is_said(db: &Connection, key: &str) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE key = ?)")?
        .query_row([key], |row| row.get(0))
}

pub(super) fn key_of(db: &Connection, event: &EventId) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT key FROM outbox WHERE event_id = ?")?
        .query_row([event.as_str()], |row| row.get(0))
        .optional()
}

pub(super) fn view(db: &Connection, key: &str) -> rusqlite::Result<Option<View>> {
    db.prepare_cached("SELECT key, typed, \"left\", \"right\" FROM views WHERE key = ?")?
        .query_row([key], |row| {
            Ok(View { key: row.get(0)?, typed: row.get(1)?, left: row.get(2)?, right: row.get(3)? })
        })
        .optional()
}

pub(super) fn queue(db: &Connection) -> rusqlite::Result<Queue> {
    db.prepare_cached(
        "SELECT (SELECT count(*) FROM inbox WHERE handled = 0), (SELECT count(*) FROM outbox WHERE version > sent \
         AND (to_key IS NULL OR EXISTS (SELECT 1 FROM outbox AS message \
                                        WHERE message.key = outbox.to_key AND message.event_id IS NOT NULL)))",
    )?
    .query_row([], |row| Ok(Queue { unhandled: row.get(0)?, undelivered: row.get(1)? }))
}

pub(super) fn cursor(db: &Connection) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM meta WHERE key = 'cursor'")?
        .query_row([], |row| row.get(0))
        .optional()
}

pub(super) fn unhandled(db: &Connection) -> rusqlite::Result<Vec<InboxEvent>> {
    let mut query =
        db.prepare_cached("SELECT event_id, json, received_at FROM inbox WHERE handled = 0 ORDER BY seq")?;
    let events = query.query_map([], |row| {
        Ok(InboxEvent {
            event_id: id(row, "event_id")?,
            json: json(&row.get::<_, String>("json")?)?,
            received_at: row.get("received_at")?,
        })
    })?;
    events.collect()
}

pub(super) fn undelivered(db: &Connection) -> rusqlite::Result<Vec<Delivery>> {
    // A reaction to a message of ours waits until that message is there. Who asked something is answered before watched
    // rooms are told about.
    let mut query = db.prepare_cached(
        "SELECT key, kind, version, event_id, reply_to, text, html, mentions, name, mime, bytes, emoji, effort, \
         coalesce(to_event, (SELECT message.event_id FROM outbox AS message WHERE message.key = outbox.to_key)) AS target \
         FROM outbox WHERE version > sent AND (kind != 'reaction' OR target IS NOT NULL) \
         ORDER BY kind = 'reaction', key LIKE 'feed-%', seq",
    )?;
    let deliveries = query.query_map([], |row| {
        let what = match row.get::<_, String>("kind")?.as_str() {
            "message" => Sendable::Message {
                reply_to: optional_id(row, "reply_to")?,
                replaces: optional_id(row, "event_id")?,
                rendered: Rendered {
                    text: row.get("text")?,
                    html: row.get("html")?,
                    mentions: match row.get::<_, Option<String>>("mentions")? {
                        Some(mentions) => json(&mentions)?,
                        None => Vec::new(),
                    },
                },
            },
            "file" => Sendable::File {
                reply_to: optional_id(row, "reply_to")?,
                attachment: Attachment {
                    name: row.get("name")?,
                    mime: row.get("mime")?,
                    bytes: row.get("bytes")?,
                },
            },
            _ => Sendable::Reaction {
                to: id(row, "target")?,
                emoji: row.get("emoji")?,
                effort: if row.get::<_, String>("effort")? == SURELY { Effort::Surely } else { Effort::Once },
            },
        };
        Ok(Delivery { key: row.get("key")?, version: row.get("version")?, what })
    })?;
    deliveries.collect()
}

pub(super) fn json<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
}

pub(super) fn id<T: for<'a> TryFrom<&'a str>>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    T::try_from(&text).map_err(|_| wrong(&format!("{column} {text}")))
}

pub(super) fn optional_id<T: for<'a> TryFrom<&'a str>>(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<T>> {
    match row.get::<_, Option<String>>(column)? {
        Some(_) => id(row, column).map(Some),
        None => Ok(None),
    }
}

pub(super) fn wrong(what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, format!("{what} cannot be read").into())
}
