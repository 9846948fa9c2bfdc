"""From a driver's error to one of ours, by its code, without anything secret in it.

`code` (Neo.ClientError.Schema.…) is what can be relied on: the GQL status is 50N42 for nearly
everything (measured on 5.26.12). A message of the server's is passed on with the values of
properties taken out; what the driver says of URIs, addresses and credentials is never passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from neo4j import exceptions

from apexplan.model.address import Address
from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan_neo4j.names import quoted

_Kind = type[StoreError]
_Entry = tuple[_Kind, str, str]

_CODES: Final[dict[str, _Entry]] = {
    "Neo.ClientError.Security.Unauthorized": (
        AccessDenied,
        "wrong user or password",
        "check user and password of the store",
    ),
    "Neo.ClientError.Security.AuthenticationRateLimit": (
        AccessDenied,
        "too many logins failed; the server refuses more for a while",
        "correct the password, wait some seconds, and try again",
    ),
    "Neo.ClientError.Security.CredentialsExpired": (
        AccessDenied,
        "the password must be changed before anything else",
        "log in with cypher-shell once and change it: ALTER CURRENT USER SET PASSWORD FROM … TO …",
    ),
    "Neo.ClientError.Security.Forbidden": (
        AccessDenied,
        "",
        "grant the privilege to the user's role, or connect as another user",
    ),
    "Neo.ClientError.Database.DatabaseNotFound": (
        StoreError,
        "there is no such database",
        "correct `database` of the store; SHOW DATABASES lists them",
    ),
    "Neo.ClientError.Cluster.NotALeader": (
        AccessDenied,
        "this server is a replica that takes no writes",
        "use a neo4j:// URI, which finds the leader, or the leader's own address",
    ),
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase": (
        AccessDenied,
        "the database is read-only",
        "make it writable, or connect to the primary",
    ),
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase": (
        AccessDenied,
        "the database is read-only",
        "make it writable: ALTER DATABASE … SET ACCESS READ WRITE (Enterprise)",
    ),
}
_CODES["Neo.DatabaseError.General.ForbiddenOnReadOnlyDatabase"] = _CODES[
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase"
]

_MENDS: Final[dict[str, str]] = {
    "Neo.ClientError.Statement.SyntaxError": "correct the statement",
    "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists": "another session made it; plan again",
    "Neo.ClientError.Schema.IndexAlreadyExists": "another session made it; plan again",
    "Neo.ClientError.Schema.ConstraintAlreadyExists": "another session made it; plan again",
    "Neo.ClientError.Schema.IndexWithNameAlreadyExists": "another session took the name; plan again",
    "Neo.ClientError.Schema.ConstraintWithNameAlreadyExists": "another session took the name; plan again",
    "Neo.ClientError.Schema.ConstraintValidationFailed": "correct the data first",
    "Neo.DatabaseError.Schema.ConstraintCreationFailed": "correct the data first",
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": (
        "give the server more memory (dbms.memory.transaction.total.max), or change less at a time"
    ),
}

_ENDED: Final = re.compile(r"\.Transaction\.(LockClientStopped|Terminated|TransactionTimedOut\w*)\Z")
_ENTERPRISE: Final = "requires Neo4j Enterprise Edition"
_VALUE: Final = re.compile(r"= (?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s,)'\"]+)")
"""A property's value as messages about data quote it: `property `uuid` = 'x'`."""
_VALUES: Final = re.compile(r"(\bpropert(?:y|ies) `[^`]*` = ).*", re.DOTALL)
"""All values of a node, lists and points too; what follows them in such a message are only more of them."""
_CLASS: Final = re.compile(r"\A(?:[a-z][\w$]*\.)+[A-Z][\w$]*: ")
_TRACE: Final = re.compile(r"\n\s*(?:at |Caused by: ).*", re.DOTALL)
"""What stands before and after the message of a Java exception, as in `failureMessage` of an index."""
_NO_HOST: Final = "Failed to DNS resolve"
"""What driver 6.4.1 says in a plain ValueError."""
_LEAK: Final = re.compile(r"OnlineIndexProxy\[.* name='(.*?)', type=.*\] is ONLINE")
"""What SHOW INDEXES fails with once duplicates were written over what CREATE CONSTRAINT left (5.26.12)."""
_TRAILER: Final = " Note that only the first found violation is shown."


