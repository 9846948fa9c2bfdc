// above; ' " `
MATCH (n) // after a word; "
SET n.a = 1 /* inside ; ' */ + 2
// before the semicolon; '
; // behind it
/* a // b */ MATCH (n) /* /* no nesting */ SET n.b = 4 / 2; /**/ /***/
// only a comment;
;
MATCH (n) SET n.c = 8//2
/ 4;
// the last one has no semicolon
MATCH (n) SET n.d = 1 // */
