"""The scenario grid: a book of 5,000 legs over 21 moves of the spot and 11 shifts of the volatility, revalued in full.

    python -m bench.scenarios

Beside the desk's grid the same sums by NumPy and scipy, block by block with all that legs or scenarios share taken out
of the loop, on the same book in interleaved rounds of the same run; and how far the two are apart at the worst cell.
``python -m bench.pricing`` holds the limit that C sets for the valuations alone.
"""
# ruff: noqa: N803, N806

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from scipy.special import ndtr

from sidecar.risk.legs import Floats, Legs
from sidecar.risk.payoff import payoff
from sidecar.risk.scenarios import SPOTS, VOLS, grid
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


def timed(tasks: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each task, in interleaved rounds after one that warms up."""
    took: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(ROUNDS + 1):
        for name, task in tasks.items():
            before = time.perf_counter()
            task()
            if number:
                took[name].append(time.perf_counter() - before)
    return {name: median(each) for name, each in took.items()}


def main() -> None:
    legs, spots, vols = book(LEGS), np.array(SPOTS), np.array(VOLS)
    cells = LEGS * len(spots) * len(vols)
    crash = Stress("crash", "Crash", -0.13, (VolMove(30.0, 0.5, 0.0), VolMove(np.inf, 0.2, 0.0)), 3.0, "bench", "")
    small = legs.take(np.arange(1, 61))
    seconds = timed({
        "grid": lambda: grid(legs, spots, vols),
        "plain": lambda: plain(legs, spots, vols),
        "times": lambda: grid(legs, spots, vols, (0.0, DAY, 7 * DAY)),
        "small": lambda: grid(small, spots, vols),
        "stress": lambda: apply(legs, crash),
        "payoff": lambda: payoff(small),
    })  # fmt: skip
    apart = np.abs(grid(legs, spots, vols).total - plain(legs, spots, vols)).max()
    gross = float(np.abs(legs.quantity).sum()) * SPOT
    rows = (
        (f"grid, {LEGS:,} legs x {len(spots)} x {len(vols)}, per leg and in total", "grid", cells),
        ("the same total by NumPy + scipy", "plain", cells),
        ("grid with 3 times", "times", 3 * cells),
        ("grid, 60 legs", "small", 60 * len(spots) * len(vols)),
        (f"one stress, {LEGS:,} legs", "stress", LEGS),
        ("payoff lines, 60 legs", "payoff", 0),
    )
    print("| what | ms | ns a valuation |\n| --- | --- | --- |")
    for what, name, valuations in rows:
        each = f"{seconds[name] / valuations * 1e9:.2f}" if valuations else ""
        print(f"| {what} | {seconds[name] * 1e3:.2f} | {each} |")
    print(f"\nNumPy + scipy takes {seconds['plain'] / seconds['grid']:.1f} times as long.")
    print(f"The totals differ by at most {apart / gross:.1e} of the book's gross notional.")


if __name__ == "__main__":
    main()
