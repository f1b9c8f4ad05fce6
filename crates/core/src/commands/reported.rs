//! Reports about what was said in a room: they go with it when it is purged, so a preview tells of them.

use ruma::RoomId;

use super::World;
use crate::{
    model::EventReport,
    reply::{Line, Reply, cut_list},
};

/// How many reports are looked for in each room.
const LOOKED_FOR: u32 = 100;
/// How many are shown.
const SHOWN: usize = 3;

/// The reports of a room. Not being able to read them keeps nobody from acting.
pub(super) async fn reports(world: &World<'_>, room: &RoomId) -> Vec<EventReport> {
    world.lookup.reports(room, LOOKED_FOR).await.unwrap_or_default()
}

/// Adds what is lost with the rooms.
pub(super) fn tell<'a>(preview: Reply, reports: impl Iterator<Item = &'a EventReport>) -> Reply {
    let reports: Vec<_> = reports.collect();
    let at_least = if reports.len() >= LOOKED_FOR as usize { "at least " } else { "" };
    let heading = match reports.len() {
        0 => return preview,
        1 => "One report is about what was said there. The server forgets it with the room; ".to_owned(),
        n => format!(
            "Reports about what was said there: {at_least}{n}. The server forgets them with the room; "
        ),
    };
    let heading = Line::new().text(heading).code("!job --file=json").text(" has a copy afterwards:");
    let lines = reports.into_iter().map(|report| {
        let line = Line::new().code(&report.user_id).text(" reported ").code(&report.event_id);
        let line = match &report.sender {
            Some(sender) => line.text(" by ").code(sender),
            None => line,
        };
        match report.reason.as_deref().filter(|reason| !reason.is_empty()) {
            Some(reason) => line.text(": ").user(reason),
            None => line,
        }
    });
    cut_list(preview.paragraph(heading), lines.collect(), SHOWN, "")
}
