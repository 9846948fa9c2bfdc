"""A ServerTarget whose answers a test writes: no server, no network, no time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

from apexplan_qdrant.connection import QdrantSettings
from apexplan_qdrant.server import ServerTarget, connect
from apexplan_qdrant.server.waiting import Clock

URL = "http://qdrant.test:6333"
KEY = "s3cret-key"


@dataclass
class Answering:
    """Greets as a Qdrant of `version`, then leaves each request to `answer`. `seen`: what came after that."""

    answer: Callable[[httpx.Request], httpx.Response]
    version: str = "1.16.3"
    seen: list[httpx.Request] = field(default_factory=list)
    greeted: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.greeted and request.url.path.endswith("/"):
            about = {"title": "qdrant - vector search engine", "version": self.version}
            return httpx.Response(200, json=about)
        if not self.greeted and request.url.path.endswith("/aliases"):
            self.greeted = True
            return result({"aliases": []})
        self.seen.append(request)
        return self.answer(request)


@dataclass
class Hours:
    """A clock that nobody has to wait for. `slept`: each pause, in seconds."""

    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(lambda: sum(self.slept), self.slept.append)


def settings(url: str = URL, key: str | None = None, **others: Any) -> QdrantSettings:
    return QdrantSettings(url=url, api_key=SecretStr(key) if key is not None else None, **others)


def connected(
    answering: Callable[[httpx.Request], httpx.Response],
    *,
    url: str = URL,
    key: str | None = None,
    clock: Clock | None = None,
) -> ServerTarget:
    """Connects to `answering` under the store's name `vectors`."""
    return connect("vectors", settings(url, key), transport=httpx.MockTransport(answering), clock=clock)


def result(value: Any) -> httpx.Response:
    return httpx.Response(200, json={"result": value, "status": "ok", "time": 0.0})


def refusal(status: int, words: str) -> httpx.Response:
    return httpx.Response(status, json={"status": {"error": words}, "time": 0.0})


def always(response: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: response
