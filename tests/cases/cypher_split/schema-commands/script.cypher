CREATE INDEX FOR (n:A) ON (n.a);
create range index a_b FOR (n:A) ON (n.a, n.b);
CREATE /* which */ TEXT // kind
INDEX FOR (n:A) ON (n.c);
CREATE POINT INDEX `p;` FOR (n:A) ON (n.p);
CREATE LOOKUP INDEX FOR (n) ON EACH labels(n);
CREATE FULLTEXT INDEX f FOR (n:A|B) ON EACH [n.a] OPTIONS {indexConfig: {`fulltext.analyzer`: 'english'}};
CREATE VECTOR INDEX v IF NOT EXISTS FOR (n:A) ON n.v OPTIONS {indexConfig: {`vector.dimensions`: 8}};
CREATE OR REPLACE INDEX o FOR (n:A) ON (n.o);
CREATE CONSTRAINT FOR (n:A) REQUIRE n.k IS UNIQUE;
CREATE CONSTRAINT index FOR ()-[r:R]-() REQUIRE r.k IS UNIQUE;
DROP INDEX a_b;
DROP INDEX f IF EXISTS;
DROP CONSTRAINT index;
