"""One server as a `Target`: what each method promises is written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx

from apexplan.model.errors import StoreUnreachable, Transient, Unsupported
from apexplan.model.spec import Spec
from apexplan.provider import Check, Watch
from apexplan_qdrant.connection import QdrantSettings
from apexplan_qdrant.errors import NotThere
from apexplan_qdrant.server import examine, telemetry, versions, waiting
from apexplan_qdrant.server import points as exchange
from apexplan_qdrant.server.client import Client, at, encoded
from apexplan_qdrant.server.waiting import Clock
from apexplan_qdrant.target import Hit, Lack, Page, Point, PointId, Segment, Version, Work

_SIDE_BY_SIDE: Final = 8
_TITLE: Final = "qdrant"


def connect(
    store: str,
    settings: QdrantSettings,
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Clock | None = None,
) -> ServerTarget:
    """Returns the target of a server that answered, that is new enough, and that accepts the key. Raises
    StoreUnreachable, AccessDenied or Unsupported."""
    client = Client(store, settings, transport)
    try:
        version = _greeted(client)
    except BaseException:
        client.close()
        raise
    return ServerTarget(client, version, settings.settle_timeout_s, clock or Clock())


def _greeted(client: Client) -> Version:
    try:
        version = _version(client)
        client.read("/aliases")  # GET / answers to any key, this only to a good one
    except Transient as error:
        raise StoreUnreachable(error.text, store=error.store, code=error.code, mend=error.mend) from error
    return version


def _version(client: Client) -> Version:
    about = client.root()
    store, where = client.origin.store, client.origin.endpoint
    if not isinstance(about, dict) or not str(about.get("title", "")).startswith(_TITLE):
        raise Unsupported(f"what answers at {where} is no Qdrant", store=store, mend="check `url`")
    version = versions.parsed(about.get("version"))
    if version is None:
        raise Unsupported(f"the Qdrant at {where} does not tell its version", store=store, mend="check `url`")
    if version < versions.OLDEST:
        oldest = versions.shown(versions.OLDEST)
        text = (
            f"Qdrant {versions.shown(version)} is too old: it drops settings that {oldest} has, such as "
            "strict mode, and answers 200"
        )
        raise Unsupported(text, store=store, mend=f"use Qdrant {oldest} or later")
    return version


class ServerTarget:
    """A `Target`. `build_timeout_s`: seconds that one request may take in which the server builds."""

    embedded: Final = False

    def __init__(self, client: Client, version: Version, build_timeout_s: float, clock: Clock) -> None:
        self._client = client
        self._version = version
        self._build_timeout_s = build_timeout_s
        self._clock = clock

    @property
    def store(self) -> str:
        return self._client.origin.store

    @property
    def version(self) -> Version:
        return self._version

    def lacks(self, spec: Spec) -> Mapping[str, Lack]:
        return versions.lacks(spec, self._version)

    # ------------------------------------------------------------------ names

    def collections(self) -> Sequence[str]:
        return sorted(one["name"] for one in self._client.read("/collections")["collections"])

    def aliases(self) -> Mapping[str, str]:
        found = self._client.read("/aliases")["aliases"]
        return dict(sorted((one["alias_name"], one["collection_name"]) for one in found))

    def resolve(self, name: str) -> str | None:
        physical = self.aliases().get(name, name)
        return physical if physical in self.collections() else None

    def change_aliases(self, actions: Sequence[Mapping[str, Any]]) -> None:
        self._client.change("POST", "/collections/aliases", encoded({"actions": list(actions)}))

    # ------------------------------------------------------------ collections

    def info(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._client.read(at("collections", name))
        return found

    def infos(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            found = zip(names, pool.map(self._info, names), strict=True)
            return {name: info for name, info in found if info is not None}

    def _info(self, name: str) -> Mapping[str, Any] | None:
        try:
            return self.info(name)
        except NotThere:
            return None

    def create(self, name: str, body: Mapping[str, Any]) -> None:
        self._client.change("PUT", at("collections", name), encoded(body))

    def update(self, name: str, body: Mapping[str, Any]) -> None:
        self._client.change("PATCH", at("collections", name), encoded(body))

    def delete(self, name: str) -> None:
        self._client.change("DELETE", at("collections", name))

    # -------------------------------------------------------- payload indexes

    def put_index(self, name: str, path: str, schema: Mapping[str, Any]) -> None:
        where = at("collections", name, "index", query="wait=true")
        body = encoded({"field_name": path, "field_schema": schema})
        self._client.change("PUT", where, body, timeout_s=self._build_timeout_s)

    def delete_index(self, name: str, path: str) -> None:
        where = at("collections", name, "index", path, query="wait=true")
        self._client.change("DELETE", where, timeout_s=self._build_timeout_s)

    # ------------------------------------------------------------------- work

    def work(self, name: str) -> Work:
        return waiting.look(self._client, name).work

    def wake(self, name: str) -> None:
        waiting.wake(self._client, name)

    def settle(self, name: str, watch: Watch, timeout_s: float) -> None:
        waiting.settle(self._client, name, watch, timeout_s, self._clock)

    def segments(self, name: str) -> Sequence[Segment]:
        return telemetry.segments(self._client, name)

    # ----------------------------------------------------------------- points

    def count(self, name: str) -> int:
        return exchange.count(self._client, name)

    def page(self, name: str, start: PointId | None, limit: int, *, vectors: bool = True) -> Page:
        return exchange.page(self._client, name, start, limit, vectors=vectors)

    def insert(self, name: str, points: Sequence[Point]) -> None:
        exchange.insert(self._client, name, points, self._version)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        exchange.upsert(self._client, name, points)

    def remove(self, name: str, ids: Sequence[PointId]) -> None:
        exchange.remove(self._client, name, ids)

    def nearest(self, name: str, vector: Any, using: str, limit: int, *, exact: bool) -> Sequence[Hit]:
        return exchange.nearest(self._client, name, vector, using, limit, exact=exact)

    # ------------------------------------------------------------------------

    def examine(self) -> Sequence[Check]:
        return tuple(examine.examine(self._client, self._version))

    def close(self) -> None:
        self._client.close()
