"""The text of the client module, and what it does without a server."""

from __future__ import annotations

import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from redis_invalidation_kit import DOC, QUERY, contract

from apexplan_redis.invalidation.client import client_module
from apexplan_redis.invalidation.model import Entry, Event, Invalidation, Placeholder

NUMBER = Placeholder("id", "int", "(?:-?[1-9][0-9]*|0)")
LANGUAGE = Placeholder("language", "enum", "(?:de|en)", ("de", "en"))
PAGE = "page:{id:int}:{language:enum(de|en)}"
TYPED = contract(
    entries=(
        Entry(
            "page",
            "page:{id:int}:{language:enum(de|en)}",
            ("page:", NUMBER, ":", LANGUAGE),
            60,
            {"page": "id"},
        ),
        Entry("index", 'index"\\', ('index"\\',), 60, {}, ("page", "count")),
    ),
    events=(Event("page_changed", "page", ("page", "index")), Event("counted", "count", ("index",))),
)


def _module(invalidation: Invalidation) -> Any:
    module = types.ModuleType(f"made_client_{invalidation.digest()[-16:]}")
    sys.modules[module.__name__] = module  # where dataclasses look for the names of their annotations
    exec(compile(client_module(invalidation), "made_client.py", "exec"), module.__dict__)
    return module


class Silent:
    """A client that fails the test when it is asked."""

    def execute_command(self, *words: object, **options: object) -> None:
        pytest.fail(f"asked the server {words}")


class Answering:
    """A client that keeps what it was asked."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[object, ...]] = []

    def execute_command(self, *words: object, **options: object) -> object:
        self.asked.append(words)
        return self.answer


def test_one_contract_gives_one_text() -> None:
    assert client_module(contract()) == client_module(contract())


def test_the_module_says_that_it_was_made_and_of_what() -> None:
    head = client_module(contract()).split("\n")[:4]
    assert head == [
        '"""The cache of the library `apex_cache`: made by apexplan codegen; do not edit.',
        "",
        f"Contract {contract().digest()}",
        '"""',
    ]


def test_an_entry_reads_as_if_written_by_hand() -> None:
    text = client_module(contract())
    assert text[text.index("class QueryEntry") : text.index("class AsyncDocEntry")].rstrip() + "\n" == dedent(
        '''\
        class QueryEntry(_Entry):
            """A value at `query:*`, kept for at most 600 s."""

            def populate(
                self,
                value: Value,
                token: int,
                *,
                document: Iterable[str],
                ttl_s: int | None = None,
            ) -> Populated:
                """Stores the value unless an event came since `token`, and returns what became of it."""
                return self._populate(QueryLoaded(value, document), token, ttl_s)

            def fetch(
                self,
                load: Callable[[], QueryLoaded],
                *,
                ttl_s: int | None = None,
            ) -> bytes:
                """Returns the value from the cache, or else that of `load`, which is stored if it may be."""
                return self._fetch(load, ttl_s)
        '''
    )


def test_a_module_that_does_not_count_reads_has_no_hit_rate() -> None:
    assert "hit_rate" not in client_module(contract(count_reads=False))


def test_a_module_that_does_not_count_reads_reads_without_writing() -> None:
    client = Answering(None)
    _module(contract(count_reads=False)).Cache(client).doc("d1").get()
    assert client.asked[0][0] == "FCALL_RO"


def test_a_contract_with_mistakes_makes_no_module() -> None:
    with pytest.raises(ValueError, match="number out of range"):
        client_module(contract(chunk=0))


def test_a_key_is_made_of_its_values() -> None:
    assert _module(TYPED).Cache(Silent()).page(7, "de").key == "page:7:de"


def test_a_key_without_placeholders_takes_no_values() -> None:
    assert _module(TYPED).Cache(Silent()).index().key == 'index"\\'


@pytest.mark.parametrize("values", [(7, "fr"), ("07", "de"), ("", "de"), ("7\n", "de")])
def test_a_value_that_does_not_fit_is_refused_before_the_server_is_asked(values: tuple[Any, Any]) -> None:
    with pytest.raises(ValueError, match="not of the form that the contract gives"):
        _module(TYPED).Cache(Silent()).page(*values)


def test_an_id_that_does_not_fit_its_subject_is_refused_in_an_event() -> None:
    with pytest.raises(ValueError, match="not of the form"):
        _module(TYPED).Cache(Silent()).page_changed("x")


