"""The fitted surface on real chains, against no fit at all; and how long a chain takes to refresh.

    python -m bench.surfaces [--data FOLDER] [--plot FOLDER]

Every third strike is held out, before forwards and smiles are made. Its two-sided quote is then met or not: `inside` is
the share of held-out quotes whose fitted volatility lies within bid and ask (so its price does too), `rmse` is in
volatility points against the middle. No fit is the volatility of the strikes beside it, joined by a straight line; its
`butterflies` are the share of points, half a strike apart, where the prices so made are not convex. The fit's
violations are counted on its dense grid, at each expiry and half-way between. The data stand beside the checkout; the
timing needs none. With `--plot`, a picture of each chain.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from bench.chains import OptionQuotes, Snapshot, snapshots
from sidecar.domain.analytics import FitQuality
from sidecar.pricing import svi
from sidecar.pricing.bands import Band, Quotes, bands
from sidecar.pricing.black import greeks, price
from sidecar.pricing.curve import forward_by_parity, forwards
from sidecar.pricing.surface import Surface
from sidecar.pricing.surface_fit import fit

Array = NDArray[np.float64]
Row = tuple[str, ...]

ROUNDS = 25
EXPIRIES, STRIKES = 10, 100


class Held(NamedTuple):
    """What one chain's held-out quotes say of the fit and of no fit."""

    inside: Array
    inside_plain: Array
    error: Array
    error_plain: Array
    butterflies: Array


def quoted(
    snapshot: Snapshot, rows: Callable[[OptionQuotes], NDArray[np.bool_]], like: Sequence[Quotes] = ()
) -> list[Quotes]:
    """Some strikes of every expiry, with the forwards of their own pairs (else the neighbours' carry), or of `like`."""
    years = np.array([each.years for each in snapshot.expiries])
    discounts = np.exp(-snapshot.rate * years).tolist()
    parts = [OptionQuotes(each.years, *(column[rows(each)] for column in each[1:])) for each in snapshot.expiries]
    if like:
        known = [(each.forward, each.forward_error) for each in like]
    else:
        parity = [
            forward_by_parity(each.strikes, each.call_bid, each.call_ask, each.put_bid, each.put_ask, discount)
            for each, discount in zip(parts, discounts, strict=True)
        ]
        found = forwards(years, parity, snapshot.spot)
        known = list(zip(found.forward.tolist(), found.standard_error.tolist(), strict=True))
    return [
        Quotes(each.years, *forward, discount, *each[1:])
        for each, forward, discount in zip(parts, known, discounts, strict=True)
    ]


def split(snapshot: Snapshot) -> tuple[tuple[Band, ...], tuple[Band, ...]]:
    """Bands of the strikes that are fitted, and of those held out."""
    kept = quoted(snapshot, lambda each: np.arange(each.strikes.size) % 3 != 1)
    out = quoted(snapshot, lambda each: np.arange(each.strikes.size) % 3 == 1, kept)
    return bands(kept), bands(out)


def whole(snapshot: Snapshot) -> list[Quotes]:
    """Every strike of every expiry."""
    return quoted(snapshot, lambda each: np.ones(each.strikes.size, dtype=np.bool_))


