"""What people read in a terminal, line by line."""

from __future__ import annotations

import pytest
from report_kit import DELETES, SAMPLE, at, change, changed, drift, field, missing, plain, plan, step, waiver

from apexplan.engine.apply import Result, UnitError
from apexplan.engine.drift import Age
from apexplan.engine.ports import Entry, EntryKind, Run, RunStatus
from apexplan.model.change import Action
from apexplan.model.diagnostics import Diagnostic, Location
from apexplan.model.plan import HazardKind, Plan, Size
from apexplan.provider import Outcome
from apexplan.report import text

SAMPLE_AT_80 = """\
Plan for memory (prod)

sql
  - table   public.legacy                   5,000 rows, 41 MB  DELETES_DATA
      DELETES_DATA: every row of the table goes
  ± index   public.documents_embedding_idx  hnsw (embedding vector_cosine_ops)
      ~1,200 rows  INDEX_GAP
      using    ivfflat → hnsw  (forces the replacement)
      comment  (none) → searched by the agents
      because an index has one method for life
  ~ column  public.documents.title
      type  varchar(40) → text
  + table   public.events                   with 2 columns, 1 primary key

graph
  ~ index  title_idx  renamed from old_idx
  = index  body_idx   owned from now on
  · index  gone_idx   no longer there, recorded no more

note: sql.table.public.d: comment: not proven equal
not managed here and left alone: 1 index, 2 tables
DELETES_DATA × 1  apply needs --allow DELETES_DATA
INDEX_GAP    × 1
Plan: 1 to drop, 1 to replace, 1 to change, 1 to rename, 4 to create, 1 to adopt, 1 to forget. \
5 steps, rollback impossible.
"""


def lines(made: Plan, width: int = 100, *, verbose: bool = False) -> list[str]:
    return plain(text.plan_lines(made, width=width, verbose=verbose))


def test_a_plan_at_80_columns() -> None:
    assert "\n".join(lines(SAMPLE, 80)) + "\n" == SAMPLE_AT_80


def test_in_a_wide_window_everything_of_an_object_stands_in_its_line() -> None:
    (row,) = [line for line in lines(SAMPLE, 140) if "±" in line]
    assert row.endswith("  hnsw (embedding vector_cosine_ops)  ~1,200 rows  INDEX_GAP")


def test_nothing_is_cut_or_broken_but_sentences_at_80_columns() -> None:
    assert [line for line in lines(SAMPLE, 80)[:-1] if len(line) > 80] == []


def test_verbose_shows_statements_as_they_are_with_the_number_of_their_step() -> None:
    shown = lines(SAMPLE, verbose=True)
    start = shown.index("      step 2: create table public.events")
    assert shown[start + 1 : start + 5] == [
        "        CREATE TABLE public.events (",
        "            id bigint",
        "        )",
        "        undo: undo sql.table.public.events (lossless)",
    ]


def test_verbose_says_why_a_step_cannot_be_undone() -> None:
    assert "        undo: impossible: the rows are gone" in lines(SAMPLE, verbose=True)


def test_verbose_says_that_a_step_blocks() -> None:
    assert "      step 4: widen the column  (blocks)" in lines(SAMPLE, verbose=True)


def test_verbose_lists_what_is_not_managed() -> None:
    assert "    sql.table.public.a" in lines(SAMPLE, verbose=True)


def test_verbose_leaves_out_no_step_of_an_object_that_does_not_change() -> None:
    made = plan(
        [change("sql.column.t.a", Action.UPDATE, field("type", "int", "bigint"))],
        [
            step("sql.index.t_a", "DROP INDEX t_a", covers=["sql.index.t_a", "sql.column.t.a"]),
            step("sql.column.t.a", "ALTER …"),
        ],
    )
    assert "        DROP INDEX t_a" in lines(made, verbose=True)


def test_an_empty_plan_is_one_line() -> None:
    assert lines(plan(in_sync=1200)) == ["Nothing to do: 1,200 objects in sync."]


