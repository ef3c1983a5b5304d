"""Why one real day's P&L was what it was: two books on a recorded chain, and what is left unexplained.

    python -m bench.explain [FILE]

FILE is an option chain that ``python -m sidecar import`` takes; without one, the NIFTY expiry day of 2026-08-18 that
lies beside the repository. It is imported into a folder that is thrown away and replayed as ``python -m sidecar
replay`` does: the same gate, desk and paper venue. ``demo`` is the demonstration on the expiring options. ``morning``
sells a strangle of the next expiry on its first report, buys a future and holds both to the close; no file of a day has
a future's price, so it buys the call and sells the put nearest the money, which is one.

Each report's lines are set against the desk's own daily P&L. Gross is the sum of the parts' sizes. A tape may fall
silent before its session ends: time then passes and marks stand still, so there is a table to its last price, and one
to the end. Below them what an update of the explain costs.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from bench.loop import table
from sidecar.book.explain import PARTS
from sidecar.desk.explaining import Explaining
from sidecar.desk.state import DeskState
from sidecar.domain.analytics import ExplainLine
from sidecar.domain.clock import from_datetime, to_datetime
from sidecar.domain.contracts import Right
from sidecar.domain.events import Quote
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Chain, Intent, Published
from sidecar.drive import Drive
from sidecar.loading import strategies_of
from sidecar.markets import calendar_of, paper
from sidecar.reference import load_reference
from sidecar.replay import beaten, loosened, staleness
from sidecar.settings import REPOSITORY, desk_config, load_settings
from sidecar.store import tape
from sidecar.store.importing import run_import
from sidecar.strategies.option_legs import in_ticks

FILE = REPOSITORY.parent / "shared/data/chain_intraday/nifty_chain_1min_option_chain_20260818.parquet"
#: Columns of the table, after the head of a line.
NUMBERS = (*PARTS, "unexplained", "total")


class Morning:
    """A strangle sold and a synthetic future bought, of the first expiry after today, once."""

    name = "morning"

    def __init__(self, fund_id: str) -> None:
        self.fund_id = fund_id
        self.done = False

    def on_report(self, published: Published) -> tuple[Intent, ...]:
        """All four orders on the first report that knows the chain's deltas."""
        report, chain, today = published.report, published.chain, published.report.day
        if self.done or today is None or not report.session_open or report.blind:
            return ()
        rows = [
            row
            for row, contract in enumerate(chain.contracts)
            if contract.right and contract.expiry and contract.expiry > today and isfinite(chain.delta[row])
        ]
        nearest = min((chain.contracts[row].expires_at or 0 for row in rows), default=0)
        rows = [row for row in rows if chain.contracts[row].expires_at == nearest and isfinite(chain.last[row])]
        if not rows:
            return ()
        self.done = True
        put = self._nearest(chain, rows, Right.PUT, 0.2)
        call = self._nearest(chain, rows, Right.CALL, 0.2)
        bought = self._nearest(chain, rows, Right.CALL, 0.5)
        sold = next(
            row
            for row in rows
            if chain.contracts[row] == msgspec.structs.replace(chain.contracts[bought], right=Right.PUT)
        )
        sides = ((call, Side.SELL), (put, Side.SELL), (bought, Side.BUY), (sold, Side.SELL))
        return tuple(Intent(place=self._order(chain, row, side)) for row, side in sides)

    @staticmethod
    def _nearest(chain: Chain, rows: list[int], right: Right, delta: float) -> int:
        mine = (row for row in rows if chain.contracts[row].right is right)
        return min(mine, key=lambda row: abs(abs(float(chain.delta[row])) - delta))

    def _order(self, chain: Chain, row: int, side: Side) -> OrderRequest:
        contract = chain.contracts[row]
        price = in_ticks(float(chain.last[row]) * (1 + 0.02 * side.sign), contract.tick_size, side)
        return OrderRequest(contract.id, side, contract.lot_size, price, fund_id=self.fund_id, strategy=self.name)


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
    """What a day's reports said: the last lines, the widest gap to the daily P&L, and each alarm once.

    ``quoted`` are the lines while the tape still had prices, up to ``silent_at``.
    """

    def __init__(self, silent_at: int) -> None:
        self.silent_at = silent_at
        self.lines: tuple[ExplainLine, ...] = ()
        self.quoted: tuple[ExplainLine, ...] = ()
        self.gap = 0.0
        self.inexact = 0
        self.reports = 0
        self.alarmed = 0
        self.alarms: Counter[str] = Counter()
        self.refused: dict[str, int] = {}

    def add(self, published: Published) -> None:
        report = published.report
        self.reports += 1
        if report.explain:
            self.lines = report.explain
            if from_datetime(report.timestamp) <= self.silent_at:
                self.quoted = report.explain
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
    watched = Watched(max(event.at for event in tape.read(made) if isinstance(event, Quote)))
    demo = strategies_of("demo", settings.fund, settings.simulation.underlyings[0])
    strategies = (*demo, Morning(settings.fund))
    drive = Drive(state, paper(settings, calendar, stale_s), strategies, publish=watched.add)
    for event in beaten(tape.read(made)):
        drive.handle(event)
    watched.refused = dict(state.refused)
    return watched, timed, made


def told(lines: Sequence[ExplainLine]) -> None:
    rows = [
        (line.id, *(f"{getattr(line, name):,.2f}" for name in NUMBERS), f"{abs(line.unexplained) / gross(line):.1%}")
        for line in lines
        if gross(line)
    ]
    table(("leg", *NUMBERS, "of gross"), rows)


def main() -> int:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    if not path.is_file():
        print(f"no file {path.name}: give one that python -m sidecar import takes")
        return 1
    with TemporaryDirectory() as folder:
        watched, timed, made = day(path, Path(folder))
        print(f"{made.name}: {watched.reports:,} reports\n")
    print(f"To the tape's last price, {to_datetime(watched.silent_at):%H:%M} UTC:\n")
    told([line for line in watched.quoted if line.symbol == "*"])
    print("To the end of the day:\n")
    told(watched.lines)
    legs = sum(not line.id.endswith("*") for line in watched.lines)
    p50, p99 = np.percentile(timed.took, [50, 99])
    heads = ("lines that miss a paisa", "widest gap to the daily P&L", "reports with the alarm", "legs")
    counts = (str(watched.inexact), f"{watched.gap:.4f}", f"{watched.alarmed:,}", str(legs))
    table((*heads, "update p50 µs", "p99 µs"), [(*counts, f"{p50:.0f}", f"{p99:.0f}")])
    for limit, count in watched.refused.items():
        print(f"- the gate refused {count} orders: {limit}")
    for leg, count in watched.alarms.items():
        print(f"- alarm in {count:,} reports: {leg}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
