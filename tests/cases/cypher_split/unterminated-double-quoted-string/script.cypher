MATCH (n) SET n.b = "x' + 1;
