"""A document → one `Declared` an object. An object with something wrong is not declared.

keys          → pattern          config  → config        streams → stream, group
undeclared    → keyspace         users   → user          libraries → library
indexes       → index
invalidation  → library, stream, group, and patterns of the library's own keys
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, TypeAlias

from apexplan.document import LifecycleBlock, Lifecycles, Path, is_error
from apexplan.model.address import Address
from apexplan.model.change import Declared
from apexplan.model.diagnostics import Problem
from apexplan.model.spec import Spec
from apexplan.provider import Expansion, SourceFile
from apexplan_redis import specs
from apexplan_redis.document import acl_checks, config_checks, key_checks
from apexplan_redis.document.cached import cached, invalidation_of
from apexplan_redis.document.models import LibraryBlock, RedisContract, UndeclaredBlock
from apexplan_redis.document.search import index_problems, index_values
from apexplan_redis.document.slots import slot_problems
from apexplan_redis.document.spelling import canonical_name, canonical_value
from apexplan_redis.document.values import (
    config_text,
    key_block,
    key_values,
    keyspace_values,
    unsaid,
    user_values,
)
from apexplan_redis.invalidation import model
from apexplan_redis.invalidation.library import library
from apexplan_redis.names import KEYSPACE, OWN_LIBRARIES, group_address
from apexplan_redis.patterns import Pattern, parse
from apexplan_redis.specs import Config, Group, KeyPattern, Keyspace, Library, SearchIndex, Stream, User

LIFECYCLES: Final = Lifecycles(
    specs.ALL,
    {
        "ttl": {"ttl", "ttl_max_s", "ttl_min_s", "ttl_mode"},
        "cached": {"type", "fields"},
        "patterns": {"keys"},
    },
)
_HEADER: Final = re.compile(r"#!(?i:lua)\s+name=([A-Za-z0-9_]+)\s*(?:\n|\Z)")


Found: TypeAlias = Iterator[Declared | Problem]


@dataclass(frozen=True, slots=True)
class _Read:
    """A document with its patterns, by their text there, and its files, by name."""

    document: RedisContract
    patterns: Mapping[str, Pattern]
    files: Mapping[str, str]

    def declared(
        self, spec: type[Spec], name: str, values: Mapping[str, Any], path: Path, life: LifecycleBlock
    ) -> Declared:
        address = Address(self.document.store, spec.kind, name)
        lifecycle = LIFECYCLES.lifecycle(life, address.store, spec)
        return Declared(address, spec.model_validate(dict(values)), path, lifecycle)

    def judged(
        self,
        spec: type[Spec],
        name: str,
        values: Mapping[str, Any],
        path: Path,
        life: LifecycleBlock,
        problems: Sequence[Problem] = (),
    ) -> Found:
        """Yields what is wrong with an object, and the object where that is nothing but warnings."""
        wrong = [*problems, *LIFECYCLES.problems(life, spec, path)]
        yield from wrong
        if not any(map(is_error, wrong)):
            yield self.declared(spec, name, values, path, life)


def expand_document(document: RedisContract, files: Sequence[SourceFile]) -> Expansion:
    """Returns everything that the document declares, and everything that is wrong with it."""
    patterns, problems = _patterns(document)
    read = _Read(document, patterns, {file.name: file.text for file in files})
    made, wrong = invalidation_of(document, patterns)
    found = [
        *_keys(read),
        *_keyspace(read),
        *_config(read),
        *_users(read),
        *_libraries(read),
        *_streams(read),
        *_indexes(read),
        *(_invalidation(read, made) if made is not None else ()),
    ]
    problems += [one for one in found if isinstance(one, Problem)] + wrong
    own = model.own_keys(made) if made is not None else ()
    problems += key_checks.among(_placed(patterns, own))
    problems += config_checks.eviction_problems(document, [key.pattern for key in own if not key.expires])
    problems += slot_problems(document, {text: pattern for text, _, pattern in cached(document, patterns)})
    declared = [one for one in found if isinstance(one, Declared)]
    return Expansion(tuple(declared), (*problems, *_twice(declared)))


def _patterns(document: RedisContract) -> tuple[dict[str, Pattern], list[Problem]]:
    found = {text: key_checks.parsed(text, ("keys", text)) for text in document.keys}
    patterns = {text: one for text, one in found.items() if isinstance(one, Pattern)}
    return patterns, [one for one in found.values() if isinstance(one, Problem)]


def _placed(patterns: Mapping[str, Pattern], own: Sequence[model.OwnKey]) -> key_checks.Placed:
    """Returns all patterns. The library's own stand first: of a pair, the one that someone wrote is told."""
    made = {key.pattern: (parse(key.pattern), ("invalidation", "prefix")) for key in own}
    return {**made, **{text: (pattern, ("keys", text)) for text, pattern in patterns.items()}}


def _keys(read: _Read) -> Found:
    for text, pattern in read.patterns.items():
        block, path = key_block(read.document.keys[text]), ("keys", text)
        problems = list(key_checks.key_problems(block, pattern, path))
        yield from read.judged(KeyPattern, pattern.text, key_values(block), path, block.lifecycle, problems)


