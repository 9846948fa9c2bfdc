// What the memory looks things up by: documents, their chunks, the entities found in them, and users.
// Nothing says IF NOT EXISTS: what stands in the way is to be an error, not a silence.

// ------------------------------------------------------------------ one node for one identity

// documents
CREATE CONSTRAINT document_uuid_unique FOR (d:Document) REQUIRE d.uuid IS UNIQUE;

// chunks
CREATE CONSTRAINT chunk_uuid_unique FOR (c:Chunk) REQUIRE c.uuid IS UNIQUE;

// entities (where Graphiti runs, its own index entity_uuid stands in this place: then leave this out)
CREATE CONSTRAINT entity_uuid_unique FOR (e:Entity) REQUIRE e.uuid IS UNIQUE;

// users, who come from outside and bring their own key
CREATE CONSTRAINT user_id_unique FOR (u:User) REQUIRE u.user_id IS UNIQUE;

// ------------------------------------------------------------------------------------ lookups

// documents
CREATE INDEX document_title_idx FOR (d:Document) ON (d.title);
CREATE INDEX document_created_at_idx FOR (d:Document) ON (d.created_at);
CREATE INDEX document_user_id_idx FOR (d:Document) ON (d.user_id);

// chunks
CREATE INDEX chunk_document_id_idx FOR (c:Chunk) ON (c.document_id);
CREATE INDEX chunk_index_idx FOR (c:Chunk) ON (c.chunk_index);

// entities (Graphiti makes the first and the last of the three by itself, under other names)
CREATE INDEX entity_name_idx FOR (e:Entity) ON (e.name);
CREATE INDEX entity_type_idx FOR (e:Entity) ON (e.entity_type);
CREATE INDEX entity_created_at_idx FOR (e:Entity) ON (e.created_at);

// full text
CREATE FULLTEXT INDEX document_content_fulltext FOR (d:Document) ON EACH [d.title, d.content];
CREATE FULLTEXT INDEX entity_name_fulltext FOR (e:Entity) ON EACH [e.name, e.description];

// relationships, by when they were found
CREATE INDEX rel_contains_created_at FOR ()-[r:CONTAINS]-() ON (r.created_at);
CREATE INDEX rel_mentions_created_at FOR ()-[r:MENTIONS]-() ON (r.created_at);
CREATE INDEX rel_related_to_created_at FOR ()-[r:RELATED_TO]-() ON (r.created_at);
