//! Rooms that are made, and rooms that are joined through other servers. Nothing here is tried again: the executor looks
//! first.

use std::time::Duration;

use gleipnir_core::{
    model::{NewRoom, Preset},
    ports::{Asked, EffectsOnRooms},
    ruma::{OwnedRoomId, OwnedServerName, RoomId},
};
use serde_json::Value;
use synapse_admin::{CreateRoom, RoomPreset};

use super::{Homeserver, fault};

/// How long the server may take: joining a large room asks other servers for all of its state.
const LONGEST: Duration = Duration::from_mins(5);

impl EffectsOnRooms for Homeserver {
    fn create_room<'a>(&'a self, room: &'a NewRoom) -> Asked<'a, OwnedRoomId> {
        Box::pin(async move {
            let preset = match room.preset {
                Preset::PrivateChat => RoomPreset::Private,
                Preset::PublicChat => RoomPreset::Public,
            };
            let create = CreateRoom {
                room_version: Some(room.room_version.clone()),
                preset: Some(preset),
                creation_content: room.creation_content.clone(),
                power_level_content_override: None,
                initial_state: room.initial_state.iter().map(|event| event.0.clone()).collect(),
            };
            self.admin.create_room(&create, LONGEST).await.map_err(fault)
        })
    }

    fn join_through<'a>(&'a self, room: &'a RoomId, servers: &'a [OwnedServerName]) -> Asked<'a, ()> {
        Box::pin(
            async move { self.admin.join_through(room, servers, LONGEST).await.map(drop).map_err(fault) },
        )
    }

    fn set_canonical_alias<'a>(&'a self, room: &'a RoomId, content: &'a Value) -> Asked<'a, ()> {
        Box::pin(async move { self.admin.set_canonical_alias(room, content).await.map_err(fault) })
    }
}
