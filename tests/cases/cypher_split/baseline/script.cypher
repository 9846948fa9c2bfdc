// What every environment starts from: keys first, then what is searched.

// ---- keys; each owns an index

// Entity: one node for each uuid
CREATE CONSTRAINT entity_uuid_unique IF NOT EXISTS
FOR (x:Entity) REQUIRE x.uuid IS UNIQUE;

// Document: one node for each uuid
CREATE CONSTRAINT document_uuid_unique IF NOT EXISTS
FOR (x:Document) REQUIRE x.uuid IS UNIQUE;

// Episodic: one node for each uuid
CREATE CONSTRAINT episode_uuid_unique IF NOT EXISTS
FOR (x:Episodic) REQUIRE x.uuid IS UNIQUE;

// Community: one node for each uuid
CREATE CONSTRAINT community_uuid_unique IF NOT EXISTS
FOR (x:Community) REQUIRE x.uuid IS UNIQUE;

/* ---- ranges:
   dates and names; no options */
CREATE INDEX entity_name_idx IF NOT EXISTS FOR (x:Entity) ON (x.name);
CREATE INDEX entity_created_at_idx IF NOT EXISTS FOR (x:Entity) ON (x.created_at);
CREATE INDEX document_title_idx IF NOT EXISTS FOR (x:Document) ON (x.title);
CREATE INDEX document_source_idx IF NOT EXISTS FOR (x:Document) ON (x.source);
CREATE INDEX document_created_at_idx IF NOT EXISTS FOR (x:Document) ON (x.created_at);
CREATE INDEX episodic_name_idx IF NOT EXISTS FOR (x:Episodic) ON (x.name);
CREATE INDEX episodic_valid_at_idx IF NOT EXISTS FOR (x:Episodic) ON (x.valid_at);
CREATE INDEX community_name_idx IF NOT EXISTS FOR (x:Community) ON (x.name);

// ---- full text
CREATE FULLTEXT INDEX document_fulltext IF NOT EXISTS
FOR (x:Document) ON EACH [x.title, x.content]; // both; in one
CREATE FULLTEXT INDEX entity_fulltext IF NOT EXISTS
FOR (x:Entity) ON EACH [x.name, x.summary]; // both; in one

// ---- relationships
CREATE INDEX rel_mentions_created_at IF NOT EXISTS FOR ()-[r:MENTIONS]-() ON (r.created_at);
CREATE INDEX rel_relates_to_valid_at IF NOT EXISTS FOR ()-[r:RELATES_TO]-() ON (r.valid_at);
CREATE INDEX rel_relates_to_invalid_at IF NOT EXISTS FOR ()-[r:RELATES_TO]-() ON (r.invalid_at);

// the end
