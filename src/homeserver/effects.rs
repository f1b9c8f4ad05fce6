//! What is changed. Nothing here is tried again: the executor looks first.

use std::{num::NonZeroU32, time::Duration};

use gleipnir_core::{
    model::{
        Block, DeleteResult, HistoryPurge, Listing, LocalEvents, MemberChange, Millis, Mxc, RedactionTask,
        ReportKind, Sanction, Shutdown, Switch,
    },
    ports::{Asked, Effects, EffectsOnRooms as _, Fault},
    ruma::{
        EventId, MilliSecondsSinceUnixEpoch, OwnedRoomId, OwnedTransactionId, RoomAliasId, RoomId, UInt,
        UserId,
    },
};
use serde_json::{Value, json};
use synapse_admin::{DeleteRoom, DirectRoom, PurgeHistory, PurgeUpTo, RedactUser, Visibility};

use super::{Homeserver, fault, model::delete_result, request_fault};

/// How long version 1 of the Delete Room API may take to answer: it does so when all is done.
const LONGEST_DELETION: Duration = Duration::from_mins(30);
/// How many events of a room are redacted at most: as good as all. Without it Synapse redacts the newest 1,000.
const ALL_EVENTS: NonZeroU32 = NonZeroU32::new(i32::MAX.unsigned_abs()).expect("it is not 0");

/// A bound in time. Without one that was meant, the server would redact everything.
fn moment(at: Option<Millis>) -> Result<Option<MilliSecondsSinceUnixEpoch>, Fault> {
    let Some(at) = at else { return Ok(None) };
    let at = UInt::try_from(at).map_err(|_| Fault::BadAnswer(format!("{at} is no time")))?;
    Ok(Some(MilliSecondsSinceUnixEpoch(at)))
}

impl Effects for Homeserver {
    fn set_block<'a>(&'a self, room: &'a RoomId, block: Block) -> Asked<'a, ()> {
        Box::pin(async move {
            match block {
                Block::On => self.admin.block_room(room).await,
                Block::Off => self.admin.unblock_room(room).await,
            }
            .map(drop)
            .map_err(fault)
        })
    }

