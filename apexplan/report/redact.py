"""Keeps known secrets out of everything that is printed: the last gate, after all the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

MASK = "••••••"


class Redactor:
    """Replaces every known secret in a text. Longer secrets are looked for first."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Takes more texts that must not be printed; empty ones are ignored."""
        known = {*self._secrets, *(s for s in secrets if s)}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """Returns `text` with every known secret masked."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


class CleanStream:
    """A text stream that masks secrets before it writes to `inner`; everything else is passed on.

    A secret that is written in two pieces is not seen: writers here write whole lines.
    """

    def __init__(self, inner: TextIO, redactor: Redactor) -> None:
        self._inner = inner
        self._redactor = redactor

    def write(self, text: str) -> int:
        self._inner.write(self._redactor.clean(text))
        return len(text)

    def flush(self) -> None:
        self._inner.flush()

    def isatty(self) -> bool:
        return self._inner.isatty()

    def fileno(self) -> int:
        return self._inner.fileno()

    @property
    def encoding(self) -> str:
        return self._inner.encoding
