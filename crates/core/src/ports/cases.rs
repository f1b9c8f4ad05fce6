//! What is remembered of abuse reports: a case for each thing that was reported, until moderators are done with it.

use std::collections::BTreeSet;

use ruma::OwnedUserId;
use serde_json::Value;

use crate::model::{About, Millis, Report, ReportKey, ReportKind};

/// The number that moderators use: `!case 12`.
pub type CaseId = u64;

/// How far moderators are with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseState {
    /// Nobody looks after it yet.
    Open,
    /// Somebody does.
    Claimed,
    /// Something was done, or need not be.
    Resolved,
    /// There was nothing to it.
    Dismissed,
}

impl CaseState {
    /// The word for it, as it is stored and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Resolved => "resolved",
            Self::Dismissed => "dismissed",
        }
    }

    /// The state for a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Claimed, Self::Resolved, Self::Dismissed]
            .into_iter()
            .find(|state| state.word() == word)
    }

    /// Whether moderators still have to do something.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Claimed)
    }
}

/// What was reported, by whom, and what moderators made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its number.
    pub id: CaseId,
    /// What was reported: there is one case for each such thing.
    pub about: About,
    /// How far it is.
    pub state: CaseState,
    /// Who claimed, resolved or dismissed it last.
    pub by: Option<OwnedUserId>,
    /// What they said to that.
    pub note: Option<String>,
    /// When the first report was seen.
    pub opened_at: Millis,
    /// When its state last changed.
    pub changed_at: Millis,
    /// What was kept at first sight, before anybody could redact it.
    pub evidence: Option<Value>,
    /// The reports, in the order in which they were seen.
    pub reports: Vec<Report>,
}

/// Which cases to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhichCases {
    /// Only those in one of these states; all when empty.
    pub states: Vec<CaseState>,
    /// Only those that this moderator claimed, resolved or dismissed last.
    pub by: Option<OwnedUserId>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// One change of what is remembered of reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Reporting {
    /// Reports of a kind are read from now on: those that were there before are known, and make no cases.
    Begun {
        /// The kind.
        kind: ReportKind,
        /// Those that were there.
        known: BTreeSet<ReportKey>,
    },
    /// A new case, with its first reports.
    Opened(Box<Case>),
    /// A report joins a case. Ignored when it is already known.
    Joined {
        /// The case.
        case: CaseId,
        /// The report.
        report: Report,
    },
    /// A moderator decided about a case.
    Judged {
        /// The case.
        case: CaseId,
        /// How far it is now.
        state: CaseState,
        /// Who.
        by: OwnedUserId,
        /// What they said to that.
        note: Option<String>,
        /// When.
        at: Millis,
    },
}
