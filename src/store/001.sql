-- Everything the bot must not forget. Times are milliseconds since the Unix epoch.

-- Small facts: `cursor` (up to where the management room was read), `instance` (random, part of every transaction ID).
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('instance', lower(hex(randomblob(6))));

-- Commands and reactions that arrived, in order. The ID stays, so that none runs twice; the content goes once handled.
CREATE TABLE inbox (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  event_id    TEXT    NOT NULL UNIQUE,
  json        TEXT    NOT NULL,
  received_at INTEGER NOT NULL,
  handled     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX inbox_unhandled ON inbox (seq) WHERE handled = 0;

-- Plans: also the audit. One command makes one Plan at most.
CREATE TABLE plans (
  id         INTEGER PRIMARY KEY,
  event_id   TEXT    NOT NULL UNIQUE,
  command    TEXT    NOT NULL,
  typed      TEXT    NOT NULL,
  asked_by   TEXT    NOT NULL,
  asked_at   INTEGER NOT NULL,
  because    TEXT,
  undoes     INTEGER REFERENCES plans (id),
  state      TEXT    NOT NULL,
  decided_by TEXT,
  changed_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX plans_state ON plans (state, id);
CREATE INDEX plans_undoes ON plans (undoes) WHERE undoes IS NOT NULL;

CREATE TABLE steps (
  plan    INTEGER NOT NULL REFERENCES plans (id),
  n       INTEGER NOT NULL,
  room    TEXT    NOT NULL,
  step    TEXT    NOT NULL,
  state   TEXT,
  kept    TEXT,
  outcome TEXT,
  PRIMARY KEY (plan, n)
) STRICT, WITHOUT ROWID;

-- What is to be said. `version` grows with every edit; what was sent is behind when `sent` is smaller.
CREATE TABLE outbox (
  seq       INTEGER PRIMARY KEY AUTOINCREMENT,
  key       TEXT    NOT NULL UNIQUE,
  kind      TEXT    NOT NULL CHECK (kind IN ('message', 'file', 'reaction')),
  version   INTEGER NOT NULL DEFAULT 1,
  sent      INTEGER NOT NULL DEFAULT 0,
  event_id  TEXT,
  reply_to  TEXT,
  -- message: text and html; file: name, mime and bytes; reaction: emoji, effort, and the key or event reacted to
  text      TEXT,
  html      TEXT,
  name      TEXT,
  mime      TEXT,
  bytes     BLOB,
  emoji     TEXT,
  effort    TEXT,
  to_event  TEXT,
  to_key    TEXT
) STRICT;

CREATE INDEX outbox_unsent ON outbox (seq) WHERE version > sent;
CREATE INDEX outbox_event ON outbox (event_id);
