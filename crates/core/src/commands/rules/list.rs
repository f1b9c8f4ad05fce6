//! The rules, in words, and what they did lately.

use crate::{
    model::Millis,
    ports::{Acted, Hit},
    reply::Line,
    rules::reports::{Mode, Rule, Rules},
    text::{
        duration::{date, in_words},
        number::counted,
    },
};

/// How far back is counted what rules did.
pub(super) const SPAN: Millis = 7 * 24 * 60 * 60_000;

pub(super) fn heading(rules: &Rules) -> Line {
    Line::from(counted(rules.list.len() as u64, "rule"))
}

pub(super) fn listed(rules: &Rules, hits: &[Hit]) -> Vec<Line> {
    rules.list.iter().zip(1..).map(|(rule, n)| line(n, rule, hits)).collect()
}

fn line(n: usize, rule: &Rule, hits: &[Hit]) -> Line {
    let line = Line::new().strong(format!("{n}. ")).user(&rule.name);
    let line = match rule.mode {
        Mode::Act => line,
        Mode::DryRun => line.strong(" (dry run)"),
    };
    let line =
        line.text(" – when ").append(rule.when_in_words()).strong(" → ").append(rule.actions_in_words());
    let line = match rule.cooldown {
        Some(cooldown) => line.text(format!(" (once in {} for each author)", in_words(cooldown))),
        None => line,
    };
    let own: Vec<&Hit> = hits.iter().filter(|hit| hit.rule == rule.name).collect();
    let Some(last) = own.last() else { return line.text(". No case in 7 days.") };
    let line = line.text(format!(
        ". {} in 7 days, the last {}: ",
        counted(own.len() as u64, "match"),
        date(last.at)
    ));
    acted(line.code(format!("!case {}", last.case)).text(", "), &last.acted).text(".")
}

/// What came of a match.
pub(super) fn acted(line: Line, acted: &Acted) -> Line {
    match acted {
        Acted::Did(Some(plan)) => line.text("done by ").code(format!("!job {plan}")),
        Acted::Did(None) => line.text("done"),
        Acted::Asked(plan) => line.text("asked for as ").code(format!("!job {plan}")),
        Acted::DryRun => line.text("only told"),
        Acted::Held { why, .. } => line.text("held back: ").name_long(why.trim_end_matches('.')),
    }
}
