"""What was counted → the audit's report. Pure.

Counts are what was seen, never more. Where only a part was looked at, the text says what that means for all:
an interval at 95 % (Wilson's), or a bound of 3/n where no case was found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from apexplan.model.address import Address
from apexplan.model.audit import Departure, Strangers
from apexplan.model.plan import Size
from apexplan_redis import kinds
from apexplan_redis.audit.rules import Rule
from apexplan_redis.audit.tally import Found, Seen, Tally
from apexplan_redis.audit.values import LONGEST_BYTES
from apexplan_redis.names import KEYSPACE
from apexplan_redis.patterns.groups import MOST_GROUPS
from apexplan_redis.specs import Keyspace

_Z_95 = 1.96
_REST = "*"
_OF_ONE = {"have": "has", "are": "is", "take": "takes", "lack": "lacks"}
_VERB = re.compile(rf"\b({'|'.join(_OF_ONE)})\b")


def departures(rules: Sequence[Rule], tally: Tally, *, scale: float) -> tuple[Departure, ...]:
    """Returns how keys depart, by address and kind. `scale`: how many keys there are for each that was looked
    at, 1 where all were."""
    found = [
        _departure(rules[number], seen, kind, scale)
        for number, seen in sorted(tally.seen.items())
        for kind in sorted(seen.found)
    ]
    return tuple(found)


def _departure(rule: Rule, seen: Seen, kind: str, scale: float) -> Departure:
    found = seen.found[kind]
    looked = seen.sampled.get(kind, seen.looked)
    text = f"{found.count:,} of {_keys(looked)} {_said(found.count, kind)}"
    if looked < seen.looked or scale > 1:
        low, high = interval(found.count, looked)
        about = round(found.count * seen.looked * scale / looked) if looked else 0
        of = "about" if scale > 1 else "all"
        text += f": {low:.1%} to {high:.1%} of {of} {seen.looked * scale:,.0f} at 95 %, about {about:,}"
    if kind == kinds.BAD_VALUE and seen.reason:
        text += f"; the first one: {seen.reason}"
    return Departure(
        address=rule.address,
        kind=kind,
        count=found.count,
        looked=looked,
        text=text,
        samples=tuple(found.samples),
        mend=kinds.MENDS[kind],
    )


def _keys(count: int) -> str:
    return f"{count:,} key{'s' * (count != 1)}"


def _said(count: int, kind: str) -> str:
    """Returns what is said of so many keys, in the singular where it is one."""
    words = kinds.WORDS[kind]
    return words if count != 1 else _VERB.sub(lambda verb: _OF_ONE[verb[0]], words)


def interval(count: int, looked: int) -> tuple[float, float]:
    """Returns between which shares the true one lies, at 95 %, where `count` of `looked` were found. A key
    that was gone and came back while it was looked at is in the first alone."""
    if not looked:
        return 0.0, 1.0
    share, z2 = min(1.0, count / looked), _Z_95**2
    middle = share + z2 / (2 * looked)
    half = _Z_95 * math.sqrt(share * (1 - share) / looked + z2 / (4 * looked**2))
    return max(0.0, (middle - half) / (1 + z2 / looked)), min(1.0, (middle + half) / (1 + z2 / looked))


def strangers(parts: Sequence[Mapping[str, Found]]) -> tuple[Strangers, ...]:
    """Returns undeclared keys of all servers by what they look like, most first."""
    found: dict[str, Found] = {}
    for part in parts:
        for like, one in part.items():
            room = like in found or len(found) < MOST_GROUPS
            found.setdefault(like if room else _REST, Found()).add(one.count, one.samples)
    ordered = sorted(found.items(), key=lambda pair: (-pair[1].count, pair[0]))
    return tuple(Strangers(like=like, count=one.count, samples=tuple(one.samples)) for like, one in ordered)


def sizes(
    store: str,
    found: Sequence[Departure],
    undeclared: Sequence[Strangers],
    tally: Tally,
    *,
    exact: bool,
) -> dict[Address, Size]:
    """Returns how many keys depart, for each object of which some do: those whose TTL a repair would mend,
    or else those of the most frequent kind. Of undeclared keys also about how many bytes they take."""
    counts: dict[Address, int] = {}
    for address in {one.address for one in found}:
        mine = [one for one in found if one.address == address]
        mended = sum(one.count for one in mine if one.kind in kinds.TTL_KINDS)
        counts[address] = mended or max(one.count for one in mine)
    sized = {address: Size(count=count, unit="keys", exact=exact) for address, count in counts.items()}
    if undeclared:
        count = sum(one.count for one in undeclared)
        bytes_ = round(tally.sized_bytes / tally.sized * count) if tally.sized else None
        size = Size(count=count, unit="keys", exact=exact, size_bytes=bytes_)
        sized[Address(store, Keyspace.kind, KEYSPACE)] = size
    return sized


def remarks_of(rules: Sequence[Rule], tally: Tally) -> Iterator[str]:
    """Yields what a reader must know of values that were read, and of those that were not."""
    for number, seen in sorted(tally.seen.items()):
        name = rules[number].address.name
        if seen.unread:
            most = LONGEST_BYTES >> 20
            values = f"1 value above {most} MiB was"
            if seen.unread != 1:
                values = f"{seen.unread:,} values above {most} MiB were"
            yield f"{name}: {values} not validated"
        for kind, count in sorted(seen.sampled.items()):
            if count and count < seen.looked and kind not in seen.found:
                what = "the value was" if kind == kinds.BAD_VALUE else "the fields were"
                yield (
                    f"{name}: of {count:,} of {_keys(seen.looked)}, {what} read, and none departs: "
                    f"at most {min(1.0, 3 / count):.1%} of all do, at 95 %"
                )
    if tally.moved:
        were = "was" if tally.moved == 1 else "were"
        yield (
            f"{_keys(tally.moved)} {were} on the way to another server of the cluster: "
            "keys of such slots may be counted twice, or not at all"
        )
