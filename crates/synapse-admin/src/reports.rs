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

use crate::error::{found, offered};
use crate::paging::next_offset;
