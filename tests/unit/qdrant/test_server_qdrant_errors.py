"""Every status and every way in which a connection dies becomes an error of ours that says what to do."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest
from answering_qdrant import KEY, Answering, always, connected, refusal

from apexplan.model.errors import (
    AccessDenied,
    Ambiguous,
    StoreError,
    StoreUnreachable,
    Transient,
    Unsupported,
)
from apexplan_qdrant.errors import Full, NotThere, Taken
from apexplan_qdrant.server import ServerTarget
from apexplan_qdrant.server.errors import clean

STATUSES = [
    (400, "Wrong input: Not existing vector name error: zzz", StoreError),
    (400, "Wrong input: Can't create collection with name a. Alias with the same name already exists", Taken),
    (403, "Forbidden: Global manage access is required", AccessDenied),
    (404, "Not found: Collection `c` doesn't exist!", NotThere),
    (409, "Wrong input: Collection `c` already exists!", Taken),
    (413, "too large", StoreError),
    (422, "Validation error in JSON body: [size: value 0 invalid]", StoreError),
    (429, "Rate limit exceeded", Transient),
    (500, "Service internal error: something", StoreError),
    (500, "Service internal error: No space left on device: WAL buffer size exceeds available disk", Full),
    (500, "Service internal error: the disk is full", Full),
    (501, "Not implemented", Unsupported),
    (503, "Service is not ready", Transient),
]
IN_DOUBT = [408, 502, 504]


def answered(response: httpx.Response, key: str | None = None) -> ServerTarget:
    return connected(Answering(always(response)), key=key)


def raised(error: Exception, url: str = "http://qdrant.test:6333") -> ServerTarget:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    return connected(Answering(fail), url=url)


def subclasses(base: type[Exception]) -> Iterator[type[Exception]]:
    yield base
    for child in base.__subclasses__():
        yield from subclasses(child)


def made(kind: type[Exception]) -> Exception:
    """An error of a class of httpx's, whatever its constructor wants."""
    if issubclass(kind, httpx.HTTPStatusError):
        request = httpx.Request("GET", "http://qdrant.test")
        return httpx.HTTPStatusError("no", request=request, response=httpx.Response(400))
    try:
        return kind("no")
    except TypeError:
        return kind()


FAILURES = [
    kind
    for base in (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict)
    for kind in subclasses(base)
]


@pytest.mark.parametrize(("status", "words", "kind"), STATUSES)
def test_a_status_and_its_words_decide_the_error(status: int, words: str, kind: type[StoreError]) -> None:
    with pytest.raises(StoreError) as caught:
        answered(refusal(status, words)).update("c", {})
    assert type(caught.value) is kind
    assert (caught.value.store, caught.value.code) == ("vectors", str(status))


def test_an_error_tells_the_request_and_the_words_of_the_server() -> None:
    with pytest.raises(StoreError, match=r"PATCH /collections/a/b: Wrong input: no such thing"):
        answered(refusal(400, "Wrong input: no such thing")).update("a/b", {})


@pytest.mark.parametrize("status", IN_DOUBT)
def test_a_change_that_nobody_waited_for_is_in_doubt(status: int) -> None:
    with pytest.raises(Ambiguous):
        answered(httpx.Response(status)).update("c", {})


@pytest.mark.parametrize("status", IN_DOUBT)
def test_a_question_that_nobody_waited_for_can_be_asked_again(status: int) -> None:
    with pytest.raises(Transient):
        answered(httpx.Response(status)).count("c")


@pytest.mark.parametrize("status", [404, 405])
def test_an_endpoint_that_this_version_lacks_is_unsupported(status: int) -> None:
    with pytest.raises(Unsupported, match="no such endpoint"):
        answered(httpx.Response(status)).info("c")


def test_a_missing_key_is_told_from_a_wrong_one() -> None:
    with pytest.raises(AccessDenied, match="none is set"):
        answered(httpx.Response(401, text="Must provide an API key")).info("c")
    with pytest.raises(AccessDenied, match="does not accept"):
        answered(httpx.Response(401, text="Invalid API key or JWT"), key=KEY).info("c")


