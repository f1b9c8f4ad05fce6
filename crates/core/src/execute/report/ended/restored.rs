//! What is said of a room that was brought back.

use crate::{
    execute::report::NAMED,
    plan::{Effect, Outcome, Plan, PlannedStep, Restoration, Restored, RoomRef, Step, Way},
    reply::{Line, Reply, cut_list},
    text::number::{counted, grouped},
};

/// Of so many rooms everything is told.
const DETAILED: usize = 3;

pub(super) fn done(line: Line, room: &RoomRef, restoration: &Restoration, restored: &Restored) -> Line {
    let line = match restoration.way {
        Way::Rejoin { .. } => line.append(room.line()).text(" is back."),
        Way::Anew { .. } => {
            let line = line.text("In the place of ").append(room.line()).text(" there is a new room now: ");
            line.code(restored.room.id.as_str()).text(".")
        }
    };
    let line = match restoration.members.len() as u64 {
        0 => line.text(" Nobody was to be brought back into it."),
        of => line.text(format!(
            " {} of {} {} in it again.",
            grouped(restored.back),
            counted(of, "former local member"),
            if restored.back == 1 { "is" } else { "are" }
        )),
    };
    let told = &restored.told;
    [
        (told.invited, "could not be brought in and is invited", "could not be brought in and are invited"),
        (told.gone, "has no active account any more", "have no active account any more"),
        (restored.missing, "is missing", "are missing"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .fold(line, |line, (count, one, several)| {
        line.text(format!(" {} {}.", grouped(count), if count == 1 { one } else { several }))
    })
}

/// Adds who is not back and why, what else is not as it was, and what cannot come back.
pub(in crate::execute::report) fn with_details(reply: Reply, plan: &Plan) -> Reply {
    let restored = plan.steps.iter().filter_map(|planned| match planned {
        PlannedStep {
            step: Step::RestoreRoom { restoration, .. },
            outcome: Some(Outcome::Done { effect: Effect::Restored { restored } }),
            ..
        } => Some((&**restoration, &**restored)),
        _ => None,
    });
    let restored: Vec<(&Restoration, &Restored)> = restored.collect();
    let is_only_one = restored.len() == 1;
    restored.into_iter().take(DETAILED).fold(reply, |reply, (restoration, restored)| {
        let reply = if is_only_one { reply } else { reply.paragraph(restored.room.line()) };
        of_one(reply, restoration, restored)
    })
}

fn of_one(mut reply: Reply, restoration: &Restoration, restored: &Restored) -> Reply {
    let told = &restored.told;
    if !told.left_out.is_empty() {
        let lines = told.left_out.iter().map(|not_back| {
            Line::new().code(not_back.user.as_str()).text(": ").name_long(not_back.why.as_str())
        });
        let kept = told.left_out.len();
        let what = if restored.missing > kept as u64 {
            format!("(!job --file=json has the first {kept} of all {})", grouped(restored.missing))
        } else {
            "(!job --file=json has more)".to_owned()
        };
        reply = cut_list(reply.paragraph("Not back:"), lines.collect(), NAMED, &what);
    }
    if !told.troubles.is_empty() {
        let lines = told.troubles.iter().map(|trouble| Line::new().name_long(trouble.as_str()));
        reply = cut_list(reply.paragraph("Not as it was:"), lines.collect(), NAMED, "");
    }
    if let Some(notification) = restoration.notification.as_ref().filter(|_| told.is_closed) {
        let line = Line::new().text("The room that the members were moved to is closed: ");
        reply = reply.paragraph(line.code(notification.as_str()).text("."));
    }
    if restored.is_watched && !restoration.was_watched {
        let line = Line::new().text(match restoration.way {
            Way::Rejoin { .. } => "I stay in it: nobody else of this server is. ",
            Way::Anew { .. } => "I stay in it: nobody else who is in it has power there. ",
        });
        reply =
            reply.paragraph(line.code(format!("!leave {}", restored.room.id)).text(" makes me leave it."));
    }
    reply.paragraph(restoration.lost())
}