def translate(
    error: exceptions.GqlError, *, store: str, address: Address | None = None, sent: bool
) -> StoreError:
    """Returns our error for the driver's. `sent`: the call may have reached the server."""
    if isinstance(error, exceptions.Neo4jError):
        return _of_server(error, store, address)
    kind, text, mend = _of_driver(error, sent)
    return kind(text, store=store, address=address, mend=mend)


def _of_server(error: exceptions.Neo4jError, store: str, address: Address | None) -> StoreError:
    code, said = error.code or "", clean(error.message or "")
    if leak := _LEAK.search(said):
        return _of_leak(leak[1], store, code)
    kind, text, mend = _CODES.get(code, (StoreError, "", _MENDS.get(code, "")))
    if _ENTERPRISE in said:
        kind, mend = Unsupported, "use Neo4j Enterprise, or leave the constraint out"
    elif code.startswith("Neo.TransientError.") and kind is StoreError:
        kind = Transient
    elif _ENDED.search(code):
        kind, text = Transient, "the server ended the transaction"
    elif code.startswith("Neo.DatabaseError.Transaction."):
        kind = Ambiguous
    return kind(text or said, store=store, address=address, code=code, mend=mend)


def _of_leak(name: str, store: str, code: str) -> StoreError:
    return StoreError(
        f"the server cannot show its indexes: {quoted(name)}, which a CREATE CONSTRAINT left that never "
        "ended, holds one value twice",
        store=store,
        code=code,
        mend=f"remove it: DROP INDEX {quoted(name)}",
    )


def clean(message: str) -> str:
    """Returns a server's message on one line, without traces of Java and the values of properties."""
    said = _CLASS.sub("", _TRACE.sub("", message.replace(_TRAILER, "")))
    without = _VALUES.sub(r"\1…", said)
    return " ".join(_VALUE.sub("= …", without).split())


def _of_driver(error: exceptions.GqlError, sent: bool) -> _Entry:
    if isinstance(error, exceptions.IncompleteCommit):
        return Ambiguous, "the connection was lost while the transaction was committed", ""
    if isinstance(error, (exceptions.ServiceUnavailable, exceptions.SessionExpired)):
        if sent:
            return Ambiguous, "the connection was lost", ""
        return StoreUnreachable, "nobody answers", "check the URI, and that the server runs"
    if isinstance(error, exceptions.ConnectionPoolError):
        return StoreUnreachable, "no connection could be had in time", "check the URI, and what lies between"
    if isinstance(error, exceptions.UnsupportedServerProduct):
        return Unsupported, "what answers is no Neo4j that the driver knows", "check the URI"
    if isinstance(error, exceptions.ConfigurationError):
        return StoreError, "the driver does not accept the URI or the credentials", "check the store's block"
    return StoreError, f"the driver failed ({type(error).__name__})", "please report this"


@contextmanager
def translated(store: str, address: Address | None = None, *, sent: bool = True) -> Iterator[None]:
    """Turns every driver error inside into one of ours, chained to it."""
    try:
        yield
    except exceptions.GqlError as error:
        raise translate(error, store=store, address=address, sent=sent) from error
    except ValueError as error:
        if _NO_HOST not in str(error):
            raise
        # Not chained: the driver quotes what it took for the host, which may be a piece of a password.
        mend = "check the URI; in a password, / ? # @ and : must be percent-encoded"
        raise StoreUnreachable("the host's name is not known", store=store, mend=mend) from None