def test_a_redirect_is_not_followed() -> None:
    with pytest.raises(StoreError, match="redirect"):
        answered(httpx.Response(308, headers={"location": "https://elsewhere.test/"})).info("c")


def test_a_page_that_wants_https_says_so() -> None:
    page = "<html>The plain HTTP request was sent to HTTPS port</html>"
    with pytest.raises(StoreError) as caught:
        answered(httpx.Response(400, text=page)).info("c")
    assert caught.value.mend == "write https:// instead of http://"
    assert "html" not in str(caught.value)


def test_an_answer_that_is_no_json_leaves_a_change_in_doubt() -> None:
    with pytest.raises(Ambiguous):
        answered(httpx.Response(200, text="<html>")).delete("c")


def test_an_answer_that_is_no_json_to_a_question_is_final() -> None:
    with pytest.raises(StoreError) as caught:
        answered(httpx.Response(200, json=[])).info("c")
    assert type(caught.value) is StoreError


@pytest.mark.parametrize("kind", FAILURES)
def test_no_error_of_the_client_leaves_bare(kind: type[Exception]) -> None:
    with pytest.raises(StoreError) as caught:
        raised(made(kind)).update("c", {})
    assert isinstance(caught.value.__cause__, kind)


@pytest.mark.parametrize("kind", [httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_change_that_was_never_sent_changed_nothing(kind: type[httpx.TransportError]) -> None:
    with pytest.raises(Transient):
        raised(kind("late")).update("c", {})


@pytest.mark.parametrize(
    "kind", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]
)
def test_a_change_whose_connection_broke_is_in_doubt(kind: type[httpx.TransportError]) -> None:
    with pytest.raises(Ambiguous):
        raised(kind("broken")).update("c", {})


@pytest.mark.parametrize(
    "kind", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]
)
def test_a_question_whose_connection_broke_can_be_asked_again(kind: type[httpx.TransportError]) -> None:
    with pytest.raises(Transient):
        raised(kind("broken")).info("c")


def because(cause: Exception) -> httpx.ConnectError:
    error = httpx.ConnectError("no")
    error.__cause__ = cause
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("verify failed")
    error.verify_message = "self-signed certificate"
    return error


UNREACHABLE = [
    (socket.gaierror(-2, "Name or service not known"), "the name qdrant.test is not known", "check `url`"),
    (ConnectionRefusedError(111, "refused"), "nobody answers at qdrant.test:6333", "check `url`"),
    (untrusted(), "the certificate of qdrant.test:6333 is not trusted: self-signed certificate", "ca_file"),
    (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "qdrant.test:6333 speaks no TLS", "http://"),
]


@pytest.mark.parametrize(("cause", "text", "mend"), UNREACHABLE)
def test_why_nobody_answers_is_told(cause: Exception, text: str, mend: str) -> None:
    with pytest.raises(StoreUnreachable) as caught:
        raised(because(cause), "https://qdrant.test:6333").info("c")
    assert text in str(caught.value)
    assert mend in caught.value.mend


def test_the_port_of_grpc_is_recognised() -> None:
    with pytest.raises(Transient) as caught:
        raised(httpx.RemoteProtocolError("illegal status line"), "http://qdrant.test:6334").info("c")
    assert caught.value.mend == "6334 is the port of gRPC: REST is spoken at 6333"


def test_a_server_that_speaks_no_http_may_want_tls() -> None:
    with pytest.raises(Transient) as caught:
        raised(httpx.RemoteProtocolError("illegal status line")).info("c")
    assert "https://" in caught.value.mend


QUOTED = [
    ('invalid type: string "a \\" value", expected f32', 'invalid type: string "…", expected f32'),
    ("value a@b.example is not a valid point ID, valid", "value … is not a valid point ID, valid"),
    ("one\n  two", "one two"),
]


@pytest.mark.parametrize(("words", "shown"), QUOTED)
def test_values_that_the_server_quotes_are_cut(words: str, shown: str) -> None:
    assert clean(words) == shown


def test_endless_words_are_cut() -> None:
    assert len(clean("x" * 10_000)) < 600
