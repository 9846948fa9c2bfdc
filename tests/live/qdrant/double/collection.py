"""One collection: its configuration, its payload indexes, its points, and what its segments were built with.

Segments are rebuilt in no time, unless rebuilds are held: then the status is yellow, telemetry goes on
showing the former settings, and changes of payload indexes are answered with "completed" but take effect only
at the end: a new index holds no points, a dropped one is still there.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from . import config as configuration
from . import filters, indexes, points, segments, strict_mode, vectors
from .faults import bad_request, beyond_the_double, invalid, wrong_input
from .json_paths import canonical
from .settings import Settings

Body = Mapping[str, Any]
_RANGE_KINDS = ("integer", "float", "datetime")


class Collection:
    def __init__(self, request: Body, settings: Settings) -> None:
        self.config = configuration.create(request, settings)
        self.segment = deepcopy(segments.built(self.config, points=0))
        self.points = points.Points(self.config)
        self.indexes: dict[str, dict[str, Any]] = {}
        self._late_indexes: dict[str, dict[str, Any] | None] = {}
        self._operations = 0

    @property
    def rebuilding(self) -> bool:
        """Are there segments that wait to be built anew?"""
        return len(self.points) > 0 and segments.outdated(self.segment, self.config, len(self.points))

    def rebuild(self) -> None:
        """Ends the rebuild that is running."""
        if self.running:
            self.segment = deepcopy(segments.built(self.config, len(self.points)))
        for path, index in self._late_indexes.items():
            self._set_index(path, index)
        self._late_indexes.clear()

    @property
    def running(self) -> bool:
        """Is a rebuild going on? Without a thread for it what waits is never built."""
        return self.rebuilding and self.config["optimizer_config"]["max_optimization_threads"] != 0

    def view(self) -> dict[str, Any]:
        """The answer to GET."""
        found = configuration.warnings(self.config)
        return {
            "status": "yellow" if self.rebuilding else "green",
            "optimizer_status": "ok",
            **({"warnings": found} if found else {}),
            "indexed_vectors_count": self.points.count_vectors(segments.indexed_vectors(self.segment)),
            "points_count": len(self.points),
            "segments_count": 2,
            "config": self.config,
            "payload_schema": self.payload_schema(),
        }

    def shards(self) -> list[dict[str, Any]]:
        """The local shards; all points are shown in the first."""
        custom = self.config["params"].get("sharding_method") == "custom"
        count = 0 if custom else self.config["params"]["shard_number"]
        return [
            {"shard_id": shard, "points_count": 0 if shard else len(self.points), "state": "Active"}
            for shard in range(count)
        ]

    def put_index(self, body: Body, wait: bool) -> dict[str, Any]:
        """Creates or replaces an index, also one of another kind."""
        if "field_schema" not in body:
            raise bad_request("Can't auto-detect field type, please specify `field_schema` in the request")
        strict_mode.check_new_index(self.config, len(self.indexes))
        self._change_index(body["field_name"], indexes.shown(body["field_schema"]))
        return self._done(wait, operations=2)

    def delete_index(self, path: str, wait: bool) -> dict[str, Any]:
        """Drops an index; one that is missing is no error."""
        self._change_index(canonical(path), None)
        return self._done(wait, operations=2)

    def upsert(self, body: Body, wait: bool) -> dict[str, Any]:
        sent = points.from_body(body)
        strict_mode.check_upsert(self.config, len(sent))
        outcome = self._done(wait)
        self.points.upsert(sent, body.get("update_filter"))
        return outcome

    def delete_points(self, body: Body, wait: bool) -> dict[str, Any]:
        self._check_filter("unindexed_filtering_update", body)
        outcome = self._done(wait)
        self.points.delete(body)
        return outcome

    def update_vectors(self, body: Body, wait: bool) -> dict[str, Any]:
        outcome = self._done(wait)
        self.points.update_vectors(body["points"])
        return outcome

    def change_payload(self, body: Body, wait: bool, *, keep: bool) -> dict[str, Any]:
        outcome = self._done(wait)
        self.points.change_payload(body["points"], body["payload"], keep=keep)
        return outcome

    def batch(self, body: Body, wait: bool) -> list[dict[str, Any]]:
        """Upserts and deletions, one after the other."""
        outcomes = []
        for operation in body["operations"]:
            if "upsert" in operation:
                outcomes.append(self.upsert(operation["upsert"], wait))
            elif "delete" in operation:
                outcomes.append(self.delete_points(operation["delete"], wait))
            else:
                raise beyond_the_double(f"the batch operation {sorted(operation)}")
        return outcomes

    def scroll(self, body: Body) -> dict[str, Any]:
        found = filters.problems(body.get("filter"), "scroll_request.filter")
        if body.get("limit") == 0:
            found.append("scroll_request.limit: value 0 invalid, must be 1 or larger")
        if found:
            raise invalid(found)
        strict_mode.check_query(self.config, body.get("limit", 10))
        self._check_filter("unindexed_filtering_retrieve", body)
        self._check_order(body.get("order_by"))
        return self.points.scroll(body)

    def count(self, body: Body) -> dict[str, int]:
        self._check_filter("unindexed_filtering_retrieve", body)
        return {"count": self.points.count(body.get("filter"))}

    def query(self, body: Body) -> Any:
        """Says what is wrong with a query; the double does not search."""
        vectors.check_query(self.config, body.get("using", ""), body["query"])
        raise beyond_the_double("search")

    def patch(self, request: Body) -> None:
        configuration.patch(self.config, request)

    def _done(self, wait: bool, operations: int = 1) -> dict[str, Any]:
        """The receipt of a change. The log counts a change of an index twice, and a change that fails too."""
        self._operations += operations
        return {"operation_id": self._operations, "status": "completed" if wait else "acknowledged"}

    def _change_index(self, path: str, desired: dict[str, Any] | None) -> None:
        live = self.indexes.get(path)
        index = desired and indexes.replaced(live, desired)
        if self.running and index is not live:
            self._late_indexes[path] = index
        else:
            self._set_index(path, index)

    def _set_index(self, path: str, index: dict[str, Any] | None) -> None:
        if index is None:
            self.indexes.pop(path, None)
        else:
            self.indexes[path] = index

    def payload_schema(self) -> dict[str, Any]:
        shown = {
            path: {**index, "points": indexes.points_held(index["data_type"], path, self.points.payloads())}
            for path, index in self.indexes.items()
        }
        late = {path: {**index, "points": 0} for path, index in self._late_indexes.items() if index}
        return {**shown, **late}

    def _check_filter(self, switch: str, body: Body) -> None:
        strict_mode.check_filter(self.config, switch, body.get("filter"), self.indexes)

    def _check_order(self, order_by: Any) -> None:
        path = order_by["key"] if isinstance(order_by, Mapping) else order_by
        if path is None or self.indexes.get(path, {}).get("data_type") in _RANGE_KINDS:
            return
        raise wrong_input(
            f"No range index for `order_by` key: `{path}`. Please create one to use `order_by`. Check "
            "https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas "
            "support Range conditions"
        )
