"""The command line. A command's module is imported when the command is used, a driver when its
store is: `--version` imports neither, nor typer.

Each command is one file beside this one, with a typer app called `app`. `COMMANDS` lists them with
the line that `--help` shows.
"""

from __future__ import annotations

import difflib
import gc
import os
import sys

from apexplan import __version__

COMMANDS = {
    "init": "write a commented project for the stores that you choose",
    "validate": "check the manifests; no store is asked",
    "fmt": "bring the manifests into one form; comments stay",
    "lint": "say what is right but unwise in the manifests",
    "inspect": "write manifests of what is live, and so adopt it",
    "plan": "show what an apply would do",
    "apply": "carry out a plan, with a journal; undo it when it fails",
    "resume": "go on with a run that stopped",
    "rollback": "undo a run that stopped, or one that was applied",
    "drift": "tell what was changed behind apexplan's back",
    "audit": "look at the data of stores item by item, against the contract",
    "codegen": "write the Python modules that manifests give applications",
    "migrate": "versioned scripts: write, list, run, take back, mark",
    "history": "list the runs and other events",
    "show": "show one run, one plan file, or one object",
    "state": "look at the state, or rebuild it from the stores",
    "unlock": "break the lock of a run that is dead",
    "adopt": "begin to own objects without touching them",
    "forget": "stop owning objects without touching them",
    "schema": "write the JSON Schemas for editors",
    "graph": "draw the objects and what they require",
    "doctor": "tell versions, abilities and privileges of each store",
    "dev": "start and stop real local stores, without Docker",
}

_CAN_WAIT = ("audit", "drift")
_RUNNING = ("apply", "resume", "rollback", "migrate")
EXIT_CODES = {
    0: ("done; no changes, no drift", tuple(COMMANDS)),
    1: ("an error, or refused: nothing was done", tuple(COMMANDS)),
    2: ("changes (with --detailed-exitcode), drift, or data off its contract", ("plan", "drift", "audit")),
    3: ("the run failed and is undone", _RUNNING),
    4: ("the run stopped or is stuck: resume or rollback", _RUNNING),
}
"""What each exit code means, and which commands can end with it. Ctrl-C elsewhere ends with 130."""


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        print(f"apexplan {__version__}")
        return
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        print(overview())
        return
    if arguments[0] not in COMMANDS:
        sys.exit(unknown(arguments[0]))
    from apexplan.cli.guard import guarded

    calm_collector()
    if arguments[0] in _CAN_WAIT:
        give_way()

    sys.exit(guarded(arguments[0], arguments[1:]))


def calm_collector() -> None:
    """Lets Python look for circular garbage less often: a plan makes a million objects and hardly any
    garbage, and looking for it took a quarter of the time of `plan` at 17,000 objects."""
    gc.set_threshold(200_000, 50, 100)


def give_way() -> None:
    """Lets other processes of the machine go first, such as a server and its clients: beside an audit at
    50,000 keys a second, another client's p99 was 1.5 times what it was alone, and so 1.05 times."""
    if hasattr(os, "nice"):
        os.nice(10)


def overview() -> str:
    """Returns what `--help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {line}" for name, line in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: apexplan COMMAND [OPTIONS]",
            "",
            "Schema as code for the stores behind AI memory systems.",
            "",
            "Commands:",
            *lines,
            "",
            "Exit codes:",
            *(f"  {code}  {meaning}" for code, (meaning, _) in EXIT_CODES.items()),
            "",
            "`apexplan COMMAND --help` tells the options of one, `apexplan --version` the version.",
        ]
    )


def unknown(name: str) -> int:
    """Says that there is no such command, and which one may have been meant."""
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    meant = f" Did you mean {close[0]}?" if close else ""
    print(f"error: there is no command {name}.{meant} `apexplan --help` lists them.", file=sys.stderr)
    return 1
