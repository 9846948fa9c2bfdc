BEGIN;
MATCH (n) SET n.a = 1;
COMMIT;
Rollback;