    fn delete_room<'a>(&'a self, room: &'a RoomId, shutdown: &'a Shutdown) -> Asked<'a, String> {
        Box::pin(async move { self.admin.delete_room(room, &deletion(shutdown)).await.map_err(fault) })
    }

    fn delete_room_v1<'a>(&'a self, room: &'a RoomId, shutdown: &'a Shutdown) -> Asked<'a, DeleteResult> {
        Box::pin(async move {
            let deletion = deletion(shutdown);
            let result = self.admin.delete_room_v1(room, &deletion, LONGEST_DELETION).await;
            result.map(delete_result).map_err(fault)
        })
    }

    fn join_room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()> {
        // Not by the session, which does not tell whether it is this server or another one that does not answer.
        self.join_through(room, &[])
    }

    fn leave_room<'a>(&'a self, room: &'a RoomId) -> Asked<'a, ()> {
        Box::pin(async move { self.session.leave(room).await.map_err(request_fault) })
    }

    fn make_room_admin<'a>(&'a self, room: &'a RoomId, user: &'a UserId) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.make_room_admin(room.into(), Some(user)).await.map_err(fault) })
    }

    fn delete_extremities<'a>(&'a self, room: &'a RoomId) -> Asked<'a, u64> {
        Box::pin(async move { self.admin.delete_forward_extremities(room.into()).await.map_err(fault) })
    }

    fn purge_history<'a>(&'a self, room: &'a RoomId, purge: &'a HistoryPurge) -> Asked<'a, String> {
        Box::pin(async move {
            let up_to = PurgeUpTo::Event(purge.up_to.clone());
            let delete_local_events = purge.local == LocalEvents::Deleted;
            let purge = PurgeHistory { up_to, delete_local_events };
            self.admin.purge_history(room, &purge).await.map_err(fault)
        })
    }

    fn set_listing<'a>(&'a self, room: &'a RoomId, listing: Listing) -> Asked<'a, ()> {
        Box::pin(async move {
            let visibility = match listing {
                Listing::Listed => Visibility::Public,
                Listing::Unlisted => Visibility::Private,
            };
            self.admin.set_directory_visibility(room, visibility).await.map_err(fault)
        })
    }

    fn add_alias<'a>(&'a self, alias: &'a RoomAliasId, room: &'a RoomId) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.create_alias(alias, room).await.map_err(fault) })
    }

    fn redact_event<'a>(
        &'a self,
        room: &'a RoomId,
        event: &'a EventId,
        reason: Option<&'a str>,
    ) -> Asked<'a, ()> {
        Box::pin(async move {
            // Made of the event's ID, so that asking again makes no second redaction.
            let txn = self.transaction("redact", event.as_str());
            self.admin.redact_event(room, event, &txn, reason).await.map(drop).map_err(fault)
        })
    }

    fn redact_user<'a>(&'a self, user: &'a UserId, task: &'a RedactionTask) -> Asked<'a, String> {
        Box::pin(async move {
            let redact = RedactUser {
                rooms: task.rooms.clone(),
                reason: task.reason.clone(),
                limit: Some(ALL_EVENTS),
                // Of a local user in their own name, which needs no power; of others Synapse takes the bot's anyway.
                use_admin: false,
                before_ts: moment(task.before)?,
                after_ts: moment(task.after)?,
            };
            self.admin.redact_user(user, &redact).await.map_err(fault)
        })
    }

    fn change_member<'a>(
        &'a self,
        room: &'a RoomId,
        user: &'a UserId,
        change: MemberChange,
        reason: Option<&'a str>,
    ) -> Asked<'a, ()> {
        Box::pin(async move {
            match change {
                MemberChange::Kick => self.admin.kick(room, user, reason).await,
                MemberChange::Ban => self.admin.ban(room, user, reason).await,
                MemberChange::Unban => self.admin.unban(room, user, reason).await,
                MemberChange::Invite => self.admin.invite(room, user, reason).await,
            }
            .map_err(fault)
        })
    }

    fn set_sanction<'a>(&'a self, user: &'a UserId, sanction: Sanction, to: Switch) -> Asked<'a, ()> {
        Box::pin(self.accounts.set_sanction(user, sanction, to))
    }

    fn set_quarantine<'a>(&'a self, media: &'a Mxc, to: Switch) -> Asked<'a, ()> {
        Box::pin(async move {
            match to {
                Switch::On => self.admin.quarantine_media(&media.server, &media.id).await,
                Switch::Off => self.admin.unquarantine_media(&media.server, &media.id).await,
            }
            .map_err(fault)
        })
    }

    fn delete_report(&self, kind: ReportKind, id: u64) -> Asked<'_, ()> {
        Box::pin(async move {
            match kind {
                ReportKind::Event => self.admin.delete_event_report(id).await.map_err(fault),
                ReportKind::User => self.admin.delete_user_report(id).await.map_err(fault),
                // No server offers that.
                ReportKind::Room => Err(Fault::NotRouted { status: 404 }),
            }
        })
    }

    fn send_notice<'a>(&'a self, user: &'a UserId, text: &'a str, key: &'a str) -> Asked<'a, ()> {
        Box::pin(async move {
            let txn = self.transaction("notice", key);
            self.admin.send_server_notice(user, &words(text), &txn).await.map(drop).map_err(fault)
        })
    }

    fn open_direct_chat<'a>(&'a self, user: &'a UserId) -> Asked<'a, OwnedRoomId> {
        Box::pin(
            async move { self.admin.create_direct_room(user, &DirectRoom::default()).await.map_err(fault) },
        )
    }

    fn send_text<'a>(&'a self, room: &'a RoomId, text: &'a str, key: &'a str) -> Asked<'a, ()> {
        Box::pin(async move {
            let txn = self.transaction("text", key);
            self.admin.send_message(room, &txn, &words(text)).await.map(drop).map_err(fault)
        })
    }

    fn call_webhook<'a>(&'a self, name: &'a str, body: &'a Value) -> Asked<'a, ()> {
        self.post_to_webhook(name, body)
    }

    fn remove_alias<'a>(&'a self, alias: &'a RoomAliasId) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.delete_alias(alias).await.map_err(fault) })
    }
}

impl Homeserver {
    /// The ID of a request that does no more when it is made again.
    fn transaction(&self, what: &str, key: &str) -> OwnedTransactionId {
        format!("{}-{what}-{key}", self.instance).into()
    }
}

/// Plain text, without anything that pings.
pub(super) fn words(text: &str) -> Value {
    json!({ "msgtype": "m.text", "body": text, "m.mentions": {} })
}

fn deletion(shutdown: &Shutdown) -> DeleteRoom {
    let notice = shutdown.notice.as_ref();
    DeleteRoom {
        new_room_user_id: notice.map(|notice| notice.creator.clone()),
        room_name: notice.and_then(|notice| notice.name.clone()),
        message: notice.and_then(|notice| notice.message.clone()),
        block: shutdown.block,
        purge: shutdown.purge,
        force_purge: shutdown.force_purge,
    }
}
