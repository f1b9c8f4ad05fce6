//! The management room: it is made, or it is there.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use gleipnir_core::{
    rules::power::creators_stand_above,
    ruma::{OwnedRoomId, OwnedServerName, OwnedUserId, UserId},
    text::target::RoomTarget,
};
use serde_json::{Map, Value, json};
use synapse_admin::{Client, CreateRoom, Error, RoomPreset};

use super::{say, wishes::Room};

/// How long the server may take: joining asks other servers.
const LONGEST: Duration = Duration::from_mins(2);
/// The power of the first moderator who is invited, and of the others.
const ADMIN: i64 = 100;
const MODERATOR: i64 = 50;

/// What is known of the management room that is made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Made {
    /// There is none.
    #[default]
    No,
    /// The homeserver was asked for one, and gave no answer that says whether there is.
    Maybe,
    /// This one.
    Room(OwnedRoomId),
}

impl Made {
    /// What is to be added to the flags of another set-up.
    pub(super) fn advice(&self, me: &UserId) -> String {
        match self {
            Self::No => String::new(),
            Self::Maybe => format!(
                ". Nobody knows whether the management room was made. See first whether {me} is in a new room: in any client \
                 with that account, or with GET /_synapse/admin/v1/users/{me}/joined_rooms. If it is, add --room and the ID \
                 of that room"
            ),
            Self::Room(room) => format!(" --room {room}"),
        }
    }
}

/// Makes the room, or gets the bot into it; what it is to be called in the configuration. `made` is the room that was made.
pub(super) async fn furnish(
    client: &Client,
    me: &UserId,
    room: &Room,
    invite: &[OwnedUserId],
    made: &mut Made,
) -> anyhow::Result<String> {
    known(client, me, invite).await?;
    let (room, called) = match room {
        Room::There(target) => (join(client, me, target).await?, target.to_string()),
        Room::New { name, encrypted } => {
            let new = make(client, me, name, *encrypted, invite, made).await?;
            let how = if *encrypted { "encrypted" } else { "not encrypted" };
            say(&format!("✔ made the management room “{name}” ({new}), {how}"));
            let called = new.to_string();
            (Some(new), called)
        }
    };
    let Some(room) = room else { return Ok(called) };
    for user in invite {
        match client.invite(&room, user, None).await {
            Ok(()) => say(&format!("✔ invited {user}")),
            Err(Error::Api { status: 403, message, .. }) if message.contains("already in the room") => {}
            Err(error) => say(&format!("⚠ {user} could not be invited: {error}. Invite them by hand")),
        }
    }
    Ok(called)
}

/// Refuses moderators who are not there: an invitation of a typing error waits for whoever takes that name.
async fn known(client: &Client, me: &UserId, invite: &[OwnedUserId]) -> anyhow::Result<()> {
    for user in invite.iter().filter(|user| user.server_name() == me.server_name()) {
        // Who is no server admin is not told; then the check says so.
        if let Ok(None) = client.user(user).await {
            bail!("there is no account {user} on this server (--invite); see whether it is spelled right");
        }
    }
    Ok(())
}

async fn make(
    client: &Client,
    me: &UserId,
    name: &str,
    encrypted: bool,
    invite: &[OwnedUserId],
    made: &mut Made,
) -> anyhow::Result<OwnedRoomId> {
    let version =
        client.default_room_version().await.context("the homeserver does not say how it makes rooms")?;
    let event = |kind: &str, content: Value| json!({"type": kind, "state_key": "", "content": content});
    let mut initial_state = vec![
        event("m.room.name", json!({"name": name})),
        // Whoever comes later is told by the others what was before.
        event("m.room.history_visibility", json!({"history_visibility": "invited"})),
        event("m.room.guest_access", json!({"guest_access": "forbidden"})),
    ];
    if encrypted {
        initial_state.push(event("m.room.encryption", json!({"algorithm": "m.megolm.v1.aes-sha2"})));
    }
    let room = CreateRoom {
        room_version: Some(version.clone()),
        preset: Some(RoomPreset::Private),
        creation_content: json!({}),
        power_level_content_override: Some(json!({"users": powers(me, &version, invite)})),
        initial_state,
    };
    // Before it is sent: whoever breaks the set-up off while it is under way has to know.
    *made = Made::Maybe;
    match client.create_room(&room, LONGEST).await {
        Ok(new) => {
            *made = Made::Room(new.clone());
            Ok(new)
        }
        Err(error) => {
            if !error.may_have_acted() {
                *made = Made::No;
            }
            Err(anyhow!("the management room cannot be made: {error}"))
        }
    }
}

/// Who has which power. A creator who stands above all levels must not be named.
fn powers(me: &UserId, version: &str, invite: &[OwnedUserId]) -> Map<String, Value> {
    let creator = (!creators_stand_above(Some(version))).then_some((me, ADMIN));
    let levels = std::iter::once(ADMIN).chain(std::iter::repeat(MODERATOR));
    // The account may be another than the one that was named, of a server that calls itself otherwise.
    let invited = invite.iter().map(|user| &**user).filter(|user| *user != me).zip(levels);
    creator.into_iter().chain(invited).map(|(user, level)| (user.to_string(), json!(level))).collect()
}

/// Joins a room that is there; `None` if the bot is not let in yet.
async fn join(client: &Client, me: &UserId, target: &RoomTarget) -> anyhow::Result<Option<OwnedRoomId>> {
    let (room, via): (_, Vec<OwnedServerName>) = match target {
        RoomTarget::Id(room) => {
            (room.clone(), room.server_name().map(ToOwned::to_owned).into_iter().collect())
        }
        RoomTarget::Alias(alias) => {
            let found =
                client.resolve_alias(alias).await.with_context(|| format!("{alias} cannot be resolved"))?;
            let found = found.with_context(|| format!("there is no room {alias} (--room)"))?;
            (
                found.room_id,
                found.servers.iter().filter_map(|server| server.as_str().try_into().ok()).collect(),
            )
        }
    };
    match client.join_through(&room, &via, LONGEST).await {
        Ok(room) => {
            say(&format!("✔ joined the management room {target}"));
            Ok(Some(room))
        }
        Err(Error::Api { status: 403, errcode, .. }) if errcode == "M_FORBIDDEN" => {
            say(&format!(
                "⚠ {me} is not let into {target} yet: invite it there, and it accepts when it runs"
            ));
            Ok(None)
        }
        Err(error) => Err(anyhow!("{target} (--room) cannot be joined: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use gleipnir_core::ruma::{owned_user_id, user_id};

    use super::*;

    #[test]
    fn the_first_moderator_is_the_admin_and_a_creator_above_all_is_not_named() {
        let invite =
            [owned_user_id!("@a:hs.test"), owned_user_id!("@b:hs.test"), owned_user_id!("@c:hs.test")];
        let me = user_id!("@gleipnir:hs.test");
        let moderators = json!({"@a:hs.test": 100, "@b:hs.test": 50, "@c:hs.test": 50});
        assert_eq!(json!(powers(me, "12", &invite)), moderators);
        let with_me = [&[me.to_owned()][..], &invite].concat();
        assert_eq!(json!(powers(me, "12", &with_me)), moderators);
        let mut all = moderators;
        all["@gleipnir:hs.test"] = json!(100);
        assert_eq!(json!(powers(me, "11", &invite)), all);
        assert_eq!(json!(powers(me, "10", &[])), json!({"@gleipnir:hs.test": 100}));
    }
}
