-- Which jobs a job puts right, and with which of its steps: a JSON list of their numbers.
CREATE TABLE undone (
  undo  INTEGER NOT NULL REFERENCES plans (id),
  plan  INTEGER NOT NULL REFERENCES plans (id),
  steps TEXT    NOT NULL,
  PRIMARY KEY (undo, plan)
) STRICT, WITHOUT ROWID;

CREATE INDEX undone_plan ON undone (plan, undo);

INSERT INTO undone (undo, plan, steps)
  SELECT id, undoes, (SELECT json_group_array(n) FROM steps WHERE plan = plans.id) FROM plans WHERE undoes IS NOT NULL;

DROP INDEX plans_undoes;
ALTER TABLE plans DROP COLUMN undoes;

-- What an undo leaves as it is, a JSON list of lines; NULL where it leaves nothing.
ALTER TABLE plans ADD COLUMN stays TEXT;
