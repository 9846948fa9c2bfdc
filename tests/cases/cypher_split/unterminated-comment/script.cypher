MATCH (n) SET n.a = 1 /*/;
// *
