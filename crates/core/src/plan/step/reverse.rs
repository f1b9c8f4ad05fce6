//! How to put a finished step right.

use super::Step;
use crate::{
    model::{BlockStatus, Listing, MemberChange, NewToken},
    plan::{Effect, Presence, Shut},
    reply::Line,
};

/// How to put a finished step right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverse {
    /// By this step.
    By(Step),
    /// By what was kept of the room before it was shut down.
    Restore(Box<Shut>),
    /// There is nothing to put right.
    Nothing(Line),
    /// It cannot be put right; the sentence says why and what can be done.
    Cannot(Line),
}

impl Step {
    /// How to put it right after it ended with `effect`.
    pub fn reverse(&self, effect: &Effect) -> Reverse {
        let Some(room) = self.room_ref().cloned() else { return self.reverse_of_no_room(effect) };
        let nothing = |words: &str| Reverse::Nothing(room.line().text(words));
        match (self, effect) {
            (_, Effect::Blocked { before: BlockStatus::Open, .. }) => Reverse::By(Self::UnblockRoom { room }),
            (_, Effect::Blocked { before: BlockStatus::Blocked(_), .. }) => {
                nothing(" was blocked before already.")
            }
            (_, Effect::Unblocked { before: BlockStatus::Blocked(_) }) => {
                Reverse::By(Self::BlockRoom { room })
            }
            (_, Effect::Unblocked { before: BlockStatus::Open }) => nothing(" was not blocked before."),
            (Self::PurgeEmptyRoom { .. }, Effect::ShutDown { .. }) => Reverse::Cannot(
                Line::new().text("I cannot bring back what was purged of ").append(room.line()).text("."),
            ),
            (Self::ShutDownRoom { shutdown, api, .. }, Effect::ShutDown { result, blocked, known }) => {
                Reverse::Restore(Box::new(Shut {
                    room,
                    shutdown: shutdown.clone(),
                    api: *api,
                    result: result.clone(),
                    blocked: *blocked,
                    known: *known,
                }))
            }
            (Self::RestoreRoom { restoration, .. }, Effect::Restored { restored }) => {
                Reverse::By(Self::ShutDownRoom {
                    room: restored.room.clone(),
                    shutdown: restoration.shutdown.clone(),
                    api: restoration.api,
                })
            }
            (_, Effect::AdminMade { .. }) => Reverse::Cannot(
                Line::new()
                    .text("I cannot take power away in ")
                    .append(room.line())
                    .text(": somebody in the room with as much power can, or the user can give it up."),
            ),
            (_, Effect::Trimmed { deleted: 0, .. }) => nothing(" had no extremities to delete."),
            (_, Effect::Trimmed { .. }) => Reverse::Cannot(
                Line::new()
                    .text("I cannot put the forward extremities of ")
                    .append(room.line())
                    .text(" back."),
            ),
            (_, Effect::HistoryPurged) => Reverse::Cannot(
                Line::new().text("I cannot bring back the history of ").append(room.line()).text("."),
            ),
            (_, Effect::Listed { before: Listing::Unlisted }) => Reverse::By(Self::UnlistRoom { room }),
            (_, Effect::Listed { before: Listing::Listed }) => nothing(" was listed before already."),
            (_, Effect::Unlisted { before: Listing::Listed }) => Reverse::By(Self::ListRoom { room }),
            (_, Effect::Unlisted { before: Listing::Unlisted }) => nothing(" was not listed before."),
            (Self::AddAlias { alias, .. }, Effect::AliasAdded { before: None }) => {
                Reverse::By(Self::RemoveAlias { room, alias: alias.clone() })
            }
            (Self::RemoveAlias { alias, .. }, Effect::AliasRemoved { before: Some(_) }) => {
                Reverse::By(Self::AddAlias { room, alias: alias.clone() })
            }
            (_, Effect::AliasAdded { .. } | Effect::AliasRemoved { .. }) => {
                nothing(": the alias was like this before already.")
            }
            (_, Effect::Entered { before: Presence::Joined, .. }) => nothing(": I was in it before already."),
            (_, Effect::Entered { now, .. }) => Reverse::By(Self::LeaveRoom { room: now.clone() }),
            (_, Effect::Departed { before: Presence::Joined }) => Reverse::By(Self::JoinRoom { room }),
            (_, Effect::Departed { .. }) => nothing(": I was not in it before."),
            (_, Effect::EventRedacted) => Reverse::Cannot(
                Line::new().text("I cannot bring back what was redacted in ").append(room.line()).text("."),
            ),
            (Self::Member { user, change, .. }, Effect::MemberChanged { before }) => {
                let back = |change| {
                    let reason = None;
                    Reverse::By(Self::Member { room: room.clone(), user: user.clone(), change, reason })
                };
                match (change, before.as_deref()) {
                    (MemberChange::Kick, Some("join" | "invite")) => back(MemberChange::Invite),
                    (MemberChange::Ban, Some("ban")) => nothing(": the user was banned before already."),
                    (MemberChange::Ban, _) => back(MemberChange::Unban),
                    (MemberChange::Unban, Some("ban")) => back(MemberChange::Ban),
                    // Who refused a request cannot make it again for somebody else.
                    (MemberChange::Kick, Some("knock")) => Reverse::Cannot(
                        Line::new()
                            .code(user.as_str())
                            .text(" asked to be let into ")
                            .append(room.line())
                            .text(", and can ask again. To let them in: ")
                            .code(format!("!invite {user} {}", room.id))
                            .text("."),
                    ),
                    (MemberChange::Invite, Some("join" | "invite")) => {
                        nothing(": the user was in it, or invited, before.")
                    }
                    (MemberChange::Invite, _) => back(MemberChange::Kick),
                    (MemberChange::Kick | MemberChange::Unban, _) => nothing(": nothing was changed there."),
                }
            }
            (Self::SetPower { user, to, .. }, Effect::PowerSet { before }) if to != before => {
                Reverse::By(Self::SetPower {
                    room,
                    user: user.clone(),
                    was: to.unwrap_or_default(),
                    to: *before,
                })
            }
            (Self::JoinUser { user, .. }, Effect::UserJoined { before })
                if before.as_deref() != Some("join") =>
            {
                let line = Line::new().code(user.as_str()).text(" stays in ").append(room.line());
                let line = line.text(": they can leave it, or ");
                Reverse::Cannot(line.code(format!("!kick {user} {}", room.id)).text(" removes them."))
            }
            (Self::QuarantineAll { .. } | Self::ReleaseAll { .. }, _) => self.reverse_of_no_room(effect),
            // These belong to steps that are about no room, or nothing was changed.
            (
                _,
                Effect::ChangedSince
                | Effect::ShutDown { .. }
                | Effect::Restored { .. }
                | Effect::UserRedacted { .. }
                | Effect::Sanctioned { .. }
                | Effect::Lifted { .. }
                | Effect::Quarantined { .. }
                | Effect::Unquarantined { .. }
                | Effect::ReportDeleted
                | Effect::ReporterIgnored
                | Effect::ReporterHeeded
                | Effect::Told { .. }
                | Effect::WebhookCalled
                | Effect::MemberChanged { .. }
                | Effect::LoggedOut { .. }
                | Effect::Deactivated { .. }
                | Effect::Reactivated
                | Effect::PasswordReset { .. }
                | Effect::UserJoined { .. }
                | Effect::PowerSet { .. }
                | Effect::RateLimitSet { .. }
                | Effect::Protected { .. }
                | Effect::Unprotected { .. }
                | Effect::MediaDeleted { .. }
                | Effect::AllQuarantined { .. }
                | Effect::AllReleased { .. }
                | Effect::TokenMade { .. }
                | Effect::TokenEdited { .. }
                | Effect::TokenDeleted { .. }
                | Effect::ServerRetried { .. },
            ) => nothing(": nothing was changed there."),
        }
    }

