//! How far moderators are with a case, what they can do about it, and what a decision of theirs comes to.

use ruma::UserId;

use super::{Beside, CaseAction, Evidence, Extent, jobs, offer::makes_sense, subject};
use crate::{
    model::About,
    ports::{Case, CaseId, CaseState},
    reply::{Line, Reply},
    text::{clean::clean, duration::date},
};

/// What the bot itself says when it opens a case again.
pub const REPORTED_AGAIN: &str = "it was reported again, more than a day after it was closed";

/// What a moderator's decision about a case comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The case changes.
    Changes,
    /// It is so already; this says since when and by whom.
    Already(Reply),
    /// It cannot be; this says why and what to do.
    Refused(Reply),
}

/// Whether a case can become `wish`, as it stands now. Somebody else may have been quicker.
pub fn judge(case: &Case, wish: CaseState, by: &UserId) -> Judgement {
    let id = case.id;
    let stands = || Line::new().text(format!("Case {id}: ")).append(line(case));
    match (case.state, wish) {
        (CaseState::Open, CaseState::Open) => {
            Judgement::Already(Reply::text(format!("Case {id} is open already.")))
        }
        (CaseState::Claimed, CaseState::Claimed) if case.by.as_deref() == Some(by) => Judgement::Already(
            Reply::text(format!("You claimed case {id} already, {}.", date(case.changed_at))),
        ),
        (CaseState::Claimed, CaseState::Claimed) => Judgement::Refused(Reply::text(
            stands().text(" ").code(format!("!reopen {id}")).text(" makes it free for others."),
        )),
        (CaseState::Resolved, CaseState::Resolved) | (CaseState::Dismissed, CaseState::Dismissed) => {
            Judgement::Already(Reply::text(stands().text(" That was before; nothing is changed.")))
        }
        (CaseState::Resolved | CaseState::Dismissed, wish) if wish != CaseState::Open => {
            Judgement::Refused(Reply::text(
                stands()
                    .text(" Nothing is changed: ")
                    .code(format!("!reopen {id}"))
                    .text(" opens it again first."),
            ))
        }
        _ => Judgement::Changes,
    }
}

/// What is said to a decision, or what would be: `case` as it is then, and how it was `before`.
pub fn judged(case: &Case, before: &Case) -> Line {
    let it =
        Line::new().text(format!("Case {} (", case.id)).append(subject(case)).text("): ").append(line(case));
    match (&before.by, before.state, case.state) {
        (Some(by), CaseState::Claimed, state) if Some(by) != case.by.as_ref() || state == CaseState::Open => {
            it.text(" It was claimed by ").code(by.as_str()).text(" before.")
        }
        (Some(by), CaseState::Resolved | CaseState::Dismissed, _) => {
            let it =
                it.text(format!(" It was {} by ", before.state.word())).code(by.as_str()).text(" before");
            match &before.note {
                Some(note) => it.text(": ").user_long(note).text("."),
                None => it.text("."),
            }
        }
        _ => it,
    }
}

/// There is no such case.
pub fn no_such_case(id: CaseId) -> Line {
    Line::new().text(format!("There is no case {id}. ")).code("!reports all").text(" lists them.")
}

/// “Claimed by `@mod:hs`, 2026-11-21 03:05:09 UTC.”
pub(super) fn line(case: &Case) -> Line {
    if case.state == CaseState::Open && case.note.as_deref() == Some(REPORTED_AGAIN) {
        let line = Line::new().strong("Open again").text(format!(", {}", date(case.changed_at)));
        return line.text(format!(": {REPORTED_AGAIN}. Nobody has claimed it yet."));
    }
    let word = match (case.state, &case.by) {
        (CaseState::Open, None) => return Line::new().strong("Open").text(": nobody has claimed it yet."),
        (CaseState::Open, Some(_)) => "Open again",
        (CaseState::Claimed, _) => "Claimed",
        (CaseState::Resolved, _) => "Resolved",
        (CaseState::Dismissed, _) => "Dismissed",
    };
    let line = judged_by(word, case);
    match case.note.as_deref().filter(|note| !clean(note, 1).is_empty()) {
        Some(note) => line.text(": ").user_long(note).text("."),
        None => line.text("."),
    }
}

