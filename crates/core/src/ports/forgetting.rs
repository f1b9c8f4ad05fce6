//! What is not kept for ever: jobs that ended, cases that are closed, and what was said of them.

use super::CaseId;
use crate::{model::Millis, plan::PlanId};

/// What is over is deleted, if it was over before a time:
///
/// - jobs that ended or were dropped, with their steps and what was kept for undoing them;
/// - closed cases, with their reports, reasons, evidence, decisions, and what rules did about them;
/// - received events that were handled, events of watched rooms that were told, and what remains of messages and
///   reactions that were sent.
///
/// A job goes together with those that undo it or that it undoes, and with the case that it is about: all of them, or none.
/// None of it goes as long as something of it has not ended, a job lasts for a time that is not over, or a report was not
/// weighed; nor do jobs about the same room, user or file as one whose time is not over, for they may have taken its place.
///
/// What remains of cards stays with their cases. Which reports were read stays known, so that none comes again; and no
/// number of a job, case or message is given again.
///
/// Messages have no time of their own: it is written down how many there were each time this is done, and those go that
/// were there the last time before `before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forget {
    /// What was over before is deleted.
    pub before: Millis,
    /// When this is done.
    pub at: Millis,
}

/// The highest numbers of what was deleted; 0 where nothing was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Of jobs.
    pub plans: PlanId,
    /// Of cases.
    pub cases: CaseId,
}
