-- above; ' " $$
SELECT 1 -- after; '
  /* inside ; /* nested ; */ still ' */ + 2
-- before the semicolon; $a$
; -- behind it
/**/ /***/ SELECT 3 - -1 /*/ one */; --
-- only a comment;
;
SELECT 4--1
-1;
SELECT 5 */* a comment, no operator; */ 6;
-- the last one has no semicolon
SELECT 7
