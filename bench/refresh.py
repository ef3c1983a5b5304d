"""The refresh of a chain of 2,000 contracts, against what else would do each step of it.

    python -m bench.refresh

Ten expiries of a hundred strikes: forwards from put-call parity, volatilities of bid and ask, a smile an expiry, the
surface read at each contract, price and Greeks. The same steps by NumPy and scipy, py_vollib_vectorized and QuantLib,
where they are installed; what each way leaves out is said below. Rounds are interleaved, medians of the thread's own
time; the chain is made, so that it can be shared.
"""
# ruff: noqa: N806

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from bench.chains import OptionQuotes, Snapshot
from bench.loop import table
from bench.pricing import installed
from bench.surfaces import firm, least, whole
from sidecar.pricing import svi
from sidecar.pricing.bands import Band, Quotes, bands
from sidecar.pricing.black import greeks, price
from sidecar.pricing.surface_fit import fit
from tests.pricing import plain_arrays

Array = NDArray[np.float64]
Step = Callable[[], object]

ROUNDS, PEER_ROUNDS = 25, 3
EXPIRIES, STRIKES = 10, 100
SPOT, RATE, CARRY, TICK = 24_600.0, 0.065, 0.055, 0.05
STEPS = ("forwards, 10 expiries", "volatilities, bid and ask of 1,000 strikes", "10 smiles", "10 smiles, from the last",
         "the surface read at 2,000 contracts", "price and Greeks of 2,000 contracts")  # fmt: skip
WHOLE = "**all of a refresh**"


