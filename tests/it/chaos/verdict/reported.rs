//! Whether each report is in one case, and each case has one card.

use std::collections::BTreeSet;

use super::Verdict;
use crate::{chaos::strand::Reported, support::Scene};

/// The kind, the number and the time of a report: what it is known by.
type Key = (String, i64, i64);

/// The reports of the server's tables that it tells of.
pub(super) fn filed(scene: &Scene) -> BTreeSet<Key> {
    let database = rusqlite::Connection::open(scene.synapse.data_dir().join("homeserver.db")).unwrap();
    database.busy_timeout(crate::support::PATIENCE).unwrap();
    keys(
        &database,
        "SELECT 'event', id, received_ts FROM event_reports UNION ALL SELECT 'user', id, received_ts FROM user_reports",
    )
}

fn keys(database: &rusqlite::Connection, query: &str) -> BTreeSet<Key> {
    let mut keys = database.prepare(query).unwrap();
    let keys = keys.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    keys.map(Result::unwrap).collect()
}

pub(super) fn wrong(verdict: &Verdict<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let database = verdict.scene.bot.database();
    let (filed, known) = (
        filed(verdict.scene),
        keys(
            &database,
            "SELECT kind, id, received_ts FROM reports WHERE kind IN ('event', 'user') AND case_id IS NOT NULL",
        ),
    );
    found.extend(filed.symmetric_difference(&known).map(|report| {
        format!("a report is on one side only: {report:?}, on the server: {}", filed.contains(report))
    }));
    let said = verdict.scene.moderator.said();
    for reported @ Reported { kind, id, filed, unsure, state, by_rule } in &verdict.notes.reports {
        let path = match *kind {
            "event" => "$.event.event_id",
            "user" => "$.user.user_id",
            _ => "$.room.room_id",
        };
        let mut cases = database
            .prepare(
                "SELECT id, state, (SELECT count(*) FROM reports WHERE case_id = cases.id), \
                 (SELECT count(*) FROM plans WHERE case_id = cases.id AND event_id LIKE 'rule %') \
                 FROM cases WHERE json_extract(about, ?) = ?",
            )
            .unwrap();
        let cases = cases
            .query_map([path, id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .unwrap();
        let cases: Vec<(u64, String, usize, usize)> = cases.map(Result::unwrap).collect();
        let [(case, is, reports, rules)] = &cases[..] else {
            found.push(format!("{reported:?} is in {} cases: {cases:?}", cases.len()));
            continue;
        };
        if !(*filed..=filed + unsure).contains(reports) || is != state || rules != by_rule {
            found.push(format!(
                "{reported:?}: case {case} is {is}, with {reports} reports and {rules} jobs of rules"
            ));
        }
        let front = format!("Case {case}: ");
        let cards = said.iter().filter(|said| said.text.starts_with(&front)).count();
        if cards != 1 {
            found.push(format!("case {case} has {cards} cards"));
        }
    }
    let cases: usize = database.query_row("SELECT count(*) FROM cases", [], |row| row.get(0)).unwrap();
    if cases != verdict.notes.reports.len() {
        found.push(format!("there are {cases} cases about {} things", verdict.notes.reports.len()));
    }
    found
}
