//! What the bot says of itself when it begins to work in the management room.

use gleipnir_core::{
    desk::Desk,
    model::{Dir, HistoryQuery},
    ports::{Fault, Lookup, Records as _, StoreError},
    reply::{Line, Reply},
    ruma::RoomId,
};
use gleipnir_matrix::{How, Session};

use crate::{backup::notice_key, management::Arrival, store::SqliteStore};

/// How the bot came into the room, as far as its introduction goes: where it never said anything, nothing of it is lost.
/// `gleipnir setup` makes the room before the first start.
pub(super) async fn seen_from_there(
    homeserver: &dyn Lookup,
    room: &RoomId,
    how: &How,
    arrival: Arrival,
) -> Arrival {
    if !matches!((how, arrival), (How::FirstLogin, Arrival::WasThere)) {
        return arrival;
    }
    let query = HistoryQuery {
        dir: Dir::Backwards,
        limit: 1,
        senders: vec![homeserver.me().to_owned()],
        types: ["m.room.message", "m.room.encrypted"].map(str::to_owned).into(),
        ..HistoryQuery::default()
    };
    match homeserver.history(room, &query).await {
        Ok(page) if page.events.is_empty() => Arrival::JoinedNow,
        // What cannot be known is said rather than kept.
        Ok(_) | Err(_) => arrival,
    }
}

/// Says hello, once for each room, and what was lost with the keys or the storage folder.
pub(super) fn introduce(
    desk: &Desk,
    store: &SqliteStore,
    room: &RoomId,
    session: &Session,
    how: &How,
    arrival: Arrival,
) -> Result<(), StoreError> {
    let hello = Reply::new()
        .paragraph(
            Line::new()
                .text("Hello, I am ")
                .code(session.user_id().as_str())
                .text(", the moderation bot of this server."),
        )
        .paragraph(
            Line::new().code("!help").text(" lists what I can do, ").code("!status").text(" tells how I am."),
        );
    desk.announce(&format!("introduction-{room}"), &hello)?;
    let lost = match (how, arrival) {
        (How::NewDevice { reason }, _) => {
            Line::new().text("I lost my encryption keys (").name_long(reason).text("). ")
        }
        // What is lost then is said already.
        (How::FirstLogin, Arrival::WasThere) if store.is_said(&notice_key(store.instance()))? => Line::new(),
        (How::FirstLogin, Arrival::WasThere) => Line::new().text(
            "My storage folder is new, though I am in this room already. If I worked here before, my jobs, my audit and \
             my encryption keys are lost. ",
        ),
        (How::FirstLogin, Arrival::JoinedNow) | (How::Restored, _) => return Ok(()),
    };
    let line = lost
        .text("I am a new device now, ")
        .code(session.device_id())
        .text(". Older encrypted messages may be unreadable to me; ")
        .code("!status")
        .text(" tells whether my identity was recovered.");
    desk.announce(&format!("new-device-{}", session.device_id()), &Reply::text(line))
}

/// Says that the service that decides about logins does not let the bot in: once for each reason.
pub(super) fn refused_there(desk: &Desk, fault: &Fault) -> Result<(), StoreError> {
    let line = Line::new()
        .text("⚠ I cannot use ")
        .code("[mas]")
        .text(" of my configuration: ")
        .name_long(fault.to_string())
        .text(" Accounts cannot be locked, deactivated or given a password until that works; ")
        .code("!suspend")
        .text(" does. ")
        .code("!status")
        .text(" tells how it is.");
    desk.announce(&format!("mas-{fault}"), &Reply::text(line))
}
