//! What is changed. Nothing here is tried again: the executor looks first.

use std::time::Duration;

use gleipnir_core::{
    model::{Block, DeleteResult, HistoryPurge, Listing, LocalEvents, Shutdown},
    ports::{Asked, Effects},
    ruma::{RoomAliasId, RoomId, UserId},
};
use synapse_admin::{DeleteRoom, PurgeHistory, PurgeUpTo, Visibility};

use super::{Homeserver, fault, model::delete_result, request_fault};

/// How long version 1 of the Delete Room API may take to answer: it does so when all is done.
const LONGEST_DELETION: Duration = Duration::from_mins(30);

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
        Box::pin(async move { self.session.join(room).await.map_err(request_fault) })
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

    fn remove_alias<'a>(&'a self, alias: &'a RoomAliasId) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.delete_alias(alias).await.map_err(fault) })
    }
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
