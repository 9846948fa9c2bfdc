"""Scripts in Cypher: `CYPHER`, the dialect that splits them into statements.

text ── lexer ──▶ pieces ── split ──▶ statements ── classify ──▶ way and topic, or a refusal
"""

from apexplan_neo4j.cypher.split import CYPHER

__all__ = ["CYPHER"]
