// What queries over Graphiti's graph need beside the 31 indexes that Graphiti 0.31.1 makes by itself.
//
// Guides show this with labels Episode and Edge and a property valid_from. Neo4j takes such indexes without
// a word, and they stay empty: Graphiti's episodes are :Episodic, its facts are relationships :RELATES_TO,
// and a fact holds from valid_at until invalid_at.
//
// Not here, because Graphiti makes them: uuid, created_at and valid_at of episodes; uuid, name, created_at,
// expired_at, valid_at and invalid_at of facts, each by itself; full text over facts. An index in such a place
// would keep Graphiti's own from being made, and a unique constraint on a uuid cannot be made beside it.
// Nor is there an index over a fact's text: it can be longer than a range index takes (8,164 bytes), and then
// the write is refused.

// "What held at that time?" asks for both ends of a fact at once.
CREATE INDEX relates_to_validity_idx FOR ()-[f:RELATES_TO]-() ON (f.valid_at, f.invalid_at);

// Episodes by the name and the kind of source that the application gave them.
CREATE INDEX episodic_name_idx FOR (e:Episodic) ON (e.name);
CREATE INDEX episodic_source_idx FOR (e:Episodic) ON (e.source);

// Graphiti's own full text over episodes leaves their names out.
CREATE FULLTEXT INDEX episodic_name_content_fulltext FOR (e:Episodic) ON EACH [e.name, e.content];
