"""Desired specs in the server's own spelling.

What is equal as text is equal, and nothing is asked. The rest is put to the server. Its deparsed
text is not idempotent: `varchar_col IN (…)` is stored as text A, A executed again is stored as B,
and B stays B; a restored database would differ for ever from its own manifest. So two texts mean
the same when executing them again and again brings both to one spelling:

    desired: W → A → B          live, as made:      A → B
                                live, as restored:  B

Each side's spellings are collected, the desired side's first, until they meet or no new one comes.
The objects of `scratch` do that. An object without a live counterpart keeps its texts, except
for its types.

Where temporary objects are not to be had (a standby, a read-only role, no TEMP privilege) the
fields that differ as text are unproven. Texts that the server refuses are all reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from apexplan.model.address import Address
from apexplan.model.errors import StoreError
from apexplan.model.spec import Spec
from apexplan.provider import Normal
from apexplan_postgres.fragments import is_sql_body, why_not_an_expression, why_not_balanced
from apexplan_postgres.names import last, table_of
from apexplan_postgres.scratch import Shape, respell, table_under
from apexplan_postgres.specs import (
    Check,
    Column,
    Exclude,
    ExcludeKey,
    Extension,
    Function,
    Index,
    IndexKey,
    Trigger,
)
from apexplan_postgres.sqltext import freezes, is_name, is_operator
from apexplan_postgres.typenames import Types, resolve

if TYPE_CHECKING:
    import psycopg
    from psycopg import Connection

_TEXTS: Final[dict[type[Spec], frozenset[str]]] = {
    Column: frozenset({"default", "generated", "collation"}),
    Check: frozenset({"expression"}),
    Exclude: frozenset({"keys", "where"}),
    Index: frozenset({"keys", "where"}),
    Trigger: frozenset({"when"}),
    Function: frozenset({"arguments", "returns", "body"}),
}
"""The fields that hold SQL or names that can be spelled in more than one way."""

_ROUNDS: Final = 8
"""Two or three are enough for every text we met; the bound is against texts that never settle."""

_UNDEFINED: Final = frozenset({"3F000", "42704", "42883", "42P01"})
"""Schema, object, function or table is missing: perhaps this very plan makes it."""

_LITERAL: Final = re.compile(r"'(?:[^'\\]|'')*'\Z")
_MODIFIER: Final = re.compile(r"\([\d,]+\)")
"""A literal default is stored as one of the column's own type, without the modifiers of that."""

_NULL_DEFAULT: Final = re.compile(r'NULL(::[\w\s".,()\[\]]+)?\Z', re.IGNORECASE)


@dataclass(slots=True)
class _Pair:
    """One object of both sides, with the spellings that its open fields were seen in."""

    desired: Spec
    live: Spec
    open: frozenset[str]
    spellings: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    """(side, field) → values, oldest first."""
    settled: set[str] = field(default_factory=set)
    """Sides that give no new spelling any more."""

    def met(self, name: str) -> bool:
        """Says whether the two sides have a spelling of the field in common."""
        return any(value in self.spellings["live", name] for value in self.spellings["desired", name])

    @property
    def done(self) -> bool:
        return all(map(self.met, self.open)) or len(self.settled) == 2

    def latest(self, side: str) -> Spec:
        """The side's spec with the newest spelling of each open field."""
        base = self.desired if side == "desired" else self.live
        update = {name: self.spellings[side, name][-1] for name in self.open}
        return base.model_copy(update=update)

    def learn(self, side: str, answer: Spec) -> None:
        """Takes what the server made of `latest(side)`."""
        news = False
        for name in self.open:
            value, known = _value(answer, name), self.spellings[side, name]
            if name == "keys":
                value = _with_options(value, known[0])
            if value not in known:
                known.append(value)
                news = True
        if not news:
            self.settled.add(side)


def normalize(
    connection: Connection[Any],
    store: str,
    desired: Mapping[Address, Spec],
    live: Mapping[Address, Spec],
    details: Mapping[str, Any],
) -> Normal:
    """Returns `desired` where fields that mean what `live` means have its value. Leaves nothing behind.

    Raises StoreError that names every text which the server refuses.
    """
    differing = {a: spec for a, spec in desired.items() if not _equal(spec, live.get(a))}
    if not differing:
        return Normal(desired)
    problems = _Problems(store, _something_is_missing(desired, live))
    specs = _with_types(connection, differing, live, problems)
    _refuse_unsafe(specs, problems)
    problems.raise_any()  # what is no type or leaves its place must not come into a scratch table
    specs = {address: _pure(spec, live.get(address)) for address, spec in specs.items()}
    pairs = dict(_pairs(specs, live))
    if pairs and _can_scratch(details):
        shapes = _shapes({**desired, **specs}, live, pairs)
        _settle(connection, details["version_num"], pairs, shapes, problems)
    problems.raise_any()
    unproven = {}
    for address, pair in pairs.items():
        same = {name: getattr(pair.live, name) for name in pair.open if pair.met(name)}
        specs[address] = specs[address].model_copy(update=same)
        if not _can_scratch(details):
            unproven[address] = pair.open
    return Normal({**desired, **specs}, unproven)


