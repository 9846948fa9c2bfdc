"""The text of a Python client module: the constant part, then what is particular to a contract. Pure.

The module needs redis-py alone and is typed throughout. The same contract gives the same bytes.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from apexplan_redis.invalidation.mistakes import refuse_mistakes
from apexplan_redis.invalidation.model import Entry, Event, Invalidation, Placeholder


@dataclass(frozen=True, slots=True)
class _Flavour:
    """The words that differ between the synchronous classes and those for asyncio."""

    prefix: str
    define: str
    wait: str
    run: str
    loader: str


_SYNC: Final = _Flavour("", "def", "", "_run", "Callable[[], {}]")
_ASYNC: Final = _Flavour("Async", "async def", "await ", "_run_async", "Callable[[], Awaitable[{}]]")
_NEEDS_ESCAPE: Final = re.compile(rb"[^ !#-\[\]-~]")


def client_module(invalidation: Invalidation) -> str:
    """Returns the module, with classes Cache and AsyncCache. Raises ValueError where there are mistakes."""
    refuse_mistakes(invalidation)
    blocks = [
        [*_header(invalidation), "", *_runtime()],
        _constants(invalidation),
        *(_key_function(entry) for entry in invalidation.entries),
        *(_loaded(entry, invalidation) for entry in invalidation.entries if entry.tags),
        *(_entry(entry, invalidation, way) for way in (_SYNC, _ASYNC) for entry in invalidation.entries),
        *(_cache(invalidation, way) for way in (_SYNC, _ASYNC)),
    ]
    return "\n\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _header(invalidation: Invalidation) -> list[str]:
    return [
        f'"""The cache of the library `{invalidation.library}`: made by apexplan codegen; do not edit.',
        "",
        f"Contract {invalidation.digest()}",
        '"""',
    ]


def _runtime() -> list[str]:
    """Returns the constant part without its docstring, which speaks of its place in this package."""
    text = files("apexplan_redis.invalidation").joinpath("client_runtime.py").read_text(encoding="utf-8")
    docstring_ends = ast.parse(text).body[0].end_lineno
    return text.rstrip().split("\n")[docstring_ends:][1:]


def _constants(invalidation: Invalidation) -> list[str]:
    reads = "FCALL" if invalidation.count_reads else "FCALL_RO"
    return [
        "# What follows is particular to the contract.",
        "",
        "_LIBRARY: Final = _Library(",
        f"    name={_literal(invalidation.library)},",
        f"    prefix={_literal(invalidation.prefix)},",
        f"    group={_literal(invalidation.outbox_group)},",
        f"    reads={_literal(reads)},",
        ")",
        *(
            f"{_form(entry, placeholder)}: Final = re.compile({_regex(placeholder)}, re.DOTALL)"
            for entry in invalidation.entries
            for placeholder in entry.placeholders
        ),
    ]


def _loaded(entry: Entry, invalidation: Invalidation) -> list[str]:
    """Returns the class of what a loader gives for an entry with tags."""
    return [
        "@dataclass(frozen=True, slots=True)",
        f"class {_camel(entry.name)}Loaded:",
        f'    """A value of `{entry.name}`, and the ids of what it was made from."""',
        "",
        "    value: Value",
        *(f"    {subject}: {_ids(subject, invalidation)}" for subject in entry.tags),
        "",
        "    def tags(self) -> Tags:",
        "        return {",
        *(f"            {_tag(subject, invalidation)}," for subject in entry.tags),
        "        }",
    ]


def _tag(subject: str, invalidation: Invalidation) -> str:
    name = _literal(subject)
    return f"{name}: _all_fit({name}, self.{subject}, {_form_of_subject(subject, invalidation)})"


def _entry(entry: Entry, invalidation: Invalidation, way: _Flavour) -> list[str]:
    loaded = f"{_camel(entry.name)}Loaded" if entry.tags else "_Plain"
    values = "".join(f", {subject}" for subject in entry.tags)
    return [
        f"class {_entry_class(entry, way)}(_{way.prefix}Entry):",
        f'    """A value at `{_in_docstring(entry.pattern)}`, kept for at most {entry.ttl_s} s."""',
        "",
        f"    {way.define} populate(",
        "        self,",
        "        value: Value,",
        "        token: int,",
        "        *,",
        *(f"        {subject}: {_ids(subject, invalidation)}," for subject in entry.tags),
        "        ttl_s: int | None = None,",
        "    ) -> Populated:",
        '        """Stores the value unless an event came since `token`, and returns what became of it."""',
        f"        return {way.wait}self._populate({loaded}(value{values}), token, ttl_s)",
        "",
        *_fetch(entry, loaded, way),
    ]


def _fetch(entry: Entry, loaded: str, way: _Flavour) -> list[str]:
    loader = way.loader.format(loaded if entry.tags else "Value")
    told = '"""Returns the value from the cache, or else that of `load`, which is stored if it may be."""'
    lines = [
        f"    {way.define} fetch(",
        "        self,",
        f"        load: {loader},",
        "        *,",
        "        ttl_s: int | None = None,",
        "    ) -> bytes:",
        f"        {told}",
    ]
    if entry.tags:
        return [*lines, f"        return {way.wait}self._fetch(load, ttl_s)"]
    return [
        *lines,
        "",
        f"        {way.define} loaded() -> {loaded}:",
        f"            return {loaded}({way.wait}load())",
        "",
        f"        return {way.wait}self._fetch(loaded, ttl_s)",
    ]


