SELECT E'a'
  'b\';
