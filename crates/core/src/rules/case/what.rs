//! What was reported, and who is behind it. Media are named and never shown; words are hidden until clicked.

use std::time::Duration;

use super::{Author, Evidence, reporters};
use crate::{
    model::{About, Event},
    ports::Case,
    reply::{Inline, Line, Reply},
    rules::{
        event::{before_redaction, reason, what},
        names::Names,
    },
    text::{
        duration::{date, in_words},
        number::counted,
    },
};

/// The longest text that a spoiler shows.
const SHOWN: usize = 200;

/// What an event is, with its article.
pub(super) fn kind(event: Option<&Event>) -> &'static str {
    let Some(event) = event else { return "an event" };
    match (event.kind(), event.state_key()) {
        ("m.room.message", None) => "a message",
        ("m.room.encrypted", None) => "an encrypted message",
        ("m.sticker", None) => "a sticker",
        ("m.reaction", None) => "a reaction",
        ("m.poll.start" | "org.matrix.msc3381.poll.start", None) => "a poll",
        ("m.room.member", Some(_)) => "a change of a member",
        (_, Some(_)) => "a change of the settings",
        (_, None) => "an event",
    }
}

/// What is known of what was reported, and when.
pub(super) fn facts(reply: Reply, case: &Case, evidence: &Evidence, names: &Names) -> Reply {
    let author = author(case, evidence).map(|id| author_line(&id, case, evidence, names));
    let members = evidence
        .joined_members
        .map(|members| format!("{} when I first saw the report", counted(members, "member")));
    let reply = match &case.about {
        About::Event { event_id, .. } => {
            let reply = reply.fact("What", reported(case, evidence.event.as_ref(), names));
            let reply = with(reply, "By", author);
            let reply = match &evidence.event {
                Some(event) => reply.fact("Sent", date(event.time())),
                None => reply,
            };
            with(reply.fact("Event", Line::new().code(event_id)), "Room", members.map(Line::from))
        }
        About::User { .. } => with(reply, "User", author),
        About::Room { .. } => with(with(reply, "Room", members.map(Line::from)), "By", author),
    };
    reply.fact("Reported", reporters::when(case))
}

fn with(reply: Reply, name: &str, value: Option<Line>) -> Reply {
    match value {
        Some(value) => reply.fact(name, value),
        None => reply,
    }
}

/// Who sent the reported event, or was reported: what was kept says it first, then the event, then the reports.
pub(super) fn author(case: &Case, evidence: &Evidence) -> Option<String> {
    if let About::User { user_id } = &case.about {
        return Some(user_id.clone());
    }
    let sender = || evidence.event.as_ref().map(|event| event.sender().to_owned());
    let of_reports = || case.reports.iter().find_map(|report| report.author.clone());
    let kept = evidence.author.as_ref().map(|author| author.id.clone());
    let known = |id: &String| !id.is_empty();
    kept.filter(known).or_else(|| sender().filter(known)).or_else(|| of_reports().filter(known))
}

/// “Ana (`@ana:hs`), of this server; the account is of 2026-11-19 …, 2 d 3 h before the first report”.
fn author_line(id: &str, case: &Case, evidence: &Evidence, names: &Names) -> Line {
    let line = names.user(id);
    let Some(Author { created_at, is_local, .. }) = evidence.author.as_ref().filter(|author| author.id == id)
    else {
        return line;
    };
    let line = match is_local {
        Some(true) => line.text(", of this server"),
        Some(false) => line.text(", of another server"),
        None => line,
    };
    let Some(created) = *created_at else { return line };
    let line = line.text(format!("; the account is of {}", date(created)));
    match case.opened_at.checked_sub(created).and_then(|age| u64::try_from(age).ok()) {
        Some(age) if created >= 0 => {
            line.text(format!(", {} before I saw the report", in_words(Duration::from_millis(age))))
        }
        _ => line,
    }
}

/// What the reported event says, or why that is not known.
fn reported(case: &Case, event: Option<&Event>, names: &Names) -> Line {
    let Some(event) = event else {
        return Line::new()
            .strong("gone: ")
            .text("the server had it no more when I first saw the report, so nothing of it is kept");
    };
    let kept = before_redaction(event, names);
    let redaction = event.redacted_because().filter(|_| event.state_key().is_none());
    let bare = |line: Line| without_sender(spoilered(line), event, names);
    let line = match (redaction, kept) {
        (Some(redaction), kept) => {
            let line = Line::new().strong("redacted").text(" by ").append(names.user(redaction.sender()));
            let line = reason(line, &redaction);
            match kept {
                Some(kept) => line.text("; what I kept: ").append(bare(kept)),
                None => line.text("; nothing of what it said is kept"),
            }
        }
        (None, None) if event.state_key().is_none() => Line::new()
            .strong("redacted")
            .text(" before I first saw the report, or empty from the start: nothing of what it said is kept"),
        (None, _) => bare(what(event, names)),
    };
    let is_cut = event.text("body").is_some_and(|body| body.chars().nth(SHOWN).is_some());
    if is_cut {
        line.text(" (cut; ").code(format!("!case {} --file=json", case.id)).text(" has all of it)")
    } else {
        line
    }
}

/// The same with everything that a user wrote hidden until clicked.
pub(super) fn spoilered(line: Line) -> Line {
    Line(
        line.0
            .into_iter()
            .map(|inline| match inline {
                Inline::User(words) | Inline::UserLong(words) => Inline::Spoiler(words),
                other => other,
            })
            .collect(),
    )
}

/// The same without who sent it, where that stands at the beginning: it is said elsewhere.
fn without_sender(line: Line, event: &Event, names: &Names) -> Line {
    let sender = names.user(event.sender()).0;
    let Some(rest) = line.0.strip_prefix(sender.as_slice()) else { return line };
    let mut rest = Line(rest.to_vec());
    if let Some(Inline::Text(words)) = rest.0.first_mut() {
        *words = words.trim_start_matches(':').trim_start().to_owned();
    }
    rest
}
