\set who 'it
\i other.sql
CREATE TABLE t (a int);
\copy t from 'rows.csv'; it's lost
SELECT 1 \gset
;
SELECT 2;
