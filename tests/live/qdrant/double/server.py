"""The double over HTTP: a server on a free port of the loopback, in a thread, with hooks for tests."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock, Thread
from types import TracebackType
from typing import Any, NamedTuple

from .faults import Fault, NoEndpoint, beyond_the_double
from .keys import Unauthorized
from .routes import Bare, answer
from .settings import Settings
from .store import Store


class Request(NamedTuple):
    """One request that came in, for tests that ask what was sent."""

    method: str
    target: str
    text: str


class _Answer(NamedTuple):
    status: int
    content: str
    kind: str = "application/json"


class Double:
    """A stateful double of Qdrant's REST interface, empty at start. `url` is where it listens."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._store = Store(settings or Settings())
        self._lock = RLock()
        self._failures: list[Fault] = []
        self._drops = 0
        self.requests: list[Request] = []
        handler = type("Handler", (_Handler,), {"double": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Double:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fail_next(self, status: int, text: str) -> None:
        """The next request is answered with this error and changes nothing."""
        with self._lock:
            self._failures.append(Fault(status, text))

    def drop_connection(self) -> None:
        """The next request is carried out, but the connection ends without an answer."""
        with self._lock:
            self._drops += 1

    def hold_rebuilds(self) -> None:
        """From now on segments keep what they were built with; a collection that waits is yellow."""
        with self._lock:
            self._store.rebuilds_held = True

    def release_rebuilds(self) -> None:
        """Rebuilds what waits, and from now on at once."""
        with self._lock:
            self._store.rebuilds_held = False
            self._store.rebuild()

    def _carry_out(self, request: Request, headers: dict[str, str]) -> _Answer | None:
        """The answer, or None if the connection is to end. One request at a time: no half states show."""
        with self._lock:
            self.requests.append(request)
            if self._failures:
                return _failed(self._failures.pop(0))
            outcome = self._outcome(request, headers)
            if self._drops:
                self._drops -= 1
                return None
            return outcome

    def _outcome(self, request: Request, headers: dict[str, str]) -> _Answer:
        try:
            result = answer(self._store, request.method, request.target, headers, request.text)
        except Fault as fault:
            return _failed(fault)
        except Unauthorized as refusal:
            return _Answer(401, str(refusal), "text/plain")
        except NoEndpoint:
            return _Answer(404, "", "text/plain")
        except Exception as defect:
            # A body of a form that no recording has; without an answer the client would wait or reconnect.
            return _failed(beyond_the_double(f"this request: {defect!r}"))
        if not isinstance(result, Bare):
            return _Answer(200, json.dumps({"result": result, "status": "ok", "time": 0.0}))
        if isinstance(result.content, str):
            return _Answer(200, result.content, "text/plain")
        return _Answer(200, json.dumps(result.content))


def _failed(fault: Fault) -> _Answer:
    return _Answer(fault.status, json.dumps({"status": {"error": fault.text}, "time": 0.0}))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    """Head and body in one packet where they fit, else in two at once: a second one would wait 40 ms for the
    client's acknowledgement of the first."""
    double: Double

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        text = self.rfile.read(length).decode()
        headers = {key.lower(): value for key, value in self.headers.items()}
        answered = self.double._carry_out(Request(self.command, self.path, text), headers)
        if answered is None:
            self.close_connection = True
            return
        content = answered.content.encode()
        self.send_response(answered.status)
        self.send_header("content-type", answered.kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _serve  # as http.server wants it

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: a test's output is its own."""
