CREATE index = (:INDEX {constraint: 1})-[:CREATE]->(:CONSTRAINT);
CREATE INDEX=(a:User);
CREATE (user:USER {create: 'INDEX'});
MATCH (n:INDEX) SET n.transactions = 'CALL { } IN TRANSACTIONS';
WITH [1] AS transactions RETURN COLLECT { RETURN 1 AS x } IN transactions AS y;
MATCH (n) WITH n, ['a'] AS list WHERE n {.a} IN list SET n.transactions = true;
MATCH (n) WHERE n.use = 1 WITH n AS use SET use.x = {use: 1} // CALL {} IN TRANSACTIONS
;
MATCH (`CALL` {a: 1}) WHERE EXISTS { (`CALL`) } SET `CALL`.`IN TRANSACTIONS` = 1;
CREATE (drop:DROP);
