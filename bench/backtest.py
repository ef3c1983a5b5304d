"""The vectorised engine beside vectorbt, backtesting.py and plain loops, on one set of signals.

    python -m bench.backtest

SMA(20) over SMA(50) on a million bars of whole ticks, long only: a signal of a close fills at the next open, 100 units,
3 bp a side. The ways take turns; medians. The two libraries run in a process of their own: with the interpreter that
``PEERS_PYTHON`` names, or this one; where they are not installed their rows are left out, and it says so.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.loop import table
from bench.peers.pairs import pairs
from sidecar.backtest import costs, sweep, vectorised
from sidecar.backtest.executed import Executed
from sidecar.backtest.legs import laid_out
from sidecar.backtest.series import Series
from sidecar.backtest.vectorised import Sizing
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Contract, Kind
from sidecar.strategies.sma_cross import SmaCross

N, SWEPT, ROUNDS, SLOW_ROUNDS = 1_000_000, 100_000, 7, 3
UNITS, FEE, TICK = 100, 3e-4, Decimal("0.05")
RICH, POOR = 1e9, 1e7
#: A Saturday at midnight; no session is meant.
BEGINS = 946_684_800_000_000
OURS = "**Deskwatch**, exact fills and refusals on record"

Floats = NDArray[np.float64]


class Bars(NamedTuple):
    """Opens and closes in ticks, and whether a position is wanted at each close."""

    open: NDArray[np.int64]
    close: NDArray[np.int64]
    wanted: NDArray[np.bool_]


class Trades(NamedTuple):
    """Closed round trips: their bars and prices, and what they earned."""

    entry: NDArray[np.int64]
    exit: NDArray[np.int64]
    entry_price: Floats
    exit_price: Floats
    pnl: Floats


def walk(n: int) -> Bars:
    """A walk of up to two points a minute, a tick or so between a close and the next open."""
    rng = np.random.default_rng(1)
    close = 480_000 + np.cumsum(rng.integers(-40, 41, n))
    opens = np.r_[480_000, close[:-1]] + rng.integers(-3, 4, n)
    return Bars(opens, close, crossed(close, 20, 50))


def points(ticks: NDArray[np.int64]) -> Floats:
    """Ticks as prices."""
    return np.asarray(ticks * float(TICK), np.float64)


def crossed(close: NDArray[np.int64], fast: int, slow: int) -> NDArray[np.bool_]:
    """Whether the fast mean is above the slow one, in whole numbers: no two libraries round a tie alike."""
    total = np.r_[0, np.cumsum(close)]
    ends = np.arange(slow, len(total))
    above = np.zeros(len(close), bool)
    above[ends - 1] = slow * (total[ends] - total[ends - fast]) > fast * (total[ends] - total[ends - slow])
    return above


# ---- ours ------------------------------------------------------------------------------------------------------------


def series_of(bars: Bars) -> Series:
    """One future without expiry or spread, paid in full."""
    n = len(bars.close)
    at = BEGINS + np.arange(n, dtype=np.int64) * MINUTE
    none, first = np.zeros(n, np.bool_), np.zeros(n, np.int32)
    return Series(
        at=at, closes_at=at + MINUTE, contract=first, bid=bars.open, ask=bars.open, middle=2 * bars.open,
        close=bars.close, shut=none, settles=none, settlement=np.full(n, np.nan), rolls=none, fee=first,
        margin=np.ones(n), contracts=(Contract("WALK", Kind.FUTURE, lot_size=UNITS, tick_size=TICK),),
        fees=(costs.flat(FEE),), underlying=points(bars.close),
    )  # fmt: skip


def trips(run: Executed) -> Trades:
    """The closed round trips of fills that alternate."""
    count = len(run.fills) // 2 * 2
    bar = np.array([(fill.at - BEGINS) // MINUTE for fill in run.fills[:count]], np.int64)
    price = [fill.price for fill in run.fills[:count]]
    money = [-fill.quantity * fill.price - fill.fees for fill in run.fills[:count]]
    earned = np.array([float(buy + sell) for buy, sell in zip(money[::2], money[1::2], strict=True)])
    prices = np.array(price, np.float64)
    return Trades(bar[::2], bar[1::2], prices[::2], prices[1::2], earned)


# ---- plain loops -----------------------------------------------------------------------------------------------------


def loop(opens: Any, wanted: Any, cash: float, units: int, fee: float, found: Any) -> Any:
    """As it is written in an afternoon: floats, no account of what cannot be paid."""
    held, count, entry, paid = False, 0, 0, 0.0
    for t in range(1, len(opens)):
        if wanted[t - 1] == held:
            continue
        price = opens[t]
        if held:
            got = units * price * (1.0 - fee)
            cash += got
            found[count, 0], found[count, 1] = entry, t
            found[count, 2], found[count, 3], found[count, 4] = opens[entry], price, got - paid
            count += 1
        else:
            entry, paid = t, units * price * (1.0 + fee)
            cash -= paid
        held = not held
    return count, cash


compiled = njit(loop)


def by_loop(way: Callable[..., Any], bars: Bars, cash: float) -> tuple[Trades, float]:
    found = np.empty((len(bars.open) // 2, 5))
    count, left = way(points(bars.open), bars.wanted, cash, UNITS, FEE, found)
    columns = found[:count].T
    return Trades(columns[0].astype(int), columns[1].astype(int), *columns[2:]), left


# ---- the libraries ---------------------------------------------------------------------------------------------------


class Peers:
    """The process in which they run, and the folder through which it is given arrays."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(self, name: str, bars: str, cash: float) -> tuple[dict[str, NDArray[Any]], float, float]:
        """What one way found, the seconds that it took, and its cash at the end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name} {bars} {cash}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        with np.load(self._folder / f"{name}.npz") as held:
            return dict(held), answer["seconds"], answer["cash"]


@contextmanager
def peers(given: Mapping[str, Bars]) -> Iterator[Peers | None]:
    """The libraries, given bars by name; None where they are not installed."""
    interpreter = os.environ.get("PEERS_PYTHON", sys.executable)
    there = subprocess.run([interpreter, "-c", "import vectorbt, backtesting"], capture_output=True, check=False)
    if there.returncode:
        print("vectorbt and backtesting.py are left out: they are not installed (PEERS_PYTHON names an interpreter).\n")
        yield None
        return
    with TemporaryDirectory() as folder:
        for name, bars in given.items():
            path = Path(folder) / f"{name}.npz"
            np.savez(path, wanted=bars.wanted, open=points(bars.open), close=points(bars.close))
        process = subprocess.Popen(
            [interpreter, "-m", "bench.peers.backtests", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            yield Peers(process, Path(folder))
        finally:
            process.kill()
            process.wait()


# ---- the tables ------------------------------------------------------------------------------------------------------


def timed(way: Callable[[], Any]) -> tuple[Any, float]:
    gc.collect()
    began = time.perf_counter()
    made = way()
    return made, time.perf_counter() - began


def agreement(bars: Bars, series: Series, other: Peers | None) -> None:
    """Seconds of each way, and how many of its round trips are ours: bars, prices, and what they earned."""
    sizing = Sizing(1, Decimal(int(RICH)))
    wanted, laid = bars.wanted.astype(np.float64), laid_out((series,))
    close = {"close": series.underlying}
    ways: dict[str, Callable[[], tuple[Any, float]]] = {
        OURS: lambda: timed(lambda: vectorised.trade(series, wanted, sizing)),
        "the same, with its own averages": lambda: timed(
            lambda: vectorised.trade(series, SmaCross(20, 50).batch(close), sizing)
        ),
        "as in a sweep: equity by session, no fills": lambda: timed(
            lambda: vectorised.swept(series, wanted[None, :], sizing)
        ),
        "its kernel alone": lambda: timed(lambda: vectorised.traded(laid, wanted, sizing)),
        "a plain numba loop in floats": lambda: timed(lambda: by_loop(compiled, bars, RICH)[0]),
        "the same loop in Python": lambda: timed(lambda: by_loop(loop, bars, RICH)[0]),
    }
    if other is not None:
        ways["vectorbt 1.2"] = lambda: _theirs(other, "vectorbt")
        ways["backtesting.py 0.6.6"] = lambda: _theirs(other, "backtesting")
    found, seconds = _in_turns(ways, {"backtesting.py 0.6.6": SLOW_ROUNDS, "the same loop in Python": SLOW_ROUNDS})
    found = {name: trips(made) if isinstance(made, Executed) else made for name, made in found.items()}
    ours, least = found[OURS], seconds[OURS]
    rows = []
    for name, made in found.items():
        cells = _beside(ours, made) if isinstance(made, Trades) else ("", "", "", "")
        rows.append((name, f"{1e3 * seconds[name]:,.1f}", f"{seconds[name] / least:.2f} ×", *cells))
    heads = (f"{len(bars.open):,} bars", "ms", "ours", "round trips", "identical", "price apart", "P&L apart, most")
    table(heads, rows)


def _theirs(other: Peers, name: str) -> tuple[Trades, float]:
    columns, seconds, _ = other.run(name, "bars", RICH)
    return Trades(*(columns[field] for field in Trades._fields)), seconds


def _in_turns(
    ways: Mapping[str, Callable[[], tuple[Any, float]]], fewer: Mapping[str, int]
) -> tuple[dict[str, Any], dict[str, float]]:
    """What each way found, and its median seconds; the first round, which compiles, is not counted."""
    found: dict[str, Any] = {}
    took: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            if turn <= fewer.get(name, ROUNDS):
                found[name], seconds = way()
                took[name].append(seconds)
    return found, {name: statistics.median(times[1:]) for name, times in took.items()}


def _beside(ours: Trades, other: Trades) -> tuple[str, str, str, str]:
    count = len(other.entry)
    if count != len(ours.entry):
        return f"{count:,}", "not as many", "", ""
    same = (ours.entry == other.entry) & (ours.exit == other.exit)
    apart = np.maximum(np.abs(ours.entry_price - other.entry_price), np.abs(ours.exit_price - other.exit_price))
    same &= apart < float(TICK) / 2.0
    return (
        f"{count:,}",
        f"{np.count_nonzero(same):,}",
        f"{apart.max():.0e}",
        f"{np.abs(ours.pnl - other.pnl).max():.0e}",
    )


def ruin(bars: Bars, series: Series, other: Peers | None) -> None:
    """What each does when the money runs out."""
    run = vectorised.trade(series, bars.wanted.astype(np.float64), Sizing(1, Decimal(int(POOR))))
    spent = [-fill.quantity * fill.price - fill.fees for fill in run.fills]
    cash = np.cumsum(np.array(spent, np.float64)) + POOR
    plain, left = by_loop(compiled, bars, POOR)
    rows = [
        (OURS, f"{len(trips(run).pnl):,}", "100", f"{cash[-1]:,.0f}", f"{cash.min():,.0f}", f"{len(run.unfilled):,}"),
        ("a plain numba loop", f"{len(plain.pnl):,}", "100", f"{left:,.0f}", "below 0", "none"),
    ]
    for name, label in (("vectorbt", "vectorbt 1.2"), ("backtesting", "backtesting.py 0.6.6")) if other else ():
        assert other is not None
        columns, _, left = other.run(name, "bars", POOR)
        sizes = columns["size"]
        rows.append((label, f"{len(sizes):,}", f"{sizes.min():.2f} to {sizes.max():.0f}", f"{left:,.0f}", "", "none"))
    table(("with 10 million", "round trips", "units", "cash at the end", "least", "refusals on record"), rows)


def sweeps(series: Series, whole: Series, other: Peers | None) -> None:
    """A hundred pairs of averages, each with its own; the Sharpe ratio and return of each set."""
    sets = [{"fast": float(fast), "slow": float(slow)} for fast, slow in pairs()]
    sizing = Sizing(1, Decimal(int(RICH)))

    def ours(traded: Series) -> sweep.Study:
        material = sweep.Material(_crossing, {"close": traded.underlying}, traded, sizing)
        return sweep.swept(sets, material)

    ways: dict[str, Callable[[], tuple[Any, float]]] = {
        f"**Deskwatch**, {len(series):,} bars": lambda: timed(partial(ours, series)),
        f"**Deskwatch**, {len(whole):,} bars": lambda: timed(partial(ours, whole)),
    }
    if other is not None:
        ways[f"vectorbt 1.2, {len(series):,} bars"] = lambda: other.run("vectorbt_sweep", "swept", RICH)[:2]
        ways["the same, its averages of whole ticks"] = lambda: other.run("vectorbt_ticks", "swept", RICH)[:2]
    found, seconds = _in_turns(ways, dict.fromkeys(ways, SLOW_ROUNDS))
    first, *_ = found.values()
    least = seconds[next(iter(ways))]
    rows = []
    for name, made in found.items():
        same = ""
        if isinstance(made, dict):
            mine = np.array([[trial.total_return, trial.trades] for trial in first.trials])
            alike = (np.abs(made["total_return"] - mine[:, 0]) < 1e-9) & (made["trades"] == mine[:, 1])
            same = f"{np.count_nonzero(alike)} of {len(sets)}"
        rows.append((name, f"{seconds[name]:.2f}", f"{seconds[name] / least:.1f} ×", same))
    table(("100 sets of averages", "seconds", "ours", "of the same return and round trips"), rows)


def _crossing(given: Mapping[str, float]) -> SmaCross:
    return SmaCross(int(given["fast"]), int(given["slow"]))


def main() -> None:
    bars, few = walk(N), walk(SWEPT)
    whole, part = series_of(bars), series_of(few)
    with peers({"bars": bars, "swept": few}) as other:
        agreement(bars, whole, other)
        ruin(bars, whole, other)
        sweeps(part, whole, other)


if __name__ == "__main__":
    main()
