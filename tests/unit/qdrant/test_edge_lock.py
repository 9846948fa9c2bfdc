"""One holder at a time, and the refusal names it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from apexplan.model.errors import StoreError, Transient
from apexplan_qdrant.edge.lock import Lock


def test_a_second_holder_is_refused_and_told_the_first(tmp_path: Path) -> None:
    first, second = Lock("v", tmp_path / "lock"), Lock("v", tmp_path / "lock")
    first.take()
    with pytest.raises(Transient, match=rf"held by process {os.getpid()} \(.+@.+\) since \d{{4}}-"):
        second.take()


def test_a_lock_that_was_let_go_can_be_taken(tmp_path: Path) -> None:
    first, second = Lock("v", tmp_path / "lock"), Lock("v", tmp_path / "lock")
    first.take()
    first.release()
    second.take()
    assert second.handle is not None


def test_a_holder_may_take_it_again(tmp_path: Path) -> None:
    lock = Lock("v", tmp_path / "lock")
    lock.take()
    handle = lock.handle
    lock.take()
    assert lock.handle == handle


def test_letting_go_twice_does_nothing(tmp_path: Path) -> None:
    lock = Lock("v", tmp_path / "lock")
    lock.take()
    lock.release()
    lock.release()
    assert lock.handle is None


def test_a_file_that_tells_nothing_still_refuses(tmp_path: Path) -> None:
    first, second = Lock("v", tmp_path / "lock"), Lock("v", tmp_path / "lock")
    first.take()
    (tmp_path / "lock").write_text("{")
    with pytest.raises(Transient, match="another process"):
        second.take()


def test_a_holder_that_has_ended_left_a_rebuild(tmp_path: Path) -> None:
    first, second = Lock("v", tmp_path / "lock"), Lock("v", tmp_path / "lock")
    first.take()
    nobody = {"pid": 2**22 + 1, "program": "p", "who": "w", "since": "s"}  # above the kernel's largest
    (tmp_path / "lock").write_text(json.dumps(nobody))
    with pytest.raises(Transient, match="the rebuild that was left by"):
        second.take()


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        Lock("v", tmp_path / "file" / "below" / "lock").take()
