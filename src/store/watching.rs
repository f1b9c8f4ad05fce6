//! What is remembered of watched rooms, as SQL.

use gleipnir_core::ports::{
    Digest, DigestId, Gap, Seen, UNTOLD_AT_ONCE, WATCHED_KEPT, WatchedEvent, Watching,
};
use gleipnir_core::ruma::RoomId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::read::{id, json, optional_id, wrong};

// The index holds what is not told: without `told = 0` every row would be looked at.
pub(super) const UNTOLD: &str = "SELECT event_id, room_id, json, received_at, seen FROM watched \
                                 WHERE told = 0 AND digest IS NULL \
                      AND room_id NOT IN (SELECT room_id FROM gaps) ORDER BY seq LIMIT ?";
pub(super) const TOLD_BY: &str = "SELECT event_id, room_id, json, received_at, seen FROM watched \
                                  WHERE told = 0 AND digest = ? ORDER BY seq";
pub(super) const CLOSE: &str = "UPDATE watched SET told = 1, json = '' WHERE told = 0 AND digest = ?";

pub(super) fn apply(db: &Connection, change: Watching) -> rusqlite::Result<()> {
    match change {
        Watching::Seen(event) => db
            .prepare_cached(
                "INSERT INTO watched (event_id, room_id, json, received_at, seen) VALUES (?, ?, ?, ?, ?) \
                 ON CONFLICT (event_id) DO NOTHING",
            )?
            .execute(params![
                event.event_id.as_str(),
                event.room_id.as_str(),
                event.json.to_string(),
                event.received_at,
                word(event.seen),
            ])
            .map(drop),
        Watching::Unwanted(events) => {
            let mut forget = db.prepare_cached("UPDATE watched SET told = 1, json = '' WHERE event_id = ?")?;
            events.iter().try_for_each(|event| forget.execute([event.as_str()]).map(drop))?;
            trim(db)
        }
        Watching::Gap(gap) => db
            .prepare_cached("INSERT INTO gaps (room_id, \"from\", \"to\", seen) VALUES (?, ?, ?, ?)")?
            .execute(params![gap.room_id.as_str(), gap.from, gap.to, word(gap.seen)])
            .map(drop),
        Watching::Filled(gap) => db
            .prepare_cached("DELETE FROM gaps WHERE room_id = ? AND \"from\" = ? AND \"to\" = ?")?
            .execute(params![gap.room_id.as_str(), gap.from, gap.to])
            .map(drop),
        Watching::Position { room_id, token } => db
            .prepare_cached(
                "INSERT INTO positions VALUES (?, ?) ON CONFLICT (room_id) DO UPDATE SET token = excluded.token",
            )?
            .execute(params![room_id.as_str(), token])
            .map(drop),
        Watching::Digest(digest) => tell(db, &digest),
        Watching::Closed(id) => close(db, id),
    }
}

fn tell(db: &Connection, digest: &Digest) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO digests (id, room_id, seen, opened_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![
        digest.id,
        digest.room_id.as_ref().map(|room| room.as_str()),
        word(digest.seen),
        digest.opened_at
    ])?;
    let mut assign = db.prepare_cached("UPDATE watched SET digest = ? WHERE event_id = ?")?;
    digest
        .events
        .iter()
        .try_for_each(|event| assign.execute(params![digest.id, event.event_id.as_str()]).map(drop))
}

fn close(db: &Connection, id: DigestId) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE digests SET open = 0 WHERE id = ?")?.execute([id])?;
    db.prepare_cached(CLOSE)?.execute([id])?;
    trim(db)
}

/// Old IDs go.
fn trim(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM watched WHERE told = 1 AND seq <= (SELECT max(seq) FROM watched) - ?")?
        .execute([WATCHED_KEPT])
        .map(drop)
}

/// The management room is another one: what was begun there does not grow; what did not reach it is told in the new one.
pub(super) fn moved(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "UPDATE watched SET digest = NULL WHERE told = 0 AND NOT EXISTS \
             (SELECT 1 FROM outbox WHERE key = 'feed-' || digest AND event_id IS NOT NULL);
         UPDATE watched SET told = 1, json = '' WHERE digest IS NOT NULL;
         UPDATE digests SET open = 0;",
    )
}

pub(super) fn untold(db: &Connection) -> rusqlite::Result<Vec<WatchedEvent>> {
    db.prepare_cached(UNTOLD)?.query_map([UNTOLD_AT_ONCE], event)?.collect()
}

pub(super) fn open_digests(db: &Connection) -> rusqlite::Result<Vec<Digest>> {
    let mut query =
        db.prepare_cached("SELECT id, room_id, seen, opened_at FROM digests WHERE open = 1 ORDER BY id")?;
    let digests = query.query_map([], |row| {
        Ok(Digest {
            id: row.get("id")?,
            room_id: optional_id(row, "room_id")?,
            seen: seen(row)?,
            opened_at: row.get("opened_at")?,
            events: Vec::new(),
        })
    })?;
    digests
        .map(|digest| {
            let digest = digest?;
            let mut query = db.prepare_cached(TOLD_BY)?;
            let events = query.query_map([digest.id], event)?.collect::<rusqlite::Result<_>>()?;
            Ok(Digest { events, ..digest })
        })
        .collect()
}

pub(super) fn next_digest_id(db: &Connection) -> rusqlite::Result<DigestId> {
    db.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM digests")?.query_row([], |row| row.get(0))
}

pub(super) fn gaps(db: &Connection) -> rusqlite::Result<Vec<Gap>> {
    let mut query = db.prepare_cached("SELECT room_id, \"from\", \"to\", seen FROM gaps ORDER BY seq")?;
    let gaps = query.query_map([], |row| {
        Ok(Gap { room_id: id(row, "room_id")?, from: row.get("from")?, to: row.get("to")?, seen: seen(row)? })
    })?;
    gaps.collect()
}

pub(super) fn position(db: &Connection, room: &RoomId) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT token FROM positions WHERE room_id = ?")?
        .query_row([room.as_str()], |row| row.get(0))
        .optional()
}

fn event(row: &Row<'_>) -> rusqlite::Result<WatchedEvent> {
    Ok(WatchedEvent {
        event_id: id(row, "event_id")?,
        room_id: id(row, "room_id")?,
        json: json(&row.get::<_, String>("json")?)?,
        received_at: row.get("received_at")?,
        seen: seen(row)?,
    })
}

fn word(seen: Seen) -> &'static str {
    match seen {
        Seen::Live => "live",
        Seen::Later => "later",
    }
}

fn seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    match row.get::<_, String>("seen")?.as_str() {
        "live" => Ok(Seen::Live),
        "later" => Ok(Seen::Later),
        other => Err(wrong(&format!("seen {other}"))),
    }
}
