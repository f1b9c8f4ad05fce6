-- A job can be stopped: steps that were not begun have the outcome stopped, and so has the job.
DROP TRIGGER count_jobs;

CREATE TRIGGER count_jobs AFTER UPDATE OF state ON plans
  WHEN new.state != old.state AND new.state IN ('done', 'cancelled', 'expired')
BEGIN
  INSERT INTO counts
    SELECT 'job', new.command, CASE
        WHEN new.state != 'done' THEN new.state
        WHEN stopped > 0 THEN 'stopped'
        WHEN failed = 0 THEN 'done' WHEN failed < steps THEN 'partly' ELSE 'failed'
      END, 1
    FROM (SELECT count(*) AS steps, coalesce(sum(json_extract(outcome, '$.outcome') = 'failed'), 0) AS failed,
            coalesce(sum(json_extract(outcome, '$.outcome') = 'stopped'), 0) AS stopped
          FROM steps WHERE plan = new.id)
    WHERE true
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
