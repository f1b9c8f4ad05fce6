//! What users report: events (`/_synapse/admin/v1/event_reports`), users (`…/user_reports`, Synapse 1.152) and rooms
//! (`…/room_reports`, in no release of Synapse up to 1.163).
//!
//! Nothing tells of a new report: whoever wants to know has to look. Synapse keeps no word of what became of one.
//! Everything in a report that a person wrote is theirs: show it as such, cut and escaped.

mod events;
mod rooms;
mod users;

pub use events::{EventReport, EventReportDetails, EventReports, EventReportsQuery};
pub use rooms::{RoomReport, RoomReports, RoomReportsQuery};
pub use users::{UserReport, UserReports, UserReportsQuery};

use std::num::NonZeroU32;

use crate::Error;

/// `None` for what does not exist.
fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// `None` for a call that the server does not have.
fn offered<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_offered() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the next page begins. Synapse adds what it sent to where the page began, and leaves out what it cannot read in
/// its own database: after a page of nothing else, it names that same page again, so that one is stepped over.
fn next_offset(from: Option<u64>, limit: Option<NonZeroU32>, next_token: Option<u64>) -> Option<u64> {
    let here = from.unwrap_or(0);
    let asked = limit.map_or(100, NonZeroU32::get);
    next_token.map(|next| if next > here { next } else { here.saturating_add(asked.into()) })
}
