//! A case of abuse reports, as the card in the management room shows it.

mod action;
mod earlier;
mod jobs;
mod offer;
pub mod reporters;
mod standing;
mod what;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use self::action::{Cards, CaseAction};
pub use self::earlier::{COUNTED, Earlier};
pub use self::jobs::{achieved, again, current, note, opened_again_at, reopens, rule_settles, taken};
pub use self::offer::files;
pub use self::standing::{Judgement, REPORTED_AGAIN, judge, judged, no_such_case};
use super::{event::in_words, names::Names};
use crate::{
    model::{About, Event, Millis},
    plan::{Plan, RoomRef},
    ports::{Case, CaseId, Priority},
    reply::{Line, Reply, room_line},
};

/// What is kept of what was reported, at first sight: afterwards it may be redacted, purged or gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The reported event, as the server kept it with the report or shows it.
    pub event: Option<Event>,
    /// What was written before it, oldest first.
    pub before: Vec<Event>,
    /// What was written after it, oldest first.
    pub after: Vec<Event>,
    /// Member events of those who appear.
    pub members: Vec<Event>,
    /// The room, and what it was called.
    pub room: Option<RoomRef>,
    /// How many members it had.
    pub joined_members: Option<u64>,
    /// Who sent the event, or the reported user.
    pub author: Option<Author>,
}

/// Who sent a reported event, or was reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Author {
    /// The user ID, as the server gives it.
    pub id: String,
    /// When the account was made, if it is one of this server.
    pub created_at: Option<Millis>,
    /// Whether it is one of this server; `None` when the server could not be asked.
    pub is_local: Option<bool>,
}

/// The key of the message that is the card of a case.
pub fn card_key(id: CaseId) -> String {
    format!("case-{id}")
}

/// The case whose card a message is, from the message's key.
pub fn case_of_card(key: &str) -> Option<CaseId> {
    key.strip_prefix("case-")?.parse().ok()
}

/// How much of a case is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What has room beside other cards.
    Card,
    /// Every report.
    Full,
}

/// So many events are shown on either side of the reported one.
const AROUND: usize = 5;

impl Evidence {
    /// What is kept of a case. What has not the shape of a field is as if it were not kept; the rest counts.
    pub fn of(case: &Case) -> Self {
        fn field<T: DeserializeOwned>(kept: &Value, name: &str) -> Option<T> {
            T::deserialize(kept.get(name)?).ok()
        }
        let Some(kept) = &case.evidence else { return Self::default() };
        Self {
            event: field::<Event>(kept, "event").filter(|event| event.0.is_object()),
            before: field(kept, "before").unwrap_or_default(),
            after: field(kept, "after").unwrap_or_default(),
            members: field(kept, "members").unwrap_or_default(),
            room: field(kept, "room"),
            joined_members: field(kept, "joined_members"),
            author: field(kept, "author"),
        }
    }

    fn names(&self) -> Names {
        Names::of(&self.members)
    }
}

/// What a card says beside the case itself.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What cards offer.
    pub cards: Cards,
    /// The jobs about the case, oldest first.
    pub jobs: Vec<Plan>,
    /// What is remembered of the author and the room.
    pub earlier: Earlier,
}

/// The card: what was reported, by whom, why, what was done, and how far moderators are.
pub fn card(case: &Case, beside: &Beside) -> Reply {
    write(case, beside, Extent::Card)
}

/// The card with every report, as far as a message goes. It is no card: nobody reacts to it.
pub fn in_full(case: &Case, beside: &Beside) -> Reply {
    write(case, beside, Extent::Full)
}

/// The actions that the card of a case offers as reactions.
pub fn offered(case: &Case, cards: &Cards) -> Vec<CaseAction> {
    let evidence = Evidence::of(case);
    cards.offered.iter().copied().filter(|action| offer::makes_sense(case, &evidence, *action)).collect()
}

