"""No key and no password is in what an error shows, however it came about."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator

import httpx
import pytest
from answering_qdrant import KEY, Answering, always, connected, refusal, settings

from apexplan.model.errors import StoreError
from apexplan_qdrant.server import connect

PASSWORD = "hunter2-of-the-proxy"
URL = f"http://admin:{PASSWORD}@qdrant.test:6333"


def raising(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    return fail


def chained(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def shown(error: BaseException) -> str:
    """Everything that a log or a traceback could show of an error."""
    links = list(chained(error))
    mends = [getattr(link, "mend", "") for link in links]
    return "\n".join([*map(str, links), *map(repr, links), *mends, *traceback.format_exception(error)])


ANSWERS = [
    *(
        always(httpx.Response(status, text="plain"))
        for status in (301, 400, 401, 403, 404, 409, 500, 502, 503)
    ),
    *(always(refusal(status, f"you sent {KEY}")) for status in (400, 404, 409, 422, 429, 500, 503)),
    always(httpx.Response(200, text=KEY)),
    *(raising(kind("no")) for kind in (httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError)),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_answer_makes_an_error_show_a_secret(answer: Callable[[httpx.Request], httpx.Response]) -> None:
    target = connected(Answering(answer), url=URL, key=KEY)
    with pytest.raises(StoreError) as caught:
        target.update("c", {})
    assert KEY not in shown(caught.value)
    assert PASSWORD not in shown(caught.value)


@pytest.mark.parametrize("key", [f"{KEY}\n", f" {KEY}", f"{KEY}ü", f"Bearer {KEY}"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(StoreError, match="`api_key` holds a character") as caught:
        connect("vectors", settings(key=key))
    assert KEY not in shown(caught.value)


BAD_URLS = [
    f"http://admin:{PASSWORD}/x@qdrant.test",
    f"http://qdrant.test:{PASSWORD}",
    f"http://qdrant.test:6333/?api-key={PASSWORD}",
    f"http://qdrant.test:6333/#{PASSWORD}",
    f"ftp://admin:{PASSWORD}@qdrant.test",
    f"http://[{PASSWORD}",
    f"http://{PASSWORD}\u2028:6333",
    PASSWORD,
    "http://",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_is_none_is_refused_unseen(url: str) -> None:
    with pytest.raises(StoreError, match="`url` is not one of a Qdrant server") as caught:
        connect("vectors", settings(url))
    assert PASSWORD not in shown(caught.value)


def test_a_target_shows_no_secret() -> None:
    target = connected(Answering(always(refusal(500, "no"))), url=URL, key=KEY)
    shown = repr(vars(target)) + repr(target._client.origin)
    assert KEY not in shown
    assert PASSWORD not in shown
