"""What can be told of a small piece of SQL by looking at it: whether it is a name or an operator, and
whether the server would freeze a moment in it. Pure. Whole expressions are read in `fragments`."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = r'(?:[^\W\d][\w$]*|"(?:[^"]|"")+")'
_NAMES: Final = re.compile(rf"{_NAME}(?:\.{_NAME})?\Z")
_OPERATOR: Final = re.compile(rf"(?:{_NAME}\.)?[-+*/<>=~!@#%^&|`?]+\Z")

_SPECIAL: Final = r"'\s*(now|today|tomorrow|yesterday)\s*'"
_FROZEN: Final = re.compile(rf"{_SPECIAL}\s*::\s*(date|time)|\b(date|time)\w*\s*{_SPECIAL}", re.IGNORECASE)
_FROZEN_ALONE: Final = re.compile(rf"\(*{_SPECIAL}\)*\Z", re.IGNORECASE)


def is_name(text: str) -> bool:
    """Says whether `text` is a name with or without its schema: `public.vector_cosine_ops`, `"C"`."""
    return bool(_NAMES.match(text))


def is_operator(text: str) -> bool:
    """Says whether `text` is an operator with or without its schema: `&&`, `pg_catalog.=`."""
    return bool(_OPERATOR.match(text)) and "--" not in text and "/*" not in text


def freezes(text: str, type_: str | None) -> bool:
    """Says whether the server would read 'now' or the like once, when it stores the text, and keep
    that moment in its place. `type_`: that of the column whose default it is."""
    timely = type_ is not None and type_.startswith(("date", "time"))
    return bool(_FROZEN.search(text) or (timely and _FROZEN_ALONE.match(text)))
