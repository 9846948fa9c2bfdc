CREATE INDEX a FOR (n:A) ON (n.a);
DROP INDEX b;
MATCH (n:A) SET n.a = 1;
CREATE INDEX c FOR (n:A) ON (n.c);
