//! From what the admin client gives to what the core speaks of.

use gleipnir_core::{
    model::{
        Account, DeleteResult, DeleteTask, Dir, Event, EventReport, ListedRoom, MediaDetails, Millis,
        RegistrationToken, RoomDetails, ScheduledTask, SpaceRoom, TaskStatus,
    },
    ruma::{MilliSecondsSinceUnixEpoch, OwnedUserId, UInt},
};
use gleipnir_matrix::Recovery;
use synapse_admin::{DeleteStatus, Direction, HierarchyRoom, ShutdownRoom, TaskStatus as Status};

pub(super) fn details(found: synapse_admin::RoomDetails) -> RoomDetails {
    RoomDetails {
        topic: found.topic,
        avatar: found.avatar,
        joined_local_devices: found.joined_local_devices,
        forgotten: found.forgotten,
        tombstoned: found.tombstoned.unwrap_or_default(),
        replacement_room: found.replacement_room,
        ..listed(found.room).details
    }
}

pub(super) fn listed(room: synapse_admin::Room) -> ListedRoom {
    ListedRoom {
        room_id: room.room_id,
        details: RoomDetails {
            name: room.name,
            canonical_alias: room.canonical_alias,
            version: room.version,
            creator: room.creator,
            joined_members: room.joined_members,
            joined_local_members: room.joined_local_members,
            encryption: room.encryption,
            federatable: Some(room.federatable),
            public: Some(room.public),
            join_rules: room.join_rules,
            guest_access: room.guest_access,
            history_visibility: room.history_visibility,
            state_events: room.state_events,
            room_type: room.room_type,
            ..RoomDetails::default()
        },
    }
}

pub(super) fn space_room(room: HierarchyRoom) -> SpaceRoom {
    SpaceRoom {
        room_id: room.room_id,
        name: room.name,
        topic: room.topic,
        canonical_alias: room.canonical_alias,
        room_type: room.room_type,
        join_rule: room.join_rule,
        num_joined_members: room.num_joined_members,
        world_readable: room.world_readable,
        guest_can_join: room.guest_can_join,
        children_state: room.children_state.into_iter().map(Event).collect(),
    }
}

pub(super) fn account(user: synapse_admin::User) -> Account {
    Account {
        display_name: user.displayname,
        admin: user.admin,
        suspended: user.suspended.unwrap_or_default(),
        locked: user.locked,
        shadow_banned: user.shadow_banned,
        deactivated: user.deactivated,
        appservice: user.appservice_id,
        // Seconds, unlike in lists.
        created_at: user.creation_ts.map(|at| i64::from(at.get()).saturating_mul(1000)),
        last_seen_at: user.last_seen_ts.map(millis),
        avatar: user.avatar_url,
        guest: user.is_guest,
        user_type: user.user_type,
        erased: user.erased,
        threepids: user.threepids.into_iter().map(|known| (known.medium, known.address)).collect(),
        external_ids: user
            .external_ids
            .into_iter()
            .map(|known| (known.auth_provider, known.external_id))
            .collect(),
    }
}

pub(super) fn media_details(found: synapse_admin::MediaInfo) -> MediaDetails {
    MediaDetails {
        media_type: found.media_type,
        length: found.media_length,
        upload_name: found.upload_name,
        quarantined_by: found.quarantined_by,
        is_protected: found.safe_from_quarantine.unwrap_or_default(),
        uploader: found.user_id,
        created_at: found.created_ts.map(millis),
        last_access_at: found.last_access_ts.map(millis).filter(|at| *at > 0),
        sha256: found.sha256,
    }
}

pub(super) fn registration_token(token: synapse_admin::RegistrationToken) -> RegistrationToken {
    RegistrationToken {
        token: token.token,
        uses_allowed: token.uses_allowed,
        pending: token.pending,
        completed: token.completed,
        expires_at: token.expiry_time.map(millis),
    }
}

pub(super) fn event_report(report: synapse_admin::EventReport) -> EventReport {
    EventReport {
        id: report.id,
        received_ts: millis(report.received_ts),
        event_id: report.event_id,
        user_id: report.user_id,
        sender: report.sender,
        reason: report.reason,
    }
}

pub(super) fn direction(dir: Dir) -> Direction {
    match dir {
        Dir::Forwards => Direction::Forwards,
        Dir::Backwards => Direction::Backwards,
    }
}

/// Times before 1970 are as good as 1970.
pub(super) fn timestamp(ms: Millis) -> MilliSecondsSinceUnixEpoch {
    MilliSecondsSinceUnixEpoch(
        u64::try_from(ms).ok().and_then(|ms| UInt::try_from(ms).ok()).unwrap_or_default(),
    )
}

pub(super) fn millis(ts: MilliSecondsSinceUnixEpoch) -> Millis {
    ts.get().into()
}

pub(super) fn task(task: synapse_admin::ScheduledTask) -> ScheduledTask {
    ScheduledTask {
        status: task.status.as_str().to_owned(),
        id: task.id,
        action: task.action,
        timestamp_ms: task.timestamp_ms.map_or(0, millis),
        resource_id: task.resource_id,
        result: task.result,
        error: task.error,
    }
}

/// A task of this list carries no result that is of use here: it is asked for again by its ID.
pub(super) fn scheduled_task(task: synapse_admin::ScheduledTask) -> DeleteTask {
    DeleteTask { id: task.id, status: task_status(&task.status), result: None }
}

pub(super) fn task_status(status: &Status) -> TaskStatus {
    match status {
        Status::Scheduled | Status::Active | Status::ShuttingDown | Status::Purging => TaskStatus::Active,
        Status::Complete => TaskStatus::Complete,
        Status::Failed => TaskStatus::Failed,
        other @ (Status::Cancelled | Status::Unknown(_)) => TaskStatus::Other(other.as_str().to_owned()),
    }
}

pub(super) fn delete_task(status: DeleteStatus) -> Option<DeleteTask> {
    Some(DeleteTask {
        id: status.delete_id?,
        status: task_status(&status.status),
        result: status.shutdown_room.map(delete_result),
    })
}

pub(super) fn delete_result(result: ShutdownRoom) -> DeleteResult {
    let strings = |ids: Vec<OwnedUserId>| ids.into_iter().map(|id| id.to_string()).collect();
    DeleteResult {
        kicked_users: strings(result.kicked_users),
        failed_to_kick_users: strings(result.failed_to_kick_users),
        local_aliases: result.local_aliases.into_iter().map(|alias| alias.to_string()).collect(),
        new_room_id: result.new_room_id.map(|id| id.to_string()),
    }
}

pub(super) fn encryption(encryption: &gleipnir_matrix::Encryption) -> String {
    let identity = if encryption.cross_signed {
        "this device is signed by my identity"
    } else {
        "⚠ this device is not signed by my identity: clients show it as not verified"
    };
    let recovery = match encryption.recovery {
        Recovery::Enabled => "; a lost store can be recovered",
        Recovery::Incomplete => "; ⚠ the recovery key is missing (encryption.recovery_key)",
        Recovery::Disabled => "; ⚠ recovery is not set up",
        Recovery::Unknown => "",
    };
    let problem = encryption.problem.as_ref().map(|problem| format!("; ⚠ {problem}")).unwrap_or_default();
    format!("{identity}{recovery}{problem}")
}
