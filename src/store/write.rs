//! One change of what the bot remembers, as SQL.

use super::moving::is_elsewhere;
use gleipnir_core::{
    model::Millis,
    plan::{Outcome, Plan, PlanId},
    ports::{Change, VIEWS_KEPT, View},
    speech::{Effort, Mark, Marked, Say},
};
use rusqlite::{Connection, params};
use serde::Serialize;

/// What the database calls an effort.
pub(super) const SURELY: &str = "surely";
const ONCE: &str = "once";

pub(crate) fn apply(db: &Connection, change: Change) -> rusqlite::Result<()> {
    match change {
        Change::Received(event) => db
            .prepare_cached(
                "INSERT INTO inbox (event_id, json, received_at) VALUES (?, ?, ?) ON CONFLICT (event_id) DO NOTHING",
            )?
            .execute(params![event.event_id.as_str(), event.json.to_string(), event.received_at])
            .map(drop),
        Change::Cursor(cursor) => db
            .prepare_cached(
                "INSERT INTO meta VALUES ('cursor', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )?
            .execute([cursor])
            .map(drop),
        Change::Moved => super::moving::moved(db),
        Change::Upgraded { from, to } => super::moving::upgraded(db, &from, &to),
        Change::Decrypted { event_id, json } => db
            .prepare_cached("UPDATE inbox SET json = ? WHERE event_id = ? AND handled = 0")?
            .execute(params![json.to_string(), event_id.as_str()])
            .map(drop),
        Change::Handled(event_id) => db
            .prepare_cached("UPDATE inbox SET handled = 1, json = '' WHERE event_id = ?")?
            .execute([event_id.as_str()])
            .map(drop),
        Change::Plan(plan) => insert_plan(db, &plan),
        Change::PlanState { id, state, by, at } => one(
            db.prepare_cached(
                "UPDATE plans SET state = ?, decided_by = coalesce(?, decided_by), changed_at = ? WHERE id = ?",
            )?
            .execute(params![state.word(), by.as_ref().map(|by| by.as_str()), at, id])?,
        ),
        Change::Working { plan, step, state } => one(
            db.prepare_cached("UPDATE steps SET state = iif(outcome IS NULL, ?, state) WHERE plan = ? AND n = ?")?
                .execute(params![json(&state)?, plan, step])?,
        ),
        Change::Stop { plan, by, at } => stop(db, plan, &Outcome::Stopped { by }, at),
        Change::Keep { plan, step, kept } => set_step(db, "kept", plan, step, &kept.to_string()),
        Change::Ended { plan, step, outcome, at } => {
            set_step(db, "outcome", plan, step, &json(&outcome)?)?;
            one(db.prepare_cached("UPDATE plans SET changed_at = ? WHERE id = ?")?.execute(params![at, plan])?)
        }
        Change::Say(say) => put_message(
            db,
            say,
            "ON CONFLICT (key) DO UPDATE SET version = version + 1, text = excluded.text, html = excluded.html, \
             mentions = excluded.mentions",
        ),
        Change::SayOnce(say) => put_message(db, say, "ON CONFLICT (key) DO NOTHING"),
        Change::View(view) => put_view(db, &view),
        Change::Watching(change) => super::watching::apply(db, change),
        Change::Reporting(change) => super::cases::apply(db, change),
        Change::Forget(forget) => super::forgetting::forget(db, forget),
        Change::Mark(mark) => put_reaction(db, &mark),
        Change::Delivered { key, version, event_id } => db
            .prepare_cached(
                // What was said is in the room now; it need not stay here.
                "UPDATE outbox SET sent = max(sent, ?1), event_id = coalesce(event_id, ?2), bytes = NULL, \
                 text = iif(version > ?1, text, NULL), html = iif(version > ?1, html, NULL) WHERE key = ?3",
            )?
            .execute(params![version, event_id.as_str(), key])
            .map(drop),
        Change::GaveUp { key, version } => db
            .prepare_cached(
                "UPDATE outbox SET sent = max(sent, ?1), bytes = NULL, text = iif(version > ?1, text, NULL), \
                 html = iif(version > ?1, html, NULL) WHERE key = ?2",
            )?
            .execute(params![version, key])
            .map(drop),
    }
}

/// Exactly one row has to be there.
pub(super) fn one(changed: usize) -> rusqlite::Result<()> {
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}

pub(super) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn insert_plan(db: &Connection, plan: &Plan) -> rusqlite::Result<()> {
    let stays = plan.undoes.as_ref().map(|undoes| &undoes.stays).filter(|stays| !stays.is_empty());
    let stays = stays.map(json).transpose()?;
    db.prepare_cached(
        "INSERT INTO plans (id, event_id, command, typed, asked_by, asked_at, because, stays, state, decided_by, \
         changed_at, expires_at, case_id, lasts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        plan.id,
        plan.origin.text(),
        plan.command,
        plan.typed,
        plan.asked_by.as_str(),
        plan.asked_at,
        plan.because,
        stays,
        plan.state.word(),
        plan.decided_by.as_ref().map(|by| by.as_str()),
        plan.changed_at,
        plan.expires_at,
        plan.case,
        plan.lasts,
    ])?;
    let mut insert = db.prepare_cached("INSERT INTO undone (undo, plan, steps) VALUES (?, ?, ?)")?;
    for undone in plan.undoes.iter().flat_map(|undoes| &undoes.jobs) {
        insert.execute(params![plan.id, undone.plan, json(&undone.steps)?])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO steps (plan, n, room, step, state, outcome) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for (n, planned) in plan.steps.iter().enumerate() {
        insert.execute(params![
            plan.id,
            n,
            planned.step.target(),
            json(&planned.step)?,
            planned.state.as_ref().map(json).transpose()?,
            planned.outcome.as_ref().map(json).transpose()?,
        ])?;
    }
    Ok(())
}

/// Ends what was not begun: all that is open, but the first of it if it has a state.
fn stop(db: &Connection, plan: PlanId, outcome: &Outcome, at: Millis) -> rusqlite::Result<()> {
    let first: Option<usize> = db
        .prepare_cached("SELECT min(n) FROM steps WHERE plan = ? AND outcome IS NULL")?
        .query_row([plan], |row| row.get(0))?;
    db.prepare_cached(
        "UPDATE steps SET outcome = ? WHERE plan = ? AND outcome IS NULL AND (state IS NULL OR n > ?)",
    )?
    .execute(params![json(outcome)?, plan, first])?;
    one(db.prepare_cached("UPDATE plans SET changed_at = ? WHERE id = ?")?.execute(params![at, plan])?)
}

/// `column` is one of ours, never input.
fn set_step(db: &Connection, column: &str, plan: PlanId, step: usize, value: &str) -> rusqlite::Result<()> {
    one(db
        .prepare_cached(&format!("UPDATE steps SET {column} = ? WHERE plan = ? AND n = ?"))?
        .execute(params![value, plan, step])?)
}

fn put_message(db: &Connection, say: Say, again: &str) -> rusqlite::Result<()> {
    let reply_to = say.reply_to.as_ref().map(|id| id.as_str());
    let reply_to = match reply_to {
        Some(event) if is_elsewhere(db, event)? => None,
        reply_to => reply_to,
    };
    let mentions = &say.rendered.mentions;
    let mentions = (!mentions.is_empty()).then(|| json(mentions)).transpose()?;
    db.prepare_cached(&format!(
        "INSERT INTO outbox (key, kind, reply_to, text, html, mentions) VALUES (?, 'message', ?, ?, ?, ?) {again}"
    ))?
    .execute(params![say.key, reply_to, say.rendered.text, say.rendered.html, mentions])?;
    if let Some(file) = say.attachment {
        db.prepare_cached(
            "INSERT INTO outbox (key, kind, reply_to, name, mime, bytes) VALUES (?, 'file', ?, ?, ?, ?) \
             ON CONFLICT (key) DO NOTHING",
        )?
        .execute(params![
            format!("{}-file", say.key),
            reply_to,
            file.name,
            file.mime,
            file.bytes
        ])?;
    }
    Ok(())
}

fn put_reaction(db: &Connection, mark: &Mark) -> rusqlite::Result<()> {
    let (event, key) = match &mark.to {
        Marked::Event(event) => (Some(event.as_str()), None),
        Marked::Message(key) => (None, Some(key)),
    };
    // Nothing can be reacted to in another room.
    if let Some(event) = event
        && is_elsewhere(db, event)?
    {
        return Ok(());
    }
    let effort = match mark.effort {
        Effort::Surely => SURELY,
        Effort::Once => ONCE,
    };
    db.prepare_cached(
        "INSERT INTO outbox (key, kind, emoji, effort, to_event, to_key) VALUES (?, 'reaction', ?, ?, ?, ?) \
         ON CONFLICT (key) DO NOTHING",
    )?
    .execute(params![mark.key(), mark.emoji, effort, event, key])
    .map(drop)
}

fn put_view(db: &Connection, view: &View) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO views (key, typed, \"left\", \"right\") VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE \
         SET \"left\" = excluded.\"left\", \"right\" = excluded.\"right\"",
    )?
    .execute(params![view.key, view.typed, view.left, view.right])?;
    db.prepare_cached("DELETE FROM views WHERE seq NOT IN (SELECT seq FROM views ORDER BY seq DESC LIMIT ?)")?
        .execute([VIEWS_KEPT])
        .map(drop)
}
