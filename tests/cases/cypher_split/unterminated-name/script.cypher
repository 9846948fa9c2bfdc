MATCH (n:`a``b) SET n.a = 1;