def test_a_rollback_says_of_which_run() -> None:
    made = plan([change("sql.table.t", Action.DELETE)], [step("sql.table.t")], undoes="run-1")
    assert lines(made)[0] == "memory: rollback of run run-1"


def test_the_store_with_destructive_changes_comes_first() -> None:
    made = plan(
        [change("a.box.one", Action.CREATE), change("z.box.two", Action.DELETE)],
        [step("a.box.one"), step("z.box.two", hazards=DELETES)],
    )
    stores = [line for line in lines(made) if line in ("a", "z")]
    assert stores == ["z", "a"]


def test_a_plan_that_only_adopts_says_that_no_store_is_touched() -> None:
    made = plan([change("sql.table.t", Action.ADOPT, adopts=True)])
    assert lines(made)[-1] == "Plan: 1 to adopt. The stores are not touched."


def test_an_object_that_is_owned_already_is_recorded_anew() -> None:
    assert "  = table  t  recorded anew" in lines(plan([change("sql.table.t", Action.ADOPT)]))


def test_adopted_columns_are_counted_at_their_table() -> None:
    made = plan(
        [
            change("sql.table.t", Action.ADOPT, adopts=True),
            change("sql.column.t.a", Action.ADOPT, adopts=True, parent=at("sql.table.t")),
        ]
    )
    assert "  = table  t  owned from now on  with 1 column" in lines(made)


def test_a_name_that_is_longer_than_the_window_is_whole_and_its_details_stand_below() -> None:
    name = "n" * 120
    made = plan(
        [change(f"sql.table.{name}", Action.DELETE)],
        [step(f"sql.table.{name}", hazards=DELETES, size=Size(count=2, exact=True))],
    )
    at_80 = lines(made, 80)
    assert at_80[3:5] == [f"  - table  {name}", "      2 rows  DELETES_DATA"]


def test_dropping_something_empty_needs_no_allowing_and_says_that_it_is_empty() -> None:
    made = plan(
        [change("sql.table.t", Action.DELETE)],
        [step("sql.table.t", hazards=DELETES, size=Size(count=0, exact=True))],
    )
    assert lines(made)[3:6] == ["  - table  t  empty  DELETES_DATA", "", "DELETES_DATA × 1"]


def test_a_hazard_that_needs_allowing_somewhere_says_so_once_with_its_count() -> None:
    made = plan(
        [change("sql.table.a", Action.DELETE), change("sql.table.b", Action.DELETE)],
        [
            step("sql.table.a", hazards=DELETES, size=Size(count=0, exact=True)),
            step("sql.table.b", hazards=DELETES, size=Size(count=1, exact=True)),
        ],
    )
    assert "DELETES_DATA × 2  apply needs --allow DELETES_DATA" in lines(made)


def test_of_a_mapping_only_the_keys_that_differ_are_shown() -> None:
    one = field("options", {"fillfactor": "70", "same": "1"}, {"fillfactor": "90", "same": "1"})
    assert "      options.fillfactor  70 → 90" in lines(plan([change("sql.table.t", Action.UPDATE, one)]))


def test_long_values_are_shown_from_where_they_differ() -> None:
    one = field("body", "x" * 300 + " old end", "x" * 300 + " new end")
    shown = "\n".join(lines(plan([change("sql.view.v", Action.UPDATE, one)]), 80))
    assert "old end" in shown and "new end" in shown


def test_long_values_are_whole_with_verbose() -> None:
    one = field("body", "x" * 300, "y" * 300)
    shown = "\n".join(lines(plan([change("sql.view.v", Action.UPDATE, one)]), 80, verbose=True))
    assert "x" * 300 in shown and "y" * 300 in shown


@pytest.mark.parametrize(("live", "desired"), [("5", 5), (None, "(none)"), ("yes", True), ({}, {"a": None})])
def test_values_that_differ_never_look_alike(live: object, desired: object) -> None:
    made = plan([change("sql.table.t", Action.UPDATE, field("f", live, desired))])
    line = next(one for one in lines(made) if "→" in one)
    before, after = line.strip().split("→")
    assert before.split(maxsplit=1)[1].strip() != after.strip()


