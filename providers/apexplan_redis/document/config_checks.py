"""What is wrong with the configuration of a document, by itself and beside the keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from apexplan.document import Path
from apexplan.model.diagnostics import Problem, Severity
from apexplan_redis.document.models import RedisContract
from apexplan_redis.document.parameters import POLICIES, PROTECTED, SECRET, canonical_name
from apexplan_redis.document.values import config_text, key_block, ttl_block

_MOST_HZ = 500


def config_problems(config: Mapping[str, str | int | bool]) -> Iterator[Problem]:
    """Yields what is wrong with single parameters."""
    seen: dict[str, str] = {}
    for name, value in config.items():
        path: Path = ("config", name)
        canonical = canonical_name(name)
        if canonical in seen:
            what = f"`{seen[canonical]}` and `{name}` are one parameter"
            yield Problem("parameter-twice", path, "a parameter is set twice", what, mend="remove one")
        seen[canonical] = name
        yield from _not_to_be_set(canonical, path)
        yield from _value(canonical, config_text(value), path)


def _not_to_be_set(name: str, path: Path) -> Iterator[Problem]:
    if name in SECRET:
        yield Problem(
            "secret-parameter",
            path,
            "a parameter is a secret",
            f"`{name}`",
            "what a manifest says is shown in plans and kept in the state",
            "declare ACL users instead, whose passwords are kept as hashes",
        )
    if name in PROTECTED:
        yield Problem(
            "protected-parameter",
            path,
            "a parameter is protected",
            f"`{name}`",
            "where a server writes its files can be changed by its configuration file alone",
            "leave it out of the manifest",
        )


def _value(name: str, value: str, path: Path) -> Iterator[Problem]:
    if name == "maxmemory-policy" and value.lower() not in POLICIES:
        close = get_close_matches(value.lower(), POLICIES, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        mend = f"{meant}take one of {', '.join(POLICIES)}"
        yield Problem("unknown-policy", path, "an eviction policy does not exist", f"`{value}`", mend=mend)
    if name == "hz" and value.isdigit() and not 1 <= int(value) <= _MOST_HZ:
        yield Problem(
            "hz-out-of-range",
            path,
            "a number is out of range",
            f"`hz: {value}`",
            "the server stores the nearest it can and says OK, so that every plan would find a difference",
            f"take 1 to {_MOST_HZ}",
        )


def eviction_problems(document: RedisContract, own_without_ttl: Iterable[str]) -> Iterator[Problem]:
    """Yields where the eviction policy does not go with the contract's TTLs. `own_without_ttl`: patterns of
    the function library's keys that never expire."""
    policy = next(
        (config_text(v).lower() for n, v in document.config.items() if n == "maxmemory-policy"), None
    )
    if policy is None:
        return
    path: Path = ("config", "maxmemory-policy")
    ttls = {text: ttl_block(key_block(said)) for text, said in document.keys.items()}
    lasting = sorted(text for text, ttl in ttls.items() if ttl is None or ttl.policy != "required")
    if policy.startswith("volatile-") and lasting:
        yield Problem(
            "volatile-without-ttl",
            path,
            "keys without TTL are never evicted under this policy",
            f"`{policy}`, and keys of {_few(lasting)} need have no TTL",
            "once they fill the memory, writes fail with OOM: nothing is left to evict",
            "require a TTL of them, or take an allkeys policy",
            Severity.WARNING,
        )
    kept = sorted(text for text, ttl in ttls.items() if ttl is not None and ttl.policy == "forbidden")
    if policy.startswith("allkeys-") and kept:
        yield Problem(
            "allkeys-evicts-what-lasts",
            path,
            "keys that shall last are evicted under this policy",
            f"`{policy}`, and keys of {_few(kept)} have no TTL by contract",
            "an allkeys policy evicts any key, also one that nothing else holds",
            "keep such data in another server, or take a volatile policy",
            Severity.WARNING,
        )
    tagged = sorted(own_without_ttl)
    if policy.startswith("allkeys-") and tagged:
        yield Problem(
            "allkeys-evicts-tags",
            path,
            "tag sets and versions of the function library are evicted under this policy",
            f"`{policy}`, and {_few(tagged)}",
            "no stale value is served because of it: an entry whose versions are lost counts as stale. But "
            "entries that no tag set knows take memory until they expire",
            "nothing has to be done; with a volatile policy versions and counters are never evicted",
            Severity.NOTE,
        )


def _few(names: list[str], most: int = 3) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
