"""What Edge and the file system raise leaves as our errors; without Edge, its absence is told."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from apexplan.model.errors import AccessDenied, StoreError, Transient, Unsupported
from apexplan_qdrant.edge import connect
from apexplan_qdrant.edge.errors import engine, files
from apexplan_qdrant.errors import Full, NotThere

HELD = "Service runtime error: failed to open WAL a/wal: Can't init WAL: Kind(WouldBlock)"


class PanicException(BaseException):
    """As pyo3 has one."""


@pytest.mark.parametrize(
    "error", [Exception("no"), ValueError("no"), TypeError("no"), PanicException("no"), RuntimeError("no")]
)
def test_what_the_engine_raises_is_a_store_error_with_its_words(error: BaseException) -> None:
    with pytest.raises(StoreError, match=r"v: a: .*no") as found, engine("v", "a"):
        raise error
    assert found.value.__cause__ is error


def test_a_shard_that_is_held_is_worth_another_try() -> None:
    with pytest.raises(Transient, match="held by another process"), engine("v", "a"):
        raise Exception(HELD)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), NotThere("x"), SystemExit(1)])
def test_what_is_not_the_engines_goes_through(error: BaseException) -> None:
    with pytest.raises(type(error)) as found, engine("v", "a"):
        raise error
    assert found.value is error


def test_of_many_lines_the_first_is_told() -> None:
    with pytest.raises(StoreError) as found, engine("v", "a"):
        raise TypeError("failed to extract\n- variant Single\n- variant Named")
    assert str(found.value) == "v: a: failed to extract"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, Full),
        (errno.EDQUOT, Full),
        (errno.EACCES, AccessDenied),
        (errno.EROFS, AccessDenied),
        (errno.EIO, StoreError),
    ],
)
def test_errors_of_files_are_told_by_kind(number: int, kind: type[StoreError]) -> None:
    with pytest.raises(kind, match="here"), files("v", Path("here")):
        raise OSError(number, "reason")


def test_without_the_engine_its_absence_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "apexplan_qdrant.edge.target", None)
    with pytest.raises(Unsupported, match="not installed") as found:
        connect("v", str(tmp_path))
    assert "apexplan[local]" in found.value.mend


def test_knowing_of_edge_imports_no_engine() -> None:
    program = "import sys, apexplan_qdrant.local, apexplan_qdrant.edge; print('qdrant_edge' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
