"""Runs the benchmarks that are named, or all, and prints Markdown."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.measuring import machine

ALL = ("startup", "engine", "postgres", "neo4j", "qdrant", "redis")


def main() -> None:
    """Prints one section a benchmark, after a line about the machine."""
    print(f"Measured on {machine()}.\n")
    for name in sys.argv[1:] or ALL:
        print(import_module(f"benchmarks.{name}").section(), flush=True)


main()
