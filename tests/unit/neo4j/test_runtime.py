"""How a Java and the jars are found. Programs that answer like `java` and `mvn` stand in for them."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

from apexplan.model.errors import StoreError, Unsupported
from apexplan_neo4j import local, runtime

JAVA = """#!/bin/sh
echo 'openjdk version "{version}" 2025-04-15' >&2
"""
MAVEN = """#!/bin/sh
for word in "$@"; do
  case "$word" in -DoutputDirectory=*) target=${word#*=} ;; esac
done
/bin/mkdir -p "$target"
echo "$@" >"$target/neo4j.jar"
"""
BROKEN_MAVEN = """#!/bin/sh
echo '[ERROR] Could not transfer artifact org.neo4j:neo4j:pom'
exit 1
"""


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with neither Java nor Maven, and an empty cache."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def install(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_the_java_of_java_home_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(tmp_path / "bin/java", JAVA.format(version="17.0.15"))
    wanted = install(tmp_path / "jdk/bin/java", JAVA.format(version="21"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert runtime.java() == wanted


def test_a_java_home_that_does_not_fit_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wanted = install(tmp_path / "bin/java", JAVA.format(version="17.0.15"))
    install(tmp_path / "jdk/bin/java", JAVA.format(version="25.0.1"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert runtime.java() == wanted


@pytest.mark.parametrize(("version", "major"), [("1.8.0_412", "1"), ("11.0.2", "11"), ("25", "25")])
def test_a_java_of_another_version_is_named(tmp_path: Path, version: str, major: str) -> None:
    path = install(tmp_path / "bin/java", JAVA.format(version=version))
    with pytest.raises(Unsupported, match=re.escape(f"there is Java {major} at {path}")):
        runtime.java()


def test_a_missing_java_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    install(tmp_path / "bin/mvn", MAVEN)
    with pytest.raises(Unsupported, match="no Java here") as caught:
        local.start(str(tmp_path / "graph"))
    assert "JAVA_HOME" in caught.value.mend
    assert not (tmp_path / "cache").exists()


def test_a_missing_maven_is_told() -> None:
    with pytest.raises(Unsupported, match="no Maven") as caught:
        runtime.jars()
    assert "apt-get install maven" in caught.value.mend


def test_the_jars_of_the_version_are_fetched_into_the_cache(tmp_path: Path) -> None:
    install(tmp_path / "bin/mvn", MAVEN)
    place = runtime.jars()
    assert place == tmp_path / "cache/apexplan" / f"neo4j-{runtime.VERSION}" / "lib"
    assert f"-Dneo4j.version={runtime.VERSION}" in (place / "neo4j.jar").read_text()


def test_jars_that_are_here_need_no_maven(tmp_path: Path) -> None:
    install(tmp_path / "bin/mvn", MAVEN)
    place = runtime.jars()
    (tmp_path / "bin/mvn").unlink()
    assert runtime.jars() == place


def test_without_a_cache_variable_the_jars_go_to_the_home_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(tmp_path / "bin/mvn", MAVEN)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert runtime.jars().is_relative_to(tmp_path / "home/.cache/apexplan")


def test_a_fetch_that_fails_leaves_nothing_and_says_why(tmp_path: Path) -> None:
    install(tmp_path / "bin/mvn", BROKEN_MAVEN)
    with pytest.raises(StoreError, match="Could not transfer artifact"):
        runtime.jars()
    assert list((tmp_path / "cache/apexplan" / f"neo4j-{runtime.VERSION}").iterdir()) == []


def test_of_two_fetches_at_once_one_wins_and_both_use_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(tmp_path / "bin/mvn", MAVEN)
    fetch, both_fetched = runtime._fetch, threading.Barrier(2)

    def fetch_and_meet(target: Path) -> None:
        fetch(target)
        both_fetched.wait(timeout=30)

    monkeypatch.setattr(runtime, "_fetch", fetch_and_meet)
    places: list[Path] = []
    threads = [threading.Thread(target=lambda: places.append(runtime.jars())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(places) == 2
    assert [path.name for path in places[0].parent.iterdir()] == ["lib"]


def test_the_pom_takes_its_version_from_the_code() -> None:
    pom = ElementTree.parse(Path(runtime.__file__).with_name("pom.xml"))
    versions = pom.findall(".//{*}dependency/{*}version")
    assert [version.text for version in versions] == ["${neo4j.version}"]


def test_what_is_shown_of_a_log_are_its_last_words_without_stack_frames() -> None:
    log = "first\nCaused by: the disk is full\n\tat org.neo4j.Main.run(Main.java:1)\n\nlast\n"
    assert runtime.last_lines(log, 2) == ["Caused by: the disk is full", "last"]
