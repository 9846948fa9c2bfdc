// Backwards, newest first. No data is touched.
DROP INDEX rel_related_to_created_at;
DROP INDEX rel_mentions_created_at;
DROP INDEX rel_contains_created_at;
DROP INDEX entity_name_fulltext;
DROP INDEX document_content_fulltext;
DROP INDEX entity_created_at_idx;
DROP INDEX entity_type_idx;
DROP INDEX entity_name_idx;
DROP INDEX chunk_index_idx;
DROP INDEX chunk_document_id_idx;
DROP INDEX document_user_id_idx;
DROP INDEX document_created_at_idx;
DROP INDEX document_title_idx;
DROP CONSTRAINT user_id_unique;
DROP CONSTRAINT entity_uuid_unique;
DROP CONSTRAINT chunk_uuid_unique;
DROP CONSTRAINT document_uuid_unique;
