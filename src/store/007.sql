-- How often something happened, for who measures; what happened may be forgotten since. Triggers count, so that a count is
-- part of the transaction of what it counts, and is right whoever dies when. `what` is job (kind: the command), step
-- (kind: the step's), report (kind), told (changes in watched rooms) or sent (kind: message, edit, file or reaction; the
-- outcome says whether it is of the feed).
CREATE TABLE counts (
  what    TEXT    NOT NULL,
  kind    TEXT    NOT NULL,
  outcome TEXT    NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (what, kind, outcome)
) STRICT, WITHOUT ROWID;

-- What an older version did counts as well, as far as it is known.
INSERT INTO counts
  SELECT 'job', command, CASE
      WHEN state != 'done' THEN state
      WHEN failed = 0 THEN 'done' WHEN failed < steps THEN 'partly' ELSE 'failed'
    END AS ended, count(*)
  FROM (SELECT command, state,
          (SELECT count(*) FROM steps WHERE plan = plans.id) AS steps,
          (SELECT count(*) FROM steps WHERE plan = plans.id AND json_extract(outcome, '$.outcome') = 'failed') AS failed
        FROM plans WHERE state IN ('done', 'cancelled', 'expired'))
  GROUP BY command, ended;
INSERT INTO counts
  SELECT 'step', json_extract(step, '$.step'), json_extract(outcome, '$.outcome'), count(*)
  FROM steps WHERE outcome IS NOT NULL GROUP BY 2, 3;
INSERT INTO counts
  SELECT 'report', kind, '', count(*) FROM reports WHERE case_id IS NOT NULL GROUP BY kind;

CREATE TRIGGER count_jobs AFTER UPDATE OF state ON plans
  WHEN new.state != old.state AND new.state IN ('done', 'cancelled', 'expired')
BEGIN
  INSERT INTO counts
    SELECT 'job', new.command, CASE
        WHEN new.state != 'done' THEN new.state
        WHEN failed = 0 THEN 'done' WHEN failed < steps THEN 'partly' ELSE 'failed'
      END, 1
    FROM (SELECT count(*) AS steps, coalesce(sum(json_extract(outcome, '$.outcome') = 'failed'), 0) AS failed
          FROM steps WHERE plan = new.id)
    WHERE true
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER count_steps AFTER UPDATE OF outcome ON steps WHEN old.outcome IS NULL AND new.outcome IS NOT NULL
BEGIN
  INSERT INTO counts
    VALUES ('step', json_extract(new.step, '$.step'), json_extract(new.outcome, '$.outcome'), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TRIGGER count_reports AFTER INSERT ON reports WHEN new.case_id IS NOT NULL
BEGIN
  INSERT INTO counts VALUES ('report', new.kind, '', 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- What is dropped untold belongs to no message.
CREATE TRIGGER count_told AFTER UPDATE OF told ON watched
  WHEN old.told = 0 AND new.told = 1 AND new.digest IS NOT NULL
BEGIN
  INSERT INTO counts VALUES ('told', '', '', 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- What was given up before it was sent once has no event.
CREATE TRIGGER count_sent AFTER UPDATE OF sent ON outbox
  WHEN new.sent > old.sent AND new.event_id IS NOT NULL
BEGIN
  INSERT INTO counts
    VALUES ('sent',
            CASE WHEN new.kind != 'message' THEN new.kind WHEN old.event_id IS NULL THEN 'message' ELSE 'edit' END,
            CASE WHEN coalesce(new.to_key, new.key) LIKE 'feed-%' THEN 'feed' ELSE 'other' END, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