/// “Resolved by `@mod:hs`, 2026-11-21 03:05:09 UTC”
fn judged_by(word: &str, case: &Case) -> Line {
    let line = Line::new().strong(word);
    let line = match &case.by {
        Some(by) => line.text(" by ").code(by.as_str()),
        None => line,
    };
    line.text(format!(", {}", date(case.changed_at)))
}

/// The same, with the job that a case was resolved with in our own words, and how to undo it.
pub(super) fn with_jobs(case: &Case, beside: &Beside) -> Line {
    match (jobs::settled(case, &beside.jobs), &case.note) {
        (Some(plan), Some(note)) => {
            let line = judged_by("Resolved", case).text(format!(": {note}."));
            jobs::afterwards(line, plan, &beside.jobs)
        }
        _ => line(case),
    }
}

/// The reactions that act on the homeserver or show more, each with its word; empty if none are offered.
pub(super) fn taps(case: &Case, beside: &Beside) -> Line {
    let evidence = Evidence::of(case);
    let current = jobs::current(case, &beside.jobs);
    let is_left = |action: &CaseAction| {
        let is_other = !matches!(action, CaseAction::Claim | CaseAction::Resolve | CaseAction::Dismiss);
        is_other && makes_sense(case, &evidence, *action) && jobs::taken(current, *action).is_none()
    };
    let offered = beside.cards.offered.iter().copied().filter(is_left);
    let line = offered.fold(Line::new(), |line, action| {
        let comma = if line.is_empty() { "" } else { ", " };
        line.text(format!("{comma}{} {}", beside.cards.emoji(action), action.word()))
    });
    let acts =
        beside.cards.offered.iter().copied().filter(is_left).find(|action| action.changes_homeserver());
    match acts {
        Some(action) => line.text("; or ").code(format!("!act {} {}", case.id, action.word())),
        None => line,
    }
}

/// What can be done, as it is typed and tapped.
pub(super) fn legend(case: &Case, beside: &Beside, extent: Extent) -> Line {
    let id = case.id;
    let tap = |line: Line, action: CaseAction| match extent {
        Extent::Card if beside.cards.offered.contains(&action) => {
            line.text(format!("{} ", beside.cards.emoji(action)))
        }
        Extent::Card | Extent::Full => line,
    };
    let claim = |line: Line| tap(line, CaseAction::Claim).code(format!("!claim {id}"));
    let settle = |line: Line| {
        let line = tap(line, CaseAction::Resolve).code(format!("!resolve {id}")).text(", ");
        tap(line, CaseAction::Dismiss).code(format!("!dismiss {id}"))
    };
    let line = Line::new();
    let line = match case.state {
        CaseState::Open => settle(claim(line).text(", ")),
        CaseState::Claimed => settle(line).text(", ").code(format!("!reopen {id}")),
        CaseState::Resolved | CaseState::Dismissed => line.code(format!("!reopen {id}")),
    };
    let line = match extent {
        Extent::Card => line.text(", ").code(format!("!case {id}")),
        Extent::Full => line.text(", ").code(format!("!case {id} --file")),
    };
    look_ups(&case.about)
        .into_iter()
        .filter(|command| command.chars().count() <= LONGEST)
        .fold(line, |line, command| line.text(", ").code(command))
}

/// What is longer would be cut, and could not be typed.
const LONGEST: usize = 500;

/// Commands that tell more of what was reported; none for IDs that cannot stand in a line.
pub(super) fn look_ups(about: &About) -> Vec<String> {
    match about {
        About::Event { room_id, event_id } if is_word(room_id, '!') && is_word(event_id, '$') => {
            vec![format!("!context {room_id} {event_id}"), format!("!explain {room_id} {event_id}")]
        }
        About::Room { room_id } if is_word(room_id, '!') => {
            ["room", "messages", "explain"].map(|command| format!("!{command} {room_id}")).to_vec()
        }
        About::Event { .. } | About::User { .. } | About::Room { .. } => Vec::new(),
    }
}

/// Whether an ID of this kind is one word as it is typed: other servers choose IDs.
fn is_word(id: &str, sigil: char) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '`' | '"' | '\'');
    id.starts_with(sigil) && id.chars().all(is_plain)
}