def _equal(spec: Spec, live: Spec | None) -> bool:
    if type(spec) is not type(live):
        return False
    mine, theirs = vars(spec), vars(live)
    return all(mine[name] == theirs[name] for name in spec.model_fields_set)


@dataclass(slots=True)
class _Problems:
    """What the server refused, all of it. `incomplete`: the plan will make things that a text may
    name; a text that names what is not there yet differs from every live one, so it is a change."""

    store: str
    incomplete: bool
    found: list[tuple[Address, str, str]] = field(default_factory=list)

    def add(self, address: Address, text: str, mend: str) -> None:
        self.found.append((address, text, mend))

    def take(self, address: Address, error: psycopg.Error) -> None:
        from apexplan_postgres.errors import translate

        if self.incomplete and error.sqlstate in _UNDEFINED:
            return
        told = translate(error, store=self.store, address=address, sent=True)
        self.add(address, told.text, told.mend or "correct the SQL text in the manifest")

    def raise_any(self) -> None:
        if len(self.found) == 1:
            address, text, mend = self.found[0]
            raise StoreError(text, store=self.store, address=address, mend=mend)
        if self.found:
            lines = "; ".join(f"{address}: {text}" for address, text, _ in self.found)
            mends = "; ".join(dict.fromkeys(mend for *_, mend in self.found))
            raise StoreError(f"{len(self.found)} texts are refused: {lines}", store=self.store, mend=mends)


