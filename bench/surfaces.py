"""The fitted surface on real chains, against no fit at all and against a fit without a thought of arbitrage.

    python -m bench.surfaces [--data FOLDER] [--plot FOLDER]

Every third strike is held out, before forwards and smiles are made. Its two-sided quote is then met or not: `inside` is
the share of held-out quotes whose volatility lies within bid and ask (so its price does too), `rmse` is in volatility
points against the middle, of all and of those within two deviations of the money. Three ways: the smile; the contract,
whose volatility is the smile's, as far off it as the quotes beside it are (what the desk's Greeks rest on where nobody
quotes); no fit, a straight line between the quotes beside it.

Arbitrage is looked for where the fitter does not look: butterflies of random strikes and widths and calendar spreads of
random times, at, between and beyond the expiries, priced by what is served. The data stand beside the checkout.
With `--plot`, a picture of each chain.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from bench.chains import OptionQuotes, Snapshot, snapshots
from bench.loop import table
from sidecar.desk.smile import beside
from sidecar.domain.analytics import FitQuality
from sidecar.pricing import svi
from sidecar.pricing.bands import Band, Quotes, bands
from sidecar.pricing.black import price
from sidecar.pricing.curve import forward_by_parity
from sidecar.pricing.forwards import Forwards, ForwardSource, forwards
from sidecar.pricing.surface import Surface
from sidecar.pricing.surface_fit import fit

Array = NDArray[np.float64]

WAYS = ("smile", "contract", "no fit")
NEAR = 2.0  # deviations from the money
TRIED = 2_000  # butterflies a time, and calendar spreads a pair of times
WORTH = 1e-13  # of the forward: a spread that costs less than nothing by less is rounding


class Held(NamedTuple):
    """Of each held-out quote (n,): within bid and ask, off the middle ((3, n), by `WAYS`), deviations from the money;
    and which of the straight line's prices, half a strike apart, are not convex.
    """

    inside: NDArray[np.bool_]
    error: Array
    away: Array
    bent: NDArray[np.bool_]


def forwards_of(snapshot: Snapshot, parts: Sequence[OptionQuotes], discounts: Sequence[float]) -> Forwards:
    """Of each expiry's own pairs, else the neighbours' carry."""
    parity = [
        forward_by_parity(each.strikes, each.call_bid, each.call_ask, each.put_bid, each.put_ask, discount)
        for each, discount in zip(parts, discounts, strict=True)
    ]
    return forwards([each.years for each in parts], parity, snapshot.spot)


def quoted(
    snapshot: Snapshot, rows: Callable[[OptionQuotes], NDArray[np.bool_]], like: Sequence[Quotes] = ()
) -> list[Quotes]:
    """Some strikes of every expiry, with the forwards of their own pairs, or those of `like`."""
    discounts = [float(np.exp(-snapshot.rate * each.years)) for each in snapshot.expiries]
    parts = [OptionQuotes(each.years, *(column[rows(each)] for column in each[1:])) for each in snapshot.expiries]
    if like:
        known = [(each.forward, each.forward_error) for each in like]
    else:
        found = forwards_of(snapshot, parts, discounts)
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


def firm(band: Band) -> NDArray[np.bool_]:
    """Which strikes have two sides."""
    return np.isfinite(band.low) & np.isfinite(band.high)


def held(surface: Surface, kept: Sequence[Band], out: Sequence[Band]) -> Held:
    """The three ways at each held-out quote."""
    found = []
    for fitted, band in zip(kept, out, strict=True):
        asked = firm(band)
        if firm(fitted).sum() < 2 or not asked.any():
            continue
        at, low, high = band.strikes[asked], band.low[asked], band.high[asked]
        known, middles = fitted.strikes[firm(fitted)], 0.5 * (fitted.low + fitted.high)[firm(fitted)]
        smile = surface.volatility(band.years, strike=at)
        off = middles - surface.volatility(band.years, strike=known)
        ways = np.stack((smile, beside(at, smile, known, off), np.interp(at, known, middles)))
        grid = np.interp(np.arange(2 * known.size - 1) / 2, np.arange(known.size), known)
        calls = price(fitted.forward, grid, fitted.years, np.interp(grid, known, middles), call=True)
        away = np.log(at / band.forward) / (smile * np.sqrt(band.years))
        bent = np.diff(np.diff(calls) / np.diff(grid)) < -1e-12
        found.append(Held((ways >= low) & (ways <= high), ways - 0.5 * (low + high), away, bent))
    return Held(*(np.concatenate(column, axis=-1) for column in zip(*found, strict=True)))


def arbitrages(surface: Surface, seed: int = 1, tried: int = TRIED) -> tuple[int, int]:
    """Butterflies and calendar spreads of negative price that a random search finds in what is served, undiscounted."""
    draw, known = np.random.default_rng(seed), surface.years[surface.fitted]
    if not known.size:
        return 0, 0
    times = np.sort(np.concatenate((known, draw.uniform(0.1 * known[0], 1.5 * known[-1], known.size + 20))))
    deviation = np.sqrt(surface.total_variance(0.0, times))[:, None]
    middle = deviation * draw.uniform(-8.0, 8.0, (times.size, tried))
    left, right = (middle + sign * deviation * 10 ** draw.uniform(-2.0, 0.5, middle.shape) for sign in (-1.0, 1.0))
    strikes, at = np.exp(np.stack((left, middle, right))), times[:, None]
    value = price(1.0, strikes, at, surface.volatility(at, strike=strikes * surface.forward_at(at)), call=middle > 0)
    share = (strikes[2] - strikes[1]) / (strikes[2] - strikes[0])
    butterfly = share * value[0] + (1 - share) * value[2] - value[1]
    variance = surface.total_variance(middle[:1], times[:, None])
    return int(np.count_nonzero(~(butterfly >= -WORTH))), int(np.count_nonzero(~(np.diff(variance, axis=0) >= -1e-14)))


def least(band: Band) -> Array:
    """One smile as scipy's least squares finds it, without a thought of arbitrage."""
    two = firm(band)
    k, low, high = np.log(band.strikes[two] / band.forward), band.low[two], band.high[two]
    middle = 0.5 * (low + high)
    half = np.maximum(0.5 * (high - low), 1e-4)

    def residual(p: Array) -> Array:
        w = svi.total_variance(p, k)
        return np.asarray((np.sqrt(np.maximum(w, 1e-12) / band.years) - middle) / half)

    level = float(np.interp(0.0, k, middle)) ** 2 * band.years
    start = np.array([0.5 * level, 0.5 * np.sqrt(level), -0.3, 0.0, np.sqrt(level)])
    bounds = ([-1.0, 1e-6, -0.999, -1.0, 1e-4], [1.0, 2.0, 0.999, 1.0, 2.0])
    return np.asarray(least_squares(residual, start, bounds=bounds).x)