@pytest.mark.parametrize("ttl_s", [0, -1, 601])
def test_a_life_out_of_range_is_refused(ttl_s: int) -> None:
    with pytest.raises(ValueError, match="not within 1 and 600"):
        _module(contract()).Cache(Silent()).query("q").populate("r", 1, document=[], ttl_s=ttl_s)


def test_a_tag_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="document"):
        _module(contract()).Cache(Silent()).query("q").populate("r", 1, document=["a\nb"])


def test_tags_are_sent_once_each_and_in_order() -> None:
    client = Answering(b"stored")
    _module(contract()).Cache(client).query("q").populate("r", 1, document=["b", "a", "b"])
    assert client.asked[0][-2:] == (b"document:a", b"document:b")


def test_bytes_that_are_no_text_come_back_out_of_a_key_as_they_were() -> None:
    client = Answering(None)
    _module(contract()).Cache(client).doc(b"\xff".decode("utf-8", "surrogateescape")).get()
    assert client.asked[0][3] == b"doc:\xff"


def test_names_that_join_to_the_same_word_stay_apart() -> None:
    number, word = replace(NUMBER, name="b_c"), Placeholder("c", "slug", "[a-z]+")
    entries = (Entry("a", "a:{b_c:int}", ("a:", number), 60), Entry("a_b", "b:{c:slug}", ("b:", word), 60))
    cache = _module(contract(entries=entries, events=())).Cache(Silent())
    assert (cache.a(7).key, cache.a_b("x").key) == ("a:7", "b:x")


def test_json_comes_back_as_it_went() -> None:
    module = _module(contract())
    value = {"é": [1, None, "x"]}
    assert module.from_json(module.to_json(value)) == value


_USE = """
from typing import assert_type

import redis
import redis.asyncio

import made


def use(client: redis.Redis) -> None:
    cache = made.Cache(client)
    page = cache.page(7, "de")
    assert_type(page.get(), bytes | None)
    assert_type(page.fetch(lambda: "text"), bytes)
    assert_type(page.populate(b"bytes", page.begin()), made.Populated)
    index = cache.index()
    index.populate("text", index.begin(), page=[1, 2], count={"x"}, ttl_s=5)
    assert_type(index.fetch(lambda: made.IndexLoaded("text", page=[1], count=[])), bytes)
    assert_type(cache.page_changed(7), made.Invalidated)
    assert_type(cache.hit_rate("page"), float | None)
    for event in cache.stale_events("me"):
        assert_type(event, made.StaleEvent)


async def use_asyncio(client: redis.asyncio.Redis) -> None:
    cache = made.AsyncCache(client)

    async def load() -> made.IndexLoaded:
        return made.IndexLoaded("text", [1], [])

    assert_type(await cache.index().fetch(load), bytes)
    assert_type(await cache.hit_rate(), float | None)
    async for event in cache.stale_events("me"):
        assert_type(event, made.StaleEvent)


def misuse(client: redis.Redis) -> None:
    cache = made.Cache(client)
    cache.page("7", "de")  # type: ignore[arg-type]  # an int by the contract
    cache.page(7, "fr")  # type: ignore[arg-type]  # not among the choices
    cache.index().populate("text", 1)  # type: ignore[call-arg]  # tags are never left out
    cache.page_changed("x")  # type: ignore[arg-type]  # an int, as in the key
"""


@pytest.mark.slow
@pytest.mark.parametrize("invalidation", [TYPED, contract(count_reads=False)], ids=["typed", "uncounted"])
def test_the_module_passes_the_strictest_check_of_types(tmp_path: Path, invalidation: Invalidation) -> None:
    (tmp_path / "made.py").write_text(client_module(invalidation))
    (tmp_path / "use.py").write_text(_USE if invalidation is TYPED else "import made\n")
    words = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "made.py", "use.py"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_formatters_leave_the_module_as_it_is(tmp_path: Path) -> None:
    made = tmp_path / "made.py"
    odd = replace(
        DOC, pattern="doc:{id}'\"", parts=("doc:", replace(NUMBER, regex="['\"\\\\\\x00\x00\xff]+"), "'\"")
    )
    made.write_text(client_module(contract(entries=(odd, QUERY))))
    words = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--isolated",
        "--line-length",
        "110",
        "--check",
        str(made),
    ]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
