CREATE FUNCTION quoted() RETURNS int LANGUAGE plpgsql AS $body$
BEGIN
  RETURN 1;
END;
$body$;
CREATE OR REPLACE FUNCTION standard(i int) RETURNS int LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN i > 1 THEN 2 ELSE (CASE i WHEN 0 THEN 1 END) END AS end;
  SELECT t.end, t.case, 'END;' AS case FROM t; -- END;
  SELECT $1;
END;
create procedure other() language sql
begin /* body */ -- of it
  atomic INSERT INTO a VALUES (1); DELETE FROM b; end;
CREATE FUNCTION returns_at_once() RETURNS int LANGUAGE sql RETURN CASE WHEN true THEN 1 END;
DO $$ BEGIN PERFORM 1; END $$;
SELECT CASE WHEN a THEN b END, begin, atomic FROM t;
UPDATE t SET a = CASE b WHEN 1 THEN 2 ELSE 3 END;
