"""Why one real day's P&L was what it was: the demonstration strategy on a recorded chain, and what is left unexplained.

    python -m bench.explain [FILE]

FILE is an option chain that ``python -m sidecar import`` takes; without one, the NIFTY expiry day of 2026-08-18 that
lies beside the repository. It is imported into a folder that is thrown away, replayed as ``python -m sidecar replay``
does, and each report's lines are set against the desk's own daily P&L. Gross is the sum of the parts' sizes. Below it
what an update of the explain costs.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from sidecar.book.explain import PARTS
from sidecar.desk.explaining import Explaining
from sidecar.desk.state import DeskState
from sidecar.domain.analytics import ExplainLine
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.loading import strategies_of
from sidecar.markets import calendar_of, paper
from sidecar.reference import load_reference
from sidecar.replay import beaten, loosened, staleness
from sidecar.settings import REPOSITORY, desk_config, load_settings
from sidecar.store import tape
from sidecar.store.importing import run_import

FILE = REPOSITORY.parent / "shared/data/chain_intraday/nifty_chain_1min_option_chain_20260818.parquet"
#: Columns of the table, after the head of a line.
NUMBERS = (*PARTS, "unexplained", "total")


class Timed(Explaining):
    """An explain that notes how long each update takes, in microseconds."""

    def __init__(self) -> None:
        super().__init__()
        self.took: list[float] = []

    def update(self, state: DeskState) -> tuple[ExplainLine, ...]:
        began = time.thread_time_ns()
        lines = super().update(state)
        self.took.append((time.thread_time_ns() - began) / 1e3)
        return lines


class Watched:
    """What a day's reports said: the last lines, the widest gap to the daily P&L, and each alarm once."""

    def __init__(self) -> None:
        self.lines: tuple[ExplainLine, ...] = ()
        self.gap = 0.0
        self.inexact = 0
        self.reports = 0
        self.alarmed = 0
        self.alarms: Counter[str] = Counter()

    def add(self, published: Published) -> None:
        report = published.report
        self.reports += 1
        if report.explain:
            self.lines = report.explain
            self.gap = float(np.fmax(self.gap, abs(report.explain[-1].total - report.total.daily_pnl)))
            self.inexact += sum(not exact(line) for line in report.explain)
        if report.explain_alarm:
            self.alarmed += 1
            self.alarms[report.explain_alarm.split(" has ")[0]] += 1


def exact(line: ExplainLine) -> bool:
    """Whether a line's parts sum to its total in whole paise; one whose total is unknown says nothing."""
    paise: list[int] = [round(getattr(line, name) * 100) for name in NUMBERS if line.total == line.total]
    return not paise or sum(paise[:-1]) == paise[-1]


def gross(line: ExplainLine) -> float:
    return float(sum(abs(getattr(line, name)) for name in PARTS))


def day(path: Path, folder: Path) -> tuple[Watched, Timed, Path]:
    """Import a file and replay its tape."""
    settings, reference = load_settings(data_dir=folder), load_reference()
    run_import([path], data_dir=folder, reference=reference)
    (made,) = sorted(folder.rglob("*.tape"))
    calendar = calendar_of(settings, reference)
    config = desk_config(settings)
    stale_s = staleness(made, config.limits["stale"])
    config = msgspec.structs.replace(config, limits=loosened(config.limits, stale_s))
    state = DeskState(config, reference, calendar)
    state.explaining = timed = Timed()
    watched = Watched()
    strategies = strategies_of("demo", settings.fund, settings.simulation.underlyings[0])
    drive = Drive(state, paper(settings, calendar, stale_s), strategies, publish=watched.add)
    for event in beaten(tape.read(made)):
        drive.handle(event)
    return watched, timed, made


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def main() -> int:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    if not path.is_file():
        print(f"no file {path.name}: give one that python -m sidecar import takes")
        return 1
    with TemporaryDirectory() as folder:
        watched, timed, made = day(path, Path(folder))
        print(f"{made.name}: {watched.reports:,} reports\n")
    rows = [
        (line.id, *(f"{getattr(line, name):,.2f}" for name in NUMBERS), f"{abs(line.unexplained) / gross(line):.1%}")
        for line in watched.lines
        if gross(line)
    ]
    table(("leg", *NUMBERS, "of gross"), rows)
    legs = sum(not line.id.endswith("*") for line in watched.lines)
    p50, p99 = np.percentile(timed.took, [50, 99])
    heads = ("lines that miss a paisa", "widest gap to the daily P&L", "reports with the alarm", "legs")
    counts = (str(watched.inexact), f"{watched.gap:.4f}", f"{watched.alarmed:,}", str(legs))
    table((*heads, "update p50 µs", "p99 µs"), [(*counts, f"{p50:.0f}", f"{p99:.0f}")])
    for leg, count in watched.alarms.items():
        print(f"- alarm in {count:,} reports: {leg}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
