"""Mutations of what every order and every record passes, and how many of them the tests of their rooms see.

    python -m bench.mutation [file]...

A file is named as ``risk/gate`` is; all of them by default. The tree is copied first, so that nothing in it changes. A
mutant that no test sees is listed by name: ``mutmut show NAME`` in the copy, whose place is printed, says what it is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

#: By file, the tests that must see what is done to it.
FILES: dict[str, tuple[str, ...]] = {
    "risk/gate": ("risk/test_gate", "risk/test_checks"),
    "risk/checks": ("risk/test_checks", "risk/test_gate"),
    "risk/sized": ("risk/test_sized", "risk/test_gate"),
    "risk/view": ("risk/test_view", "risk/test_gate", "risk/test_reduce_only_books"),
    "risk/reduce_only": ("risk/test_reduce_only", "risk/test_reduce_only_books"),
    "risk/limits": ("risk/test_limits",),
    "risk/lines": ("risk/test_lines",),
    "risk/nodes": ("risk/test_nodes",),
    "risk/breaker": ("risk/test_breaker",),
    "store/frames": ("store/test_frames", "store/test_recovery"),
    "store/journal": ("store/test_journal",),
    "store/recovery": ("store/test_recovery",),
}
#: mutmut's exit codes that mean that a test failed, or that the mutant made the program hang.
KILLED, HUNG = (1, 3), (24, 36, 152, 255, -24)


def copied(root: Path, names: list[str]) -> Path:
    """A copy of the tree, set up for the files."""
    place = Path(tempfile.mkdtemp(prefix="mutation-"))
    listed = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        if (root / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, place / name)
    (place / ".venv").symlink_to(root / ".venv")
    tests = sorted({f"tests/{test}.py" for name in names for test in FILES[name]})
    settings = {
        "source_paths": ["sidecar"],
        "only_mutate": [f"sidecar/{name}.py" for name in names],
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": ["-p", "no:xdist", "-p", "no:cacheprovider"],
        "also_copy": ["pages", "app.py", "data", "desk.toml", "tests", "bench"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    with (place / "pyproject.toml").open("a") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")
    return place


def told(place: Path, name: str) -> tuple[Counter[str], list[str]]:
    """How the mutants of one file ended, and the names of those that lived."""
    found = json.loads((place / "mutants" / "sidecar" / f"{name}.py.meta").read_text())
    ends: Counter[str] = Counter()
    lived = []
    for mutant, code in found["exit_code_by_key"].items():
        end = "killed" if code in KILLED else "hung" if code in HUNG else "unseen"
        ends[end] += 1
        if end == "unseen":
            lived.append(mutant)
    return ends, lived


def main() -> int:
    """Mutate, test, print; 1 if a file is under 90 %."""
    names = sys.argv[1:] or list(FILES)
    place = copied(Path(__file__).resolve().parent.parent, names)
    workers = str(os.cpu_count() or 1)
    subprocess.run([".venv/bin/mutmut", "run", "--max-children", workers], cwd=place, check=False, stdout=sys.stderr)
    table = Table(*("file", "mutants", "killed", "hung", "not seen", "score"), title="Mutations")
    everything: Counter[str] = Counter()
    worst, unseen = 1.0, list[str]()
    for name in names:
        ends, lived = told(place, name)
        everything += ends
        unseen += lived
        worst = min(worst, _row(table, name, ends))
    _row(table, "all", everything)
    console = Console(width=120)
    console.print(table)
    console.print(f"not seen ({place}):", *unseen, sep="\n  ")
    return int(worst < 0.9)


def _row(table: Table, name: str, ends: Counter[str]) -> float:
    whole = ends.total()
    score = (ends["killed"] + ends["hung"]) / whole if whole else 1.0
    table.add_row(name, *map(str, (whole, ends["killed"], ends["hung"], ends["unseen"])), f"{score:.1%}")
    return score


if __name__ == "__main__":
    sys.exit(main())