def _keyspace(read: _Read) -> Found:
    if read.document.given("undeclared"):
        said = read.document.undeclared
        life = said.lifecycle if isinstance(said, UndeclaredBlock) else LifecycleBlock()
        yield from read.judged(Keyspace, KEYSPACE, keyspace_values(said), ("undeclared",), life)


def _config(read: _Read) -> Found:
    problems = list(config_checks.config_problems(read.document.config))
    yield from problems
    wrong = {problem.path for problem in problems}
    for name, value in read.document.config.items():
        if ("config", name) not in wrong:
            known = canonical_name(name)
            values = {"value": canonical_value(known, config_text(value))}
            yield read.declared(Config, known, values, ("config", name), LifecycleBlock())


def _users(read: _Read) -> Found:
    for name, block in read.document.users.items():
        path = ("users", name)
        problems = list(acl_checks.user_problems(name, block, read.patterns, path))
        values = user_values(block, read.patterns)
        yield from read.judged(User, name, values, path, block.lifecycle, problems)


def _libraries(read: _Read) -> Found:
    for name, said in read.document.libraries.items():
        block = said if isinstance(said, LibraryBlock) else LibraryBlock(file=said)
        path = ("libraries", name)
        code = _code(block, read.files, path)
        problem = code if isinstance(code, Problem) else _wrong_library(name, code, path)
        if problem is not None:
            yield problem
        elif isinstance(code, str):
            yield from read.judged(Library, name, {"code": code}, path, block.lifecycle)


def _code(block: LibraryBlock, files: Mapping[str, str], path: Path) -> str | Problem:
    given = block.given("code", "file")
    if len(given) != 1:
        what = "`code` and `file`" if given else "neither `code` nor `file`"
        why = "a library is one text"
        return Problem(
            "library-text", path, "a library needs one text", what, why, "give one of code and file"
        )
    if given == ["code"]:
        return block.code
    name = str(PurePosixPath(block.file))
    if name not in files:
        return Problem(
            "no-such-file",
            (*path, "file") if "file" in block.model_fields_set else path,
            "a file of a library is not there",
            f"`{block.file}`",
            "without it nothing says what the functions do",
            "correct the path, which is relative to the project",
        )
    return files[name]


def _wrong_library(name: str, code: str, path: Path) -> Problem | None:
    if name.startswith(OWN_LIBRARIES):
        why = f"libraries {OWN_LIBRARIES}… hold the published contract and marks of ownership"
        return Problem(
            "own-library", path, "a name is kept for apexplan", f"`{name}`", why, "take another name"
        )
    header = _HEADER.match(code)
    if header is None or header[1] != name:
        found = f"its first line names `{header[1]}`" if header else "its first line is no `#!lua name=…`"
        return Problem(
            "library-header",
            path,
            "a library's text is of another name",
            f"`{name}`: {found}",
            "the server takes the name from the first line",
            f"begin the text with `#!lua name={name}`",
        )
    return None


def _streams(read: _Read) -> Found:
    for name, block in read.document.streams.items():
        path: Path = ("streams", name)
        yield from read.judged(Stream, name, {}, path, block.lifecycle)
        for group, said in block.groups.items():
            inner = (*path, "groups", group)
            address = group_address(read.document.store, name, group)
            yield from read.judged(Group, address.name, {"start": said.start}, inner, said.lifecycle)


def _indexes(read: _Read) -> Found:
    for name, block in read.document.indexes.items():
        path: Path = ("indexes", name)
        problems = list(index_problems(block, read.patterns.values(), path))
        if any(map(is_error, problems)):
            yield from problems
        else:
            yield from read.judged(SearchIndex, name, index_values(block), path, block.lifecycle, problems)


def _invalidation(read: _Read, made: model.Invalidation) -> Found:
    """The library, its outbox, and the keys that it writes for itself."""
    path, life, block = ("invalidation",), LifecycleBlock(), read.document.invalidation
    yield read.declared(Library, made.library, {"code": library(made)}, path, life)
    outbox = f"{made.prefix}outbox"
    yield read.declared(Stream, outbox, {}, path, life)
    for group in block.groups or (made.outbox_group,):
        name = group_address(read.document.store, outbox, group).name
        yield read.declared(Group, name, {"start": "0"}, path, life)
    for key in model.own_keys(made):
        values = {
            "type": key.type,
            "ttl": "required" if key.expires else "forbidden",
            "description": key.what,
        }
        yield read.declared(KeyPattern, parse(key.pattern).text, {**unsaid(), **values}, path, life)


def _twice(declared: Sequence[Declared]) -> Iterator[Problem]:
    """Yields objects that stand there twice, as a stream that is the outbox as well. Of patterns among `keys`
    that is told already."""
    seen: set[Address] = set()
    for one in declared:
        if one.address in seen and one.path[0] != "keys":
            yield Problem(
                "declared-twice",
                one.path,
                "an object is declared twice",
                f"`{one.address}`",
                "two places would say what it is",
                "remove one of them: `invalidation` declares its library, its outbox and its keys itself",
            )
        seen.add(one.address)
