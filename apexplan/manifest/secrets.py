"""Texts that must never be printed, found in the settings of the stores and the URL of the state.

The rule: every secret field (SecretStr, SecretBytes), the password inside
every text that looks like a URL or a libpq connection string, as it stands,
percent-decoded and percent-encoded. However short: a password of two letters
is still one. Other settings (hosts, users, database names) are no secrets,
even where they came from a variable: covering `localhost` or `5432` wherever
it occurs would make output unreadable and protect nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from pydantic import BaseModel, SecretBytes, SecretStr

_AUTHORITY = re.compile(r"://[^/?#:@]*:(?P<password>[^/?#@]*)@")
_WIDEST_AUTHORITY = re.compile(r"://[^:@]*:(?P<password>.*)@", re.DOTALL)
_NAMED = re.compile(
    r"(?i)(?:\A|[?&;\s])[a-z_]*(?:password|passwd|secret|token|api_?key)\s*=\s*"
    r"(?P<password>'(?:[^'\\]|\\.)*'|[^&;\s]+)"
)


def secrets_in(values: Iterable[Any]) -> frozenset[str]:
    """Returns the secrets in settings models, mappings, lists and texts, at any depth."""
    return frozenset(text for value in values for text in _walk(value) if text)


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield from _spellings(value.get_secret_value())
        yield from _passwords(value.get_secret_value())
    elif isinstance(value, SecretBytes):
        yield from _spellings(value.get_secret_value().decode("utf-8", "replace"))
    elif isinstance(value, BaseModel):
        yield from _walk(dict(value))
    elif isinstance(value, Mapping):
        yield from _walk(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _walk(item)
    elif value is not None and not isinstance(value, int | float):
        yield from _passwords(str(value))


def _passwords(text: str) -> Iterator[str]:
    """A password may itself hold `/` or `@` unescaped: the widest reading counts as well."""
    for form in (_AUTHORITY, _WIDEST_AUTHORITY, _NAMED):
        for match in form.finditer(text):
            yield from _spellings(match["password"].strip("'"))


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    for decoded in (unquote(secret), unquote_plus(secret)):
        yield decoded
        yield quote(decoded, safe="")
        yield quote_plus(decoded)
