"""Every error of the driver and of the server becomes one of ours, and none of them tells a secret."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from pydantic import SecretStr

from apexplan.model.address import Address
from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan.provider import Live, Scope
from apexplan_neo4j.connection import Graph, Neo4jSettings, Row
from apexplan_neo4j.errors import translated
from apexplan_neo4j.provider import PROVIDER
from apexplan_neo4j.specs import Constraint
from tests.live.neo4j.bench import Bench

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.xdist_group("neo4j")]

SECRET = "hunter2secret"


def connecting(uri: str, **options: object) -> StoreError:
    """Returns the error of connecting."""
    settings = Neo4jSettings.model_validate({"uri": uri, "connect_timeout_s": 2, **options})
    with pytest.raises(StoreError) as caught, PROVIDER.connect("graph", settings):
        pass
    return caught.value


def running(bench: Bench, statement: str) -> StoreError:
    """Returns the error of one statement."""
    with bench.session() as session, pytest.raises(StoreError) as caught, translated("graph"):
        session.graph.rows(statement)
    return caught.value


def told(error: StoreError) -> str:
    return "\n".join([str(error), error.mend, repr(error), repr(error.args)])


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


# ------------------------------------------------------------------------------------ connecting


def test_a_wrong_password_is_access_denied_and_says_as_whom_and_where(server: str) -> None:
    place = urlsplit(server).netloc.rpartition("@")[2]
    error = connecting(f"bolt://neo4j:{SECRET}@{place}")
    assert type(error) is AccessDenied
    assert f"wrong user or password (user neo4j on {place}, database neo4j)" in str(error)
    assert SECRET not in told(error)


def test_a_database_that_is_not_there_is_told_with_a_mend(server: str) -> None:
    error = connecting(server, database="nowhere")
    assert "there is no such database" in str(error)
    assert "SHOW DATABASES" in error.mend


def test_a_closed_port_is_unreachable(closed: int) -> None:
    error = connecting(f"bolt://neo4j:{SECRET}@127.0.0.1:{closed}")
    assert type(error) is StoreUnreachable
    assert SECRET not in told(error)


@pytest.mark.parametrize(
    "uri",
    [
        f"http://neo4j:{SECRET}@127.0.0.1:7687",
        f"neo4j:{SECRET}@127.0.0.1:7687",
        f"bolt://neo4j:{SECRET}@127.0.0.1:port",
        f"bolt://neo4j:{SECRET}@127.0.0.1:99999999",
        f"bolt://neo4j:{SECRET}@[broken:7687",
        f"bolt://neo4j:{SECRET}@",
        f"bolt://neo4j:{SECRET}#@127.0.0.1:7687",
        f"bolt://neo4j:{SECRET}@127.0.0.1:1?routing=yes",
        SECRET,
        "",
    ],
)
def test_a_malformed_uri_is_one_of_our_errors_without_the_password(uri: str) -> None:
    assert SECRET not in told(connecting(uri))


def test_a_password_in_the_uri_may_be_percent_encoded(server: str) -> None:
    parts = urlsplit(server)
    assert parts.password is not None
    place = parts.netloc.rpartition("@")[2]
    encoded = "".join(f"%{ord(letter):02x}" for letter in parts.password)
    with PROVIDER.connect(
        "graph", Neo4jSettings(uri=SecretStr(f"bolt://neo4j:{encoded}@{place}"))
    ) as session:
        assert session.details()["edition"] == "community"


def test_user_and_password_of_their_own_win_over_those_in_the_uri(server: str) -> None:
    parts = urlsplit(server)
    place = parts.netloc.rpartition("@")[2]
    settings = Neo4jSettings(
        uri=SecretStr(f"bolt://somebody:{quote('wrong one')}@{place}"),
        user="neo4j",
        password=SecretStr(parts.password or ""),
    )
    with PROVIDER.connect("graph", settings) as session:
        assert session.details()["edition"] == "community"


# --------------------------------------------------------------------------------------- running


def test_the_servers_message_and_code_are_kept(bench: Bench) -> None:
    error = running(bench, "RETURN 1/0")
    assert str(error) == "graph: / by zero [Neo.ClientError.Statement.ArithmeticError]"


def test_the_value_of_a_violated_constraint_is_left_out(bench: Bench) -> None:
    bench.does("CREATE CONSTRAINT u FOR (d:Document) REQUIRE d.uuid IS UNIQUE")
    error = running(bench, f"UNWIND [1, 2] AS i CREATE (:Document {{uuid: '{SECRET}'}})")
    assert (error.code, error.mend) == (
        "Neo.ClientError.Schema.ConstraintValidationFailed",
        "correct the data first",
    )
    assert SECRET not in told(error)


def test_the_values_of_duplicates_are_left_out(bench: Bench) -> None:
    bench.does(f"UNWIND [1, 2] AS i CREATE (:Document {{uuid: '{SECRET} it\\'s \"q\" (x), y', n: [1, 2]}})")
    error = running(bench, "CREATE CONSTRAINT u FOR (d:Document) REQUIRE (d.uuid, d.n) IS UNIQUE")
    assert error.code == "Neo.DatabaseError.Schema.ConstraintCreationFailed"
    assert SECRET not in told(error)
    assert "it's" not in told(error)


def test_a_constraint_of_enterprise_is_unsupported(bench: Bench) -> None:
    error = running(bench, "CREATE CONSTRAINT e FOR (d:Document) REQUIRE d.uuid IS NOT NULL")
    assert (type(error), error.mend) == (Unsupported, "use Neo4j Enterprise, or leave the constraint out")


def test_a_transaction_that_the_server_ended_is_transient(bench: Bench) -> None:
    with bench.session() as session, session.graph.transaction("to be ended") as tx:
        tx.rows("CREATE (:Document)")
        for id_ in bench.transactions("to be ended"):
            bench.does("TERMINATE TRANSACTIONS $id", id=id_)
        with pytest.raises(Transient), translated("graph"):
            tx.rows("CREATE (:Document)")


def test_a_connection_that_ends_after_sending_is_ambiguous(bench: Bench) -> None:
    with bench.session() as session, session.graph.transaction("cut off") as tx:
        (row,) = bench.does(
            "SHOW TRANSACTIONS YIELD connectionId, metaData WHERE metaData.apexplan = 'cut off' "
            "RETURN connectionId AS id"
        )
        bench.does("CALL dbms.killConnection($id)", id=row["id"])
        with pytest.raises(Ambiguous), translated("graph"):
            tx.rows("CREATE (:Document)")


# ---------------------------------------------------------------------- servers of other versions


def fed(bench: Bench, patch: pytest.MonkeyPatch, command: str, rows: list[Row]) -> Live:
    """Returns what is read where the server answers `command` with `rows`."""
    ask = Graph.rows

    def answers(graph: Graph, text: str, *rest: object, **named: object) -> list[Row]:
        if text.startswith(command):
            return rows
        return ask(graph, text, *rest, **named)  # type: ignore[arg-type]  # passed on as they came

    patch.setattr(Graph, "rows", answers)
    with bench.session() as session:
        return session.read(Scope("graph", everything=True))


def shown(**columns: object) -> Row:
    """A row of SHOW INDEXES or SHOW CONSTRAINTS."""
    usual: Row = {
        "name": "x",
        "state": "ONLINE",
        "populationPercent": 100.0,
        "entityType": "NODE",
        "labelsOrTypes": ["Document"],
        "properties": ["uuid"],
        "owningConstraint": None,
        "options": {},
    }
    return usual | columns


def test_an_index_of_an_unknown_type_is_told_and_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    live = fed(bench, monkeypatch, "SHOW INDEXES", [shown(type="HYPER")])
    assert live.objects == {}
    assert [note.text for note in live.notes] == ["of type HYPER, which no manifest can describe: left alone"]


def test_a_constraint_of_an_unknown_type_is_told_and_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = fed(bench, monkeypatch, "SHOW CONSTRAINTS", [shown(type="NODE_LABEL_EXISTENCE")])
    assert [str(note.address) for note in live.notes] == ["graph.constraint.x"]


@pytest.mark.parametrize("type_", ["UNIQUENESS", "NODE_PROPERTY_UNIQUENESS"])
def test_uniqueness_is_read_under_both_of_its_names(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, type_: str
) -> None:
    live = fed(bench, monkeypatch, "SHOW CONSTRAINTS", [shown(type=type_)])
    spec = live.objects[Address("graph", "constraint", "x")]
    assert isinstance(spec, Constraint) and spec.type == "unique"


def test_a_vector_index_with_filter_properties_is_told_and_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = fed(bench, monkeypatch, "SHOW INDEXES", [shown(type="VECTOR", properties=["v", "group"])])
    assert [str(note.address) for note in live.notes] == ["graph.index.x"]


def test_a_server_before_5_is_unsupported(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"version": "4.4.38", "edition": "community"}]
    monkeypatch.setattr(Graph, "rows", lambda *rest, **named: rows)
    error = connecting(server)
    assert type(error) is Unsupported
    assert "this is Neo4j 4.4.38; apexplan needs 5.0 or newer" in str(error)
