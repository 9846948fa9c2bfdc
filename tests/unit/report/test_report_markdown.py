"""The pull request's comment: its size is bounded, what destroys is not lost, nothing breaks out of it."""

from __future__ import annotations

import re

import pytest
from report_kit import (
    DELETES,
    SAMPLE,
    at,
    change,
    changed,
    drift,
    field,
    missing,
    plan,
    step,
    undo,
    waiver,
)

from apexplan.model.change import Action
from apexplan.model.plan import Note, Plan
from apexplan.report.markdown import MOST_CHARACTERS, drift_markdown, plan_markdown


def drops(count: int, name: str = "t{}") -> Plan:
    names = [f"sql.table.{name.format(n)}" for n in range(count)]
    return plan(
        [change(one, Action.DELETE, field("comment", "x", None)) for one in names],
        [step(one, f"DROP TABLE {one}", hazards=DELETES) for one in names],
    )


def test_the_sample_as_a_whole() -> None:
    assert plan_markdown(SAMPLE).split("<details>")[0] == (
        "### apexplan: memory (prod)\n\n"
        "**Plan: 1 to drop, 1 to replace, 1 to change, 1 to rename, 4 to create, 1 to adopt, 1 to forget. "
        "5 steps, rollback impossible.**\n\n"
        "| hazard | steps | |\n|---|---|---|\n"
        "| ⚠️ `DELETES_DATA` | 1 | needs `--allow DELETES_DATA` |\n"
        "| `INDEX_GAP` | 1 |  |\n\n"
        "- **−** `sql.table.public.legacy` (5,000 rows, 41 MB) — **DELETES_DATA**\n"
        "  - DELETES_DATA: every row of the table goes\n"
        "- **±** `sql.index.public.documents_embedding_idx` hnsw (embedding vector\\_cosine\\_ops) "
        "(\\~1,200 rows) — INDEX_GAP\n"
        "  - using: `ivfflat` → `hnsw`\n"
        "  - comment: `(none)` → `searched by the agents`\n"
        "  - because an index has one method for life\n"
        "- **\\~** `sql.column.public.documents.title`\n"
        "  - type: `varchar(40)` → `text`\n"
        "- **\\~** `graph.index.title_idx` renamed from old\\_idx\n"
        "- **+** `sql.table.public.events` with 2 columns, 1 primary key\n"
        "- **=** `graph.index.body_idx` owned from now on\n"
        "- **·** `graph.index.gone_idx` no longer there, recorded no more\n\n"
    )


def test_statements_follow_in_their_order() -> None:
    folded = plan_markdown(SAMPLE).split("<details>")[1]
    assert folded.index("DROP TABLE public.legacy") < folded.index("CREATE TABLE public.events")


def test_ten_thousand_equal_changes_are_one_row_with_a_count() -> None:
    names = [f"sql.column.public.t{n}.at" for n in range(10_000)]
    made = plan(
        [change(n, Action.UPDATE, field("type", "timestamp", "timestamptz")) for n in names],
        [step(n, "ALTER …") for n in names],
    )
    rows = [line for line in plan_markdown(made).splitlines() if line.startswith("- **")]
    assert len(rows) == 1
    assert "10000 × `sql.column.public.t0.at`" in rows[0] and rows[0].endswith("and 9995 more")


def test_ten_thousand_different_changes_fit_and_the_rest_is_counted() -> None:
    names = [f"sql.column.public.t{n}.a" for n in range(10_000)]
    made = plan(
        [change(n, Action.UPDATE, field("default", str(i), str(i + 1))) for i, n in enumerate(names)],
        [step(n, "ALTER …") for n in names],
    )
    written = plan_markdown(made)
    assert len(written) < MOST_CHARACTERS
    shown = len([line for line in written.splitlines() if line.startswith("- **")])
    (counted,) = re.findall(r"… and ([\d,]+) column to update\.", written)
    assert shown + int(counted.replace(",", "")) == 10_000


def test_two_thousand_deletes_are_all_named_where_their_names_fit() -> None:
    written = plan_markdown(drops(2000, "table_{:04}"))
    assert len(written) < MOST_CHARACTERS
    assert [n for n in range(2000) if f"table_{n:04}`" not in written] == []


def test_deletes_that_cannot_all_be_named_are_counted_in_so_many_words() -> None:
    written = plan_markdown(drops(2000, "a_table_whose_name_is_rather_long_for_a_comment_{:04}"))
    assert len(written) < MOST_CHARACTERS
    shown = written.count("`sql.table.a_table")
    assert f"and {2000 - shown:,} more destructive changes: read the plan file before you approve" in written


