"""Every error class of the driver becomes one of ours, and none of them tells a secret."""

from __future__ import annotations

import pytest
from neo4j import exceptions as driver

from apexplan.model.address import Address
from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan_neo4j.errors import clean, translate, translated
from apexplan_neo4j.read.details import numbers, refuse_old

SECRET = "hunter2secret"
CLASSES = sorted(
    {c for c in vars(driver).values() if isinstance(c, type) and issubclass(c, driver.GqlError)},
    key=lambda c: c.__name__,
)
OF_THE_DRIVER = [c for c in CLASSES if issubclass(c, driver.DriverError)]
TITLE = Address("graph", "index", "title_idx")


def of_server(code: str, message: str = "m") -> driver.Neo4jError:
    """An error as the driver makes it of what the server says."""
    return driver.Neo4jError._hydrate_neo4j(code=code, message=message)


def kind_of(code: str, message: str = "m") -> type[StoreError]:
    return type(translate(of_server(code, message), store="graph", sent=True))


def test_the_driver_has_classes_to_walk() -> None:
    assert len(CLASSES) > 20


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("sent", [False, True])
def test_every_driver_error_becomes_ours(kind: type[driver.GqlError], sent: bool) -> None:
    with pytest.raises(StoreError) as caught, translated("graph", TITLE, sent=sent):
        raise _made(kind)
    assert caught.value.address == TITLE


@pytest.mark.parametrize("kind", OF_THE_DRIVER, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("sent", [False, True])
def test_what_the_driver_says_itself_is_never_passed_on(kind: type[driver.DriverError], sent: bool) -> None:
    told = translate(_made(kind), store="graph", sent=sent)
    assert SECRET not in str(told) + told.mend + repr(told) + repr(told.args)


def _made(kind: type[driver.GqlError]) -> driver.GqlError:
    text = f"could not use bolt://neo4j:{SECRET}@host"
    if issubclass(kind, (driver.ResultError, driver.ResultConsumedError)):
        return kind(None, text)
    if issubclass(kind, driver.TransactionError):
        return kind(None, text)
    return kind(text)


@pytest.mark.parametrize("kind", [driver.ServiceUnavailable, driver.SessionExpired])
def test_a_connection_lost_after_sending_is_ambiguous(kind: type[driver.DriverError]) -> None:
    assert type(translate(kind("x"), store="graph", sent=True)) is Ambiguous


@pytest.mark.parametrize("kind", [driver.ServiceUnavailable, driver.SessionExpired])
def test_a_connection_lost_before_sending_is_unreachable(kind: type[driver.DriverError]) -> None:
    assert type(translate(kind("x"), store="graph", sent=False)) is StoreUnreachable


@pytest.mark.parametrize("sent", [False, True])
def test_a_commit_whose_end_nobody_saw_is_ambiguous(sent: bool) -> None:
    assert type(translate(driver.IncompleteCommit("x"), store="graph", sent=sent)) is Ambiguous


@pytest.mark.parametrize(
    "code",
    [
        "Neo.TransientError.Transaction.DeadlockDetected",
        "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
        "Neo.TransientError.Transaction.LockAcquisitionTimeout",
        "Neo.ClientError.Transaction.TransactionTimedOut",
        "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration",
        "Neo.TransientError.Transaction.LockClientStopped",
        "Neo.ClientError.Transaction.Terminated",
    ],
)
def test_what_may_go_better_next_time_is_transient(code: str) -> None:
    assert kind_of(code) is Transient


@pytest.mark.parametrize(
    "code",
    [
        "Neo.ClientError.Security.Unauthorized",
        "Neo.ClientError.Security.AuthenticationRateLimit",
        "Neo.ClientError.Security.CredentialsExpired",
        "Neo.ClientError.Security.Forbidden",
        "Neo.ClientError.Cluster.NotALeader",
        "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
    ],
)
def test_what_this_user_or_server_may_not_do_is_access_denied(code: str) -> None:
    assert kind_of(code) is AccessDenied


def test_a_transaction_that_failed_inside_the_server_is_ambiguous() -> None:
    assert kind_of("Neo.DatabaseError.Transaction.TransactionCommitFailed") is Ambiguous


def test_a_lack_of_the_edition_is_unsupported() -> None:
    code = "Neo.DatabaseError.Schema.ConstraintCreationFailed"
    assert kind_of(code, "Property existence constraint requires Neo4j Enterprise Edition") is Unsupported


@pytest.mark.parametrize(
    "value",
    [
        "'x'",
        "'it\\'s'",
        '"x"',
        "42",
        "4.5",
        "true",
        "[1, 2]",
        "['a', 'b']",
        "'a', `b` = 'c'",
        "point({x: 1, y: 2})",
    ],
)
def test_the_value_of_a_property_is_taken_out(value: str) -> None:
    said = clean(f"Node(5) already exists with label `Document` and property `uuid` = {value}")
    assert said.startswith("Node(5) already exists with label `Document` and property `uuid` = …")
    assert not any(letter in said.partition("…")[2] for letter in "xs425'\"[]{}()")


def test_a_message_is_one_line() -> None:
    assert clean("a\n  b\tc") == "a b c"


def test_of_a_java_exception_the_message_stays() -> None:
    trace = (
        "\n\tat org.neo4j.Some.method(Some.java:45)\nCaused by: java.io.IOException: disk\n\tat x.Y.z(Y:1)"
    )
    assert clean(f"java.lang.IllegalArgumentException: Property value is too large.{trace}") == (
        "Property value is too large."
    )


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("5.26.12", (5, 26, 12)), ("5.27-aura", (5, 27)), ("2025.10.1", (2025, 10, 1)), ("4.4.38", (4, 4, 38))],
)
def test_versions_of_all_forms_are_read_as_numbers(version: str, wanted: tuple[int, ...]) -> None:
    assert numbers(version) == wanted


@pytest.mark.parametrize("version", ["5.0.0", "5.26.12", "5.27-aura", "2025.10.1"])
def test_a_server_from_5_on_is_read(version: str) -> None:
    refuse_old("graph", version)


@pytest.mark.parametrize("version", ["4.4.38", "4.4-aura", "3.5.0"])
def test_a_server_before_5_is_refused(version: str) -> None:
    with pytest.raises(Unsupported, match="apexplan needs 5"):
        refuse_old("graph", version)
