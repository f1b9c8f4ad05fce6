-- What changed in watched rooms, in the order in which it came. The ID stays a while, so that nothing is told twice; the
-- content goes once it was told. `digest` is NULL until a message tells it.
CREATE TABLE watched (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id    TEXT    NOT NULL UNIQUE,
  room_id     TEXT    NOT NULL,
  json        TEXT    NOT NULL,
  received_at INTEGER NOT NULL,
  seen        TEXT    NOT NULL,
  digest      INTEGER REFERENCES digests (id),
  told        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX watched_untold ON watched (digest, seq) WHERE told = 0;

-- The messages that tell it. `room_id` is NULL for one that is about several rooms.
CREATE TABLE digests (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  room_id   TEXT,
  seen      TEXT    NOT NULL,
  opened_at INTEGER NOT NULL,
  open      INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX digests_open ON digests (id) WHERE open = 1;

-- Parts of the history of watched rooms that are still to be read, backwards.
CREATE TABLE gaps (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  room_id TEXT    NOT NULL,
  "from"  TEXT    NOT NULL,
  "to"    TEXT    NOT NULL,
  seen    TEXT    NOT NULL
) STRICT;

-- Up to where rooms were read that the bot is not in.
CREATE TABLE positions (
  room_id TEXT PRIMARY KEY,
  token   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
