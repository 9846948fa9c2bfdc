"""What a server says no with, as errors of ours.

The first word of a reply is its code (NOPERM, BUSY, MOVED). Replies with a code that we know get words of
ours: theirs name keys, groups and users. Of all others the server's words are passed on without what they
quote: that may be a password (`ACL SETUSER`) or a value (`unknown command`). Measured on Redis 7.0.15.

No driver is imported here: what goes wrong on the way to a server is in `server.failures`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from apexplan.model.errors import AccessDenied, StoreError, Transient, Unsupported


class NotThere(StoreError):
    """No such key, stream, group, script or library."""


class ReadOnly(StoreError):
    """The server is a replica that takes no writes."""


class Busy(Transient):
    """A script or a function runs for long, and the server does nothing else meanwhile."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who said it: the store, where the server is, and as whom we came. `tls`: the way there is encrypted."""

    store: str
    place: str
    user: str = "default"
    tls: bool = False


_Verdict: TypeAlias = tuple[type[StoreError], str, str]

_WAIT: Final = "wait a little and try again"
_CODES: Final[dict[str, _Verdict]] = {
    "NOAUTH": (AccessDenied, "the server asks for a password, and none is set", "set `password`"),
    "WRONGPASS": (
        AccessDenied,
        "wrong user or password, or the user is disabled",
        "correct `username` and `password`",
    ),
    "DENIED": (
        AccessDenied,
        "the server is in protected mode: without a password it listens to its own machine alone",
        "give the server a password (requirepass or an ACL user), and set it in `password`",
    ),
    "NOPROTO": (Unsupported, "the server does not speak RESP3", "use Redis 6 or newer"),
    "LOADING": (Transient, "the server is loading its data", _WAIT),
    "BUSY": (
        Busy,
        "a script or a function runs for long, and the server does nothing else meanwhile",
        "wait, or end it: SCRIPT KILL, or FUNCTION KILL where it is a function",
    ),
    "TRYAGAIN": (Transient, "the keys are on their way to another server of the cluster", _WAIT),
    "CLUSTERDOWN": (
        Transient,
        "the cluster is down, or no server of it has the slot",
        "look at CLUSTER INFO and CLUSTER SLOTS; it comes back when all slots have a server",
    ),
    "MOVED": (Transient, "the slot went to another server of the cluster twice in a row", _WAIT),
    "ASK": (Transient, "the slot is on its way to another server of the cluster", _WAIT),
    "MASTERDOWN": (Transient, "the replica has lost its primary, and serves no old data", _WAIT),
    "NOREPLICAS": (
        Transient,
        "too few replicas follow closely, so the primary takes no writes",
        "bring the replicas back, or lower min-replicas-to-write",
    ),
    "READONLY": (
        ReadOnly,
        "the server is a replica that takes no writes",
        "give the primary's address in `url`",
    ),
    "OOM": (
        StoreError,
        "maxmemory is reached, and the eviction policy finds nothing to evict",
        "raise maxmemory, remove keys, or choose another maxmemory-policy",
    ),
    "MISCONF": (
        StoreError,
        "the server cannot write its snapshot, and takes no writes until it can",
        "look at the server's log and at its disk; CONFIG SET stop-writes-on-bgsave-error no lets it go on",
    ),
    "UNKILLABLE": (
        StoreError,
        "the script has written already and cannot be ended",
        "wait for its end; SHUTDOWN NOSAVE ends it and loses what was not saved",
    ),
    "NOTBUSY": (NotThere, "no script runs", ""),
    "CROSSSLOT": (
        StoreError,
        "the keys of this command lie in different slots of the cluster",
        "give them one hash tag: what stands between the first { and } decides the slot",
    ),
    "EXECABORT": (StoreError, "the transaction was given up, because one of its commands was refused", ""),
    "NOSCRIPT": (NotThere, "the server does not have this script", "load it again"),
    "NOGROUP": (NotThere, "there is no such stream or no such consumer group", ""),
    "BUSYGROUP": (StoreError, "the stream has a consumer group of this name already", ""),
    "BUSYKEY": (StoreError, "there is a key of this name already", ""),
    "WRONGTYPE": (StoreError, "the key holds another type than this command works on", ""),
}

