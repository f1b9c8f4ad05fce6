//! How far moderators are with a case, what they can do about it, and what a decision of theirs comes to.

use ruma::UserId;

use super::{Extent, subject};
use crate::{
    model::About,
    ports::{Case, CaseId, CaseState},
    reply::{Line, Reply},
    speech::{CLAIM, DISMISS, RESOLVE},
    text::{clean::clean, duration::date},
};

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
    let word = match (case.state, &case.by) {
        (CaseState::Open, None) => return Line::new().strong("Open").text(": nobody has claimed it yet."),
        (CaseState::Open, Some(_)) => "Open again",
        (CaseState::Claimed, _) => "Claimed",
        (CaseState::Resolved, _) => "Resolved",
        (CaseState::Dismissed, _) => "Dismissed",
    };
    let line = Line::new().strong(word);
    let line = match &case.by {
        Some(by) => line.text(" by ").code(by.as_str()),
        None => line,
    };
    let line = line.text(format!(", {}", date(case.changed_at)));
    match case.note.as_deref().filter(|note| !clean(note, 1).is_empty()) {
        Some(note) => line.text(": ").user_long(note).text("."),
        None => line.text("."),
    }
}

/// What can be done, as it is typed and tapped.
pub(super) fn legend(case: &Case, extent: Extent) -> Line {
    let id = case.id;
    let tap = |line: Line, emoji: &str| match extent {
        Extent::Card => line.text(format!("{emoji} ")),
        Extent::Full => line,
    };
    let claim = |line: Line| tap(line, CLAIM).code(format!("!claim {id}"));
    let settle = |line: Line| {
        let line = tap(line, RESOLVE).code(format!("!resolve {id}")).text(", ");
        tap(line, DISMISS).code(format!("!dismiss {id}"))
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
fn look_ups(about: &About) -> Vec<String> {
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
