"""Objects and what they require, as DOT, Mermaid or plain text. Pure text; SVG is for Graphviz."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from apexplan.model.address import Address

Edges = Mapping[Address, Sequence[Address]]
"""Each object with those that it requires, both sorted."""


def dot(edges: Edges) -> str:
    """Returns a Graphviz digraph, one cluster a store; an arrow points at what is required."""
    lines = ["digraph apexplan {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
    for number, (store, members) in enumerate(_by_store(edges).items()):
        lines.append(f"  subgraph cluster_{number} {{ label={_quoted(store)};")
        lines += [f"    {_quoted(str(a))} [label={_quoted(f'{a.kind} {a.name}')}];" for a in members]
        lines.append("  }")
    lines += [f"  {_quoted(str(a))} -> {_quoted(str(b))};" for a, needed in edges.items() for b in needed]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(edges: Edges) -> str:
    """Returns a Mermaid flowchart, as GitHub draws it."""
    ids = {address: f"n{number}" for number, address in enumerate(edges)}
    lines = ["flowchart LR"]
    for store, members in _by_store(edges).items():
        lines.append(f'  subgraph {_id(store)}["{store}"]')
        lines += [f'    {ids[a]}["{_mermaid(f"{a.kind} {a.name}")}"]' for a in members]
        lines.append("  end")
    lines += [f"  {ids[a]} --> {ids[b]}" for a, needed in edges.items() for b in needed if b in ids]
    return "\n".join(lines) + "\n"


def tree(edges: Edges) -> str:
    """Returns plain text: each object with what it requires below it."""
    lines = []
    for address, needed in edges.items():
        lines.append(str(address))
        lines += [f"  needs {other}" for other in needed]
    return "\n".join(lines) + "\n"


def _by_store(edges: Edges) -> dict[str, list[Address]]:
    found: dict[str, list[Address]] = {}
    for address in _all(edges):
        found.setdefault(address.store, []).append(address)
    return found


def _all(edges: Edges) -> Iterable[Address]:
    return dict.fromkeys([*edges, *(b for needed in edges.values() for b in needed)])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mermaid(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def _id(store: str) -> str:
    return "s_" + store.replace("-", "_")
