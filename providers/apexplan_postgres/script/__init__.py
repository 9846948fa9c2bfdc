"""Scripts in SQL: `SQL`, the dialect that splits them into statements.

text ── lexer ──▶ pieces ── split ──▶ statements ── classify ──▶ way and topic, or a refusal
"""

from apexplan_postgres.script.split import SQL

__all__ = ["SQL"]
