INSERT INTO a VALUES ('it''s; -- no comment', '\', E'it\'s; /* none', e'\\');
SELECT "a;""b" FROM "c'd;" WHERE "E'" = 'x';
SELECT U&'d\0061t;\+000061' UESCAPE '!', U&"d!0061;" UESCAPE '!', B'101', x'1F', N'a;';
SELECT $$it's; -- none$$, $a$ $$ ; $A$ ; $b$a$, $_1$;$_1$;
SELECT a$b$c, d$$e, f$g$;
SELECT typE'\', 1;
SELECT E'goes on'
  '\'; here', 'a'
  'b\';
SELECT E'goes on' -- ; '
-- and on '
  '\'; here';
SELECT 'over
two; lines', é$a$ FROM t;
