-- How many messages and reactions there were when it was last deleted what is old: they have no time of their own.
CREATE TABLE said_by (
  at  INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL
) STRICT;

CREATE INDEX hits_case ON hits (case_id);
