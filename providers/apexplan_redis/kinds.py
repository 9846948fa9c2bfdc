"""The ways in which keys depart from a contract, by the words that reports and findings use."""

from __future__ import annotations

from typing import Final

NO_TTL: Final = "no_ttl"
LONG_TTL: Final = "long_ttl"
UNWANTED_TTL: Final = "unwanted_ttl"
WRONG_TYPE: Final = "wrong_type"
WRONG_ENCODING: Final = "wrong_encoding"
TOO_LARGE: Final = "too_large"
TOO_LONG: Final = "too_long"
BAD_VALUE: Final = "bad_value"
BAD_FIELDS: Final = "bad_fields"
UNDECLARED: Final = "undeclared"

TTL_KINDS: Final = frozenset({NO_TTL, LONG_TTL})
"""What `repair: ttl` mends."""

WORDS: Final = {
    NO_TTL: "have no TTL",
    LONG_TTL: "have more TTL than the contract allows",
    UNWANTED_TTL: "have a TTL, and the contract wants none",
    WRONG_TYPE: "are of another type",
    WRONG_ENCODING: "are encoded otherwise",
    TOO_LARGE: "take more memory than the contract allows",
    TOO_LONG: "have more elements than the contract allows",
    BAD_VALUE: "have a value that the JSON Schema refuses",
    BAD_FIELDS: "lack a field of the hash, or have one too many",
    UNDECLARED: "are of no declared pattern",
}
"""What is said of the keys: `3 of 200 keys …`."""

MENDS: Final = {
    NO_TTL: "write them with a TTL (SET … EX); `repair: ttl` gives those that are there the maximum",
    LONG_TTL: "write them with a shorter TTL, or raise `max`; `repair: ttl` gives them the maximum",
    UNWANTED_TTL: "PERSIST them, or allow a TTL",
    WRONG_TYPE: "find out who writes them, or correct `type`",
    WRONG_ENCODING: "look at the server's *-max-listpack-* parameters, or correct `encodings`",
    TOO_LARGE: "split them, or raise `max_bytes`",
    TOO_LONG: "trim them where they are written, or raise `max_length`",
    BAD_VALUE: "correct what writes them, or the schema in `value`",
    BAD_FIELDS: "correct what writes them, or `fields`",
}
"""What to do about each. Undeclared keys are told by what they look like."""
