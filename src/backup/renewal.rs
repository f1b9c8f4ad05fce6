//! What becomes of an old database that is to go on: it must not do again what was done since, and must not take
//! something new for something old. What it no longer knows is told in the management room.

use gleipnir_core::{
    model::Millis,
    plan::{Origin, Outcome, Plan, PlanState},
    ports::{Change, Which},
    speech::Say,
    text::duration::date,
};
use rusqlite::{Connection, params};

use super::notice::{self, Restored};
use crate::store::{
    cases,
    opening::{NOT_STARTED, RESTORED_AT},
    read, write,
};

/// How long what ends by itself holds on at least: until moderators have read what is no longer known.
const GRACE: Millis = 60 * 60_000;
/// Numbers of jobs and cases go on so much higher, and one more for each minute since the backup: nobody makes more of
/// them.
const GAP: u64 = 1_000;
const MILLIS_PER_MINUTE: Millis = 60_000;

/// Nothing that waited is handled, said or read on from. Of the cursor the room stays: an alias must not lead to another.
/// What is known of reports was weighed, or is too old to act on.
const FORGET: &str = "
    DROP TABLE backup;
    DROP TABLE backup_files;
    PRAGMA application_id = 0;
    UPDATE meta SET value = lower(hex(randomblob(6))) WHERE key = 'instance';
    UPDATE meta SET value = substr(value, 1, instr(value, ' ')) WHERE key = 'cursor';
    UPDATE inbox SET handled = 1, json = '' WHERE handled = 0;
    UPDATE outbox SET sent = version, text = NULL, html = NULL, bytes = NULL;
    UPDATE watched SET told = 1, json = '' WHERE told = 0;
    UPDATE digests SET open = 0;
    DELETE FROM gaps;
    DELETE FROM positions;
    UPDATE cases SET weighed = (SELECT count(*) FROM reports WHERE case_id = cases.id);
";

/// Renews a database that was copied at `made_at`: all of it, or nothing.
pub(super) fn renew(database: &mut Connection, made_at: Millis, now: Millis) -> anyhow::Result<()> {
    let db = database.transaction()?;
    db.execute_batch(FORGET)?;
    let in_state = |state| read::plans(&db, &Which { states: vec![state], ..Which::default() });
    let proposed = in_state(PlanState::Proposed)?;
    let running = in_state(PlanState::Running)?;
    for plan in &proposed {
        let dropped = Change::PlanState { id: plan.id, state: PlanState::Expired, by: None, at: now };
        write::apply(&db, dropped)?;
    }
    for plan in &running {
        broken_off(plan, made_at, now).into_iter().try_for_each(|change| write::apply(&db, change))?;
    }
    // What was being ended, or should have been since: somebody may have decided otherwise meanwhile.
    let mut over = Vec::new();
    for plan in &running {
        if let Origin::Ending(ended) = plan.origin {
            over.extend(read::plan(&db, ended)?);
        }
    }
    for plan in read::lasting(&db)? {
        if plan.lasts_until().is_some_and(|until| until <= now) {
            db.execute("UPDATE plans SET lasts = NULL WHERE id = ?", [plan.id])?;
            over.push(plan);
        } else {
            hold_on(&db, &plan, now + GRACE)?;
        }
    }
    let lasting = read::lasting(&db)?;
    let running = running.into_iter().filter(|plan| !matches!(plan.origin, Origin::Ending(_))).collect();
    let plans_from = far_above(read::next_plan_id(&db)? - 1, made_at, now);
    let cases_from = far_above(cases::next_id(&db)? - 1, made_at, now);
    for (key, value) in [
        ("plans_from", plans_from.to_string()),
        ("cases_from", cases_from.to_string()),
        (RESTORED_AT, NOT_STARTED.to_owned()),
    ] {
        db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [key, &value],
        )?;
    }
    let instance: String =
        db.query_row("SELECT value FROM meta WHERE key = 'instance'", [], |row| row.get(0))?;
    let restored = Restored { made_at, proposed, running, over, lasting, plans_from, cases_from };
    write::apply(&db, Change::SayOnce(Say::new(notice::key(&instance), None, &restored.notice())))?;
    db.commit()?;
    Ok(())
}

/// What was under way at the time of the backup, and may have ended since in any way.
fn broken_off(plan: &Plan, made_at: Millis, now: Millis) -> Vec<Change> {
    let why = format!("I was restored from a backup of {}, when this was under way.", date(made_at));
    let but = Some("I do not know whether it was done since.".to_owned());
    let open = (0..plan.steps.len()).filter(|n| plan.steps[*n].outcome.is_none());
    let ended = open.map(|step| Change::Ended {
        plan: plan.id,
        step,
        outcome: Outcome::Failed { why: why.clone(), but: but.clone() },
        at: now,
    });
    ended.chain([Change::PlanState { id: plan.id, state: PlanState::Done, by: None, at: now }]).collect()
}

/// Lets what a job did last until `until` at least.
fn hold_on(db: &Connection, plan: &Plan, until: Millis) -> rusqlite::Result<()> {
    if plan.lasts_until().is_some_and(|ends| ends >= until) {
        return Ok(());
    }
    db.execute("UPDATE plans SET lasts = ? - changed_at WHERE id = ?", params![until, plan.id]).map(drop)
}

/// The number to go on with, so that no number means two things: above all that can have been given since.
fn far_above(last: u64, made_at: Millis, now: Millis) -> u64 {
    let minutes = u64::try_from((now - made_at) / MILLIS_PER_MINUTE).unwrap_or_default();
    (last + GAP + minutes).div_ceil(GAP) * GAP + 1
}

#[cfg(test)]
mod tests {
    use super::far_above;

    #[test]
    fn numbers_go_on_far_above_the_old_ones() {
        for (last, minutes, want) in [
            (0, 0, 1_001),
            (12, 0, 2_001),
            (999, 0, 2_001),
            (1_000, 0, 2_001),
            (12, 2_880, 4_001),
            (12, -5, 2_001),
        ] {
            assert_eq!(far_above(last, 0, minutes * 60_000), want, "{last} {minutes}");
        }
    }
}