def test_the_reason_of_a_replacement_leaves_out_fields_that_could_change_in_place() -> None:
    made = plan(
        [
            change(
                "sql.box.b",
                Action.REPLACE,
                field("colour", 1, 2, why="it can be painted"),
                field("size", 1, 2, "replace", "it cannot grow"),
            )
        ]
    )
    assert [line for line in lines(made) if "because" in line] == ["      because it cannot grow"]


def test_units_are_counted_where_steps_share_one() -> None:
    steps = [step("sql.table.a"), step("sql.table.b")]
    one = plan([change("sql.table.a", Action.CREATE)], steps)
    unit = one.units[0].model_copy(update={"steps": tuple(steps)})
    made = one.model_copy(update={"units": (unit,)})
    assert lines(made)[-1] == "Plan: 1 to create. 2 steps in 1 unit, rollback lossless."


# ── the end of a run ──────────────────────────────────────────────────────────────────────────

THREE = plan(
    [change(f"sql.table.{n}", Action.CREATE) for n in "abc"], [step(f"sql.table.{n}") for n in "abc"]
)
A, B, C = THREE.units


def ended(result: Result) -> list[str]:
    return plain(text.result_lines(result, THREE))


def test_an_applied_run_is_one_line() -> None:
    assert ended(Result("r1", RunStatus.APPLIED, applied=(A, B, C))) == ["Applied: 3 of 3 units. Run r1."]


def test_an_undone_run_names_what_failed_and_what_was_taken_back() -> None:
    failure = UnitError(B, Outcome.NOT_DONE, "sql: no room [53100]", "free some")
    result = Result("r1", RunStatus.UNDONE, undone=(A,), untouched=(B, C), failure=failure)
    assert ended(result) == [
        "  failed: do sql.table.b",
        "    sql: no room [53100]",
        "    mend: free some",
        "  undone: do sql.table.a",
        "  not begun: do sql.table.c",
        "Undone: everything is as before the run. Run r1.",
    ]


def test_a_transaction_that_failed_is_one_line() -> None:
    group = B.model_copy(update={"steps": (step("sql.table.b"), step("sql.table.d"))})
    failure = UnitError(group, Outcome.NOT_DONE, "sql: no room [53100]", "")
    result = Result("r1", RunStatus.UNDONE, untouched=(group,), failure=failure)
    assert ended(result)[0] == "  failed: do sql.table.b and 1 more in one transaction"


def test_a_run_that_only_adopts_counts_objects() -> None:
    adopting = plan([change("sql.table.a", Action.ADOPT)], [])
    result = Result("r1", RunStatus.APPLIED)
    assert plain(text.result_lines(result, adopting)) == ["Applied: 1 object recorded. Run r1."]


def test_a_stopped_run_says_what_is_in_effect_and_what_to_type() -> None:
    result = Result("r1", RunStatus.STOPPED, applied=(A,), untouched=(B, C), interrupted=True)
    assert ended(result) == [
        "  in effect: do sql.table.a",
        "  not begun: do sql.table.b",
        "  not begun: do sql.table.c",
        "Interrupted, 1 of 3 units in effect. Run r1.",
        "next: apexplan resume r1     goes on",
        "  or: apexplan rollback r1   undoes what was done",
    ]


def test_a_stuck_run_names_what_nobody_can_decide() -> None:
    result = Result("r1", RunStatus.STUCK, applied=(A,), stuck=(B,))
    assert "  undecided: do sql.table.b" in ended(result)


def test_what_cannot_be_undone_says_why() -> None:
    lost = A.model_copy(update={"steps": (step("sql.table.a", no_inverse="the rows are gone"),)})
    result = Result("r1", RunStatus.UNDONE, undone=(B,), left=(lost,))
    assert "  in effect, cannot be undone: do sql.table.a (the rows are gone)" in ended(result)


