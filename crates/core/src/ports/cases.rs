//! What is remembered of abuse reports: a case for each thing that was reported, until moderators are done with it.

use std::collections::BTreeSet;

use ruma::OwnedUserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{About, Millis, Report, ReportKey, ReportKind, Switch};

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
    /// Whether it comes before others.
    pub priority: Priority,
    /// What moderators decided about it, oldest first.
    pub decisions: Vec<Decision>,
    /// The reports, in the order in which they were seen.
    pub reports: Vec<Report>,
}

/// Whether a case comes before others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// It does not.
    #[default]
    Normal,
    /// It does: a rule said so.
    High,
}

/// That a moderator claimed, resolved, dismissed or reopened a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How far the case was then.
    pub state: CaseState,
    /// Who; the bot itself when a rule acted.
    pub by: OwnedUserId,
    /// What they said to that.
    pub note: Option<String>,
    /// When.
    pub at: Millis,
}

/// From here on the numbers of reports are the bot's own: of those that a reverse proxy forwarded to it and that the
/// homeserver does not tell of.
pub const FORWARDED: u64 = 1 << 40;

/// That a rule about reports matched, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule's name.
    pub rule: String,
    /// The case.
    pub case: CaseId,
    /// Who wrote what was reported, as far as that is known.
    pub author: Option<String>,
    /// When.
    pub at: Millis,
    /// What came of it.
    pub acted: Acted,
    /// What was said of it, beside the reports of jobs and questions.
    pub said: Said,
}

/// Whether something was said of a rule that matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Nothing was.
    #[default]
    Nothing,
    /// A message was written.
    Told,
    /// The message mentions moderators.
    Mentioned,
}

/// What came of a rule that matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acted {
    /// It was done, by this Plan; or only said, where there was nothing to do at the homeserver.
    Did(Option<u64>),
    /// A moderator was asked, by this Plan.
    Asked(u64),
    /// It was only told what would have been done.
    DryRun,
    /// It was not done.
    Held {
        /// What kept it from that.
        by: Hold,
        /// Why, in a sentence.
        why: String,
    },
}

/// What keeps a rule that matches from acting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// A moderator closed the case.
    Closed,
    /// Somebody is protected, or something cannot be looked up.
    Objection,
    /// All of it was done already.
    Done,
    /// Nothing of it can be done.
    Missing,
    /// The rule acted against the same author not long ago.
    Cooldown,
    /// It would harm the management room, or what is under way.
    Refused,
    /// It would have to ask, and there is nothing to ask about.
    Unsure,
    /// It would have to ask, and the case has no card.
    Unseen,
    /// Rules did as much in that hour as they may.
    TooMany,
}

/// Which cases to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhichCases {
    /// Only those in one of these states; all when empty.
    pub states: Vec<CaseState>,
    /// Only those that this moderator claimed, resolved or dismissed last.
    pub by: Option<OwnedUserId>,
    /// Only those about what this user wrote, or about this user, as it was kept at first sight.
    pub author: Option<String>,
    /// Only those about this room, or about something in it.
    pub room: Option<String>,
    /// Only those with a smaller number.
    pub before: Option<CaseId>,
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
    /// A report that a reverse proxy forwarded, and that the homeserver does not tell of. Its number is given by the
    /// store, from [`FORWARDED`] on.
    Forwarded(Report),
    /// The homeserver tells of a report that was forwarded after all: it makes no case of its own.
    Told(ReportKey),
    /// A case comes before others.
    Prioritized {
        /// Which one.
        case: CaseId,
    },
    /// The rules have weighed a case with so many reports.
    Weighed {
        /// Which one.
        case: CaseId,
        /// How many it had then.
        reports: usize,
    },
    /// A rule matched.
    Hit(Hit),
    /// What rules did before a time, about cases that have been closed since before then, is forgotten. What they did about
    /// other cases keeps them from doing it again.
    HitsForgotten {
        /// Until when.
        before: Millis,
    },
    /// What somebody reports is ignored from now on, or no longer.
    Ignored {
        /// The reporter.
        reporter: String,
        /// Which of the two.
        to: Switch,
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
