"""The scenario grid: a book of 5,000 legs over 21 moves of the spot and 11 shifts of the volatility, revalued in full.

    python -m bench.scenarios

Beside the desk's grid (P&L of each leg and in total) the limit, the same sums by C compiled for this machine, and the
way of a careful user, NumPy and scipy block by block with all that legs or scenarios share taken out of the loop: the
same book in interleaved rounds of the same run, CPU time of the one thread, and how far the totals are apart at the
worst cell.
"""
# ruff: noqa: N803, N806

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from scipy.special import ndtr

from bench.compiled import address, load
from bench.loop import table
from sidecar.risk.legs import Floats, Legs
from sidecar.risk.payoff import payoff
from sidecar.risk.scenarios import SPOTS, VOLS, grid, worth
from sidecar.risk.stresses import Stress, VolMove, apply

LEGS, ROUNDS, BLOCK = 5_000, 15, 64
SPOT, RATE, CARRY = 24_600.0, 0.065, 0.055
DAY = 1 / 365


def book(count: int) -> Legs:
    """Calls and puts 20 % about the spot, expiring in a day to a year, long and short, and a future in every fifty."""
    random = np.random.default_rng(7)
    option = np.arange(count) % 50 != 0
    expiry = random.choice(np.array([1, 7, 14, 30, 60, 90, 180, 365]) / 365, count)
    strike = 50.0 * np.round(SPOT * random.uniform(0.8, 1.2, count) / 50)
    return Legs(
        symbol=tuple(str(number) for number in range(count)),
        underlying=("NIFTY",) * count,
        option=option,
        call=random.random(count) < 0.5,
        quantity=np.asarray(75.0 * random.integers(-20, 21, count), dtype=np.float64),
        mark=np.full(count, np.nan),
        spot=np.full(count, SPOT),
        forward=SPOT * np.exp(CARRY * expiry),
        strike=strike,
        time=expiry,
        volatility=0.13 + 0.4 * np.log(strike / SPOT) ** 2 + random.uniform(0.0, 0.02, count),
        rate=np.full(count, RATE),
    )


def plain(legs: Legs, spots: Floats, vols: Floats) -> Floats:
    """Total P&L (m, k) by NumPy and scipy, the way a careful user would."""
    total = np.zeros((len(spots), len(vols)))
    for start in range(0, len(legs), BLOCK):
        part = legs.take(np.arange(start, min(start + BLOCK, len(legs))))
        F, K, D = part.forward, part.strike, np.exp(-part.rate * part.time)
        w = np.where(part.call, 1.0, -1.0)
        now = _value(F[:, None, None], K, part.time, part.volatility[:, None], D, w)[:, 0, 0]
        shifted = np.maximum(part.volatility[:, None] + vols, 1e-9)
        after = _value(F[:, None, None] * (1 + spots[:, None]), K, part.time, shifted, D, w)
        change = np.where(part.option[:, None, None], after - now[:, None, None], (F[:, None] * spots)[:, :, None])
        total += (change * part.quantity[:, None, None]).sum(axis=0)
    return total


def _value(F: Floats, K: Floats, T: Floats, vol: Floats, D: Floats, w: Floats) -> Floats:
    s = (vol * np.sqrt(T)[:, None])[:, None, :]
    d1 = np.log(F / K[:, None, None]) / s + 0.5 * s
    w = w[:, None, None]
    return D[:, None, None] * w * (F * ndtr(w * d1) - K[:, None, None] * ndtr(w * (d1 - s)))


def in_c(legs: Legs, spots: Floats, vols: Floats) -> Callable[[], Floats] | None:
    """Total P&L (m, k) by C; None where there is no gcc."""
    library = load("grid")
    if library is None:
        return None
    part, rest = legs.take(np.flatnonzero(legs.option)), legs.take(np.flatnonzero(~legs.option))
    m, n = len(spots) * len(vols), len(part)
    every, tiled = np.repeat(1.0 + spots, len(vols)), np.tile(vols, len(spots))
    logs, room, sums = np.log(every), np.empty(m), np.empty(m)
    discount, now = np.exp(-part.rate * part.time), worth(part)
    columns = [part.forward, part.strike, part.time, part.volatility, discount, part.call, every, logs, tiled]
    columns += [part.quantity, room, sums]
    linear = (rest.quantity * rest.forward).sum() * (every - 1.0) - (part.quantity * now).sum()

    def run() -> Floats:
        sums[:] = 0.0
        library.totals(ctypes.c_int64(n), ctypes.c_int64(m), *map(address, columns))
        total: Floats = (sums + linear).reshape(len(spots), len(vols))
        return total

    return run


def timed(tasks: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each task, in interleaved rounds after one that warms up."""
    took: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(ROUNDS + 1):
        for name, task in tasks.items():
            before = time.thread_time()
            task()
            if number:
                took[name].append(time.thread_time() - before)
    return {name: median(each) for name, each in took.items()}


def main() -> None:
    legs, spots, vols = book(LEGS), np.array(SPOTS), np.array(VOLS)
    cells = LEGS * len(spots) * len(vols)
    crash = Stress("crash", "Crash", -0.13, (VolMove(30.0, 0.5, 0.0), VolMove(np.inf, 0.2, 0.0)), 3.0, "bench", "")
    small = legs.take(np.arange(1, 61))
    c = in_c(legs, spots, vols)
    tasks: dict[str, tuple[int, Callable[[], object]]] = {
        "**grid**, P&L per leg and in total": (cells, lambda: grid(legs, spots, vols)),
        "NumPy + scipy, in total": (cells, lambda: plain(legs, spots, vols)),
        "grid with 3 times": (3 * cells, lambda: grid(legs, spots, vols, (0.0, DAY, 7 * DAY))),
        "grid, 60 legs": (60 * len(spots) * len(vols), lambda: grid(small, spots, vols)),
        f"one stress, {LEGS:,} legs": (LEGS, lambda: apply(legs, crash)),
        "payoff lines, 60 legs": (0, lambda: payoff(small)),
    }
    if c is not None:
        tasks = {"C, in total (**the limit**)": (cells, c), **tasks}
    seconds = timed({name: task for name, (_, task) in tasks.items()})
    rows = [
        (name, f"{1e3 * seconds[name]:.2f}", f"{1e9 * seconds[name] / valuations:.2f}" if valuations else "")
        for name, (valuations, _) in tasks.items()
    ]
    table((f"{LEGS:,} legs × {len(spots)} × {len(vols)}", "ms", "ns a valuation"), rows)
    ours, gross = grid(legs, spots, vols).total, float(np.abs(legs.quantity).sum()) * SPOT
    others = {"NumPy + scipy": plain(legs, spots, vols), **({} if c is None else {"C": c()})}
    for name, total in others.items():
        print(f"{name}: totals differ by at most {np.abs(ours - total).max() / gross:.1e} of the gross notional.")


if __name__ == "__main__":
    main()