def test_what_an_undo_takes_back_comes_from_the_journal_last_first() -> None:
    run = Run("r1", RunStatus.STOPPED, THREE, "2026-01-02T03:04:05Z", "ann")
    journal = [
        Entry(EntryKind.INTENT, A.id),
        Entry(EntryKind.DONE, A.id),
        Entry(EntryKind.INTENT, B.id),
    ]
    assert plain(text.undo_lines(run, journal)) == [
        "memory: undoing what run r1 did",
        "  - undo sql.table.b (if the store shows it)",
        "  - undo sql.table.a",
        "Undo: 2 units of 3 to look at.",
    ]


# ── drift ─────────────────────────────────────────────────────────────────────────────────────


def test_drift_lists_what_is_gone_first_and_what_is_waived_last() -> None:
    found = drift(
        changed("sql.column.t.a", "type", "int", "text", waived=waiver("sql.column.t.a")),
        changed("sql.column.t.b", "type", "int", "text", age=Age.PERSISTING),
        changed("sql.column.t.b", "null", True, False),
        missing("sql.table.u"),
        resolved=("sql.table.w",),
        expired=(waiver("sql.table.x", "2026-01-01"),),
        unmanaged=(at("sql.table.z"),),
    )
    assert plain(text.drift_lines(found)) == [
        "  - sql.table.u",
        "      recorded, but no longer there",
        "  ~ sql.column.t.b",
        "      type  recorded int, live text  (known)",
        "      null  recorded yes, live no",
        "  ~ sql.column.t.a",
        "      type  recorded int, live text",
        "      waived by ann until 2026-12-31: the migration runs until then",
        "  resolved: sql.table.w",
        "  the waiver of ann for sql.table.x expired on 2026-01-01",
        "not managed here: 1 table",
        "Drift: 3 differences in 2 objects (1 waived). 10 checked.",
    ]


def test_no_drift_is_one_line() -> None:
    assert plain(text.drift_lines(drift(checked=1))) == ["In sync: 1 object checked, nothing drifted."]


def test_where_nothing_is_owned_drift_does_not_claim_that_all_is_well() -> None:
    assert text.drift_count(drift(checked=0)) == "Nothing is owned yet: there is nothing that could drift."


# ── diagnostics ───────────────────────────────────────────────────────────────────────────────


def test_a_diagnostic_says_where_what_why_and_how_to_mend_it() -> None:
    found = Diagnostic(
        "unknown-field", "no such field", "`colr`", "typos hide", "write color", Location("a.yaml", 3, 5)
    )
    assert plain(text.diagnostic_lines(found)) == [
        "a.yaml:3:5: error: no such field",
        "    `colr`",
        "    why: typos hide",
        "    mend: write color",
    ]


def test_every_hazard_that_must_be_allowed_explains_itself() -> None:
    made = plan(
        [change("sql.table.t", Action.UPDATE)],
        [step("sql.table.t", hazards={HazardKind.BLOCKS_WRITES: "writers wait"})],
    )
    assert "      BLOCKS_WRITES: writers wait" in lines(made)


def test_where_the_provider_has_words_for_a_value_they_are_shown() -> None:
    one = field("on", [{"column": "a"}], [{"column": "b"}])
    one = one.model_copy(update={"live_text": "a", "desired_text": "b"})
    assert "      on  a → b" in lines(plan([change("sql.index.i", Action.UPDATE, one)]))


def test_words_that_hide_the_difference_are_not_shown() -> None:
    one = field("on", [{"column": "a", "x": 1}], [{"column": "a", "x": 2}])
    one = one.model_copy(update={"live_text": "a", "desired_text": "a"})
    assert "      on  [{column: a, x: 1}] → [{column: a, x: 2}]" in lines(
        plan([change("sql.index.i", Action.UPDATE, one)])
    )


def test_what_is_kept_aside_is_counted() -> None:
    made = plan([change("sql.table.t", Action.CREATE)], kept=(at("sql.retained.t_old"),))
    told = "moved aside by earlier drops, and kept: 1 retained (--purge DAYS deletes the older ones)"
    assert told in lines(made)
