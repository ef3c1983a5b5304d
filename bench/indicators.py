"""The eight indicators beside pandas and a plain numba version; a new bar; and what else a bar of the learning costs.

    python -m bench.indicators

A million minute bars of a random walk. CPU time of one thread, medians; the versions take turns. A difference is the
greatest over all indicators, in parts of the price (of 100 for the RSI), where both know a value: over all bars, and
after the first thousand, when no recursion remembers how it was seeded.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from math import exp
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from bench.loop import table
from sidecar.domain.clock import DAY, MINUTE
from sidecar.domain.models import LabelKind
from sidecar.features import indicators as ours
from sidecar.features.chain import Expiry, chain_inputs
from sidecar.features.indicators import INDICATORS, Running
from sidecar.features.labels import LabelSpec, labels_of
from sidecar.pricing import black

Array = NDArray[np.float64]
N, LAST, ROUNDS, STEPS = 1_000_000, 200, 5, 2_000


def walk(n: int = N) -> Array:
    made: Array = 24_000.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 3e-4, n)))
    return made


def flat(found: dict[str, Any]) -> dict[str, Array]:
    """Every series by its own name."""
    parts = {name: value if isinstance(value, dict) else {"": value} for name, value in found.items()}
    return {f"{name} {part}".strip(): column for name, value in parts.items() for part, column in value.items()}


# ---- the peers ---------------------------------------------------------------------------------------------------


def by_pandas(close: Array, volume: Array) -> dict[str, Array]:
    """As most write it: `ewm` begins at the first value and not at a mean."""
    x, v = pd.Series(close), pd.Series(volume)
    change = x.diff()
    gain = change.clip(lower=0.0).ewm(alpha=1 / 14, adjust=False, min_periods=14).mean()
    loss = (-change.clip(upper=0.0)).ewm(alpha=1 / 14, adjust=False, min_periods=14).mean()
    ema = {n: x.ewm(span=n, adjust=False, min_periods=n).mean() for n in (12, 20, 26, 50)}
    line = ema[12] - ema[26]
    signal = line.ewm(span=9, adjust=False, min_periods=9).mean()
    middle, deviation = x.rolling(20).mean(), x.rolling(20).std(ddof=0)
    made = (
        middle, x.rolling(50).mean(), ema[20], ema[50], 100.0 * gain / (gain + loss), line, signal, line - signal,
        middle + 2.0 * deviation, middle, middle - 2.0 * deviation, v.rolling(20).mean(),
    )  # fmt: skip
    return dict(zip(NAMES, (column.to_numpy() for column in made), strict=True))


@njit(error_model="numpy")
def _sma(x: Any, n: int, out: Any) -> None:
    total = 0.0
    for i in range(x.size):
        total += x[i] - (x[i - n] if i >= n else 0.0)
        if i >= n - 1:
            out[i] = total / n


@njit(error_model="numpy")
def _ema(x: Any, n: int, begin: int, out: Any) -> None:
    out[begin + n - 1] = x[begin : begin + n].mean()
    for i in range(begin + n, x.size):
        out[i] = out[i - 1] + (x[i] - out[i - 1]) * 2.0 / (n + 1)


@njit(error_model="numpy")
def _rsi(x: Any, n: int, out: Any) -> None:
    gain = loss = 0.0
    for i in range(1, x.size):
        change = x[i] - x[i - 1]
        up, down = max(change, 0.0), max(-change, 0.0)
        if i <= n:
            gain, loss = gain + up / n, loss + down / n
        else:
            gain, loss = (gain * (n - 1) + up) / n, (loss * (n - 1) + down) / n
        if i >= n:
            out[i] = 100.0 * gain / (gain + loss) if gain + loss else 0.0


@njit(error_model="numpy")
def _deviation(x: Any, mean: Any, n: int, out: Any) -> None:
    for i in range(n - 1, x.size):
        total = 0.0
        for j in range(i - n + 1, i + 1):
            total += (x[j] - mean[i]) ** 2
        out[i] = np.sqrt(total / n)


def by_numba(close: Array, volume: Array) -> dict[str, Array]:
    """A plain loop for each, with the conventions of TA-Lib."""
    out = np.full((13, close.size), np.nan)
    sma20, sma50, ema20, ema50, rsi, line, signal, _, _, _, fast, deviation, traded = out
    _sma(close, 20, sma20)
    _sma(close, 50, sma50)
    _ema(close, 20, 0, ema20)
    _ema(close, 50, 0, ema50)
    _rsi(close, 14, rsi)
    _ema(close, 12, 14, fast)
    _ema(close, 26, 0, line)
    np.subtract(fast, line, out=line)
    _ema(line, 9, 25, signal)
    _deviation(close, sma20, 20, deviation)
    _sma(volume, 20, traded)
    bands = (sma20 + 2.0 * deviation, sma20, sma20 - 2.0 * deviation)
    made = (sma20, sma50, ema20, ema50, rsi, line, signal, line - signal, *bands, traded)
    return dict(zip(NAMES, made, strict=True))


def by_talib(close: Array, volume: Array) -> dict[str, Array]:
    return flat(ours.values(close, volume))


NAMES = tuple(f"{row.name} {part}".strip() for row in INDICATORS for part in row.outputs or ("",))


# ---- the tables --------------------------------------------------------------------------------------------------


def cpu(work: Callable[[], Any], times: int = 1) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def apart(found: dict[str, Array], reference: dict[str, Array], begin: int) -> float:
    """The greatest difference from TA-Lib, in parts of the price."""
    worst = 0.0
    for name, column in reference.items():
        gap = np.abs(found[name][begin:] - column[begin:]) / (100.0 if name == "rsi" else 24_000.0)
        worst = max(worst, float(np.nanmax(gap)))
    return worst


def batches(close: Array, volume: Array) -> None:
    versions = {"**TA-Lib, as the desk has it**": by_talib, "plain numba": by_numba, "pandas": by_pandas}
    reference = by_talib(close, volume)
    found = {name: work(close, volume) for name, work in versions.items()}
    taken: dict[str, list[float]] = {name: [] for name in versions}
    for _ in range(ROUNDS):
        for name, work in versions.items():
            taken[name].append(cpu(partial(work, close, volume)))
    least = statistics.median(taken["**TA-Lib, as the desk has it**"])
    rows = []
    for name, times in taken.items():
        middle = statistics.median(times)
        gaps = [f"{apart(found[name], reference, begin):.1e}" for begin in (0, 1_000)]
        rows.append((name, f"{1e3 * middle:,.0f} ({middle / least:.1f} ×)", *gaps))
    table(("8 indicators of 1 M bars", "ms of CPU", "apart, all bars", "after 1,000"), rows)


def one_bar(close: Array, volume: Array) -> None:
    """A new bar: the handles, and the same from the last bars alone."""
    history = {"close": close[:-STEPS], "volume": volume[:-STEPS]}
    running = [(row.reads == "close", Running(row, history[row.reads])) for row in INDICATORS]
    told = []
    began = time.process_time()
    for price, traded in zip(close[-STEPS:].tolist(), volume[-STEPS:].tolist(), strict=True):
        told = [each.update(price if of_close else traded) for of_close, each in running]
    streams = (time.process_time() - began) / STEPS
    reference = by_talib(close, volume)
    last = {name: np.array([value]) for name, value in zip(NAMES, (x for parts in told for x in parts), strict=True)}
    newest = {name: column[-1:] for name, column in reference.items()}
    rows = [("**streams**", f"{1e6 * streams:.1f} (1 ×)", f"{apart(last, newest, 0):.1e}")]
    for bars, name, work in ((LAST, "TA-Lib", by_talib), (1_000, "TA-Lib", by_talib), (LAST, "pandas", by_pandas)):
        part = (close[-bars:], volume[-bars:])
        spent = cpu(partial(work, *part), STEPS // 10)
        found = {series: column[-1:] for series, column in work(*part).items()}
        gap = apart(found, newest, 0)
        rows.append((f"{name} on the last {bars:,}", f"{1e6 * spent:,.1f} ({spent / streams:,.0f} ×)", f"{gap:.1e}"))
    table(("8 indicators of one new bar", "µs of CPU", "apart"), rows)


def the_rest(close: Array) -> None:
    """A snapshot of a chain, and the labels of a million bars."""
    strike: Array = np.arange(22_600.0, 26_601.0, 50.0)
    expiries = [listed(strike, 24_613.0, days) for days in (7, 14)]
    snapshot = cpu(partial(chain_inputs, 0, 24_613.0, 0.06, expiries, 0), 200)
    rows = [("chain of 2 × 81 strikes to a bar's fields", "snapshot", f"{1e3 * snapshot:.2f} ms")]
    at = np.arange(close.size)
    opened = np.concatenate((close[:1], close[:-1]))
    columns = {
        "at": at * MINUTE, "closes_at": (at + 1) * MINUTE, "open": opened, "close": close,
        "high": np.maximum(opened, close) * 1.0001, "low": np.minimum(opened, close) * 0.9999,
        "minute": at % 375 * 1.0, "session": at // 375 * 1.0, "cost": np.full(close.size, 6e-4),
    }  # fmt: skip
    for kind in (LabelKind.FIXED_HORIZON, LabelKind.TRIPLE_BARRIER):
        spec = LabelSpec(kind, 60)
        known = float(np.mean(labels_of(spec, columns).y >= 0))
        spent = statistics.median(cpu(partial(labels_of, spec, columns)) for _ in range(ROUNDS))
        rows.append((f"label {kind}, 60 bars, {known:.0%} known", "1 M bars", f"{1e3 * spent:.0f} ms"))
    table(("the rest", "of", "CPU"), rows)


def listed(strike: Array, spot: float, days: int) -> Expiry:
    """An expiry with a flat smile."""
    years = days / 365.0
    call, put = (
        black.price(spot * exp(0.06 * years), strike, years, 0.14, exp(-0.06 * years), call=side)
        for side in (True, False)
    )
    held = np.full(strike.shape, 1_000.0)
    sides = (0.99 * call, 1.01 * call, call, 0.99 * put, 1.01 * put, put)
    return Expiry(20_251_118 + days, days * DAY, strike, *sides, held, held, held, held, 0.05)


def main() -> None:
    close = walk()
    volume = np.random.default_rng(2).uniform(1e3, 1e4, N)
    batches(close, volume)
    one_bar(close, volume)
    the_rest(close)


if __name__ == "__main__":
    main()
