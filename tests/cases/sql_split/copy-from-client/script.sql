COPY t FROM STDIN WITH (FORMAT csv);
1;'it
\.
SELECT 1;
COPY t (a, "FROM") TO STDOUT;
copy t from /* here */ stdin;
SELECT 2;
