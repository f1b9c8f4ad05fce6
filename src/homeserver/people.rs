//! Members, files and redactions as the homeserver tells them.

use std::collections::BTreeMap;

use super::{
    Homeserver, find,
    model::{media_details, task_status},
    read, request_fault,
};
use gleipnir_core::{
    model::{Event, MediaDetails, Mxc, RedactionStatus},
    ports::Fault,
    ruma::{OwnedRoomId, RoomId, UserId},
};

impl Homeserver {
    /// The member event of somebody in a room; `None` when there is none.
    pub(super) async fn member_of(&self, room: &RoomId, user: &UserId) -> Result<Option<Event>, Fault> {
        // Of a room that the bot has left, the client API tells how it was then.
        let joined = self.session.joined_rooms().await.map_err(request_fault)?;
        if joined.iter().any(|known| known == room) {
            let found = read(|| self.admin.member(room, user)).await;
            match found {
                Ok(member) => return Ok(member.map(Event)),
                // The bot was removed just now.
                Err(Fault::Refused { status: 403, .. }) => {}
                Err(fault) => return Err(fault),
            }
        }
        let members = find(|| self.admin.room_state_of_type(room, "m.room.member")).await?;
        let mut members = members.unwrap_or_default().into_iter().map(Event);
        Ok(members.find(|event| {
            event.0["type"] == "m.room.member" && event.0["state_key"].as_str() == Some(user.as_str())
        }))
    }

    /// The rooms in which a user has, or had, a membership, with that membership.
    pub(super) async fn memberships_of(&self, user: &UserId) -> Result<BTreeMap<OwnedRoomId, String>, Fault> {
        let found = match read(|| self.admin.memberships(user)).await {
            // Before Synapse 1.145.
            Err(Fault::NotRouted { .. }) => {
                let joined = read(|| self.admin.joined_rooms(user)).await?;
                joined.into_iter().map(|room| (room, "join".to_owned())).collect()
            }
            found => found?,
        };
        let known = |(room, membership): (String, String)| Some((room.try_into().ok()?, membership));
        Ok(found.into_iter().filter_map(known).collect())
    }

    /// What is known of a file; `None` when the server does not have it.
    pub(super) async fn details_of(&self, media: &Mxc) -> Result<Option<MediaDetails>, Fault> {
        Ok(read(|| self.admin.media(&media.server, &media.id)).await?.map(media_details))
    }

    /// How far a redaction is; `None` when the server has forgotten it.
    pub(super) async fn redaction_of(&self, redact_id: &str) -> Result<Option<RedactionStatus>, Fault> {
        Ok(read(|| self.admin.redact_status(redact_id)).await?.map(|found| RedactionStatus {
            status: task_status(&found.status),
            failed: found.failed_redactions,
            error: found.error,
        }))
    }
}
