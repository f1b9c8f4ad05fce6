//! What a step changes: who did something about the same later has the last word on it.

use super::Step;
use crate::model::{MemberChange, Sanction};

impl Step {
    /// What it changes of what, for all that can be put right; `None` for what cannot, and is about nothing else.
    pub fn matter(&self) -> Option<String> {
        Some(match self {
            Self::BlockRoom { room }
            | Self::UnblockRoom { room }
            | Self::ShutDownRoom { room, .. }
            | Self::RestoreRoom { room, .. } => format!("block {}", room.id),
            Self::ListRoom { room } | Self::UnlistRoom { room } => format!("listing {}", room.id),
            Self::AddAlias { alias, .. } | Self::RemoveAlias { alias, .. } => format!("alias {alias}"),
            Self::JoinRoom { room } | Self::LeaveRoom { room } => format!("presence {}", room.id),
            Self::Member { room, user, .. } | Self::JoinUser { room, user, .. } => {
                format!("member {user} {}", room.id)
            }
            Self::SetPower { room, user, .. } | Self::MakeRoomAdmin { room, user } => {
                format!("power {user} {}", room.id)
            }
            Self::Sanction { user, sanction } | Self::Lift { user, sanction } => {
                format!("{} {user}", Sanction::command(*sanction))
            }
            Self::QuarantineMedia { media, .. } | Self::UnquarantineMedia { media } => {
                format!("quarantine {media}")
            }
            Self::ProtectMedia { media } | Self::UnprotectMedia { media } => format!("protection {media}"),
            Self::QuarantineAll { files, .. } | Self::ReleaseAll { files, .. } => {
                format!("quarantine of the files of {}", files.id())
            }
            Self::IgnoreReporter { user } | Self::HeedReporter { user } => format!("reports of {user}"),
            Self::SetRateLimit { user, .. } => format!("rate limit {user}"),
            Self::Deactivate { user, .. } | Self::Reactivate { user } => format!("account {user}"),
            Self::NewToken { new } => format!("token {}", new.token.as_ref()?.0),
            Self::EditToken { token, .. } | Self::DeleteToken { token } => format!("token {}", token.0),
            Self::PurgeEmptyRoom { .. }
            | Self::DeleteExtremities { .. }
            | Self::PurgeHistory { .. }
            | Self::RedactEvent { .. }
            | Self::RedactUser { .. }
            | Self::DeleteReport { .. }
            | Self::Tell { .. }
            | Self::CallWebhook { .. }
            | Self::LogOut { .. }
            | Self::ResetPassword { .. }
            | Self::DeleteMedia { .. }
            | Self::DeleteMediaOf { .. }
            | Self::RetryServer { .. } => return None,
        })
    }

    /// What it switches between states that each say all of it, so that of several such steps only the last one counts;
    /// `None` for a step that goes by what the step before it did.
    pub fn switch(&self) -> Option<String> {
        match self {
            Self::Member { change: MemberChange::Ban | MemberChange::Unban, .. }
            | Self::BlockRoom { .. }
            | Self::UnblockRoom { .. }
            | Self::ListRoom { .. }
            | Self::UnlistRoom { .. }
            | Self::JoinRoom { .. }
            | Self::LeaveRoom { .. }
            | Self::SetPower { .. }
            | Self::Sanction { .. }
            | Self::Lift { .. }
            | Self::QuarantineMedia { .. }
            | Self::UnquarantineMedia { .. }
            | Self::ProtectMedia { .. }
            | Self::UnprotectMedia { .. }
            | Self::IgnoreReporter { .. }
            | Self::HeedReporter { .. }
            | Self::SetRateLimit { .. } => self.matter(),
            _ => None,
        }
    }

    /// Whether two steps with the same [`Step::switch`] switch it to the same.
    pub fn ends_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Member { change: ours, .. }, Self::Member { change: theirs, .. }) => ours == theirs,
            (Self::SetPower { to: ours, .. }, Self::SetPower { to: theirs, .. }) => ours == theirs,
            (Self::SetRateLimit { limit: ours, .. }, Self::SetRateLimit { limit: theirs, .. }) => {
                ours == theirs
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}