def made(expiries: int = EXPIRIES, strikes: int = STRIKES) -> Snapshot:
    """A made chain: SVI smiles, quotes rounded to a tick of 0.05, spreads of 1 % of the price."""
    out = []
    for number in range(expiries):
        years = 7 * (number + 1) / 365
        forward = SPOT * np.exp(CARRY * years)
        strike = SPOT + 50.0 * (np.arange(strikes) - strikes // 2) * (1 + number // 4)
        w = svi.total_variance([0.005 * years, 0.06 * np.sqrt(years), -0.35, 0.01, 0.2 * np.sqrt(years)],
                               np.log(strike / forward))  # fmt: skip
        sides: list[Array] = []
        for call in (True, False):
            value = price(forward, strike, years, np.sqrt(w / years), np.exp(-RATE * years), call=call)
            half = np.maximum(0.005 * value, TICK)
            sides += [TICK * np.round((value + side * half) / TICK) for side in (-1.0, 1.0)]
        out.append(OptionQuotes(years, np.asarray(strike, dtype=np.float64), *sides))
    return Snapshot("made", "made", SPOT, RATE, tuple(out))


class Chain:
    """The chain in the shapes that each way wants."""

    def __init__(self) -> None:
        self.snapshot = made()
        self.quotes: list[Quotes] = whole(self.snapshot)
        self.bands: tuple[Band, ...] = bands(self.quotes)
        self.last = fit(self.bands)
        self.strike = np.concatenate([each.strikes for each in self.quotes for _ in (0, 1)])
        self.years = np.repeat([each.years for each in self.quotes], 2 * STRIKES)
        self.forward = np.repeat([each.forward for each in self.quotes], 2 * STRIKES)
        self.call = np.tile(np.repeat([True, False], STRIKES), EXPIRIES)
        self.volatility = self.last.volatility(self.years, strike=self.strike)
        self.least = np.array([least(each) for each in self.bands])
        out = self.strike.reshape(EXPIRIES, 2, STRIKES)[:, 0] >= np.array([[each.forward] for each in self.quotes])
        names = (("call_bid", "put_bid"), ("call_ask", "put_ask"))
        prices = np.concatenate([
            np.where(side, getattr(each, call), getattr(each, put))
            for call, put in names for side, each in zip(out, self.quotes, strict=True)
        ])  # fmt: skip
        known = prices > 0.0  # a bid of nothing is none
        self.prices = prices[known]
        self.out = np.tile(out.ravel(), 2)[known]
        self.two_forward = np.tile(np.repeat([each.forward for each in self.quotes], STRIKES), 2)[known]
        self.two_strike = np.tile(np.concatenate([each.strikes for each in self.quotes]), 2)[known]
        self.two_years = np.tile(np.repeat([each.years for each in self.quotes], STRIKES), 2)[known]

    def rows(self) -> list[tuple[float, float, float, float, bool]]:
        """Forward, strike, years, volatility and right of each contract, as Python's own numbers."""
        columns = (self.forward, self.strike, self.years, self.volatility, self.call)
        return list(zip(*(each.tolist() for each in columns), strict=True))


def ours(chain: Chain) -> dict[str, Step]:
    def refresh() -> object:
        surface = fit(bands(whole(chain.snapshot)), chain.last)
        volatility = surface.volatility(chain.years, strike=chain.strike)
        return greeks(chain.forward, chain.strike, chain.years, volatility, RATE, call=chain.call, spot=SPOT)

    steps: tuple[Step, ...] = (
        lambda: whole(chain.snapshot),
        lambda: bands(chain.quotes),
        lambda: fit(chain.bands),
        lambda: fit(chain.bands, chain.last),
        lambda: chain.last.volatility(chain.years, strike=chain.strike),
        lambda: greeks(chain.forward, chain.strike, chain.years, chain.volatility, RATE, call=chain.call, spot=SPOT),
    )
    return {**dict(zip(STEPS, steps, strict=True)), WHOLE: refresh}


def parity(quotes: Quotes) -> float:
    """The forward by a straight line through calls less puts: no spreads are weighed and no outlier is left out."""
    middle = 0.5 * (quotes.call_bid + quotes.call_ask - quotes.put_bid - quotes.put_ask)
    slope, level = np.polyfit(quotes.strikes, middle, 1)
    return float(-level / slope)


def scipy_steps(chain: Chain) -> dict[str, Step]:
    k = np.log(chain.strike / chain.forward)
    slices = np.repeat(np.arange(EXPIRIES), 2 * STRIKES)
    return {
        STEPS[0]: lambda: [parity(each) for each in chain.quotes],
        STEPS[2]: lambda: [least(each) for each in chain.bands],
        STEPS[4]: lambda: np.sqrt(svi.total_variance(chain.least[slices], k) / chain.years),
        STEPS[5]: lambda: plain_arrays.greeks(
            chain.forward, chain.strike, chain.years, chain.volatility, RATE, call=chain.call
        ),
    }


def vectorized(chain: Chain) -> dict[str, Step]:
    """py_vollib_vectorized: volatilities."""
    os.environ["PY_LETS_BE_RATIONAL_ENABLE_NUMBA"] = "1"  # without it the library does not compile
    implied = installed("py_vollib_vectorized.implied_volatility")
    if implied is None:
        return {}
    flag, rate = np.where(chain.out, "c", "p"), np.full(chain.prices.size, RATE)

    def volatilities() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            implied.vectorized_implied_volatility_black(
                chain.prices, chain.two_forward, chain.two_strike, rate, chain.two_years, flag,
                on_error="ignore", return_as="numpy",
            )  # fmt: skip

    try:
        volatilities()
    except NumbaError:
        print("py_vollib_vectorized is left out: it compiles the functions of a py_lets_be_rational below 1.1.\n")
        return {}
    return {STEPS[1]: volatilities}


def quantlib(chain: Chain) -> dict[str, Step]:
    """QuantLib: volatilities, SVI smiles of its own, price and five Greeks, one at a time."""
    ql: Any = installed("QuantLib")
    if ql is None:
        return {}
    right = {True: ql.Option.Call, False: ql.Option.Put}
    columns = (chain.prices, chain.two_forward, chain.two_strike, np.exp(-RATE * chain.two_years), chain.out)
    options = list(zip(*(each.tolist() for each in columns), strict=True))
    rows, today = chain.rows(), ql.Date(1, 9, 2026)
    ql.Settings.instance().evaluationDate = today

    def volatilities() -> None:
        for premium, F, K, D, call in options:
            ql.blackFormulaImpliedStdDev(right[call], K, F, premium, D)

    def smiles() -> None:
        for band in chain.bands:
            two = firm(band)
            k, middle = band.strikes[two], 0.5 * (band.low + band.high)[two]
            level = float(np.interp(band.forward, k, middle)) ** 2 * band.years
            section = ql.SviInterpolatedSmileSection(
                today + round(365 * band.years), band.forward, k.tolist(), False, level**0.5, middle.tolist(),
                0.5 * level, 0.5 * level**0.5, level**0.5, -0.3, 0.0, False, False, False, False, False,
            )  # fmt: skip
            section.volatility(band.forward)

    def values() -> None:
        for F, K, T, vol, call in rows:
            of = ql.BlackCalculator(ql.PlainVanillaPayoff(right[call], K), F, vol * T**0.5, np.exp(-RATE * T))
            of.value(), of.deltaForward(), of.gammaForward(), of.vega(T), of.theta(F, T), of.rho(T)

    return {STEPS[1]: volatilities, STEPS[2]: smiles, STEPS[5]: values}


def measured(ways: Sequence[dict[str, Step]], rounds: Sequence[int]) -> list[dict[str, float]]:
    """Median ms of each step of each way, in interleaved rounds after one that warms up."""
    took: list[dict[str, list[float]]] = [{name: [] for name in way} for way in ways]
    for number in range(max(rounds) + 1):
        for way, times, most in zip(ways, took, rounds, strict=True):
            for name, step in way.items() if number <= most else ():
                before = time.thread_time()
                step()
                if number:
                    times[name].append(1e3 * (time.thread_time() - before))
    return [{name: median(each) for name, each in times.items()} for times in took]


def main() -> None:
    chain = Chain()
    plain = scipy_steps(chain)
    ways = (ours(chain), plain, vectorized(chain), quantlib(chain))
    mine, scipy, vollib, ql = measured(ways, (ROUNDS, ROUNDS, PEER_ROUNDS, PEER_ROUNDS))
    columns = [mine, {**scipy, **vollib}, {**scipy, **ql}]
    for column in columns[1:]:
        if all(name in column for name in STEPS if name != STEPS[3]):
            column[WHOLE] = sum(column[name] for name in STEPS if name in column)
    heads = ("a chain of 2,000, ms", "Deskwatch", "NumPy, scipy, py_vollib_vectorized", "NumPy, QuantLib")
    rows = []
    for name in (*STEPS, WHOLE):
        peers = [each.get(name) for each in columns[1:]]
        cells = ["" if one is None else f"{one:,.2f} ({one / mine[name]:,.1f} ×)" for one in peers]
        rows.append((name, f"{mine[name]:.2f}", *cells))
    table(heads, rows)
    print("Deskwatch's smiles are free of arbitrage, its forwards weighed by spread; the others' smiles are least")
    print("squares, their forwards a straight line, QuantLib's Greeks five. A refresh starts from the last smiles.")


if __name__ == "__main__":
    main()
