"""Keeps known secrets out of everything that is printed or written: the last gate, after all others."""

from __future__ import annotations

import errno
import io
import json
import os
import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import TextIO

MASK = "••••••"
_SHORT = 8
"""A secret with fewer characters counts as found in a text only where it stands by itself."""
_LINE = 12
"""Lines of a secret of several lines (a private key) are secrets too, from this length on."""
_PIECE = 8
"""What is left of a secret that was torn is one itself, from this length on."""
_URL_MARKS = re.compile(r"[/:@?#&]")


class Redactor:
    """Replaces every known secret in a text. Longer secrets are looked for first."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Takes more texts that must not be printed, with their spellings in JSON, XML and Python;
        empty ones are ignored."""
        known = self._known | {s for secret in secrets for s in _spellings(secret) if s.strip()}
        if known != self._known:
            self._known = known
            longest_first = sorted(known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def clean(self, text: str) -> str:
        """Returns `text` with every known secret masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def holds(self, text: str) -> bool:
        """True if a known secret stands in `text`. One that is short or a mere word may be part of
        an innocent word (`app` in `app_users`), so it counts only where it stands by itself."""
        return any(_stands_in(secret, text) for secret in self._known)


def _stands_in(secret: str, text: str) -> bool:
    if secret not in text:
        return False
    if len(secret) >= _SHORT and not secret.isalpha():
        return True
    return re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", text) is not None


def _spellings(secret: str) -> Iterator[str]:
    """Yields a secret, and what may be left of it, in every spelling that reports use."""
    whole = {secret, secret.strip()}
    lines = {line.strip() for line in secret.splitlines() if len(line.strip()) >= _LINE}
    # An unescaped `/` or `@` in a URL's password tears it: the front is taken for a port, say. A whole
    # URL is no password: its host and database may be told.
    pieces = () if "://" in secret else _URL_MARKS.split(secret)
    torn = {piece for piece in pieces if len(piece) >= _PIECE and not piece.isalpha()}
    for text in whole | lines | torn:
        for once in _written(text):
            yield once
            yield from _written(once)  # a statement that holds JSON, in a report that is JSON


def _written(text: str) -> tuple[str, ...]:
    """Returns `text` as JSON, Python and XML have it."""
    return (
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
        escape(text),
    )


class CleanStream(io.TextIOBase):
    """A text stream that masks secrets before it writes to `inner`.

    It never raises: a run must not break off because its reader went away. `error` keeps what went
    wrong first. A secret that is written in two pieces is not seen: writers here write whole lines.
    """

    def __init__(self, inner: TextIO, redactor: Redactor) -> None:
        self._inner = inner
        self._redactor = redactor
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        if self.error is None:
            try:
                self._inner.write(self._redactor.clean(text))
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        if self.error is None:
            try:
                self._inner.flush()
            except OSError as error:
                self._give_up(error)

    @property
    def broken(self) -> bool:
        """True if something is lost that a reader still waits for."""
        return self.error is not None and self.error.errno != errno.EPIPE

    def _give_up(self, error: OSError) -> None:
        """Sends what is left in buffers nowhere, so that the end of the process finds no error."""
        self.error = error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, self._inner.fileno())
        finally:
            os.close(nowhere)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._inner.isatty()

    def fileno(self) -> int:
        return self._inner.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # TextIOBase has a plain attribute here
        return self._inner.encoding
