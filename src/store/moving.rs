//! The management room becomes another one: what of the old one goes on in it, as SQL.

use gleipnir_core::ruma::{OwnedRoomId, RoomId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{read::wrong, watching};

/// Everything received until now belongs to a former management room.
const ELSEWHERE: &str = "INSERT INTO meta SELECT 'elsewhere', CAST(coalesce(max(seq), 0) AS TEXT) FROM inbox WHERE true \
                         ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// Another room was configured: nothing of the old one goes on but what is being executed. How that ended is said in the new
/// room, where it was not said in the old one.
pub(super) fn moved(db: &Connection) -> rusqlite::Result<()> {
    watching::moved(db)?;
    db.execute(ELSEWHERE, [])?;
    db.execute_batch(
        "UPDATE inbox SET handled = 1, json = '' WHERE handled = 0;
         UPDATE plans SET state = 'expired' WHERE state = 'proposed';
         DELETE FROM views;
         UPDATE outbox SET sent = version, text = NULL, html = NULL, bytes = NULL
           WHERE sent = version OR kind = 'reaction' OR key NOT LIKE 'run-%';
         UPDATE outbox SET event_id = NULL, reply_to = NULL;",
    )
}

/// The room was upgraded. What of watched rooms did not reach the old one is told anew, by another message; other messages
/// that wait are sent in the new one. What was sent is edited no more: its next version is a message of its own.
pub(super) fn upgraded(db: &Connection, from: &RoomId, to: &RoomId) -> rusqlite::Result<()> {
    watching::moved(db)?;
    db.execute(ELSEWHERE, [])?;
    db.execute_batch(
        "DELETE FROM views;
         UPDATE outbox SET sent = version, text = NULL, html = NULL
           WHERE version > sent AND event_id IS NULL AND key LIKE 'feed-%';
         UPDATE outbox SET sent = version WHERE kind = 'reaction' AND version > sent AND (to_event IS NOT NULL OR EXISTS (
           SELECT 1 FROM outbox AS message WHERE message.key = outbox.to_key AND message.event_id IS NOT NULL));
         UPDATE outbox SET event_id = NULL, reply_to = NULL WHERE event_id IS NOT NULL OR reply_to IS NOT NULL;",
    )?;
    db.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key(from), to.as_str()],
    )
    .map(drop)
}

/// The room that took the place of another.
pub(super) fn replaced_by(db: &Connection, room: &RoomId) -> rusqlite::Result<Option<OwnedRoomId>> {
    let found: Option<String> = db
        .prepare_cached("SELECT value FROM meta WHERE key = ?")?
        .query_row([key(room)], |row| row.get(0))
        .optional()?;
    found.map(|id| id.as_str().try_into().map_err(|_| wrong(&format!("the room {id}")))).transpose()
}

/// Whether an event is one of a former management room.
pub(super) fn is_elsewhere(db: &Connection, event: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM inbox WHERE event_id = ? \
                        AND seq <= (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'elsewhere'))",
    )?
    .query_row([event], |row| row.get(0))
}

fn key(room: &RoomId) -> String {
    format!("replaced {room}")
}
