// The keys are made from the titles, so nothing is lost; that REMOVE deletes must be allowed all the same.
MATCH (d:Document) WHERE d.title_key IS NOT NULL
CALL (d) {
  REMOVE d.title_key
} IN TRANSACTIONS OF 1000 ROWS;
