//! What is remembered of abuse reports, as SQL.

use std::collections::BTreeSet;

use gleipnir_core::{
    model::{About, Millis, Report, ReportKey, ReportKind, Switch},
    ports::{Case, CaseId, CaseState, Decision, FORWARDED, Hit, Priority, Reporting, WhichCases},
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{
    read::{id, json, optional_id, wrong},
    write::{self, one},
};

const CASE: &str =
    "SELECT id, about, state, decided_by, note, opened_at, changed_at, evidence, priority FROM cases";

pub(super) fn apply(db: &Connection, change: Reporting) -> rusqlite::Result<()> {
    match change {
        Reporting::Begun { kind, known } => {
            db.prepare_cached("INSERT INTO report_kinds VALUES (?) ON CONFLICT DO NOTHING")?
                .execute([kind.word()])?;
            known.iter().try_for_each(|key| put(db, key, None, None).map(drop))
        }
        Reporting::Opened(case) => {
            db.prepare_cached(
                "INSERT INTO cases (id, about, state, decided_by, note, opened_at, changed_at, evidence, priority) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                case.id,
                write::json(&case.about)?,
                case.state.word(),
                case.by.as_ref().map(|by| by.as_str()),
                case.note,
                case.opened_at,
                case.changed_at,
                case.evidence.as_ref().map(ToString::to_string),
                case.priority == Priority::High,
            ])?;
            case.reports.iter().try_for_each(|report| put(db, &report.key, Some(case.id), Some(report)))
        }
        Reporting::Joined { case, report } => put(db, &report.key, Some(case), Some(&report)),
        Reporting::Judged { case, state, by, note, at } => {
            one(db
                .prepare_cached(
                    "UPDATE cases SET state = ?, decided_by = ?, note = ?, changed_at = ? WHERE id = ?",
                )?
                .execute(params![state.word(), by.as_str(), note, at, case])?)?;
            db.prepare_cached("INSERT INTO decisions (case_id, state, by, note, at) VALUES (?, ?, ?, ?, ?)")?
                .execute(params![case, state.word(), by.as_str(), note, at])
                .map(drop)
        }
        Reporting::Forwarded(report) => db
            .prepare_cached("INSERT INTO forwarded (report) VALUES (?)")?
            .execute([write::json(&report)?])
            .map(drop),
        Reporting::Told(key) => put(db, &key, None, None),
        Reporting::Prioritized { case } => {
            one(db.prepare_cached("UPDATE cases SET priority = 1 WHERE id = ?")?.execute([case])?)
        }
        Reporting::Weighed { case, reports } => one(db
            .prepare_cached("UPDATE cases SET weighed = max(weighed, ?) WHERE id = ?")?
            .execute(params![reports, case])?),
        Reporting::Hit(hit) => db
            .prepare_cached(
                "INSERT INTO hits (rule, case_id, author, at, acted, said) VALUES (?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                hit.rule,
                hit.case,
                hit.author,
                hit.at,
                write::json(&hit.acted)?,
                write::json(&hit.said)?
            ])
            .map(drop),
        Reporting::HitsForgotten { before } => db
            .prepare_cached(
                "DELETE FROM hits WHERE at < ?1 AND EXISTS \
                 (SELECT 1 FROM cases WHERE id = hits.case_id AND state IN (?2, ?3) AND changed_at < ?1)",
            )?
            .execute(params![before, CaseState::Resolved.word(), CaseState::Dismissed.word()])
            .map(drop),
        Reporting::Ignored { reporter, to } => {
            let sql = match to {
                Switch::On => "INSERT INTO ignored_reporters VALUES (?) ON CONFLICT DO NOTHING",
                Switch::Off => "DELETE FROM ignored_reporters WHERE reporter = ?",
            };
            db.prepare_cached(sql)?.execute([reporter]).map(drop)
        }
    }
}

fn put(
    db: &Connection,
    key: &ReportKey,
    case: Option<CaseId>,
    report: Option<&Report>,
) -> rusqlite::Result<()> {
    let is_new = db
        .prepare_cached(
            "INSERT INTO reports (kind, id, received_ts, case_id, report) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            key.kind.word(),
            key.id,
            key.received_ts,
            case,
            report.map(write::json).transpose()?
        ])?
        > 0;
    // Of what was reported before the first start with a database that was restored from a backup, it is not known what
    // was done about it: no rule acts on it.
    if let Some(case) = case.filter(|_| is_new) {
        db.prepare_cached(
            "UPDATE cases SET weighed = weighed + 1 WHERE id = ? \
             AND ? < (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'restored_at')",
        )?
        .execute(params![case, key.received_ts])?;
    }
    // What was forwarded is in a case now.
    match key.id.checked_sub(FORWARDED) {
        Some(seq) => db.prepare_cached("DELETE FROM forwarded WHERE seq = ?")?.execute([seq]).map(drop),
        None => Ok(()),
    }
}

pub(super) fn forwarded(db: &Connection) -> rusqlite::Result<Vec<Report>> {
    let mut query = db.prepare_cached("SELECT seq, report FROM forwarded ORDER BY seq")?;
    let reports = query.query_map([], |row| {
        let mut report: Report = json(&row.get::<_, String>(1)?)?;
        report.key.id = FORWARDED + row.get::<_, u64>(0)?;
        Ok(report)
    })?;
    reports.collect()
}

pub(super) fn unweighed(db: &Connection) -> rusqlite::Result<Vec<(CaseId, usize)>> {
    let mut query = db.prepare_cached(
        "SELECT id, weighed FROM cases \
         WHERE weighed < (SELECT count(*) FROM reports WHERE case_id = cases.id) ORDER BY id",
    )?;
    let found = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    found.collect()
}

