"""What a check is about, and how much of it a message may show."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apexplan.manifest.nodes import Node, ScalarNode, find, scalars
from apexplan.manifest.secrets import secrets_in

MASK = "***"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is being checked. `prefix` is the path of `node` in its file; `guarded`: show no values."""

    node: Node
    prefix: tuple[str | int, ...] = ()
    guarded: bool = False

    def name(self, path: Sequence[str | int]) -> str:
        """Returns the dotted name of a place, `stores.sql.url`; of the top, `this file`."""
        return ".".join(map(str, (*self.prefix, *path))) or "this file"

    def shown(self, path: Sequence[str | int]) -> str:
        """Returns the value at `path` as the file has it, or "" where it may not or cannot be shown."""
        node = find(self.node, path)
        if self.guarded or not isinstance(node, ScalarNode) or len(node.text) > 60 or "\n" in node.text:
            return ""
        return node.text

    def masked(self, text: str, path: Sequence[str | int]) -> str:
        """Returns `text` of someone else's, with all that may be secret in it covered: every text of the
        node, whatever field it stands in, for a password may stand in the wrong one."""
        if not self.guarded:
            return text
        at_fault = find(self.node, path)
        values = {str(scalar.value) for scalar in scalars(at_fault)} if at_fault else set()
        values |= {scalar.value for scalar in scalars(self.node) if isinstance(scalar.value, str)}
        suspects = values | secrets_in(values) | {repr(value)[1:-1] for value in values}
        for suspect in sorted(suspects - {""}, key=len, reverse=True):
            text = text.replace(suspect, MASK)
        return text


def nearest(word: str, known: Iterable[str]) -> str:
    """Returns ``did you mean `x`?``, or "" where no known word is near."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Returns the nearest known word, or all of them where none is near, or "" where there are none."""
    words = sorted(known)
    return nearest(word, words) or ("known here: " + ", ".join(words) if words else "")
