-- What is done about a case is a Plan like any other.
ALTER TABLE plans ADD COLUMN case_id INTEGER REFERENCES cases (id);

-- How long what it did lasts, in milliseconds; NULL for good.
ALTER TABLE plans ADD COLUMN lasts INTEGER;

CREATE INDEX plans_lasting ON plans (id) WHERE lasts IS NOT NULL AND state = 'done';
CREATE INDEX plans_case ON plans (case_id, id) WHERE case_id IS NOT NULL;

ALTER TABLE cases ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- How many reports the rules have weighed.
ALTER TABLE cases ADD COLUMN weighed INTEGER NOT NULL DEFAULT 0;

-- Rules are for what comes from now on.
UPDATE cases SET weighed = (SELECT count(*) FROM reports WHERE case_id = cases.id);

-- What moderators decided about cases.
CREATE TABLE decisions (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  state   TEXT    NOT NULL,
  by      TEXT    NOT NULL,
  note    TEXT,
  at      INTEGER NOT NULL
) STRICT;

CREATE INDEX decisions_case ON decisions (case_id, seq);

INSERT INTO decisions (case_id, state, by, note, at)
  SELECT id, state, decided_by, note, changed_at FROM cases WHERE decided_by IS NOT NULL;

-- Reports that a reverse proxy forwarded, until they are in a case. Their numbers are never given again.
CREATE TABLE forwarded (
  seq    INTEGER PRIMARY KEY AUTOINCREMENT,
  report TEXT    NOT NULL
) STRICT;

-- When rules about reports acted, or would have.
CREATE TABLE hits (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  rule    TEXT    NOT NULL,
  case_id INTEGER NOT NULL REFERENCES cases (id),
  author  TEXT,
  at      INTEGER NOT NULL,
  acted   TEXT    NOT NULL,
  said    TEXT    NOT NULL
) STRICT;

CREATE INDEX hits_at ON hits (at);

CREATE TABLE ignored_reporters (
  reporter TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Who wrote what was reported, or was reported, and where: earlier cases are found by it.
ALTER TABLE cases ADD COLUMN author TEXT GENERATED ALWAYS AS (CAST(coalesce(
  json_extract(about, '$.user.user_id'),
  nullif(json_extract(evidence, '$.author.id'), ''),
  nullif(json_extract(evidence, '$.event.sender'), '')
) AS TEXT)) VIRTUAL;
ALTER TABLE cases ADD COLUMN room TEXT GENERATED ALWAYS AS (CAST(coalesce(
  json_extract(about, '$.event.room_id'),
  json_extract(about, '$.room.room_id')
) AS TEXT)) VIRTUAL;

CREATE INDEX cases_author ON cases (author, id) WHERE author IS NOT NULL;
CREATE INDEX cases_room ON cases (room, id) WHERE room IS NOT NULL;

-- Whom a message mentions, as JSON; nobody where there is none.
ALTER TABLE outbox ADD COLUMN mentions TEXT;
