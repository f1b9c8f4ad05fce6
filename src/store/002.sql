-- Messages that show one page of something longer: what to run again when somebody turns the page.
CREATE TABLE views (
  seq   INTEGER PRIMARY KEY AUTOINCREMENT,
  key   TEXT    NOT NULL UNIQUE,
  typed TEXT    NOT NULL,
  "left"  TEXT,
  "right" TEXT
) STRICT;
