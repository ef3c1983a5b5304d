"""vectorbt and backtesting.py on the same signals, in a process of their own: their licences keep them out of ours.

    python -m bench.peers.backtests FOLDER

``FOLDER/bars.npz`` holds opens, closes and what is wanted at each close. A line on standard input names what to do and
its cash; each is answered by one line of JSON: seconds, and what was found. Trades go to ``FOLDER/NAME.npz``.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.peers.pairs import pairs

UNITS, FEE = 100, 3e-4
#: In a point.
TICKS = 20


class Bars(NamedTuple):
    """Prices of n bars, and whether a position is wanted at each close."""

    open: NDArray[np.float64]
    close: NDArray[np.float64]
    wanted: NDArray[np.bool_]


class Done(NamedTuple):
    """Seconds of the run alone, closed trades as columns, and the cash at the end (NaN where there is none to tell)."""

    seconds: float
    trades: dict[str, Any]
    cash: float


def vectorbt(bars: Bars, cash: float) -> Done:
    """Signals of a close, moved to the next bar, at its open; the size is as asked, or what the cash is enough for."""
    import vectorbt as vbt

    began = time.perf_counter()
    before = np.r_[False, bars.wanted[:-1]]
    entries = before & ~np.r_[False, before[:-1]]
    exits = ~before & np.r_[False, before[:-1]]
    made = vbt.Portfolio.from_signals(
        close=bars.close, entries=entries, exits=exits, price=bars.open, size=UNITS, fees=FEE, init_cash=cash,
        freq="1min",
    )  # fmt: skip
    records = made.trades.records
    took = time.perf_counter() - began
    closed = records[records["status"] == 1]
    columns = {
        "entry": closed["entry_idx"], "exit": closed["exit_idx"], "entry_price": closed["entry_price"],
        "exit_price": closed["exit_price"], "size": closed["size"], "pnl": closed["pnl"],
    }  # fmt: skip
    return Done(took, {name: column.to_numpy() for name, column in columns.items()}, float(made.cash().iloc[-1]))


def backtesting(bars: Bars, cash: float) -> Done:
    """A strategy's method a bar; its orders meet the next open."""
    from backtesting import Backtest, Strategy

    class Given(Strategy):
        def init(self) -> None:
            self.signal = self.I(lambda: bars.wanted.astype(float), name="wanted")

        def next(self) -> None:
            if self.signal[-1] and not self.position:
                self.buy(size=UNITS)
            elif not self.signal[-1] and self.position:
                self.position.close()

    high, low = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    index = pd.date_range("2000-01-01", periods=len(bars.open), freq="min")
    frame = pd.DataFrame({"Open": bars.open, "High": high, "Low": low, "Close": bars.close}, index=index)
    began = time.perf_counter()
    made = Backtest(frame, Given, cash=cash, commission=FEE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of the trade that is open at the end
        found = made.run()
    took = time.perf_counter() - began
    closed = found["_trades"]
    columns = {
        "entry": closed["EntryBar"], "exit": closed["ExitBar"], "entry_price": closed["EntryPrice"],
        "exit_price": closed["ExitPrice"], "size": closed["Size"], "pnl": closed["PnL"],
    }  # fmt: skip
    return Done(took, {name: column.to_numpy() for name, column in columns.items()}, float(found["Equity Final [$]"]))


def vectorbt_ticks(bars: Bars, cash: float) -> Done:
    """As :func:`vectorbt_sweep`, its averages of whole numbers: equal means are then equal."""
    return vectorbt_sweep(bars, cash, np.rint(bars.close * TICKS))


def vectorbt_sweep(bars: Bars, cash: float, averaged: NDArray[np.float64] | None = None) -> Done:
    """Its own averages of a hundred pairs, and a portfolio of a hundred columns."""
    import vectorbt as vbt

    began = time.perf_counter()
    close = pd.Series(bars.close if averaged is None else averaged)
    mean = {n: vbt.MA.run(close, n).ma.to_numpy() for n in {length for pair in pairs() for length in pair}}
    above = np.column_stack([mean[fast] > mean[slow] for fast, slow in pairs()])
    before = np.vstack([np.zeros((1, above.shape[1]), bool), above[:-1]])
    earlier = np.vstack([np.zeros((1, above.shape[1]), bool), before[:-1]])
    made = vbt.Portfolio.from_signals(
        close=pd.Series(bars.close), entries=before & ~earlier, exits=~before & earlier, price=bars.open[:, None],
        size=UNITS, fees=FEE, init_cash=cash, freq="1min",
    )  # fmt: skip
    total = made.total_return().to_numpy()
    took = time.perf_counter() - began
    return Done(took, {"total_return": total, "trades": made.trades.count().to_numpy()}, float("nan"))


WAYS: dict[str, Callable[[Bars, float], Done]] = {
    "vectorbt": vectorbt, "backtesting": backtesting, "vectorbt_sweep": vectorbt_sweep,
    "vectorbt_ticks": vectorbt_ticks,
}  # fmt: skip


def main(folder: Path) -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        name, source, cash = line.split()
        with np.load(folder / f"{source}.npz") as held:
            bars = Bars(held["open"], held["close"], held["wanted"])
        done = WAYS[name](bars, float(cash))
        np.savez(folder / f"{name}.npz", **done.trades)
        told = json.dumps({"seconds": done.seconds, "cash": done.cash})
        del done, bars
        gc.collect()  # before the answer: whoever waits for it measures next
        print(told, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
