//! What is said of a step that ended.

use crate::{
    model::{BlockStatus, LocalEvents},
    plan::{Effect, Inside, Outcome, PlannedStep, Presence, RoomRef, Step},
    reply::Line,
};

mod accounts;
mod people;
mod restored;
mod server;

pub(super) use self::restored::with_details;

pub(super) fn ended(planned: &PlannedStep, outcome: &Outcome) -> Line {
    let step = &planned.step;
    match outcome {
        Outcome::Failed { why, but } => {
            let line = Line::new().text("❌ Could not ").append(step.describe()).text(". ").name_long(why);
            match but {
                Some(but) => line.text(" ").name_long(but),
                None => line,
            }
        }
        Outcome::Stopped { by } => {
            let line = Line::new().text("❌ Not begun: ").append(step.describe()).text(". ");
            line.code(by.as_str()).text(" stopped the job.")
        }
        Outcome::Done { effect } => {
            let shortfall = planned.shortfall();
            let mark = match effect {
                Effect::ChangedSince => "ℹ️ ",
                _ if shortfall.is_some() => "⚠️ ",
                _ => "✅ ",
            };
            let line = done(Line::new().text(mark), step, effect);
            match shortfall {
                Some(shortfall) => line.text(format!(" {shortfall}")),
                None => line,
            }
        }
    }
}

fn done(line: Line, step: &Step, effect: &Effect) -> Line {
    let room = step.room_ref().map(RoomRef::line).unwrap_or_default();
    match effect {
        Effect::Blocked { before, inside } => blocked(line.append(room), before, *inside),
        Effect::Unblocked { before } => line.append(room).text(if before.is_blocked() {
            " is open again."
        } else {
            " was not blocked; it is open."
        }),
        Effect::ShutDown { result, blocked, known } => {
            let line = line.append(room).text(match step {
                Step::PurgeEmptyRoom { .. } => " is purged",
                _ => " is shut down",
            });
            let line = match (step, known) {
                (_, Some(true)) => line.text("; the server keeps what it knows of it"),
                (Step::PurgeEmptyRoom { .. }, Some(false)) => line.text(": the server no longer knows it"),
                (_, Some(false)) => line.text(" and purged: the server no longer knows it"),
                (_, None) => line,
            };
            let line = match blocked {
                Some(true) => line.text("; it is blocked"),
                Some(false) => line.text("; it is not blocked"),
                None => line,
            };
            let line = line.text(".");
            match &result.new_room_id {
                Some(new) => line.text(" The members were moved to ").code(new).text("."),
                None => line,
            }
        }
        Effect::Restored { restored } => match step {
            Step::RestoreRoom { room, restoration } => restored::done(line, room, restoration, restored),
            _ => line.append(restored.room.line()).text(" is back."),
        },
        Effect::AdminMade { before, level, presence } => {
            let user = match step {
                Step::MakeRoomAdmin { user, .. } => line.code(user.as_str()),
                _ => line.text("The user"),
            };
            admin(user, *before, *level, *presence).append(room).text(match presence {
                Presence::Joined | Presence::NotTold => ".",
                Presence::Invited => ". They are invited; the power is theirs once they join.",
                Presence::Outside => ". They are not in it; the power is theirs once they join.",
            })
        }
        Effect::Trimmed { deleted, left } => {
            let line = line.append(room).text(match deleted {
                0 if left.is_some_and(|left| left > 1) => ": no forward extremity is deleted".to_owned(),
                0 => " had no forward extremities to delete".to_owned(),
                1 => ": one forward extremity is deleted".to_owned(),
                n => format!(": {n} forward extremities are deleted"),
            });
            match left {
                Some(1) => line.text("; one is left, as it should be."),
                Some(left) => line.text(format!("; {left} are left.")),
                None => line.text("."),
            }
        }
        Effect::HistoryPurged => {
            let line = line.text("The history of ").append(room).text(" before that point is deleted.");
            match step {
                Step::PurgeHistory { purge, .. } if purge.local == LocalEvents::Kept => line.text(
                    " What users of this server wrote is out of the history too, but stays in the database.",
                ),
                _ => line,
            }
        }
        Effect::Listed { .. } => line.append(room).text(" is listed in the room directory."),
        Effect::Unlisted { .. } => line.append(room).text(" is not listed in the room directory (any more)."),
        Effect::AliasAdded { before } => alias(line, step)
            .text(match before {
                Some(_) => " led there before already: ",
                None => " leads to ",
            })
            .append(room)
            .text("."),
        Effect::Entered { before, now } => line.append(now.line()).text(match before {
            Presence::Joined => ": I was in it before already, and watch it.",
            _ => ": I am in it now, and watch it.",
        }),
        Effect::Departed { before } => line.append(room).text(match before {
            Presence::Joined => ": I left it, and no longer watch it.",
            _ => ": I was not in it.",
        }),
        Effect::EventRedacted
        | Effect::ChangedSince
        | Effect::UserRedacted { .. }
        | Effect::MemberChanged { .. }
        | Effect::Sanctioned { .. }
        | Effect::Lifted { .. }
        | Effect::Quarantined { .. }
        | Effect::Unquarantined { .. }
        | Effect::ReportDeleted
        | Effect::ReporterIgnored
        | Effect::ReporterHeeded
        | Effect::Told { .. }
        | Effect::WebhookCalled => people::done(line, step, effect),
        Effect::LoggedOut { .. }
        | Effect::Deactivated { .. }
        | Effect::Reactivated
        | Effect::PasswordReset { .. }
        | Effect::UserJoined { .. }
        | Effect::PowerSet { .. }
        | Effect::RateLimitSet { .. } => accounts::done(line, step, effect),
        Effect::Protected { .. }
        | Effect::Unprotected { .. }
        | Effect::MediaDeleted { .. }
        | Effect::AllQuarantined { .. }
        | Effect::AllReleased { .. }
        | Effect::TokenMade { .. }
        | Effect::TokenEdited { .. }
        | Effect::TokenDeleted { .. }
        | Effect::ServerRetried { .. } => server::done(line, step, effect),
        Effect::AliasRemoved { before } => alias(line, step)
            .text(match before {
                Some(_) => " is deleted; it led to ",
                None => " did not exist any more; it was to lead to ",
            })
            .append(room)
            .text("."),
    }
}

