MATCH (n) SET n.a = 'it\'s; // no comment', n.b = "say \"a; b\"; /* c";
MATCH (n:`a;b``;c`) SET n.`d'e` = ';', n.f = '\\';
MATCH (n) SET n.g = 'over
two; lines', n.h = "'" + '"' + '`';
MATCH (n:`ends with \`) SET n.i = '';