    /// As [`Step::reverse`], of steps that are about no room.
    fn reverse_of_no_room(&self, effect: &Effect) -> Reverse {
        let it = || Line::new().code(self.target());
        match (self, effect) {
            (Self::Sanction { .. }, Effect::Sanctioned { before: true }) => {
                Reverse::Nothing(it().text(" was so before already."))
            }
            (Self::Sanction { user, sanction }, Effect::Sanctioned { before: false }) => {
                Reverse::By(Self::Lift { user: user.clone(), sanction: *sanction })
            }
            (Self::Lift { user, sanction }, Effect::Lifted { before: true }) => {
                Reverse::By(Self::Sanction { user: user.clone(), sanction: *sanction })
            }
            (Self::QuarantineMedia { media, .. }, Effect::Quarantined { before: false }) => {
                Reverse::By(Self::UnquarantineMedia { media: media.clone() })
            }
            (Self::UnquarantineMedia { media }, Effect::Unquarantined { before: true }) => {
                Reverse::By(Self::QuarantineMedia { media: media.clone(), author: None })
            }
            (Self::IgnoreReporter { user }, Effect::ReporterIgnored) => {
                Reverse::By(Self::HeedReporter { user: user.clone() })
            }
            (Self::HeedReporter { user }, Effect::ReporterHeeded) => {
                Reverse::By(Self::IgnoreReporter { user: user.clone() })
            }
            (_, Effect::UserRedacted { .. }) => Reverse::Cannot(
                Line::new().text("I cannot bring back what was redacted of ").append(it()).text("."),
            ),
            (_, Effect::ReportDeleted) => Reverse::Cannot(
                Line::new().text("I cannot bring back ").append(it()).text(". The case stays."),
            ),
            (_, Effect::Told { .. }) => Reverse::Cannot(
                Line::new().text("I cannot take back what I wrote to ").append(it()).text("."),
            ),
            (_, Effect::WebhookCalled) => {
                Reverse::Cannot(Line::new().text("I cannot take back the call of ").append(it()).text("."))
            }
            (Self::SetRateLimit { user, limit }, Effect::RateLimitSet { before }) if before != limit => {
                Reverse::By(Self::SetRateLimit { user: user.clone(), limit: *before })
            }
            (Self::ProtectMedia { media }, Effect::Protected { before: false }) => {
                Reverse::By(Self::UnprotectMedia { media: media.clone() })
            }
            (Self::UnprotectMedia { media }, Effect::Unprotected { before: true }) => {
                Reverse::By(Self::ProtectMedia { media: media.clone() })
            }
            (Self::QuarantineAll { files: of, .. }, Effect::AllQuarantined { files, .. })
                if !files.is_empty() =>
            {
                Reverse::By(Self::ReleaseAll { files: of.clone(), only: Some(files.clone()) })
            }
            (Self::ReleaseAll { files: of, .. }, Effect::AllReleased { files }) if !files.is_empty() => {
                Reverse::By(Self::QuarantineAll { files: of.clone(), only: Some(files.clone()) })
            }
            (Self::NewToken { .. }, Effect::TokenMade { token }) => {
                Reverse::By(Self::DeleteToken { token: token.clone() })
            }
            (Self::EditToken { token, limits }, Effect::TokenEdited { before }) if before != limits => {
                Reverse::By(Self::EditToken { token: token.clone(), limits: *before })
            }
            (Self::DeleteToken { token }, Effect::TokenDeleted { before }) => {
                Reverse::By(Self::NewToken { new: NewToken { token: Some(token.clone()), limits: *before } })
            }
            (_, Effect::LoggedOut { devices: 1.. }) => Reverse::Cannot(
                Line::new().text("I cannot log ").append(it()).text(" in again: they have to."),
            ),
            (_, Effect::Deactivated { .. }) => Reverse::Cannot(
                Line::new()
                    .text("I cannot bring ")
                    .append(it())
                    .text(" back as it was. ")
                    .code(format!("!reactivate {}", self.target()))
                    .text(" brings the account back without what it had."),
            ),
            (_, Effect::Reactivated) => Reverse::Cannot(
                Line::new()
                    .code(format!("!deactivate {}", self.target()))
                    .text(" deactivates the account again."),
            ),
            (_, Effect::PasswordReset { .. }) => {
                Reverse::Cannot(Line::new().text("I do not know the old password of ").append(it()).text("."))
            }
            (Self::DeleteMedia { .. }, Effect::MediaDeleted { files: 1.. }) => {
                Reverse::Cannot(Line::new().text("I cannot bring back the file ").append(it()).text("."))
            }
            (_, Effect::MediaDeleted { files: 1.. }) => {
                Reverse::Cannot(Line::new().text("I cannot bring back the files of ").append(it()).text("."))
            }
            (_, Effect::ServerRetried { .. }) => {
                Reverse::Nothing(it().text(" was tried again: there is nothing to put right."))
            }
            _ => Reverse::Nothing(it().text(" was so before already.")),
        }
    }
}
