"""Every error of the driver, and every reply of a server, becomes one of ours, and none tells a secret."""

from __future__ import annotations

import errno
import inspect
import socket
import ssl
from typing import Any

import pytest
from redis import exceptions as driver
from redis.connection import DefaultParser

from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan_redis.errors import Busy, NotThere, Origin, ReadOnly, clean, code_of, of_reply
from apexplan_redis.server.failures import of_driver

SECRET = "hunter2secret"
HERE = Origin("cache", "127.0.0.1:6379", "alice")
CLASSES = sorted(
    (
        kind
        for kind in vars(driver).values()
        if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__ == driver.__name__
    ),
    key=lambda kind: kind.__name__,
)
OF_THE_DRIVER = [kind for kind in CLASSES if not issubclass(kind, driver.ResponseError)]

REPLIES: list[tuple[str, type[StoreError]]] = [
    ("NOAUTH Authentication required.", AccessDenied),
    ("WRONGPASS invalid username-password pair or user is disabled.", AccessDenied),
    ("NOPERM this user has no permissions to run the 'config|get' command", AccessDenied),
    ("NOPERM User alice has no permissions to run the 'get' command", AccessDenied),
    ("NOPERM this user has no permissions to access one of the keys used as arguments", AccessDenied),
    ("NOPERM No permissions to access a channel", AccessDenied),
    ("DENIED Redis is running in protected mode because protected mode is enabled", AccessDenied),
    ("ERR AUTH <password> called without any password configured for the default user.", AccessDenied),
    ("NOPROTO unsupported protocol version", Unsupported),
    ("ERR unknown command 'FOO', with args beginning with: 'x' ", Unsupported),
    ("ERR unknown subcommand 'NO-TOUCH'. Try CLIENT HELP.", Unsupported),
    ("ERR Unknown subcommand or wrong number of arguments for 'NO-TOUCH'", Unsupported),
    ("LOADING Redis is loading the dataset in memory", Transient),
    ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", Busy),
    ("TRYAGAIN Multiple keys request during rehashing of slot", Transient),
    ("CLUSTERDOWN The cluster is down", Transient),
    ("MOVED 3999 127.0.0.1:6381", Transient),
    ("ASK 3999 127.0.0.1:6381", Transient),
    ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", Transient),
    ("NOREPLICAS Not enough good replicas to write.", Transient),
    ("ERR max number of clients reached", Transient),
    ("READONLY You can't write against a read only replica.", ReadOnly),
    ("OOM command not allowed when used memory > 'maxmemory'.", StoreError),
    ("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist", StoreError),
    ("UNKILLABLE Sorry the script already executed write commands against the dataset.", StoreError),
    ("CROSSSLOT Keys in request don't hash to the same slot", StoreError),
    ("EXECABORT Transaction discarded because of previous errors.", StoreError),
    ("NOSCRIPT No matching script. Please use EVAL.", NotThere),
    ("NOTBUSY No scripts in execution right now.", NotThere),
    ("NOGROUP No such consumer group 'g' for key name 'k'", NotThere),
    ("ERR no such key", NotThere),
    ("ERR Library not found", NotThere),
    ("BUSYGROUP Consumer Group name already exists", StoreError),
    ("BUSYKEY Target key name already exists.", StoreError),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", StoreError),
    ("ERR DB index is out of range", StoreError),
    ("ERR This instance has cluster support disabled", StoreError),
    ("ERR syntax error", StoreError),
    ("CHANGED the key is another than it was", StoreError),
]
NEED_NO_MEND = {"NOTBUSY", "NOGROUP", "EXECABORT", "BUSYGROUP", "BUSYKEY", "WRONGTYPE", "CHANGED"}


@pytest.mark.parametrize(("said", "kind"), REPLIES, ids=[said[:40] for said, _ in REPLIES])
def test_a_reply_becomes_its_error(said: str, kind: type[StoreError]) -> None:
    assert type(of_reply(said, HERE)) is kind


@pytest.mark.parametrize("said", [said for said, _ in REPLIES], ids=lambda said: said[:40])
def test_an_error_knows_its_store_and_its_code(said: str) -> None:
    told = of_reply(said, HERE)
    assert (told.store, told.code) == ("cache", said.split()[0])


@pytest.mark.parametrize(
    "said", [said for said, _ in REPLIES if said.split()[0] not in NEED_NO_MEND | {"ERR"}]
)
def test_an_error_says_how_to_mend_it(said: str) -> None:
    assert of_reply(said, HERE).mend


@pytest.mark.parametrize(("said", "kind"), REPLIES, ids=[said[:40] for said, _ in REPLIES])
def test_a_reply_while_connecting_becomes_the_same_error(said: str, kind: type[StoreError]) -> None:
    parser: Any = DefaultParser
    told = of_driver(parser.parse_error(said), HERE, sent=False)
    assert (type(told), told.code) == (kind, said.split()[0])


