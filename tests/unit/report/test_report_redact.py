"""The last gate: known secrets are masked in every spelling; a stream with a gone reader stays quiet."""

from __future__ import annotations

import io
import json
import os

import pytest

from apexplan.report.redact import MASK, CleanStream, Redactor

SECRET = 'pa"ss\\w<ö>rd&1'


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        repr(SECRET),
        "pa&quot;ss\\w&lt;ö&gt;rd&amp;1",
    ],
)
def test_a_secret_is_masked_in_every_spelling(spelling: str) -> None:
    cleaned = Redactor([SECRET]).clean(f"before {spelling} after")
    assert cleaned in (f"before {MASK} after", f'before "{MASK}" after', f"before '{MASK}' after")


def test_a_secret_that_holds_another_is_masked_as_a_whole() -> None:
    assert Redactor(["abc", "abcdef"]).clean("abcdef") == MASK


def test_each_line_of_a_key_is_a_secret() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n"
    assert "MIIEvQIBADANBg" not in Redactor([key]).clean("  MIIEvQIBADANBg  ")


def test_empty_secrets_mask_nothing() -> None:
    assert Redactor(["", "\n"]).clean("a\nb") == "a\nb"


@pytest.mark.parametrize(
    ("secret", "text", "held"),
    [
        ("app", "app_users", False),
        ("app", "app users", True),
        ("postgres", "postgresql", False),
        ("postgres", "owner postgres", True),
        ("s3cr3t-and-long", "xs3cr3t-and-longx", True),
    ],
)
def test_a_short_secret_is_held_only_where_it_stands_by_itself(secret: str, text: str, held: bool) -> None:
    assert Redactor([secret]).holds(text) is held


def test_a_stream_masks_what_is_learnt_later_too() -> None:
    inner, redactor = io.StringIO(), Redactor()
    stream = CleanStream(inner, redactor)
    redactor.learn(["s3cr3t"])
    stream.write("a s3cr3t b")
    assert inner.getvalue() == f"a {MASK} b"


def test_a_stream_whose_reader_is_gone_raises_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as inner:
        stream = CleanStream(inner, Redactor())
        for _ in range(3):
            stream.write("line\n")
            stream.flush()
        assert isinstance(stream.error, BrokenPipeError)
        assert not stream.broken


def test_a_stream_on_a_full_disk_remembers_that_something_is_lost() -> None:
    with open("/dev/full", "w") as inner:  # noqa: PTH123  # a device, not a path of the project
        stream = CleanStream(inner, Redactor())
        stream.write("line\n")
        stream.flush()
        assert stream.broken


def test_the_host_of_a_url_that_is_a_secret_may_be_told() -> None:
    redactor = Redactor(["postgresql://ann:s3cret-word@127.0.0.1:5432/memory", "s3cret-word"])
    assert redactor.clean("no answer from 127.0.0.1:5432") == "no answer from 127.0.0.1:5432"
    assert "s3cret" not in redactor.clean("s3cret-word")
