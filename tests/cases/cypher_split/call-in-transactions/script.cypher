CALL { MATCH (n:Old) DETACH DELETE n } IN TRANSACTIONS;
MATCH (n) CALL (n) { SET n.a = 1 } in transactions of 500 rows;
UNWIND [1, 2] AS x CALL (x) { CREATE (:A {x: x, y: {z: 1}}) } IN CONCURRENT TRANSACTIONS;
UNWIND [1, 2] AS x CALL (*) { CREATE (:A) } IN 4 CONCURRENT TRANSACTIONS;
UNWIND [1] AS x OPTIONAL CALL (x) /* a */ { CREATE (:A) } // b
IN /* c; */ toInteger('2') + 1
// d
CONCURRENT /* e */ TRANSACTIONS OF 1 ROW ON ERROR CONTINUE;
LOAD CSV FROM 'file:///a.csv' AS row CALL (row) { CALL (row) { CREATE (:A) } } IN TRANSACTIONS;
CALL { CALL { CREATE (:A) } IN TRANSACTIONS } RETURN 1 AS one;
CALL { CREATE (:A) RETURN 1 AS transactions } RETURN transactions;
LOAD CSV WITH HEADERS FROM 'file:///a.csv' AS row CREATE (:A {transactions: row.a});
CALL db.labels() YIELD label MATCH (n) WHERE label IN n.transactions SET n.a = 1;
