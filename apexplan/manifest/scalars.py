"""What a scalar without quotes means: the YAML 1.2 core schema, and stricter where it would surprise.

`no`, `on`, `12:30`, `1_000` and `2026-01-31` are text. So is `010`, which the
core schema would read as ten: whoever writes a leading zero means the zero.
Infinity and not-a-number are refused, for no JSON can hold them.
"""

from __future__ import annotations

import math
import re

from apexplan.manifest.nodes import ScalarValue

MAX_DIGITS = 100  # far above any setting of a store, far below what makes int() slow

_WORDS: dict[str, ScalarValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")


def resolve(text: str) -> ScalarValue:
    """Returns the value of a scalar without quotes; raises ValueError for numbers that nothing can hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _NOT_FINITE.match(text):
        raise ValueError("infinity and not-a-number are no values here")
    if _DECIMAL.match(text):
        return int(_checked(text))
    if _BASED.match(text):
        return int(_checked(text), 0)
    if _FLOAT.match(text):
        return _float(text)
    return text


def _float(text: str) -> float:
    value = float(_checked(text))
    if not math.isfinite(value):
        raise ValueError("the number is too large for a floating-point number")
    return value


def _checked(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number has at most {MAX_DIGITS} digits")
    return text