def _cache(invalidation: Invalidation, way: _Flavour) -> list[str]:
    methods = [_init(way)]
    methods += [_key_method(entry, way) for entry in invalidation.entries]
    methods += [_event_method(event, invalidation, way) for event in invalidation.events]
    if invalidation.count_reads:
        methods.append(_hit_rate(invalidation.entries, way))
    return [
        f"class {way.prefix}Cache(_{way.prefix}Cache):",
        '    """Entries and events of the contract. Errors of redis-py come as they are."""',
        *(line for method in methods for line in ("", *method)),
    ]


def _init(way: _Flavour) -> list[str]:
    return [
        f"    def __init__(self, client: {way.prefix}Client) -> None:",
        "        super().__init__(client, _LIBRARY)",
    ]


def _key_method(entry: Entry, way: _Flavour) -> list[str]:
    arguments = ", ".join(placeholder.name for placeholder in entry.placeholders)
    entry_class = _entry_class(entry, way)
    return [
        f"    def {entry.name}({', '.join(['self', *_parameters(entry)])}) -> {entry_class}:",
        f'        """Returns the entry at `{_in_docstring(entry.pattern)}`, without asking the server."""',
        f"        return {entry_class}(self._client, _{entry.name}_key({arguments}))",
    ]


def _key_function(entry: Entry) -> list[str]:
    return [
        f"def _{entry.name}_key({', '.join(_parameters(entry))}) -> _Key:",
        "    return _Key(",
        "        _LIBRARY,",
        f"        name={_literal(entry.name)},",
        f"        shape={_literal(entry.shape)},",
        "        parts=(",
        *(f"            {part}," for part in _key_parts(entry)),
        "        ),",
        f"        ttl_s={entry.ttl_s},",
        f"        own={{{', '.join(_own(entry))}}},",
        "    )",
    ]


def _parameters(entry: Entry) -> list[str]:
    return [f"{placeholder.name}: {_type(placeholder)}" for placeholder in entry.placeholders]


def _key_parts(entry: Entry) -> Iterator[str]:
    for part in entry.parts:
        if isinstance(part, Placeholder):
            yield f"_fits({_literal(part.name)}, {part.name}, {_form(entry, part)})"
        else:
            yield _literal(part)


def _own(entry: Entry) -> Iterator[str]:
    for subject, name in entry.own.items():
        yield f"{_literal(subject)}: _fits({_literal(name)}, {name}, _ID)"


def _event_method(event: Event, invalidation: Invalidation, way: _Flavour) -> list[str]:
    placeholder = invalidation.id_of(event.subject)
    form = _form_of_subject(event.subject, invalidation)
    stale = ", ".join(f"`{name}`" for name in event.stale)
    return [
        f"    {way.define} {event.name}(self, id: {_type(placeholder)}) -> Invalidated:",
        f'        """Makes {stale} of this {event.subject} stale.',
        "",
        "        To be called after the change is committed: a reader that begins later sees it.",
        '        """',
        f'        call = _LIBRARY.invalidate({_literal(event.name)}, _fits("id", id, {form}))',
        f"        return {way.wait}{way.run}(self._client, call)",
    ]


def _hit_rate(entries: Sequence[Entry], way: _Flavour) -> list[str]:
    names = ", ".join(_literal(entry.name) for entry in entries)
    return [
        f"    {way.define} hit_rate(self, entry: Literal[{names}] | None = None) -> float | None:",
        '        """Returns hits per read of one entry or of all, as the server counts; None before one."""',
        f"        return _rate({way.wait}self.counters(), entry)",
    ]


def _form_of_subject(subject: str, invalidation: Invalidation) -> str:
    for entry in invalidation.entries:
        placeholder = entry.id_of(subject)
        if placeholder:
            return _form(entry, placeholder)
    return "_ID"


def _regex(placeholder: Placeholder) -> str:
    """Returns the expression as a literal of bytes, escaped as formatters leave it."""
    raw = placeholder.regex.encode("latin-1")
    return 'b"' + _NEEDS_ESCAPE.sub(_escaped, raw).decode("ascii") + '"'


def _escaped(found: re.Match[bytes]) -> bytes:
    byte = found[0]
    return b"\\" + byte if byte in b'"\\' else rb"\x%02x" % byte[0]


def _form(entry: Entry, placeholder: Placeholder) -> str:
    return f"_{entry.name}__{placeholder.name}".upper()


def _ids(subject: str, invalidation: Invalidation) -> str:
    return f"Iterable[{_type(invalidation.id_of(subject))}]"


def _type(placeholder: Placeholder | None) -> str:
    if placeholder is None:
        return "str"
    if placeholder.choices:
        return f"Literal[{_literals(placeholder.choices)}]"
    return "int" if placeholder.type == "int" else "str"


def _entry_class(entry: Entry, way: _Flavour) -> str:
    return f"{way.prefix}{_camel(entry.name)}Entry"


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _literals(texts: Iterable[str]) -> str:
    return ", ".join(map(_literal, texts))


def _literal(text: str) -> str:
    """Returns `text` as a literal of Python; JSON's are the same where characters stand as they are."""
    return json.dumps(text, ensure_ascii=False)


def _in_docstring(text: str) -> str:
    return _literal(text)[1:-1]