pub(super) fn hits(db: &Connection, since: Millis) -> rusqlite::Result<Vec<Hit>> {
    let mut query = db.prepare_cached(
        "SELECT rule, case_id, author, at, acted, said FROM hits WHERE at >= ? ORDER BY seq",
    )?;
    let hits = query.query_map([since], |row| {
        Ok(Hit {
            rule: row.get(0)?,
            case: row.get(1)?,
            author: row.get(2)?,
            at: row.get(3)?,
            acted: json(&row.get::<_, String>(4)?)?,
            said: json(&row.get::<_, String>(5)?)?,
        })
    })?;
    hits.collect()
}

pub(super) fn ignored_reporters(db: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut query = db.prepare_cached("SELECT reporter FROM ignored_reporters")?;
    let reporters = query.query_map([], |row| row.get(0))?;
    reporters.collect()
}

pub(super) fn case(db: &Connection, id: CaseId) -> rusqlite::Result<Option<Case>> {
    let case = db.prepare_cached(&format!("{CASE} WHERE id = ?"))?.query_row([id], of_row).optional()?;
    case.map(|case| with_reports(db, case)).transpose()
}

pub(super) fn about(db: &Connection, about: &About) -> rusqlite::Result<Option<Case>> {
    let case = db
        .prepare_cached(&format!("{CASE} WHERE about = ?"))?
        .query_row([write::json(about)?], of_row)
        .optional()?;
    case.map(|case| with_reports(db, case)).transpose()
}

pub(super) fn list(db: &Connection, which: &WhichCases) -> rusqlite::Result<Vec<Case>> {
    // An empty list of states means all of them.
    let states: Vec<&str> = which.states.iter().map(|state| state.word()).collect();
    let limit = which.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    // A condition that is asked for stands by itself, so that its index is used: the others would read every case.
    let asked = |value: &Option<String>, condition| if value.is_some() { condition } else { "" };
    let mut query = db.prepare_cached(&format!(
        "{CASE} WHERE (?1 = '[]' OR state IN (SELECT value FROM json_each(?1))) \
         AND (?2 IS NULL OR decided_by = ?2) AND (?3 IS NULL OR id < ?3) {} {} ORDER BY id DESC LIMIT ?4",
        asked(&which.author, "AND author = ?5"),
        asked(&which.room, "AND room = ?6"),
    ))?;
    let by = which.by.as_ref().map(|by| by.as_str());
    let states = serde_json::json!(states).to_string();
    let values = params![states, by, which.before, limit, which.author, which.room];
    // Those behind the last one that is asked for have no place in the query.
    let taken = query.parameter_count();
    let found = query.query_map(&values[..taken], of_row)?;
    found.map(|case| with_reports(db, case?)).collect()
}

pub(super) fn known(
    db: &Connection,
    kind: ReportKind,
    keys: &[ReportKey],
) -> rusqlite::Result<Option<BTreeSet<ReportKey>>> {
    let begun = db.prepare_cached("SELECT 1 FROM report_kinds WHERE kind = ?")?.exists([kind.word()])?;
    if !begun {
        return Ok(None);
    }
    let mut query =
        db.prepare_cached("SELECT 1 FROM reports WHERE kind = ? AND id = ? AND received_ts = ?")?;
    let mut known = BTreeSet::new();
    for key in keys {
        if query.exists(params![key.kind.word(), key.id, key.received_ts])? {
            known.insert(*key);
        }
    }
    Ok(Some(known))
}

pub(crate) fn next_id(db: &Connection) -> rusqlite::Result<CaseId> {
    db.prepare_cached(
        "SELECT max((SELECT coalesce(max(id), 0) + 1 FROM cases), \
                    (SELECT coalesce(max(CAST(value AS INTEGER)), 1) FROM meta WHERE key = 'cases_from'))",
    )?
    .query_row([], |row| row.get(0))
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<Case> {
    let state: String = row.get("state")?;
    let evidence: Option<String> = row.get("evidence")?;
    Ok(Case {
        id: row.get("id")?,
        about: json(&row.get::<_, String>("about")?)?,
        state: CaseState::from_word(&state).ok_or_else(|| wrong(&format!("the state {state}")))?,
        by: optional_id(row, "decided_by")?,
        note: row.get("note")?,
        opened_at: row.get("opened_at")?,
        changed_at: row.get("changed_at")?,
        evidence: evidence.as_deref().map(json).transpose()?,
        priority: if row.get("priority")? { Priority::High } else { Priority::Normal },
        decisions: Vec::new(),
        reports: Vec::new(),
    })
}

fn with_reports(db: &Connection, mut case: Case) -> rusqlite::Result<Case> {
    let mut query = db.prepare_cached("SELECT report FROM reports WHERE case_id = ? ORDER BY seq")?;
    let reports = query.query_map([case.id], |row| json(&row.get::<_, String>(0)?))?;
    case.reports = reports.collect::<rusqlite::Result<_>>()?;
    let mut query =
        db.prepare_cached("SELECT state, by, note, at FROM decisions WHERE case_id = ? ORDER BY seq")?;
    let decisions = query.query_map([case.id], |row| {
        let state: String = row.get(0)?;
        Ok(Decision {
            state: CaseState::from_word(&state).ok_or_else(|| wrong(&format!("the state {state}")))?,
            by: id(row, "by")?,
            note: row.get(2)?,
            at: row.get(3)?,
        })
    })?;
    case.decisions = decisions.collect::<rusqlite::Result<_>>()?;
    Ok(case)
}