def held(surface: Surface, kept: Sequence[Band], out: Sequence[Band]) -> Held:
    """The fit and a straight line between strikes, at each held-out quote."""
    columns: list[tuple[NDArray[Any], ...]] = []
    for fitted, band in zip(kept, out, strict=True):
        firm, asked = (np.isfinite(each.low) & np.isfinite(each.high) for each in (fitted, band))
        if firm.sum() < 2 or not asked.any():
            continue
        at, low, high = band.strikes[asked], band.low[asked], band.high[asked]
        known, middles = fitted.strikes[firm], 0.5 * (fitted.low + fitted.high)[firm]
        smile, plain = surface.volatility(band.years, strike=at), np.interp(at, known, middles)
        middle = 0.5 * (low + high)
        grid = np.interp(np.arange(2 * known.size - 1) / 2, np.arange(known.size), known)
        calls = price(fitted.forward, grid, fitted.years, np.interp(grid, known, middles), call=True)
        bent = np.diff(np.diff(calls) / np.diff(grid)) < -1e-12
        columns.append(((smile >= low) & (smile <= high), (plain >= low) & (plain <= high), smile - middle,
                        plain - middle, bent))  # fmt: skip
    return Held(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def rms(error: Array) -> float:
    return float(np.sqrt(np.mean(error**2)))


def quality_row(snapshot: Snapshot, results: Counter[str]) -> Row:
    kept, out = split(snapshot)
    surface = fit(kept)
    found = held(surface, kept, out)
    butterfly, calendar = surface.violations()
    for band in kept:
        results.update(dict(band.refused))
    slices = " / ".join(str(surface.quality.count(each)) for each in FitQuality)
    return (
        snapshot.label,
        slices,
        f"{found.inside.size:,}",
        f"{np.mean(found.inside):.1%}",
        f"{np.mean(found.inside_plain):.1%}",
        f"{100 * rms(found.error):.2f}",
        f"{100 * rms(found.error_plain):.2f}",
        f"{butterfly} / {calendar}",
        f"{np.mean(found.butterflies):.0%}",
    )


def made(expiries: int = EXPIRIES, strikes: int = STRIKES) -> Snapshot:
    """A made chain: SVI smiles, quotes rounded to a tick of 0.05, spreads of 1 % of the price."""
    out = []
    for number in range(expiries):
        years = 7 * (number + 1) / 365
        forward = 24_600.0 * np.exp(0.055 * years)
        strike = 24_600.0 + 50.0 * (np.arange(strikes) - strikes // 2) * (1 + number // 4)
        w = svi.total_variance([0.005 * years, 0.06 * np.sqrt(years), -0.35, 0.01, 0.2 * np.sqrt(years)],
                               np.log(strike / forward))  # fmt: skip
        sides: list[Array] = []
        for call in (True, False):
            value = price(forward, strike, years, np.sqrt(w / years), np.exp(-0.065 * years), call=call)
            half = np.maximum(0.005 * value, 0.05)
            sides += [0.05 * np.round((value + side * half) / 0.05) for side in (-1.0, 1.0)]
        out.append(OptionQuotes(years, np.asarray(strike, dtype=np.float64), *sides))
    return Snapshot("made", "made", 24_600.0, 0.065, tuple(out))


def scipy_fit(band: Band) -> Array:
    """One smile as scipy's least squares finds it, without a thought of arbitrage."""
    k, middle = np.log(band.strikes / band.forward), 0.5 * (band.low + band.high)
    half = 0.5 * (band.high - band.low)

    def residual(p: Array) -> Array:
        w = svi.total_variance(p, k)
        return np.asarray((np.sqrt(np.maximum(w, 1e-12) / band.years) - middle) / half)

    level = float(np.interp(0.0, k, middle)) ** 2 * band.years
    start = np.array([0.5 * level, 0.5 * np.sqrt(level), -0.3, 0.0, np.sqrt(level)])
    bounds = ([-1.0, 1e-6, -0.999, -1.0, 1e-4], [1.0, 2.0, 0.999, 1.0, 2.0])
    return np.asarray(least_squares(residual, start, bounds=bounds).x)


def timing() -> list[Row]:
    chain = made()
    every = whole(chain)
    banded = bands(every)
    first = fit(banded)
    strike = np.concatenate([each.strikes for each in chain.expiries for _ in (0, 1)])
    years = np.repeat([each.years for each in every], 2 * STRIKES)
    forward = np.repeat([each.forward for each in every], 2 * STRIKES)
    call = np.tile(np.repeat([True, False], STRIKES), EXPIRIES)

    def refresh() -> object:
        found = bands(whole(chain))
        surface = fit(found, first)
        volatility = surface.volatility(years, strike=strike)
        return greeks(forward, strike, years, volatility, 0.065, call=call, spot=24_600.0)

    tasks: dict[str, Callable[[], object]] = {
        "forwards, 10 expiries": lambda: whole(chain),
        "implied volatilities, bid and ask, 1,000 strikes": lambda: bands(every),
        "10 smiles, cold": lambda: fit(banded),
        "10 smiles, warm": lambda: fit(banded, first),
        "one smile of 100 strikes, cold": lambda: fit(banded[4:5]),
        "one smile of 100 strikes, warm": lambda: fit(banded[4:5], first),
        "the same by scipy's least_squares, arbitrage or not": lambda: scipy_fit(banded[4]),
        "a surface read at 2,000 points": lambda: first.volatility(years, strike=strike),
        "**the whole refresh, 2,000 contracts, Greeks included**": refresh,
    }
    took: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(ROUNDS + 1):
        for name, task in tasks.items():
            before = time.perf_counter()
            task()
            if number:
                took[name].append(time.perf_counter() - before)
    return [(name, f"{1e3 * median(each):.2f}", f"{1e3 * min(each):.2f}") for name, each in took.items()]


def table(heads: Row, rows: Sequence[Row]) -> None:
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--plot", type=Path, help="a folder for one HTML picture a chain")
    arguments = parser.parse_args()
    if arguments.data.is_dir():
        refused: Counter[str] = Counter()
        chains = list(snapshots(arguments.data))
        rows = [quality_row(each, refused) for each in chains]
        heads = ("chain", "smiles: " + " / ".join(FitQuality), "held out", "inside", "no fit", "rmse", "no fit",
                 "violations", "no fit's butterflies")  # fmt: skip
        table(heads, rows)
        table(("strikes refused (one_sided: kept)", "count"), [(k, f"{v:,}") for k, v in sorted(refused.items())])
    else:
        print(f"no real chains: {arguments.data} is not a folder\n")
    table(("what", "median ms", "best ms"), timing())
    if arguments.plot and arguments.data.is_dir():
        from bench.pictures import draw  # plotly is slow to load

        draw([(each.label, bands(whole(each))) for each in chains], arguments.plot)


if __name__ == "__main__":
    main()