fn blocked(line: Line, before: &BlockStatus, inside: Inside) -> Line {
    let line = line.text(if before.is_blocked() {
        " was blocked before, and still is"
    } else {
        " is blocked: nobody on this server can join or be invited"
    });
    line.text(match inside {
        Inside::UnknownRoom => ". The server does not know the room".to_owned(),
        Inside::NotTold => ". I could not ask who is still inside".to_owned(),
        Inside::Members(0) => ". Nobody of this server is inside".to_owned(),
        Inside::Members(1) => ". One local member is still inside and can go on writing".to_owned(),
        Inside::Members(n) => format!(". {n} local members are still inside and can go on writing"),
    })
    .text(".")
}

fn admin(line: Line, before: Option<i64>, level: Option<i64>, presence: Presence) -> Line {
    match (before, level) {
        (_, None) => line.text(" is a creator of "),
        (Some(before), Some(level)) if before == level => {
            line.text(format!(" had power {level} before, in "))
        }
        (_, Some(level)) if presence == Presence::Joined => line.text(format!(" has power {level} now in ")),
        (_, Some(level)) => line.text(format!(" is given power {level} in ")),
    }
}

fn alias(line: Line, step: &Step) -> Line {
    match step {
        Step::AddAlias { alias, .. } | Step::RemoveAlias { alias, .. } => line.code(alias.as_str()),
        _ => line.text("The alias"),
    }
}
