// a line of cypher-shell ends with its line; whatever it holds
:param a => 'it
MATCH (n) SET n.a = 1;
:use system
:begin
MATCH (n
:Label)
RETURN n;
  :commit; MATCH (lost) SET lost.a = 1;
:source other.cypher
