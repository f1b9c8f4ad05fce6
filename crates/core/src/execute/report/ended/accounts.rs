//! What is said of a step that ended and was about accounts and powers.

use crate::{
    model::Erase,
    plan::{Effect, RoomRef, Step},
    reply::Line,
    text::number::counted,
};

pub(super) fn done(line: Line, step: &Step, effect: &Effect) -> Line {
    let room = || step.room_ref().map(RoomRef::line).unwrap_or_default();
    match (step, effect) {
        (Step::LogOut { user, device }, Effect::LoggedOut { devices }) => {
            let line = line.code(user.as_str());
            match (device, devices) {
                (Some(device), 0) => line.text(" had no login ").code(device).text(" any more."),
                (Some(device), _) => line.text(": the login ").code(device).text(" has ended."),
                (None, 0) => line.text(" was not logged in anywhere."),
                (None, n) => line.text(format!(" is logged out: {}.", counted(*n, "login"))),
            }
        }
        (Step::Deactivate { user, erase }, Effect::Deactivated { left, inside }) => {
            let line = line.code(user.as_str()).text(match erase {
                Erase::No => " is deactivated",
                Erase::Yes => " is deactivated and erased",
            });
            match inside.len() as u64 {
                0 if *left == 0 => line.text("; it was in no room."),
                0 => line.text(format!(", and has left {}.", counted(*left, "room"))),
                n => {
                    let line = line.text(format!(", but is still in {}: ", counted(n, "room")));
                    let line = inside.iter().take(3).enumerate().fold(line, |line, (at, room)| {
                        line.text(if at == 0 { "" } else { ", " }).code(room.as_str())
                    });
                    line.text(if n > 3 { ", …" } else { "." })
                }
            }
        }
        (Step::Reactivate { user }, Effect::Reactivated) => {
            let line = line.code(user.as_str()).text(" is active again. If it has no password: ");
            line.code(format!("!reset-password {user}")).text(".")
        }
        (Step::ResetPassword { user, recipient, .. }, Effect::PasswordReset { room_id }) => {
            let line = line.code(user.as_str()).text(" has a new password. ").code(recipient.as_str());
            line.text(" has it from me in the direct chat ").code(room_id.as_str()).text(".")
        }
        (Step::JoinUser { user, .. }, Effect::UserJoined { before }) => {
            let was_inside = before.as_deref() == Some("join");
            let line = line.code(user.as_str()).text(if was_inside { " was in " } else { " is in " });
            line.append(room()).text(if was_inside { " before already." } else { " now." })
        }
        (Step::SetPower { user, to, .. }, Effect::PowerSet { before }) => {
            let line = line.code(user.as_str());
            let line = match to {
                _ if before == to => line.text(" had this power before already in "),
                Some(level) => line.text(format!(" has the power {level} in ")),
                None => line.text(" has the power of everybody in "),
            };
            line.append(room()).text(".")
        }
        (Step::SetRateLimit { user, limit }, Effect::RateLimitSet { .. }) => {
            let line = line.code(user.as_str());
            match limit {
                None => line.text(" has no rate limit of its own (any more): that of the server holds."),
                Some(limit) if limit.messages_per_second == 0 => line.text(" can send as fast as it likes."),
                Some(limit) => line.text(format!(
                    " can do {} a second, and {} at once.",
                    limit.messages_per_second, limit.burst_count
                )),
            }
        }
        _ => line.append(step.describe()).text(": done."),
    }
}
