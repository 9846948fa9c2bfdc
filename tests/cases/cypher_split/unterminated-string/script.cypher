MATCH (n) SET n.a = 1;
MATCH (n) SET n.b = "x" + 'it\'s;
MATCH (n) SET n.c = 1;
