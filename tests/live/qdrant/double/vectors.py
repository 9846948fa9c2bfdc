"""Vectors of a point: the spellings that upsert takes, what is stored, what comes back.

Stored is what is read: Cosine is normalised, float16 and uint8 are cut to their type, sparse indices are
sorted. So a copy of a copy is bit for bit the same.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from .config import Config, dense_vectors, sparse_vectors
from .faults import Fault, no_vector, wrong_input
from .kinds import shortest, to_single

Stored = dict[str, Any]
_ALREADY_NORMALISED = 1e-6


def stored(config: Config, sent: Any) -> Stored:
    """Name → vector as it is kept; the server's 400 for an unknown name or another length."""
    named = sent if isinstance(sent, Mapping) else {"": sent}
    return {name: _stored(config, name, vector) for name, vector in (named or {}).items()}


def read_back(vectors: Stored) -> Any:
    """A point that holds only the unnamed vector shows it bare."""
    return vectors[""] if list(vectors) == [""] else vectors


def check_sparse(vector: Any, place: str) -> list[str]:
    """The range errors of the sparse vectors of one point."""
    parts = vector.values() if isinstance(vector, Mapping) else ()
    return [
        f"{place}.vector.?.indices: Validation error: must be unique [{{}}]"
        for part in parts
        if isinstance(part, Mapping) and len(set(part["indices"])) < len(part["indices"])
    ]


def check_query(config: Config, name: str, vector: Sequence[Any]) -> None:
    """Raises what the server says to a query vector of an unknown name or another length."""
    _require_length(_parameters(config, name), vector)


def _stored(config: Config, name: str, vector: Any) -> Any:
    if name in sparse_vectors(config):
        return _sparse(vector)
    parameters = _parameters(config, name)
    if not isinstance(vector[0], list):
        return _dense(parameters, vector)
    if _reads_as_sparse(vector):
        raise wrong_input("Conversion between sparse and regular vectors failed")
    return [_dense(parameters, row) for row in vector]


def _parameters(config: Config, name: str) -> Mapping[str, Any]:
    try:
        return dense_vectors(config)[name]
    except KeyError:
        raise no_vector(name) from None


def _reads_as_sparse(rows: Sequence[Sequence[Any]]) -> bool:
    """Two rows of which the first holds whole numbers are taken for indices and values."""
    return len(rows) == 2 and all(isinstance(index, int) for index in rows[0])


def _sparse(vector: Mapping[str, Any]) -> dict[str, list[Any]]:
    pairs = sorted(zip(vector["indices"], vector["values"], strict=True))
    return {"indices": [i for i, _ in pairs], "values": [_single(value) for _, value in pairs]}


def _require_length(parameters: Mapping[str, Any], vector: Sequence[Any]) -> None:
    if len(vector) != parameters["size"]:
        text = f"Vector dimension error: expected dim: {parameters['size']}, got {len(vector)}"
        raise wrong_input(text)


def _dense(parameters: Mapping[str, Any], vector: Sequence[float]) -> list[float]:
    _require_length(parameters, vector)
    numbers = [to_single(value) for value in vector]
    if parameters["distance"] == "Cosine":
        numbers = _normalised(numbers)
    return [_AS_TYPE[parameters.get("datatype", "float32")](value) for value in numbers]


def _normalised(numbers: list[float]) -> list[float]:
    """In single precision at each step, as the server reckons: the last digit shows it."""
    square = 0.0
    for value in numbers:
        square = to_single(square + to_single(value * value))
    if square == 0 or abs(square - 1) < _ALREADY_NORMALISED:
        return numbers
    length = to_single(math.sqrt(square))
    return [to_single(value / length) for value in numbers]


def _single(value: float) -> float:
    return shortest(to_single(value))


def _half(value: float) -> float:
    try:
        return shortest(struct.unpack("<e", struct.pack("<e", value))[0])
    except OverflowError:
        raise Fault(501, "The double does not know float16 beyond its range") from None


def _byte(value: float) -> float:
    return float(min(max(int(value), 0), 255))


_AS_TYPE = {"float32": _single, "float16": _half, "uint8": _byte}