def careless(kept: Sequence[Band]) -> tuple[int, int, int]:
    """Of the smiles that least squares makes of the same quotes: those with a butterfly, those with a calendar to the
    one before, all.
    """
    found = [least(band) for band in kept if firm(band).sum() >= 8]
    butterflies = sum(svi.butterfly_violations(each) > 0 for each in found)
    calendars = sum(svi.calendar_violations(one, two) > 0 for one, two in pairwise(found))
    return butterflies, calendars, len(found)


def joined(cells: Sequence[float], form: str) -> str:
    return " / ".join(format(each, form) for each in cells)


def row_of(name: str, chains: Sequence[Snapshot]) -> tuple[str, ...]:
    """All chains of one underlying."""
    parts = [split(each) for each in chains]
    surfaces = [fit(kept) for kept, _ in parts]
    every = [held(surface, *part) for surface, part in zip(surfaces, parts, strict=True)]
    found = Held(*(np.concatenate(column, axis=-1) for column in zip(*every, strict=True)))
    near = np.abs(found.away) <= NEAR
    errors = [100 * np.sqrt(np.mean(found.error[:, rows] ** 2, axis=1)) for rows in (np.ones_like(near), near)]
    served = np.sum([[each.violations(), arbitrages(each)] for each in surfaces], axis=(0, 1))
    butterflies, calendars, smiles = np.sum([careless(kept) for kept, _ in parts], axis=0)
    qualities = [grade for each in surfaces for grade in each.quality]
    return (
        f"{name}, {len(chains)}",
        joined([qualities.count(each) for each in FitQuality], "d"),
        f"{found.away.size:,}",
        joined(100 * np.mean(found.inside, axis=1), ".1f"),
        *(joined(each, ".2f") for each in errors),
        joined(served, "d"),
        f"{butterflies} / {calendars} of {smiles}",
        f"{np.mean(found.bent):.0%}",
    )


def reasons(chains: Sequence[Snapshot]) -> list[tuple[str, str, str]]:
    """By market: strikes that gave no volatility and why, and what the forwards rest on."""
    counts: dict[str, Counter[str]] = {}
    for each in chains:
        mine = counts.setdefault(each.source, Counter())
        for band in bands(whole(each)):
            mine.update(dict(band.refused))
            mine["strikes used"] += band.strikes.size
        discounts = [float(np.exp(-each.rate * one.years)) for one in each.expiries]
        names = [ForwardSource(code).name.lower() for code in forwards_of(each, each.expiries, discounts).source]
        mine.update(f"forward: {name}" for name in names)
    return [(source, name, f"{count:,}") for source, mine in counts.items() for name, count in sorted(mine.items())]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--plot", type=Path, help="a folder for one HTML picture a chain")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        raise SystemExit(f"no real chains: {arguments.data} is not a folder; give --data")
    chains = list(snapshots(arguments.data))
    named: dict[str, list[Snapshot]] = {}
    for each in chains:
        named.setdefault(each.label.split()[0], []).append(each)
    ways = " / ".join(WAYS)
    heads = ("underlying, chains", "smiles: " + " / ".join(FitQuality), "held out", f"inside %: {ways}",
             f"rmse: {ways}", f"rmse within {NEAR:g} deviations", "arbitrages served: butterfly / calendar",
             "least squares' smiles with one", "no fit's butterflies")  # fmt: skip
    table(heads, [row_of(name, own) for name, own in named.items()])
    table(("market", "what (one_sided are used)", "count"), reasons(chains))
    if arguments.plot:
        from bench.pictures import draw  # plotly is slow to load

        draw([(each.label, bands(whole(each))) for each in chains], arguments.plot)


if __name__ == "__main__":
    main()
