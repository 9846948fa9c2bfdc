SELECT $a$ ; $A$;
SELECT 1;