_MESSAGES: Final[tuple[tuple[re.Pattern[str], _Verdict], ...]] = (
    (
        re.compile("max number of clients"),
        (Transient, "the server has as many clients as it takes", "close some, or raise maxclients"),
    ),
    (
        re.compile("unknown (sub)?command", re.IGNORECASE),
        (
            Unsupported,
            "the server does not know this command",
            "use a newer server, one that has the module of this command, or one that does not hide it by "
            "rename-command",
        ),
    ),
    (
        re.compile("AUTH <password> called without|Client sent AUTH|invalid password"),
        (AccessDenied, "the server does not accept this password", "correct `username` and `password`"),
    ),
    (
        re.compile("DB index is out of range"),
        (
            StoreError,
            "the server has no database of this number",
            "correct the number in `url`; CONFIG GET databases tells how many there are",
        ),
    ),
    (
        re.compile("DUMP payload version or checksum"),
        (
            StoreError,
            "the server cannot read this dump: a newer server has made it, or it is damaged",
            "bring it back into a server of the version that made it, or a newer one",
        ),
    ),
    (
        re.compile("cluster support disabled"),
        (StoreError, "the server is not part of a cluster", "write redis:// instead of redis+cluster://"),
    ),
    (re.compile("no such key|(Library|Function) not found"), (NotThere, "", "")),
)
"""What an `ERR` means, by the server's words; "" passes them on."""

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*")
_QUOTED: Final = re.compile(r"'.*'|\".*\"")
_NAMING: Final = re.compile(r"[^'\"]*\b(?:argument|command|subcommand|option|SET -|near) '[\w|.<>-]+'[^'\"]*")
"""One quoted word, which is a name: of a command, a parameter, or a place in a library's code."""
_OF_PARAMETER: Final = re.compile(r"([^'\"]*\bargument '[\w.-]+'\) - )(.*)")
"""What CONFIG SET says of one parameter: its name, then what is wrong."""
_DENIED_COMMAND: Final = re.compile(r"run the '([\w|.-]+)' command")
_MOST_CHARACTERS: Final = 300


def code_of(said: str) -> str:
    """Returns the code of an error reply, "" where it begins with no word in capitals."""
    first = said.partition(" ")[0]
    return first if _CODE.fullmatch(first) else ""


def of_reply(said: str, origin: Origin, *, what: str = "") -> StoreError:
    """Returns our error for an error reply. `what`: the command's name, without its arguments."""
    code = code_of(said)
    kind, text, mend = _judged(code, said, origin)
    text = text or clean(said.removeprefix(code).lstrip() or code)
    if what.lower() not in text.lower():
        text = f"{what}: {text}"
    return kind(text, store=origin.store, code=code, mend=mend)


def _judged(code: str, said: str, origin: Origin) -> _Verdict:
    if code == "NOPERM":
        return _not_permitted(said, origin.user)
    if code in _CODES:
        return _CODES[code]
    for pattern, verdict in _MESSAGES:
        if pattern.search(said):
            return verdict
    return StoreError, "", ""


def _not_permitted(said: str, user: str) -> _Verdict:
    command = _DENIED_COMMAND.search(said)
    if command:
        text = f"the user {user} may not run {command[1].replace('|', ' ').upper()}"
        return AccessDenied, text, f"ACL SETUSER {user} +{command[1]}"
    if "channel" in said:
        return AccessDenied, f"the user {user} may not use this channel", f"ACL SETUSER {user} &PATTERN"
    return AccessDenied, f"the user {user} may not touch this key", f"ACL SETUSER {user} ~PATTERN"


def clean(said: str) -> str:
    """Returns a server's words on one line, of bearable length, without what they quote, unless that is a
    name. From the first quotation mark to the last: a value may hold some of its own."""
    line = " ".join(said.split())
    parameter = _OF_PARAMETER.fullmatch(line)
    if parameter:
        return parameter[1] + clean(parameter[2])
    if not _NAMING.fullmatch(line):
        line = _QUOTED.sub("'…'", line)
    return line if len(line) <= _MOST_CHARACTERS else line[:_MOST_CHARACTERS] + "…"