def test_a_missing_right_is_told_with_the_command_that_gives_it() -> None:
    told = of_reply("NOPERM this user has no permissions to run the 'config|get' command", HERE)
    assert (told.text, told.mend) == (
        "the user alice may not run CONFIG GET",
        "ACL SETUSER alice +config|get",
    )


def test_the_command_is_named_once() -> None:
    said = "ERR CONFIG SET failed (possibly related to argument 'hz') - argument must be an integer"
    assert str(of_reply(said, HERE, what="CONFIG SET")).count("CONFIG SET") == 1
    assert "XADD: " in str(of_reply("ERR syntax error", HERE, what="XADD"))


@pytest.mark.parametrize(
    "said",
    [
        f"ERR Error in ACL SETUSER modifier '>{SECRET}': Syntax error",
        f"ERR Error in ACL SETUSER modifier '>it's {SECRET}': Syntax error",
        f"ERR unknown command 'FOO', with args beginning with: '{SECRET}' ",
        f"ERR Invalid argument '{SECRET}' for CONFIG SET 'requirepass'",
        f'ERR no such thing as "{SECRET}"',
        f"NOGROUP No such key '{SECRET}' or consumer group 'g' in XREADGROUP with GROUP option",
        f"ERR argument 'a' and argument '{SECRET}'",
    ],
)
def test_what_a_reply_quotes_is_not_passed_on(said: str) -> None:
    told = of_reply(said, HERE)
    assert SECRET not in str(told) + told.mend + repr(told)


@pytest.mark.parametrize(
    "said",
    [
        "CONFIG SET failed (possibly related to argument 'maxmemory-policy') - no such policy",
        "Unknown option or number of arguments for CONFIG SET - 'maxmemory'",
        "Error compiling function: user_function:2: unexpected symbol near '<eof>'",
    ],
)
def test_a_name_that_a_reply_quotes_is_passed_on(said: str) -> None:
    assert clean(said) == said


def test_long_words_are_cut() -> None:
    assert len(clean("x" * 10_000)) < 400


def test_words_without_a_code_are_kept() -> None:
    assert (code_of("my own error"), of_reply("my own error", HERE).text) == ("", "my own error")


def test_the_driver_has_classes_to_walk() -> None:
    assert len(CLASSES) > 30


def made(kind: type[Exception]) -> Exception:
    """An error of the driver's that says more than may be passed on."""
    if issubclass(kind, driver.AskError):
        return kind(f"3999 {SECRET}:6379")
    return kind(f"could not use redis://me:{SECRET}@host")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("sent", [False, True])
def test_every_error_of_the_driver_becomes_ours(kind: type[Exception], sent: bool) -> None:
    told = of_driver(made(kind), HERE, sent=sent)
    assert isinstance(told, StoreError)
    assert told.store == "cache"


@pytest.mark.parametrize("kind", OF_THE_DRIVER, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("sent", [False, True])
def test_what_the_driver_says_itself_is_never_passed_on(kind: type[Exception], sent: bool) -> None:
    told = of_driver(made(kind), HERE, sent=sent)
    assert SECRET not in str(told) + told.mend + repr(told) + repr(told.args)


@pytest.mark.parametrize(
    "kind", [driver.ConnectionError, driver.TimeoutError, ConnectionResetError, TimeoutError]
)
def test_a_connection_lost_after_sending_is_ambiguous(kind: type[Exception]) -> None:
    assert type(of_driver(kind("x"), HERE, sent=True)) is Ambiguous


@pytest.mark.parametrize(
    "kind", [driver.ConnectionError, driver.TimeoutError, ConnectionResetError, TimeoutError]
)
def test_a_connection_lost_before_sending_is_unreachable(kind: type[Exception]) -> None:
    assert type(of_driver(kind("x"), HERE, sent=False)) is StoreUnreachable


def caused(cause: Exception) -> Exception:
    error = driver.ConnectionError("x")
    error.__context__ = cause
    return error


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "x")
    error.reason = reason
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("cause", "kind", "told"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), StoreUnreachable, "nobody answers"),
        (FileNotFoundError(errno.ENOENT, "x"), StoreUnreachable, "nobody answers"),
        (PermissionError(errno.EACCES, "x"), AccessDenied, "may not be opened"),
        (socket.gaierror(-2, "x"), StoreUnreachable, "not known"),
        (OSError(errno.EHOSTUNREACH, "x"), StoreUnreachable, "gives no answer"),
        (untrusted(), StoreUnreachable, "not trusted: self-signed"),
        (tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), StoreUnreachable, "our certificate"),
        (ssl.SSLEOFError(8, "x"), StoreUnreachable, "misses one"),
        (tls_error("WRONG_VERSION_NUMBER"), StoreUnreachable, "speaks no TLS"),
    ],
)
def test_why_nobody_could_be_reached_is_told(cause: Exception, kind: type[StoreError], told: str) -> None:
    error = of_driver(caused(cause), HERE, sent=False)
    assert type(error) is kind
    assert told in error.text
    assert error.mend
