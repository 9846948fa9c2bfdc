// Graphiti's own indexes are not touched.
DROP INDEX episodic_name_content_fulltext;
DROP INDEX episodic_source_idx;
DROP INDEX episodic_name_idx;
DROP INDEX relates_to_validity_idx;
