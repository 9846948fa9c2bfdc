"""What is wrong with the configuration of a document, by itself and beside the keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from apexplan.document import Path
from apexplan.model.diagnostics import Problem, Severity
from apexplan_redis.document.models import RedisContract
from apexplan_redis.document.parameters import ADDRESSES, ADJUSTED, POLICIES, PROTECTED, SECRET
from apexplan_redis.document.spelling import canonical_name, canonical_value, unreadable
from apexplan_redis.document.values import config_text, key_block, ttl_block


def config_problems(config: Mapping[str, str | int | bool]) -> Iterator[Problem]:
    """Yields what is wrong with single parameters."""
    seen: dict[str, str] = {}
    for name, value in config.items():
        path: Path = ("config", name)
        canonical = canonical_name(name)
        if canonical in seen:
            yield Problem(
                "parameter-twice",
                path,
                "a parameter is set twice",
                f"`{seen[canonical]}` and `{name}` are one parameter",
                "the server knows it by a former name and by its present one",
                "remove one",
            )
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
    if name in ADDRESSES:
        yield Problem(
            "moves-the-server",
            path,
            "a parameter says where the server listens",
            f"`{name}`",
            "once it changes, the store's `url` leads nowhere, and nothing can be undone",
            "set it in the server's configuration file, and leave it out of the manifest",
        )


def _value(name: str, value: str, path: Path) -> Iterator[Problem]:
    if name == "maxmemory-policy" and value.lower() not in POLICIES:
        close = get_close_matches(value.lower(), POLICIES, n=1)
        meant = f"did you mean {close[0]}? " if close else ""
        mend = f"{meant}take one of {', '.join(POLICIES)}"
        what, why = f"`{value}`", "it says what the server does when maxmemory is reached"
        yield Problem("unknown-policy", path, "an eviction policy does not exist", what, why, mend)
    why = unreadable(name, value)
    if why:
        mend = "write it as in redis.conf"
        yield Problem("bad-parameter", path, "a value is none of its parameter", f"`{value}`", why, mend)
    least, most = ADJUSTED.get(name, (0, 0))
    number = canonical_value(name, value)
    if name in ADJUSTED and number.isdecimal() and not least <= int(number) <= most:
        yield Problem(
            "out-of-range",
            path,
            "a number is out of range",
            f"`{name}: {value}`",
            "the server says OK and takes the nearest it can, so that every plan would find a difference",
            f"take {least:,} or more" if most > int(number) else f"take {most:,} or less",
        )


def eviction_problems(document: RedisContract, own_without_ttl: Iterable[str]) -> Iterator[Problem]:
    """Yields where the eviction policy does not go with the contract's TTLs. `own_without_ttl`: patterns of
    the function library's keys that never expire."""
    found = next((name for name in document.config if canonical_name(name) == "maxmemory-policy"), None)
    if found is None:
        return
    policy, path = config_text(document.config[found]).lower(), ("config", found)
    if policy.startswith("volatile-"):
        yield from _volatile(document, policy, path)
    if policy.startswith("allkeys-"):
        yield from _allkeys(document, policy, sorted(own_without_ttl), path)


def _volatile(document: RedisContract, policy: str, path: Path) -> Iterator[Problem]:
    lasting = [text for text, word in _policies(document).items() if word != "required"]
    if lasting:
        yield Problem(
            "volatile-without-ttl",
            path,
            "keys without TTL are never evicted under this policy",
            f"`{policy}`, and keys of {_few(lasting)} need have no TTL",
            "once they fill the memory, writes fail with OOM: nothing is left to evict",
            "require a TTL of them, or take an allkeys policy",
            Severity.WARNING,
        )


def _allkeys(document: RedisContract, policy: str, own: list[str], path: Path) -> Iterator[Problem]:
    kept = [text for text, word in _policies(document).items() if word == "forbidden"]
    if kept:
        yield Problem(
            "allkeys-evicts-what-lasts",
            path,
            "keys that shall last are evicted under this policy",
            f"`{policy}`, and keys of {_few(kept)} have no TTL by contract",
            "an allkeys policy evicts any key, also one that nothing else holds",
            "keep such data in another server, or take a volatile policy",
            Severity.WARNING,
        )
    if own:
        yield Problem(
            "allkeys-evicts-tags",
            path,
            "tag sets and versions of the function library are evicted under this policy",
            f"`{policy}`, and {_few(own)}",
            "no stale value is served because of it: an entry whose versions are lost counts as stale. But "
            "entries that no tag set knows take memory until they expire",
            "nothing has to be done; with a volatile policy versions and counters are never evicted",
            Severity.NOTE,
        )


def _policies(document: RedisContract) -> dict[str, str | None]:
    """Returns what is said of the TTL of each pattern, sorted by pattern."""
    blocks = {text: ttl_block(key_block(said)) for text, said in sorted(document.keys.items())}
    return {text: block.policy if block is not None else None for text, block in blocks.items()}


def _few(names: list[str], most: int = 3) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
