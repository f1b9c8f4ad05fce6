//! Work that Synapse does in the background: `GET /_synapse/admin/v1/scheduled_tasks` (Synapse 1.130).

use std::fmt;

use ruma::MilliSecondsSinceUnixEpoch;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lenient::Query;
use crate::{Client, Error};

impl Client {
    /// The background tasks that fit, running and ended, for 7 days after their last change. The only place
    /// where the error of a failed room deletion can be read (its `id` is the `delete_id`).
    pub async fn scheduled_tasks(&self, query: &ScheduledTasksQuery) -> Result<Vec<ScheduledTask>, Error> {
        #[derive(Deserialize)]
        struct Tasks {
            scheduled_tasks: Vec<ScheduledTask>,
        }
        let tasks = self.get("/_synapse/admin/v1/scheduled_tasks", &[]).query(query.query());
        let mut tasks = tasks.answer::<Tasks>().await?.scheduled_tasks;
        tasks.retain(|task| query.fits(task));
        Ok(tasks)
    }
}

/// Which tasks; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduledTasksQuery {
    /// Only these actions, such as `shutdown_and_purge_room`; empty is all.
    pub action_name: Vec<String>,
    /// Only those of this room, user or whatever the task works on.
    pub resource_id: Option<String>,
    /// Only those in these states; empty is all.
    pub status: Vec<TaskStatus>,
    /// Only those changed up to then.
    pub max_timestamp: Option<MilliSecondsSinceUnixEpoch>,
}

impl ScheduledTasksQuery {
    /// A list goes only here, not to the server, where it was taken for its first item until after 1.157, and
    /// `status` for nothing at all: so the answer is right on all of them.
    fn fits(&self, task: &ScheduledTask) -> bool {
        (self.action_name.is_empty() || self.action_name.contains(&task.action))
            && (self.status.is_empty() || self.status.contains(&task.status))
    }

    fn query(&self) -> Query {
        let action = match &self.action_name[..] {
            [one] => Some(one),
            _ => None,
        };
        // The server refuses a status that it does not know.
        let status = match &self.status[..] {
            [TaskStatus::ShuttingDown | TaskStatus::Purging | TaskStatus::Unknown(_)] => None,
            [one] => Some(one),
            _ => None,
        };
        Query::default()
            .with("action_name", action)
            .with("resource_id", self.resource_id.as_ref())
            .with("status", status)
            .with("max_timestamp", self.max_timestamp.map(|ts| ts.get()))
    }
}

/// A task that runs, ran or will run in the background.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduledTask {
    /// The task's ID; of a room's deletion, its `delete_id`.
    pub id: String,
    /// What it does, such as `shutdown_and_purge_room`.
    pub action: String,
    /// How far it is.
    pub status: TaskStatus,
    /// When it was made or last changed.
    #[serde(default)]
    pub timestamp_ms: Option<MilliSecondsSinceUnixEpoch>,
    /// What it works on, such as a room ID.
    #[serde(default)]
    pub resource_id: Option<String>,
    /// What it has done; of a room's deletion, what [`ShutdownRoom`](crate::ShutdownRoom) has.
    #[serde(default)]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

/// How far a background task is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TaskStatus {
    /// It has not begun.
    Scheduled,
    /// It runs.
    Active,
    /// It ended well.
    Complete,
    /// It ended with an error.
    Failed,
    /// It was called off.
    Cancelled,
    /// Old servers: users are being removed from the room.
    ShuttingDown,
    /// Old servers: the room is being purged.
    Purging,
    /// A word that this version does not know.
    Unknown(String),
}

impl TaskStatus {
    /// Whether nothing more will happen.
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Cancelled)
    }

    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::ShuttingDown => "shutting_down",
            Self::Purging => "purging",
            Self::Unknown(word) => word,
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<String> for TaskStatus {
    fn from(word: String) -> Self {
        match word.as_str() {
            "scheduled" => Self::Scheduled,
            "active" => Self::Active,
            "complete" => Self::Complete,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            "shutting_down" => Self::ShuttingDown,
            "purging" => Self::Purging,
            _ => Self::Unknown(word),
        }
    }
}

impl From<TaskStatus> for String {
    fn from(status: TaskStatus) -> Self {
        status.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::TaskStatus;

    #[test]
    fn words_and_back() {
        for (word, ended) in [
            ("scheduled", false),
            ("active", false),
            ("complete", true),
            ("failed", true),
            ("cancelled", true),
            ("shutting_down", false),
            ("purging", false),
        ] {
            let status = TaskStatus::from(word.to_owned());
            assert!(!matches!(status, TaskStatus::Unknown(_)), "{word}");
            assert_eq!((status.as_str(), status.has_ended()), (word, ended));
        }
        assert_eq!(TaskStatus::from("paused".to_owned()), TaskStatus::Unknown("paused".into()));
        assert!(!TaskStatus::Unknown("paused".into()).has_ended());
    }
}
