"""What a collection is made with that takes the place of another, and what a PATCH is known by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apexplan_qdrant.run import aliases
from apexplan_qdrant.session import QdrantSession
from apexplan_qdrant.target import Target
from apexplan_qdrant.wire.collection import collection_values
from tests.live.qdrant.bench import Bench, applied, objects, some
from tests.live.qdrant.servers import an_empty_one, one_at_a_time

pytestmark = [pytest.mark.live, *one_at_a_time]

HEAD = "collections:\n  documents:\n    on_replace: copy\n    copy: {sample: 0}\n"
ONE = HEAD + "    vectors: {size: 4, distance: Dot}\n"
OTHER = HEAD + "    vectors: {size: 4, distance: Dot, datatype: float16}\n"


@pytest.fixture(params=["server", "edge"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "edge":
        yield Bench(f"edge:{tmp_path}/qdrant")
        return
    with an_empty_one() as settings:
        yield Bench(settings.url)


def config(bench: Bench, name: str) -> dict[str, Any]:
    with bench.target() as target:
        return dict(target.info(bench.names()[name])["config"])


def test_a_vector_without_settings_of_its_own_follows_the_collection_into_the_copy(bench: Bench) -> None:
    applied(bench.apply(objects(ONE + "    hnsw: {m: 16}\n")))
    applied(bench.apply(objects(OTHER + "    hnsw: {m: 32}\n    quantization: {binary: {}}\n")))
    values = collection_values({"config": config(bench, "documents")})
    assert (values["vector_hnsw"][".m"], values["vector_quantization"][".kind"]) == (32, "binary")


def test_a_vector_keeps_its_own_settings_in_the_copy(bench: Bench) -> None:
    applied(bench.apply(objects(ONE.replace("Dot}", "Dot, hnsw: {m: 8}, quantization: {scalar: {}}}"))))
    applied(bench.apply(objects(OTHER + "    hnsw: {m: 32}\n    quantization: {binary: {}}\n")))
    values = collection_values({"config": config(bench, "documents")})
    assert (values["vector_hnsw"][".m"], values["vector_quantization"][".kind"]) == (8, "scalar")


def test_settings_that_nobody_manages_go_along(bench: Bench) -> None:
    applied(
        bench.apply(objects(ONE + "    optimizers: {deleted_threshold: 0.35}\n    metadata: {owner: me}\n"))
    )
    bench.write("documents", some(10))
    applied(bench.apply(objects(OTHER)))
    found = config(bench, "documents")
    assert (found["optimizer_config"]["deleted_threshold"], found["metadata"]["owner"]) == (0.35, "me")


def test_a_change_that_was_reverted_behind_our_back_is_made_again(bench: Bench) -> None:
    for _ in range(2):
        applied(bench.apply(objects(ONE + "    hnsw: {m: 24}\n")))
        with bench.target() as target:
            target.update(bench.names()["documents"], {"hnsw_config": {"m": 16}})
    applied(bench.apply(objects(ONE + "    hnsw: {m: 24}\n")))
    assert config(bench, "documents")["hnsw_config"]["m"] == 24


def test_a_switch_after_a_crash_compares_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison was another process's: what was written since would be lost."""
    applied(bench.apply(objects(ONE)))
    bench.write("documents", some(20))
    plan = bench.plan(objects(OTHER))
    run = QdrantSession.run

    class Killed(BaseException):
        pass

    def dying(self: QdrantSession, step: Any, watch: Any) -> None:
        if step.verb == "switch":
            raise Killed
        run(self, step, watch)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(QdrantSession, "run", dying)
        bench.start(plan)
    bench.write("documents", some(1, first=7, changed=True))
    applied(bench.resume())
    assert bench.names()["documents"] == "documents_v2"
    assert bench.points("documents")[7][1]["changed"] is True


def test_the_marks_of_ownership_go_over_to_the_copy(bench: Bench) -> None:
    indexed = "    payload_indexes: {user: keyword}\n"
    aliases = "aliases: {search: documents}\n"
    applied(bench.apply(objects(ONE + indexed + aliases)))
    with bench.session() as session:
        before = session.marks("test").keys()
    applied(bench.apply(objects(OTHER + indexed + aliases)))
    with bench.session() as session:
        assert session.marks("test").keys() == before
    applied(bench.roll_back())
    with bench.session() as session:
        assert session.marks("test").keys() == before


def while_switching(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[Target], None], after: Callable[[Target], None]
) -> None:
    """Lets an application write between the last comparison and the switch, and right after the switch."""
    run, turn = QdrantSession.run, aliases.point

    def running(self: QdrantSession, step: Any, watch: Any) -> None:
        if step.verb == "switch" and "source" in step.args:
            before(self.target)
        run(self, step, watch)

    def turning(target: Target, step: Any, watch: Any) -> None:
        turn(target, step, watch)
        after(target)

    monkeypatch.setattr(QdrantSession, "run", running)
    monkeypatch.setattr(aliases, "point", turning)


def test_what_is_written_after_the_last_comparison_is_brought_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied(bench.apply(objects(ONE)))
    bench.write("documents", some(600))
    while_switching(
        monkeypatch,
        before=lambda target: target.upsert(
            "documents_v1", [*some(1, first=7, changed=True), *some(1, first=900, fresh=True)]
        ),
        after=lambda target: target.upsert("documents_v2", some(1, first=500, newer=True)),
    )
    applied(bench.apply(objects(OTHER)))
    monkeypatch.undo()
    points = bench.points("documents")
    assert len(points) == 601
    assert (points[7][1]["changed"], points[900][1]["fresh"], points[500][1]["newer"]) == (True, True, True)


def test_an_empty_collection_takes_another_size(bench: Bench) -> None:
    applied(bench.apply(objects(ONE)))
    applied(bench.apply(objects(ONE.replace("size: 4", "size: 8"))))
    assert config(bench, "documents")["params"]["vectors"]["size"] == 8


def test_payload_m_that_followed_m_follows_it_into_the_copy(bench: Bench) -> None:
    applied(bench.apply(objects(ONE + "    hnsw: {m: 16}\n")))
    applied(bench.apply(objects(OTHER + "    hnsw: {m: 32}\n")))
    assert "payload_m" not in config(bench, "documents")["hnsw_config"]
