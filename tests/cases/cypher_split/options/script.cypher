CYPHER 5 MATCH (n) SET n.a = 1;
CYPHER runtime = slotted planner=cost MATCH (n) SET n.b = 1;
cypher 25 runtime=slotted CYPHER planner=cost MATCH (n) SET n.c = 1;
/* a */ CYPHER /* b */ 5 CREATE (n);
CYPHER 5 EXPLAIN MATCH (n) RETURN n;
CYPHER 5 SHOW INDEXES;
CYPHER;
