"""The whole job of an evening, in the process that does it: a year of minute bars to a kept model.

    python -m bench.training [SESSIONS]
    python -m bench.training again FOLDER

A year is 250 sessions of 375 bars, 93,750 rows, drawn so that nothing can be learnt of them. The second form trains
again and again until it is killed: what stands beside the desk when ``bench.stop_latency`` measures it.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from threading import Event as Flag

import numpy as np

from bench.loop import table
from sidecar.child import Child
from sidecar.learning.bar_file import save_bars
from sidecar.learning.job import BARS_FILE, Job, read_result, write_job
from sidecar.learning.plan import Plan, Progress
from tests.learning.market import FIXED, market

SESSIONS = 250


def main() -> int:
    word, *rest = sys.argv[1:] or [str(SESSIONS)]
    if word == "again":
        folder = Path(rest[0])
        for number in range(1_000_000):
            worked(folder, f"T{number:07}", 60)
        return 0
    with tempfile.TemporaryDirectory() as place:
        measure(Path(place), int(word))
    return 0


def worked(place: Path, name: str, sessions: int) -> list[tuple[float, Progress]]:
    """Let a real child do one job; when each of its steps was told, seconds after it began."""
    columns = market(1, sessions).columns
    job = Job(name, int(columns["closes_at"][-1]), "NIFTY", FIXED, Plan(), str(place / "models"), parent=os.getpid())
    write_job(place / name, job)
    save_bars(place / name / BARS_FILE, {"symbol": np.full(len(columns["at"]), "NIFTY", object), **columns})
    steps: list[tuple[float, Progress]] = []
    began = time.perf_counter()
    why = Child(place / name).work(3_600.0, Flag(), lambda step: steps.append((time.perf_counter() - began, step)))
    result = read_result(place / name)
    if why or result is None or result.model is None:
        raise RuntimeError(why or (result.reason if result else "no result"))
    return [*steps, (time.perf_counter() - began, Progress("model kept", 1, 1, result.model.verdict.value))]


def measure(place: Path, sessions: int) -> None:
    steps = worked(place, "T1", sessions)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    rows = [
        (step.step, f"{at:.1f}", f"{at - before:.1f}", step.note)
        for (before, _), (at, step) in zip([(0.0, steps[0][1]), *steps], steps, strict=False)
    ]
    table(("step", "s since the start", "s", "said"), rows)
    print(f"{sessions} sessions: {steps[-1][0]:.1f} s wall, {used.ru_utime + used.ru_stime:.1f} s CPU, "
          f"{used.ru_maxrss / 1024:.0f} MB at most, one niced thread")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
