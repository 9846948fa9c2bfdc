"""How a parameter's value is spelled that the server spells otherwise. Pure.

Measured on 7.0.15, parameter by parameter: what CONFIG GET says after CONFIG SET of odd spellings. Another
version may know parameters that are not here: they are compared as text, but for yes and no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from apexplan_redis.document.parameters import LIMITS, MEMORY, TEXTS, WORDS

_FORMER_NAMES: Final = {"slaveof": "replicaof", "lua-time-limit": "busy-reply-threshold"}
_FORMER_WORDS: Final = re.compile(r"\bslaves?\b|ziplist")
_PRESENT_WORDS: Final = {"slave": "replica", "slaves": "replicas", "ziplist": "listpack"}


def canonical_name(name: str) -> str:
    """Returns the present name of a parameter: `replica-…` for `slave-…`, `listpack` for `ziplist`."""
    lower = name.lower()
    return _FORMER_NAMES.get(lower) or _FORMER_WORDS.sub(lambda word: _PRESENT_WORDS[word[0]], lower)


def canonical_value(name: str, value: str) -> str:
    """Returns `value` in one spelling of all that mean the same. Both sides of a comparison go through it, so
    a value that nobody can read stays as it is. `name` is canonical."""
    try:
        return _reader(name)(value)
    except ValueError:
        return value


def unreadable(name: str, value: str) -> str:
    """Returns why `value` can be none of the parameter's, "" where it may be one."""
    try:
        _reader(name)(value)
    except ValueError as error:
        return str(error)
    return ""


def completed(name: str, value: str, live: str) -> str:
    """Returns a canonical value with what it leaves to the server: CONFIG SET of limits of some classes of
    clients keeps those of the others, and CONFIG GET tells all."""
    if name != LIMITS or unreadable(name, f"{live} {value}"):
        return value
    return canonical_value(name, f"{live} {value}")


_Reader: TypeAlias = Callable[[str], str]
"""Returns the canonical spelling of a value. Raises ValueError with what is wrong with it."""


def _reader(name: str) -> _Reader:
    if name in MEMORY:
        return _size
    if name in WORDS:
        return str.lower
    return str if name in TEXTS else _READERS.get(name, _plain)


_UNITS: Final = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 1 << 10,
    "m": 1000**2,
    "mb": 1 << 20,
    "g": 1000**3,
    "gb": 1 << 30,
}
_SIZE: Final = re.compile(r"([0-9]+)([a-z]*)", re.IGNORECASE)
_PERCENT: Final = re.compile(r"[0-9]+%")


def _plain(value: str) -> str:
    return value.lower() if value.lower() in ("yes", "no") else value


def _size(value: str) -> str:
    """`1g` is 10⁹, `1gb` is 2³⁰. A share of maxmemory, as `maxmemory-clients` takes it, stays one."""
    if _PERCENT.fullmatch(value):
        return "0" if value == "0%" else value
    found = _SIZE.fullmatch(value)
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError("a size is a number, or one with b, k, kb, m, mb, g or gb behind it")
    return str(int(found[1]) * unit)


_ALL_EVENTS: Final = "g$lshzxetd"
_EVENT_ORDER: Final = f"{_ALL_EVENTS}KEmn"


def _events(value: str) -> str:
    """`A` is all classes but m and n; the order of letters means nothing: KEA comes back as AKE."""
    letters = set(value)
    if "A" in letters:
        letters = (letters - {"A"}) | set(_ALL_EVENTS)
    if letters >= {*_ALL_EVENTS, "n"}:
        raise ValueError("beside A the server does not tell n, so that no plan could see it")
    known = "".join(letter for letter in _EVENT_ORDER if letter in letters)
    others = "".join(sorted(letters - set(_EVENT_ORDER)))
    return known.replace(_ALL_EVENTS, "A") + others


def _limits(value: str) -> str:
    """`CLASS HARD SOFT SECONDS`, once for each class of clients; of one class the last counts."""
    words = value.split()
    if len(words) % 4:
        raise ValueError("limits are CLASS HARD SOFT SECONDS, as often as there are classes")
    rows = {}
    for start in range(0, len(words), 4):
        name, hard, soft, seconds = words[start : start + 4]
        name = name.lower().replace("slave", "replica")
        if name not in ("normal", "replica", "pubsub"):
            raise ValueError("classes of clients are normal, replica and pubsub")
        rows[name] = f"{_size(hard)} {_size(soft)} {int(seconds)}"
    return " ".join(f"{name} {row}" for name, row in sorted(rows.items()))


def _save(value: str) -> str:
    words = value.split()
    if len(words) % 2 or not all(word.isdecimal() for word in words):
        raise ValueError("save points are pairs of SECONDS CHANGES, or nothing")
    return _integers(value)


def _integers(value: str) -> str:
    return " ".join(str(int(word)) for word in value.split())


def _percentiles(value: str) -> str:
    """The server prints six decimals, and no zeros at the end."""
    return " ".join(f"{float(word):f}".rstrip("0").rstrip(".") for word in value.split())


_SHUTDOWN: Final = ("default", "save", "nosave", "now", "force")


def _shutdown(value: str) -> str:
    """Options of SHUTDOWN, in the server's order."""
    words = value.lower().split()
    if not words or not set(words) <= set(_SHUTDOWN):
        raise ValueError(f"options are {', '.join(_SHUTDOWN)}")
    return " ".join(sorted(set(words), key=_SHUTDOWN.index))


def _oom_score(value: str) -> str:
    """`relative` comes back as `yes`."""
    return "yes" if value.lower() == "relative" else value.lower()


def _row(value: str) -> str:
    """Words with one blank between."""
    return " ".join(value.split())


_READERS: Final[Mapping[str, _Reader]] = {
    "bind": _row,
    LIMITS: _limits,
    "latency-tracking-info-percentiles": _percentiles,
    "notify-keyspace-events": _events,
    "oom-score-adj": _oom_score,
    "oom-score-adj-values": _integers,
    "save": _save,
    "shutdown-on-sigint": _shutdown,
    "shutdown-on-sigterm": _shutdown,
}
