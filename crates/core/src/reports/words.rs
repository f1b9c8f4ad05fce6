//! What is said of reports beside their cards.

use std::collections::BTreeSet;

use super::triage::{HEARD, Spate, opens_again};
use crate::{
    model::{Report, ReportKey, ReportKind},
    ports::{Case, CaseState},
    reply::{Line, Reply},
    text::{
        duration::date,
        number::{counted, grouped},
    },
};

/// What was reported before reports were read; `None` when there is nothing.
pub(super) fn backlog(kind: ReportKind, known: &BTreeSet<ReportKey>) -> Option<Reply> {
    let since = known.iter().map(|key| key.received_ts).min()?;
    let what = match kind {
        ReportKind::Event => "messages",
        ReportKind::User => "users",
        ReportKind::Room => "rooms",
    };
    let (are, make) =
        if known.len() == 1 { ("is", "I make no case of it") } else { ("are", "I make no cases of them") };
    Some(Reply::text(format!(
        "There {are} {} of {what} from before I looked for them, since {}. {make}. New ones appear here.",
        counted(known.len() as u64, "report"),
        date(since),
    )))
}

/// A reporter has more reports than anybody reads.
pub(super) fn spate(reporter: &str, spate: &Spate) -> Reply {
    Reply::text(
        Line::new()
            .code(reporter)
            .text(format!(
                " reports very much at once: after the first {HEARD}, {} within an hour. I keep all of them, but they make no new cards here. ",
                counted(spate.held_back, "more report"),
            ))
            .code("!reports")
            .text(" lists the cases."),
    )
}

/// A closed case is reported by somebody new, or opened again; `None` when it is not closed.
pub(super) fn again(case: &Case, report: &Report) -> Option<Reply> {
    let id = case.id;
    let closed = match case.state {
        CaseState::Open | CaseState::Claimed => return None,
        CaseState::Resolved | CaseState::Dismissed => case.state.word(),
    };
    let line = Line::new().strong(format!("Case {}", grouped(id))).text(format!(" was {closed}"));
    let line = match &case.by {
        Some(by) => line.text(" by ").code(by.as_str()),
        None => line,
    };
    let line = line.text(", and is reported again, by ").code(&report.reporter);
    let line = match report.reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
        Some(reason) => line.text(": ").user(reason),
        None => line,
    };
    if opens_again(case, report) {
        let line = line.text(". I opened it again, because it was closed more than a day before. ");
        return Some(Reply::text(line.text("Look at it: ").code(format!("!case {id}"))));
    }
    Some(Reply::text(
        line.text(". Look at it: ")
            .code(format!("!case {id}"))
            .text("; open it again: ")
            .code(format!("!reopen {id}")),
    ))
}
