//! What rules would have made of past cases, by what was kept of them.

use serde_json::json;

use crate::{
    commands::{Failure, World, facts::FileKind},
    ports::{Case, WhichCases},
    reply::{Added, Line, Table},
    rules::{
        case::{author, in_a_line, reporters::first_and_last},
        reports::{Facts, Matching, Rules, is_unknown, weigh},
    },
    text::{
        duration::{date, in_words, parse_duration},
        number::counted,
    },
};

/// The cases of some time.
pub(in crate::commands) struct Replay {
    time: String,
    /// How many there are.
    total: usize,
    /// Those that a rule matches, newest first.
    found: Vec<(Case, Vec<Matching>)>,
    /// For each rule, of how many cases it cannot be told.
    unknown: Vec<usize>,
}

pub(super) fn gather(world: &World<'_>, words: &[String]) -> Result<Replay, Failure> {
    let time = parse_duration(&words.concat())
        .map_err(|error| Failure::told(Line::new().name_long(error.to_string())))?;
    let since = world.now.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    let ignored = world.records.ignored_reporters()?;
    let rules = &world.settings.rules;
    let here = world.lookup.me().server_name();
    let mut replay =
        Replay { time: in_words(time), total: 0, found: Vec::new(), unknown: vec![0; rules.list.len()] };
    for case in world.records.cases(&WhichCases::default())? {
        if case.opened_at < since {
            continue;
        }
        replay.total += 1;
        let at = first_and_last(&case.reports).map_or(case.opened_at, |(_, last)| last);
        let facts = Facts::kept(&case, &ignored, here, at);
        if facts.reports.is_empty() {
            continue;
        }
        for (rule, unknown) in rules.list.iter().zip(&mut replay.unknown) {
            *unknown += usize::from(is_unknown(&weigh(rule, &facts)));
        }
        let matching = rules.matching(&facts);
        if !matching.is_empty() {
            replay.found.push((case, matching));
        }
    }
    Ok(replay)
}

const HEADERS: &[&str] = &["rule", "case", "kind", "about", "author", "opened_at"];

impl Replay {
    pub(super) fn heading(&self) -> Line {
        let total = counted(self.total as u64, "case");
        Line::from(format!("{total} of the last {}, weighed by what I kept of them", self.time))
    }

    pub(super) fn lines(&self, rules: &Rules) -> Vec<Line> {
        let mut lines = Vec::new();
        for ((place, rule), unknown) in rules.list.iter().enumerate().zip(&self.unknown) {
            let cases: Vec<&Case> = self.of(place).collect();
            let line = Line::new().strong(format!("{}. ", place + 1)).user(&rule.name);
            let line = line.text(format!(" would have acted on {}", counted(cases.len() as u64, "case")));
            lines.push(match unknown {
                0 => line,
                more => line.text(format!(
                    "; of {} it cannot be told: what it asks about is not kept",
                    counted(*more as u64, "more case")
                )),
            });
            lines.extend(cases.into_iter().map(|case| Line::from("case ").append(in_a_line(case))));
        }
        lines
    }

    pub(super) fn table(&self, kind: FileKind, rules: &Rules) -> Table {
        let mut table = kind.table("rules-replay", HEADERS);
        for (place, rule) in rules.list.iter().enumerate() {
            for case in self.of(place) {
                let row = [
                    json!(rule.name),
                    json!(case.id),
                    json!(case.about.kind().word()),
                    json!(case.about.id()),
                    json!(author(case)),
                    json!(date(case.opened_at)),
                ];
                if table.add(row) == Added::Full {
                    return table;
                }
            }
        }
        table
    }

    fn of(&self, place: usize) -> impl Iterator<Item = &Case> {
        let acts = move |matching: &Matching| matching.place == place;
        self.found.iter().filter(move |(_, matching)| matching.iter().any(acts)).map(|(case, _)| case)
    }
}
