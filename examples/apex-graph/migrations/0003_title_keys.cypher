// Titles are looked up however they are written. In batches that commit by themselves: after a crash it runs
// again from the start, and passes over what has a key already.
MATCH (d:Document) WHERE d.title IS NOT NULL AND d.title_key IS NULL
CALL (d) {
  SET d.title_key = toLower(trim(d.title))
} IN TRANSACTIONS OF 1000 ROWS;
