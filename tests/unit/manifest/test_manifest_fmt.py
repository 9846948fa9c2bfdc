"""Formatting keeps meaning and comments, and is done after one pass."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from apexplan.manifest.fmt import format_text
from apexplan.manifest.load import load_text
from apexplan.manifest.nodes import plain
from apexplan.manifest.scaffold import init_files
from apexplan.model.errors import ManifestError

WORDS = st.text("ab 1:#-'\"", max_size=12)
VALUES = st.recursive(
    WORDS | st.integers(0, 99) | st.just("two\nlines\n"),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), below, max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text("abc", min_size=1, max_size=3), VALUES, min_size=1, max_size=4)


class _Plain(yaml.SafeDumper):
    """Writes no aliases, for we read none."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


BEFORE = """\


# head


kind: X
a:
    # about b
    b:
    -   x: 1
        y:
           - 1
    - z
    # about c
    c: {p: 1,
        q: 2}
    d: |
        line
          more

        end
    e: "a
      b"   # why
    # end of a
list:
- - n
  - m

# tail


"""

AFTER = """\
# head

kind: X
a:
  # about b
  b:
    - x: 1
      y:
        - 1
    - z
  # about c
  c: {p: 1,
      q: 2}
  d: |
    line
      more

    end
  e: "a
    b"   # why
  # end of a
list:
  - - n
    - m

# tail
"""


def test_a_text_has_one_form() -> None:
    assert format_text(BEFORE) == AFTER


def test_formatting_again_changes_nothing() -> None:
    assert format_text(AFTER) == AFTER


@given(DOCUMENTS, st.integers(2, 8), st.sampled_from([True, False, None]), st.integers(10, 80))
def test_any_style_keeps_its_meaning_and_is_formatted_at_once(
    document: dict[str, Any], indent: int, flow: bool | None, width: int
) -> None:
    text = yaml.dump(document, Dumper=_Plain, indent=indent, default_flow_style=flow, width=width)
    before = load_text(text, "x.yaml").node
    formatted = format_text(text)
    after = load_text(formatted, "x.yaml").node
    assert before and after and plain(before) == plain(after)
    assert format_text(formatted) == formatted


@given(DOCUMENTS, st.integers(2, 8), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=4))
def test_every_comment_stays(document: dict[str, Any], indent: int, comments: list[tuple[int, int]]) -> None:
    lines = yaml.dump(
        document, Dumper=_Plain, indent=indent, default_flow_style=False, width=1000
    ).splitlines()
    for number, (line, column) in enumerate(comments):
        lines.insert(line % (len(lines) + 1), " " * column + f"# note {number}")
    text = "\n".join(lines) + "\n"
    try:
        formatted = format_text(text)
    except ManifestError:
        return  # the comment fell into a text over several lines
    assert [f"# note {n}" in formatted for n in range(len(comments))] == [True] * len(comments)
    assert format_text(formatted) == formatted


def test_the_files_of_a_new_project_are_formatted() -> None:
    files = init_files(["postgres", "neo4j"])
    assert {name: format_text(text) for name, text in files.items()} == files


def test_line_ends_of_other_systems_become_ours() -> None:
    assert format_text("a: 1\r\nb:\r\n    c: 2\r\n") == "a: 1\nb:\n  c: 2\n"


def test_what_is_no_manifest_is_refused() -> None:
    with pytest.raises(ManifestError, match="not YAML"):
        format_text("a: [\n")
