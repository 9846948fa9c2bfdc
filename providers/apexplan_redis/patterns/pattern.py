"""A pattern, and what can be asked of it without a server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Final, TypeAlias

from apexplan_redis.patterns import bytesets
from apexplan_redis.patterns.automata import Automaton, accepts, automaton
from apexplan_redis.patterns.types import ANY, STR, Type, Way, literal_way

# Up to this length a regular expression reads any key in a moment, whatever its bytes; see `Pattern.is_open`.
SHORT_BYTES: Final = 256
# Halves of characters, which no text of a pattern holds, around a placeholder among literals.
_OPENS, _CLOSES = "\ud800", "\udfff"


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that each key has at this place."""

    text: str

    @property
    def data(self) -> bytes:
        return self.text.encode()

    @property
    def ways(self) -> tuple[Way, ...]:
        return (literal_way(self.data),)

    def __str__(self) -> str:
        return re.sub(r"[*\\]", r"\\\g<0>", self.text).replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value of a type. Without a name it is a `*`."""

    name: str
    type: Type

    @property
    def ways(self) -> tuple[Way, ...]:
        return self.type.ways

    def __str__(self) -> str:
        if not self.name:
            return "*"
        return f"{{{self.name}}}" if self.type == STR else f"{{{self.name}:{self.type}}}"


Part: TypeAlias = Literal | Placeholder


@dataclass(frozen=True)
class Pattern:
    """A pattern of keys; made by `grammar.parse`. Equal to another of the same canonical text."""

    parts: tuple[Part, ...]

    @cached_property
    def text(self) -> str:
        """The canonical spelling: without the default type, values of an enum sorted."""
        return "".join(map(str, self.parts))

    def __str__(self) -> str:
        return self.text

    @cached_property
    def placeholders(self) -> Mapping[str, Type]:
        """The types by name, in the order of the pattern. A `*` has no name, and no value."""
        return {part.name: part.type for part in self.parts if isinstance(part, Placeholder) and part.name}

    @cached_property
    def literal_bytes(self) -> int:
        """How many bytes of each key are literal."""
        return sum(len(part.data) for part in self.parts if isinstance(part, Literal))

    @cached_property
    def rank(self) -> tuple[int, int]:
        """How a key of several patterns is decided, the greatest wins: the most literal one, and among
        equals the one with fewer `any`."""
        return self.literal_bytes, -sum(isinstance(p, Placeholder) and p.type == ANY for p in self.parts)

    @property
    def matches_everything(self) -> bool:
        """True where nothing narrows it: `*`, `{x:any}`, and `{x}`, which a colon alone narrows."""
        return all(isinstance(part, Placeholder) and part.type in (STR, ANY) for part in self.parts)

    @cached_property
    def prefix(self) -> bytes:
        """What each key begins with."""
        return self.parts[0].data if isinstance(self.parts[0], Literal) else b""

    @cached_property
    def suffix(self) -> bytes:
        """What each key ends with."""
        return self.parts[-1].data if isinstance(self.parts[-1], Literal) else b""

    @cached_property
    def hash_tag(self) -> str | None:
        """What a cluster hashes instead of the key: what stands in the first braces, a placeholder as
        `{name}`, whatever its type. None where the whole key is hashed. Values are taken to hold no braces.

        Redis takes the first `{` and the first `}` behind it, unless nothing is between (cluster
        specification, "Hash tags").
        """
        marked = "".join(
            part.text if isinstance(part, Literal) else f"{_OPENS}{part.name}{_CLOSES}" for part in self.parts
        )
        found = re.search(r"\{([^}]*)\}", marked)
        if found is None or not found[1]:
            return None
        return found[1].replace(_OPENS + _CLOSES, "*").replace(_OPENS, "{").replace(_CLOSES, "}")

    @cached_property
    def is_open(self) -> bool:
        """True where the end of some value is not plain from its next byte, as in `{a}-{b}`: a regular
        expression tries one end after the other there."""
        return any(map(self.is_open_at, range(len(self.parts))))

    def is_open_at(self, index: int) -> bool:
        """True where that holds for part `index`."""
        part = self.parts[index]
        if isinstance(part, Literal) or part.type.length is not None or index == len(self.parts) - 1:
            return False
        after = self.parts[index + 1]
        return isinstance(after, Placeholder) or bytesets.has(part.type.tail, after.data[0])

    @cached_property
    def regex(self) -> re.Pattern[bytes]:
        """The regular expression of exactly the keys, with a group for each name."""
        return re.compile(rb"\A" + b"".join(self._items(named=True)) + rb"\Z", re.DOTALL)

    @property
    def nameless_regex(self) -> bytes:
        """The same for `re.DOTALL`, without anchors and groups, as a part of a larger one."""
        return b"".join(self._items(named=False))

    def _items(self, *, named: bool) -> Iterator[bytes]:
        for index, part in enumerate(self.parts):
            if isinstance(part, Literal):
                yield re.escape(part.data)
                continue
            item = part.type.regex()
            if part.type.is_one_run and part.type.length is None and not self.is_open_at(index):
                item += b"+"  # possessive: where the run ends is plain, so nothing is tried twice
            yield b"(?P<%b>%b)" % (part.name.encode(), item) if named and part.name else item

    @cached_property
    def automaton(self) -> Automaton:
        """The automaton of exactly the keys."""
        return automaton([part.ways for part in self.parts])

    @cached_property
    def glob(self) -> bytes:
        """A Redis glob of all the keys, and of others: for SCAN and ACL rules. A value of fixed length is
        as many `?`, any other one is `*`, which crosses colons."""
        return b"".join(
            part.type.glob()
            if isinstance(part, Placeholder)
            else b"".join(bytesets.glob(bytesets.single(byte)) for byte in part.data)
            for part in self.parts
        )

    def accepts(self, key: bytes) -> bool:
        """True where `key` is one of the pattern's. Quick for a key of any length and any bytes."""
        if not (key.startswith(self.prefix) and key.endswith(self.suffix)):
            return False
        if self.is_open and len(key) > SHORT_BYTES:
            return accepts(self.automaton, key)
        return self.regex.match(key) is not None

    def match(self, key: bytes) -> dict[str, str] | None:
        """Returns the values of `key` by name, None where it is none of the pattern's. Bytes that are no
        text are as `surrogateescape` has them. Where a key can be read in several ways, as in `{a}-{b}`,
        the first values are the longest. Only of a long key of an open pattern may this take its time."""
        if not self.accepts(key):
            return None
        found = self.regex.match(key)
        assert found is not None
        return {name: value.decode(errors="surrogateescape") for name, value in found.groupdict().items()}

    def key(self, /, **values: str | int) -> str:
        """Returns the key of these values. Raises ValueError where one does not fit its type, is missing or
        unknown, or where the key would be read as other values."""
        if set(values) != set(self.placeholders) or self._is_nameless:
            raise ValueError(f"{self.text} {self._wants}, not {', '.join(values) or 'nothing'}")
        texts = {name: str(value) for name, value in values.items()}
        for name, wanted in self.placeholders.items():
            data = texts[name].encode(errors="surrogateescape")
            if not re.fullmatch(wanted.regex(), data, re.DOTALL):
                raise ValueError(f"{name} of {self.text} is no {wanted}: that is {wanted.means}")
        key = "".join(part.text if isinstance(part, Literal) else texts[part.name] for part in self.parts)
        if self.match(key.encode(errors="surrogateescape")) != texts:
            raise ValueError(
                f"these values of {self.text} would be read back as others; choose other literals"
            )
        return key

    @cached_property
    def _is_nameless(self) -> bool:
        return any(isinstance(part, Placeholder) and not part.name for part in self.parts)

    @property
    def _wants(self) -> str:
        if self._is_nameless:
            return "has a `*`, for which no value can be given: give it a name, as in {rest:any}"
        return f"takes {', '.join(self.placeholders) or 'nothing'}"

    def samples(self, random: Random, n: int) -> list[str]:
        """Returns `n` keys of the pattern, which may repeat."""
        return [self._sample(random).decode() for _ in range(n)]

    def _sample(self, random: Random) -> bytes:
        return b"".join(
            part.data if isinstance(part, Literal) else part.type.sample(random) for part in self.parts
        )