def _something_is_missing(desired: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> bool:
    """Says whether the plan will make things that a text may name."""
    kinds = {"extension", "schema", "table", "function"}
    return any(address.kind in kinds and address not in live for address in desired)


def _can_scratch(details: Mapping[str, Any]) -> bool:
    return details["can_use_temporary"] and not details["in_recovery"] and not details["read_only"]


def _with_types(
    connection: Connection[Any],
    desired: Mapping[Address, Spec],
    live: Mapping[Address, Spec],
    problems: _Problems,
) -> dict[Address, Spec]:
    """Returns all desired specs, columns with their type as the server spells it."""
    specs = dict(desired)
    asked = {
        address: spec.type
        for address, spec in desired.items()
        if isinstance(spec, Column) and spec.type is not None and spec.type != _type(live.get(address))
    }
    types = resolve(connection, set(asked.values()))
    for address, text in asked.items():
        if text in types.names:
            specs[address] = specs[address].model_copy(update={"type": types.names[text]})
        else:
            _refuse_type(address, text, types, problems)
    return specs


def _type(spec: Spec | None) -> str | None:
    return spec.type if isinstance(spec, Column) else None


def _refuse_type(address: Address, text: str, types: Types, problems: _Problems) -> None:
    error = types.refused[text]
    if error is None:
        problems.add(address, f"{text!r} has not the form of a type", "write a type, such as varchar(20)")
    else:
        problems.take(address, error)


def _refuse_unsafe(specs: Mapping[Address, Spec], problems: _Problems) -> None:
    """Reports texts that would not stay where they are put, and moments that would be frozen."""
    for address, spec in specs.items():
        for text, why in _reasons(spec):
            problems.add(address, f"{text!r} cannot be used: {why}", "correct the SQL text in the manifest")
        for text in _expressions(spec):
            if freezes(text, _type(spec)):
                what = f"{text} is read once, when it is stored, and stays that moment for ever"
                problems.add(address, what, "write now() or CURRENT_DATE")


def _reasons(spec: Spec) -> Iterator[tuple[str, str]]:
    """Each text of a spec that has not the form of what it stands for, with the reason."""
    for text in _expressions(spec):
        if why := why_not_an_expression(text):
            yield text, why
    signature = (spec.arguments, spec.returns) if isinstance(spec, Function) else ()
    for text in filter(None, signature):
        if why := why_not_balanced(text, statements=False):
            yield text, why
    keys = _keys(spec)
    names = [spec.collation] if isinstance(spec, Column) else []
    names += [name for key in keys for name in (key.collation, key.opclass)]
    for name in names:
        if name is not None and not is_name(name):
            yield name, "it is no name"
    for key in keys:
        if isinstance(key, ExcludeKey) and not is_operator(key.operator):
            yield key.operator, "it is no operator"


def _expressions(spec: Spec) -> list[str]:
    """The SQL expressions of a spec that are set."""
    names = ("default", "expression", "where", "when")
    texts = [getattr(spec, name) for name in names if name in _TEXTS.get(type(spec), ())]
    texts += [key.expression for key in _keys(spec)]
    if isinstance(spec, Column) and spec.generated:
        texts.append(spec.generated.expression)
    return [text for text in texts if text is not None]


def _keys(spec: Spec) -> tuple[IndexKey, ...]:
    return (spec.keys or ()) if isinstance(spec, Index | Exclude) else ()


def _pure(spec: Spec, live: Spec | None) -> Spec:
    """Returns `spec` with what can be seen to be the same without asking the server."""
    if type(spec) is not type(live):
        return spec
    differing = (name for name in spec.managed if getattr(spec, name) != getattr(live, name))
    same = {n: getattr(live, n) for n in differing if _plainly_same(spec, n, getattr(live, n))}
    return spec.model_copy(update=same) if same else spec


def _plainly_same(spec: Spec, name: str, live: Any) -> bool:
    desired = getattr(spec, name)
    if isinstance(spec, Extension) and name == "version":
        return desired is not None and live.startswith(f"{desired}.")
    if isinstance(spec, Function) and name == "body":
        return desired is not None and _trimmed(desired) == _trimmed(live)
    if name == "default" and _value(spec, name) is None:
        return live is None or bool(_NULL_DEFAULT.match(live))
    if name == "default" and isinstance(spec, Column) and _LITERAL.match(desired or ""):
        return bool(live == f"{desired}::{_MODIFIER.sub('', spec.type or '')}")
    # The deparser puts one pair of parentheses around an operator expression.
    return name in _TEXTS.get(type(spec), ()) and isinstance(desired, str) and live == f"({desired})"


def _trimmed(body: str) -> str:
    return body.removeprefix("\n").removesuffix("\n")


def _pairs(specs: Mapping[Address, Spec], live: Mapping[Address, Spec]) -> Iterator[tuple[Address, _Pair]]:
    """The objects with fields that differ as text and may yet mean the same."""
    for address, spec in specs.items():
        there = live.get(address)
        texts = _TEXTS.get(type(spec))
        if texts is None or there is None or type(spec) is not type(there):
            continue
        whole = there.model_copy(update={name: getattr(spec, name) for name in spec.managed})
        still = frozenset(name for name in texts & spec.managed if _is_open(spec, there, name))
        if still:
            pair = _Pair(whole, there, still)
            for name in still:
                pair.spellings["desired", name] = [_value(whole, name)]
                pair.spellings["live", name] = [_value(there, name)]
            yield address, pair


def _is_open(spec: Spec, live: Spec, name: str) -> bool:
    desired, there = getattr(spec, name), getattr(live, name)
    if desired == there or desired is None:
        return False
    if name == "body":
        return is_sql_body(getattr(live, "language", ""), desired)
    # A default or collation that is written out may be the one that holds anyway.
    return there is not None or name in ("default", "collation")


def _value(spec: Spec, name: str) -> Any:
    """Returns a field for comparison: DEFAULT NULL is no default, whether the server keeps it as
    a cast (varchar) or drops it (text)."""
    value = getattr(spec, name)
    return None if name == "default" and value and _NULL_DEFAULT.match(value) else value


def _with_options(keys: Any, first: Any) -> Any:
    """Returns the keys with the operator class parameters that `scratch` left out."""
    if len(keys) != len(first):
        return keys
    return tuple(
        key.model_copy(update={"opclass_options": original.opclass_options})
        for key, original in zip(keys, first, strict=True)
    )


def _shapes(
    specs: Mapping[Address, Spec], live: Mapping[Address, Spec], pairs: Mapping[Address, _Pair]
) -> dict[Address, Shape]:
    """Returns the tables that the pairs stand on, with the columns that they will have."""
    under = {
        table_under(address, side) for address, pair in pairs.items() for side in (pair.desired, pair.live)
    }
    tables: dict[Address, dict[str, tuple[str, str, str | None]]] = {t: {} for t in under if t is not None}
    for source in (live, specs):
        for address, spec in source.items():
            if isinstance(spec, Column) and (table := table_of(address)) in tables:
                columns, name = tables[table], last(address)
                _, type_, collation = columns.get(name, (name, "", None))
                if "collation" in spec.managed:
                    collation = spec.collation
                columns[name] = (name, spec.type or type_, collation)
    return {
        table: Shape(tuple(column for column in columns.values() if column[1]))
        for table, columns in tables.items()
    }


def _settle(
    connection: Connection[Any],
    version: int,
    pairs: Mapping[Address, _Pair],
    shapes: Mapping[Address, Shape],
    problems: _Problems,
) -> None:
    """Collects spellings until the sides of each pair meet, or neither gives a new one."""
    for number in range(_ROUNDS):
        side = ("desired", "live")[number % 2]
        asked = {
            address: pair.latest(side)
            for address, pair in pairs.items()
            if not pair.done and side not in pair.settled
        }
        for address, answer in (respell(connection, version, shapes, asked) if asked else {}).items():
            if isinstance(answer, Spec):
                pairs[address].learn(side, answer)
            elif side == "desired":
                pairs[address].settled |= {"desired", "live"}
                problems.take(address, answer)
            else:
                pairs[address].settled.add("live")
