//! A case of abuse reports, as the card in the management room shows it.

use serde::{Deserialize, Serialize};

use crate::{
    model::{Event, Millis},
    plan::RoomRef,
    ports::{Case, CaseId},
    reply::{Line, Reply},
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

/// The card: what was reported, by whom, why, and how far moderators are.
pub fn card(case: &Case) -> Reply {
    let evidence: Evidence =
        case.evidence.clone().and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default();
    let line = Line::new().strong(format!("Case {}", case.id));
    let line = match &evidence.room {
        Some(room) => line.text(" in ").append(room.line()),
        None => line,
    };
    Reply::text(line)
}
