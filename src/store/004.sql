-- Abuse reports that were read, by what they are known by: Synapse gives the number of a deleted one again. `case_id` is
-- NULL for those that were there before the bot read reports.
CREATE TABLE reports (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  kind        TEXT    NOT NULL,
  id          INTEGER NOT NULL,
  received_ts INTEGER NOT NULL,
  case_id     INTEGER REFERENCES cases (id),
  report      TEXT,
  UNIQUE (kind, id, received_ts)
) STRICT;

CREATE INDEX reports_case ON reports (case_id, seq) WHERE case_id IS NOT NULL;

-- What was reported; there is one case for each such thing.
CREATE TABLE cases (
  id         INTEGER PRIMARY KEY,
  about      TEXT    NOT NULL UNIQUE,
  state      TEXT    NOT NULL,
  decided_by TEXT,
  note       TEXT,
  opened_at  INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  evidence   TEXT
) STRICT;

CREATE INDEX cases_state ON cases (state, id);

-- The kinds of reports that are read.
CREATE TABLE report_kinds (
  kind TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
