"""What a local Neo4j runs on: a Java, and the server's jars from Maven Central.

`pom.xml` beside this file names the jars that a bare server needs: 90 MB of the many that Neo4j is
made of. They are fetched once a version and stay in the user's cache directory, where all projects
share them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from apexplan.model.errors import StoreError, Unsupported

VERSION: Final = "5.26.12"
_JAVAS: Final = (17, 21)
"""What 5.26 runs on: Operations Manual 5, "System requirements"."""


def java() -> str:
    """Returns the Java that runs the server: that of JAVA_HOME, or else the first on the PATH.

    Raises Unsupported where neither is of a version that Neo4j runs on.
    """
    home = os.environ.get("JAVA_HOME")
    seen = []
    for path in (f"{home}/bin/java" if home else None, shutil.which("java")):
        major = _java_major(path) if path else None
        if path and major in _JAVAS:
            return path
        if major:
            seen.append(f"Java {major} at {path}")
    raise Unsupported(
        f"a local Neo4j {VERSION} runs on Java 17 or 21, and there is " + (", ".join(seen) or "no Java here"),
        mend="install one (apt-get install openjdk-17-jre-headless) or point JAVA_HOME at it",
    )


def jars() -> Path:
    """Returns the directory of the server's jars, fetched by Maven where they are not here yet.

    They arrive whole: under another name, then renamed. Of two processes that fetch at once, one
    wins and both use the same. Raises Unsupported without Maven, StoreError with its words where
    it fails.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache.absolute() / "apexplan" / f"neo4j-{VERSION}" / "lib"
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="fetching-") as scratch:
        fetched = Path(scratch) / "lib"
        _fetch(fetched)
        try:
            fetched.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    return place


def _fetch(target: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unsupported(
            f"the jars of Neo4j {VERSION} must be fetched, and there is no Maven here",
            mend="install it (apt-get install maven), and start again",
        )
    pom = Path(__file__).with_name("pom.xml")
    command = [maven, "-q", "-B", "--strict-checksums", "-f", str(pom), "dependency:copy-dependencies"]
    command += [f"-Dneo4j.version={VERSION}", "-DincludeScope=runtime", f"-DoutputDirectory={target}"]
    done = subprocess.run(command, cwd=target.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StoreError(
            f"Maven could not fetch Neo4j {VERSION}:\n" + "\n".join(last_lines(done.stdout + done.stderr)),
            mend="mend the connection to Maven Central, or name a mirror in ~/.m2/settings.xml",
        )


def _java_major(path: str) -> int | None:
    """Returns the major version of a `java`, or None where it does not run."""
    try:
        said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return None
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else None


def last_lines(text: str, count: int = 8) -> list[str]:
    """Returns the last lines that say something: no Java stack frames, no blanks."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("\tat ")][-count:]