/// The command that shows more of what was reported, or of the room; `None` where there is nothing more.
pub fn more(case: &Case) -> Option<String> {
    let wanted = match &case.about {
        About::Event { .. } => "!context ",
        About::Room { .. } => "!messages ",
        About::User { .. } => return None,
    };
    standing::look_ups(&case.about).into_iter().find(|command| command.starts_with(wanted))
}

fn write(case: &Case, beside: &Beside, extent: Extent) -> Reply {
    let evidence = Evidence::of(case);
    let names = evidence.names();
    let heading = Line::new()
        .text(format!("Case {}{}: ", case.id, priority(case)))
        .append(subject(case))
        .text(format!(", {}", reporters::how_often(&case.reports)));
    let reply = what::facts(Reply::new().heading(heading), case, &evidence, &names);
    let reply = reporters::list(reply, case, &names, extent);
    let reply = beside.earlier.tell(around(reply, &evidence, &names));
    let reply = reply.paragraph(standing::with_jobs(case, beside));
    let done = jobs::lines(case, &beside.jobs);
    let reply = if done.is_empty() { reply } else { reply.list(done) };
    let taps = standing::taps(case, beside);
    let reply = if extent == Extent::Full || taps.is_empty() { reply } else { reply.paragraph(taps) };
    reply.paragraph(standing::legend(case, beside, extent))
}

fn priority(case: &Case) -> &'static str {
    match case.priority {
        Priority::Normal => "",
        Priority::High => " (high priority)",
    }
}

/// “a message in Lounge (`#lounge:hs`, `!id:hs`)”, “the user Ana (`@ana:hs`)”, “the room Lounge (…)”.
pub fn subject(case: &Case) -> Line {
    let evidence = Evidence::of(case);
    let room = |id: &str| match &evidence.room {
        Some(room) if room.id == id => room.line(),
        Some(_) | None => room_line(None, None, id),
    };
    match &case.about {
        About::Event { room_id, .. } => {
            Line::new().text(format!("{} in ", what::kind(evidence.event.as_ref()))).append(room(room_id))
        }
        About::User { user_id } => Line::new().text("the user ").append(evidence.names().user(user_id)),
        About::Room { room_id } => Line::new().text("the room ").append(room(room_id)),
    }
}

/// Who sent the reported event, or is the reported user; the user ID, as far as it is known.
pub fn author(case: &Case) -> Option<String> {
    what::author(case, &Evidence::of(case))
}

/// A case in a line of a list.
pub fn in_a_line(case: &Case) -> Line {
    let evidence = Evidence::of(case);
    let names = evidence.names();
    let line = Line::new().strong(format!("{}{}", case.id, priority(case))).text(" ").append(subject(case));
    let author = what::author(case, &evidence).filter(|_| matches!(case.about, About::Event { .. }));
    let line = match author {
        Some(author) => line.text(", by ").append(names.user(&author)),
        None => line,
    };
    let line = line.text(format!(", {}, {}. ", reporters::how_often(&case.reports), reporters::when(case)));
    let line = match reporters::newest_reason(&case.reports) {
        Some(reason) => line.text("Last reason: ").user(reason).text(". "),
        None => line,
    };
    line.append(standing::line(case))
}

/// What was written around the reported event.
fn around(reply: Reply, evidence: &Evidence, names: &Names) -> Reply {
    if evidence.before.is_empty() && evidence.after.is_empty() {
        return reply;
    }
    let mark = Line::new().strong("▶ ");
    let it = match &evidence.event {
        Some(event) => mark.append(what::spoilered(in_words(event, names))),
        None => mark.text("what was reported"),
    };
    let skipped = evidence.before.len().saturating_sub(AROUND);
    let before = evidence.before.iter().skip(skipped).map(|event| in_words(event, names));
    let after = evidence.after.iter().take(AROUND).map(|event| in_words(event, names));
    reply.paragraph("Around it, times in UTC:").list(before.chain([it]).chain(after))
}

#[cfg(test)]
mod tests;
