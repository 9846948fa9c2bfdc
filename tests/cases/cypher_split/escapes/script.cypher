MATCH (n) SET n.a = '\u0041\n\\u0027', n.b = "C:\\users";
MATCH (n) SET n.a = 'x\u0027';
MATCH (n) SET n.a = "x\u005C";
MATCH (n) SET n.a = 'C:\users';
MATCH (n:`a\u005c\u0041b`) SET n.a = 1;
MATCH (n:`a\u0060`) SET n.a = 1;
MATCH (n) \u003B MATCH (m) SET m.a = 1;
M\u0041TCH (n) SET n.a = 1;
MATCH (n) // as \u0041
SET n.a = 1;
MATCH (n) // a line ends \u000A here
SET n.a = 1;
MATCH (n) /* ends \u002a/ here */ SET n.a = 1;
// C:\users
MATCH (n) SET n.a = 1;
MATCH (n) \ SET n.a = 1;
