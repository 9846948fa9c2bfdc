MATCH (n) WHERE n.a = $a AND n.b = $b SET n.c = $c;
MATCH (n {id: $ id}) SET n.a = 1;
MATCH (n {id: $`my id`}) SET n.a = 1;
RETURN $1;
MATCH (n) SET n:$('A' + n.a), n.b$c = 1, n.`$d` = '$e' /* $f */;
MATCH (n:$any(['A'])), (m:$all(['B'])) SET m.a = 1;
