SELECT "a""b;
