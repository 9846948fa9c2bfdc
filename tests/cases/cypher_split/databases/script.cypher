USE neo4j MATCH (n) SET n.a = 1;
use graph.byName('x') MATCH (n) RETURN n;
CYPHER 5 USE `my db` MATCH (n) RETURN n;
CALL { USE other MATCH (n) RETURN n } RETURN n;
MATCH (a) RETURN a UNION /* all */ ALL USE other MATCH (a) RETURN a;
MATCH (a) RETURN a UNION USE `other` MATCH (a) RETURN a;
MATCH (use) RETURN use {.name, use: use.use} AS use;