def test_many_creations_never_push_out_a_deletion() -> None:
    names = [f"sql.table.t{n}_{'x' * 50}" for n in range(5000)]
    creations = [change(n, Action.CREATE, summary=f"number {i}") for i, n in enumerate(names)]
    made = plan(
        [*creations, change("sql.table.zzz", Action.DELETE)],
        [*(step(n, "CREATE …") for n in names), step("sql.table.zzz", "DROP …", hazards=DELETES)],
    )
    written = plan_markdown(made)
    assert written.index("`sql.table.zzz`") < written.index("`sql.table.t0_")


def test_one_change_with_500_fields_fits_and_counts_the_rest() -> None:
    fields = [field(f"f{n}", "x" * 400, "y" * 400) for n in range(500)]
    written = plan_markdown(plan([change("sql.table.t", Action.UPDATE, *fields)]))
    assert len(written) < MOST_CHARACTERS
    assert re.search(r"… and 49\d more fields", written)


def test_a_row_with_one_huge_field_still_shows_that_field() -> None:
    written = plan_markdown(
        plan([change("sql.view.v", Action.UPDATE, field("body", "x" * 9000, "x" * 8999 + "y"))])
    )
    assert "y` " in written or "y`\n" in written


@pytest.mark.parametrize("text", ["a`b", "``", "```sql\n", "a|b", "two\nlines", "<script>", "`"])
def test_a_value_stays_inside_its_code_span(text: str) -> None:
    written = plan_markdown(plan([change("sql.table.t", Action.UPDATE, field("comment", "before", text))]))
    (row,) = [line for line in written.splitlines() if line.startswith("  - comment")]
    span = row.split(" → ", 1)[1]
    fence = re.match(r"`+", span)
    assert fence is not None
    inside = span[len(fence[0]) : -len(fence[0])]
    assert span.endswith(fence[0]) and fence[0] not in re.findall("`+", inside)


@pytest.mark.parametrize("text", ["<img src=x>", "@everyone", "[a](b)", "**bold**", "a|b", "&lt;b&gt;"])
def test_a_note_is_text_whatever_it_holds(text: str) -> None:
    written = plan_markdown(plan(notes=[Note(text=text)]))
    (row,) = [line for line in written.splitlines() if line.startswith("> ")]
    assert text not in row


def test_a_statement_cannot_close_the_block_that_it_stands_in() -> None:
    made = plan(
        [change("sql.table.t", Action.CREATE)],
        [step("sql.table.t", "COMMENT ON TABLE t IS '\n```\n</details><b>'")],
    )
    block = plan_markdown(made).split("<details>")[1]
    assert block.count("````") == 2


def test_many_and_long_notes_fit() -> None:
    notes = [Note(text="<" * 5000, address=at("sql.table.t")) for _ in range(500)]
    written = plan_markdown(plan(notes=notes))
    assert len(written) < MOST_CHARACTERS
    assert "… and 480 more notes" in written


def test_statements_without_room_are_counted() -> None:
    names = [f"sql.table.t{n}" for n in range(100)]
    made = plan([change(n, Action.CREATE) for n in names], [step(n, "CREATE " + "x" * 2000) for n in names])
    written = plan_markdown(made)
    assert len(written) < MOST_CHARACTERS
    assert re.search(r"-- … and the statements of \d+ more steps", written)


def test_an_empty_plan_is_short() -> None:
    assert "**Nothing to do: 3 objects in sync.**" in plan_markdown(plan(in_sync=3))


def test_a_rollback_says_of_which_run() -> None:
    made = plan([change("sql.table.t", Action.DELETE)], [undo("sql.table.t")], undoes="run-1")
    assert plan_markdown(made).startswith("### apexplan: memory: rollback of run run-1\n")


def test_drift_lists_what_is_gone_first_and_what_is_waived_last() -> None:
    found = drift(
        changed("sql.column.t.a", "type", "int", "text", waived=waiver("sql.column.t.a")),
        changed("sql.column.t.b", "type", "int", "text"),
        missing("sql.table.u"),
    )
    rows = [line for line in drift_markdown(found).splitlines() if line.startswith("- **")]
    assert rows == [
        "- **−** `sql.table.u` is gone",
        "- **~** `sql.column.t.b` type: recorded `int`, live `text`",
        "- **~** `sql.column.t.a` type: recorded `int`, live `text` (waived by ann until 2026-12-31)",
    ]


def test_much_drift_fits_and_is_counted() -> None:
    found = drift(*(changed(f"sql.column.t{n}.a", "type", "int", "text") for n in range(10_000)))
    written = drift_markdown(found)
    assert len(written) < MOST_CHARACTERS
    assert re.search(r"… and [\d,]+ column changed\.", written)


def test_many_resolved_findings_are_counted() -> None:
    written = drift_markdown(drift(resolved=tuple(f"sql.table.t{n}" for n in range(90))))
    assert "… and 70 more that are resolved or expired" in written
