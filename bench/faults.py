"""What the machine does to the desk: killed at random moments, its files damaged, and what came of it.

python -m bench.faults kills [COUNT]       half under load, the rest at the start, in recovery, damage, checkpoint
                                           and migration; 1,000 by default
python -m bench.faults torn [COUNT]        so many damages of each file in each way; 40 by default
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.loop import table
from tests.faults.tearing import FILES, WAYS

HERE = Path(__file__).resolve().parent.parent
KINDS = ("start", "recovery", "damage", "checkpoint", "migration")
#: No threads in the process that forks.
ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def told(module: str, *arguments: str) -> dict[str, Any]:
    """What a module of the tests prints as JSON, run in a process and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", module, *arguments, folder]
        done = subprocess.run(command, cwd=HERE, env=os.environ | ALONE, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def kills(count: int) -> None:
    """The kill table."""
    rows = []
    each = count // (2 * len(KINDS))
    for kind, number in {"load": count - each * len(KINDS), **dict.fromkeys(KINDS, each)}.items():
        found = told("tests.faults.killing", json.dumps({kind: number}), "1")
        acknowledged = [f"{found['told'].get(name, 0):,}" for name in ("records", "answers", "fills")]
        lost, ready = str(len(found["lost"])), f"{max(found['ready_s']):.2f}"
        rows.append((kind, str(number), *acknowledged, lost, str(found["most_extra"]), ready, counted(found["kept"])))
    heads = ("killed", "kills", "acknowledged records", "answers", "fills", "lost", "unacknowledged, most at once",
             "longest to ready, s", "states found")  # fmt: skip
    table(heads, rows)


def torn(count: int) -> None:
    """The torn-file table."""
    rows = []
    for file in FILES:
        for how in WAYS:
            found = told("tests.faults.tearing", file, how, str(count), "1")
            counts = [str(found[name]) for name in ("damaged", "said", "caught up", "harmless")]
            rows.append((file, how, *counts, counted(found["states"]), str(len(found["wrong"]))))
    table(
        ("file", "how", "damaged", "said", "caught up from the journal", "nothing lost", "state after", "wrong"), rows
    )


def counted(states: dict[str, int]) -> str:
    """Words and how often each."""
    return ", ".join(f"{state} {times}" for state, times in sorted(states.items()))


def main() -> None:
    """Both tables, or one of them."""
    made = {"kills": (kills, 1_000), "torn": (torn, 40)}
    asked = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    asked.add_argument("table", nargs="?", choices=made, help="one table alone")
    asked.add_argument("count", nargs="?", type=int, help="how many kills (1,000), or damages of each kind (40)")
    given = asked.parse_args()
    for name in [given.table] if given.table else made:
        make, count = made[name]
        make(given.count or count)


if __name__ == "__main__":
    main()
