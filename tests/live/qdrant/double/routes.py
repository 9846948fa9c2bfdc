"""Which request goes where: one table of method, path, who may, and what is done.

What is missing in the table is missing on this version: 404 with an empty body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from . import bodies, keys, names, telemetry
from .collection import Collection
from .faults import Fault, NoEndpoint, invalid
from .indexes import CREATE_INDEX
from .json_paths import InvalidPath, canonical
from .kinds import read
from .reading import parse
from .store import Store


class Access(Enum):
    """Who may: anyone, the holder of either key, the holder of the full key."""

    OPEN = "open"
    READ = "read"
    WRITE = "write"


@dataclass(frozen=True)
class Call:
    """One request, taken apart."""

    store: Store
    path: Mapping[str, str]
    query: Mapping[str, str]
    text: str

    @property
    def name(self) -> str:
        return self.path["name"]

    @property
    def collection(self) -> Collection:
        return self.store.named(self.name)

    @property
    def wait(self) -> bool:
        return self.query.get("wait") == "true"

    @property
    def body(self) -> Any:
        """The body as plain JSON, where only its syntax is checked."""
        return parse(self.text).plain()


class Bare(NamedTuple):
    """An answer that is not wrapped in `result`: text, or JSON of its own."""

    content: Any


class Route(NamedTuple):
    method: str
    pattern: re.Pattern[str]
    access: Access
    handler: Callable[[Call], Any]


def _create(call: Call) -> bool:
    names.check_new(call.name)
    return call.store.create(call.name, read(bodies.CREATE, call.text))


def _patch(call: Call) -> bool:
    return call.store.patch(call.name, read(bodies.PATCH, call.text))


def _one_point(call: Call) -> dict[str, Any]:
    return call.collection.points.one(call.path["id"])


def _index_path(call: Call) -> str:
    try:
        return canonical(call.path["field"])
    except InvalidPath as error:
        text = f"Deserialize error in path parameters: Invalid json path: '{error}'"
        raise Fault(400, text) from None


def _telemetry(call: Call) -> dict[str, Any]:
    collections = call.store.collections.items()
    told = [
        telemetry.Told(name, each.config, each.segment, len(each.points), each.payload_schema())
        for name, each in collections
    ]
    return telemetry.report(call.store.settings, told, int(call.query.get("details_level", 0)))


def _optimizations(call: Call) -> dict[str, Any]:
    ongoing = {"name": "Segment Optimizing", "started_at": "1970-01-01T00:00:00Z"}
    return {"ongoing": [ongoing] if call.collection.running else []}


def _cluster(call: Call) -> dict[str, Any]:
    local = call.collection.shards()
    return {
        "peer_id": 1,
        "shard_count": len(local),
        "local_shards": local,
        "remote_shards": [],
        "shard_transfers": [],
    }


def _root(call: Call) -> Bare:
    settings = call.store.settings
    title = "qdrant - vector search engine"
    return Bare({"title": title, "version": settings.version, "commit": settings.commit})


def _route(method: str, path: str, access: Access, handler: Callable[[Call], Any]) -> Route:
    return Route(method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), access, handler)


_C = "/collections/{name}"
ROUTES = (
    _route("GET", "/", Access.OPEN, _root),
    _route("GET", "/healthz", Access.OPEN, lambda call: Bare("healthz check passed")),
    _route("GET", "/livez", Access.OPEN, lambda call: Bare("healthz check passed")),
    _route("GET", "/readyz", Access.OPEN, lambda call: Bare("all shards are ready")),
    _route("GET", "/cluster", Access.READ, lambda call: {"status": "disabled"}),
    _route("GET", "/issues", Access.READ, lambda call: {"issues": []}),
    _route("GET", "/telemetry", Access.READ, _telemetry),
    _route("GET", "/aliases", Access.READ, lambda call: call.store.aliases_of()),
    _route(
        "GET",
        "/collections/?",
        Access.READ,
        lambda call: {"collections": [{"name": name} for name in call.store.collections]},
    ),
    _route(
        "POST",
        "/collections/aliases",
        Access.WRITE,
        lambda call: call.store.change_aliases(read(bodies.ALIASES, call.text)["actions"]),
    ),
    _route("GET", _C, Access.READ, lambda call: call.collection.view()),
    _route("PUT", _C, Access.WRITE, _create),
    _route(
        "PATCH", _C, Access.WRITE, lambda call: call.store.patch(call.name, read(bodies.PATCH, call.text))
    ),
    _route("DELETE", _C, Access.WRITE, lambda call: call.store.delete(call.name)),
    _route("GET", f"{_C}/exists", Access.READ, lambda call: {"exists": call.store.exists(call.name)}),
    _route("GET", f"{_C}/aliases", Access.READ, lambda call: call.store.aliases_of(call.name)),
    _route("GET", f"{_C}/cluster", Access.READ, _cluster),
    _route("GET", f"{_C}/shards", Access.READ, lambda call: {}),
    _route("GET", f"{_C}/snapshots", Access.READ, lambda call: []),
    _route("GET", f"{_C}/optimizations", Access.READ, _optimizations),
    _route(
        "PUT",
        f"{_C}/index",
        Access.WRITE,
        lambda call: call.collection.put_index(read(CREATE_INDEX, call.text), call.wait),
    ),
    _route(
        "DELETE",
        f"{_C}/index/{{field}}",
        Access.WRITE,
        lambda call: call.collection.delete_index(_index_path(call), call.wait),
    ),
    _route("PUT", f"{_C}/points", Access.WRITE, lambda call: call.collection.upsert(call.body, call.wait)),
    _route("POST", f"{_C}/points", Access.READ, lambda call: call.collection.points.retrieve(call.body)),
    _route(
        "GET", f"{_C}/points/{{id}}", Access.READ, lambda call: call.collection.points.one(call.path["id"])
    ),
    _route("POST", f"{_C}/points/scroll", Access.READ, lambda call: call.collection.scroll(call.body)),
    _route("POST", f"{_C}/points/count", Access.READ, lambda call: call.collection.count(call.body)),
    _route("POST", f"{_C}/points/query", Access.READ, lambda call: call.collection.query(call.body)),
    _route(
        "POST",
        f"{_C}/points/delete",
        Access.WRITE,
        lambda call: call.collection.delete_points(call.body, call.wait),
    ),
    _route(
        "POST", f"{_C}/points/batch", Access.WRITE, lambda call: call.collection.batch(call.body, call.wait)
    ),
    _route(
        "PUT",
        f"{_C}/points/vectors",
        Access.WRITE,
        lambda call: call.collection.update_vectors(call.body, call.wait),
    ),
    _route(
        "POST",
        f"{_C}/points/payload",
        Access.WRITE,
        lambda call: call.collection.change_payload(call.body, call.wait, keep=True),
    ),
    _route(
        "PUT",
        f"{_C}/points/payload",
        Access.WRITE,
        lambda call: call.collection.change_payload(call.body, call.wait, keep=False),
    ),
)


def answer(store: Store, method: str, target: str, headers: Mapping[str, str], text: str) -> Any:
    """What a request is answered with; raises Fault, NoEndpoint or `keys.Unauthorized`."""
    parts = urlsplit(target)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    route, path = _find(method, parts.path)
    if route.access is not Access.OPEN:
        keys.check(store.settings, headers, writes=route.access is Access.WRITE)
    if "name" in path:
        names.check(path["name"])
    if query.get("timeout") == "0":
        raise invalid(["timeout: value 0 invalid, must be 1 or larger"], "query parameters")
    try:
        return route.handler(Call(store, path, query, text))
    finally:
        store.rebuild()


def _find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Matched before the percent signs are resolved: a name may hold a slash."""
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match and route.method == method:
            return route, {key: unquote(value) for key, value in match.groupdict().items()}
    raise NoEndpoint(path)
