"""Price and Greeks, and the scenario grid, each against C and against the libraries that a desk might use instead.

    python -m bench.pricing

`bench/reference` holds the limit: the same algorithm in C, compiled for this machine. Both write to arrays that are
there already; the libraries return their own, of what they offer: vollib and its vectorised form are called once for
the price and once for each Greek. Rounds are interleaved, times are CPU time of the one thread, medians are shown.
"""
# ruff: noqa: N806

from __future__ import annotations

import ctypes
import importlib
import os
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.compiled import address, load
from bench.loop import table
from sidecar.pricing import black, grid, kernels
from tests.pricing import plain_arrays

Array = NDArray[np.float64]
Ways = dict[str, Callable[[], object] | None]

ROUNDS, PEER_ROUNDS = 25, 3
MANY, CHAIN, LEGS, FACTORS, SHIFTS = 1_000_000, 2_000, 5_000, 21, 11
FORWARD, TIME, RATE = 24_600.0, 30 / 365, 0.065
PEER_OPTIONS = 100_000  # of the many, for a library that takes a second for them
GREEKS = ("delta", "gamma", "vega", "theta", "rho")
PEERS, LAST = ("QuantLib `BlackCalculator`, 6", "py_vollib loop, 6"), "py_vollib_vectorized, 6"


class Options:
    """Calls and puts about the money: each with a forward, time and rate of its own, or (a chain) with one for all."""

    def __init__(self, n: int, *, chain: bool) -> None:
        draw = np.random.default_rng(11)
        self.n, self.chain = n, chain
        self.F = FORWARD if chain else draw.uniform(20_000, 28_000, n)
        self.K = np.asarray(self.F * np.exp(draw.normal(0, 0.1, n)))
        self.T = TIME if chain else draw.uniform(1 / 365, 1.0, n)
        self.vol = draw.uniform(0.08, 0.5, n)
        self.r = RATE if chain else draw.uniform(0.05, 0.08, n)
        self.call = draw.random(n) < 0.5
        self.out = np.zeros((9, n))

    def ours(self) -> Callable[[], object]:
        out = black.Greeks(*self.out)
        return lambda: black.greeks(self.F, self.K, self.T, self.vol, self.r, call=self.call, out=out)

    def kernel(self) -> Callable[[], object]:
        out = tuple(self.out)
        return lambda: kernels.greeks(self.F, self.K, self.T, self.vol, self.r, None, self.call, out)

    def in_c(self, library: ctypes.CDLL | None, outputs: int) -> Callable[[], object] | None:
        if library is None:
            return None
        function = library[f"chain_{outputs}" if self.chain else f"greeks_{outputs}"]
        one = ctypes.c_double if self.chain else address
        F, T, r = one(self.F), one(self.T), one(self.r)  # type: ignore[arg-type]
        K, vol, call, out = (address(each) for each in (self.K, self.vol, self.call, self.out))
        return lambda: function(ctypes.c_int64(self.n), F, K, T, vol, r, call, out)

    def numpy(self) -> Callable[[], object]:
        return lambda: plain_arrays.greeks(self.F, self.K, self.T, self.vol, self.r, call=self.call)

    def few(self, count: int) -> list[Array]:
        """Forward, strike, time, volatility and rate of the first ones."""
        return [np.array(np.broadcast_to(each, self.n)[:count]) for each in (self.F, self.K, self.T, self.vol, self.r)]


def installed(name: str) -> Any:
    """The module; None without it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError:
            return None


def vectorized(options: Options, count: int) -> Callable[[], object] | None:
    os.environ["PY_LETS_BE_RATIONAL_ENABLE_NUMBA"] = "1"  # without it the library does not compile
    models, greeks = installed("py_vollib_vectorized.models"), installed("py_vollib_vectorized.greeks")
    if models is None or greeks is None:
        return None
    F, K, T, vol, r = options.few(count)
    S, flag = F * np.exp(-r * T), np.where(options.call[:count], "c", "p")

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            models.vectorized_black_scholes(flag, S, K, T, r, vol, return_as="numpy")
            for name in GREEKS:  # those of its model="black" raise TypeError
                getattr(greeks, name)(flag, S, K, T, r, vol, model="black_scholes", return_as="numpy")

    return run


def one_by_one(options: Options, count: int) -> Callable[[], object] | None:
    price, greeks = installed("py_vollib.black"), installed("py_vollib.black.greeks.analytical")
    if price is None or greeks is None:
        return None
    rows = list(zip(*(each.tolist() for each in options.few(count)), options.call[:count].tolist(), strict=True))
    functions = [getattr(greeks, name) for name in GREEKS]

    def run() -> None:
        for F, K, T, vol, r, call in rows:
            flag = "c" if call else "p"
            price.black(flag, F, K, T, r, vol)
            for function in functions:
                function(flag, F, K, T, r, vol)

    return run


def quantlib(options: Options, count: int) -> Callable[[], object] | None:
    ql = installed("QuantLib")
    if ql is None:
        return None
    rows = list(zip(*(each.tolist() for each in options.few(count)), options.call[:count].tolist(), strict=True))

    def run() -> None:
        for F, K, T, vol, r, call in rows:
            payoff = ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, K)
            of = ql.BlackCalculator(payoff, F, vol * np.sqrt(T), np.exp(-r * T))
            of.value(), of.deltaForward(), of.gammaForward(), of.vega(T), of.theta(F, T), of.rho(T)

    return run


def measure(ways: Ways, rounds: int, count: int, repeats: int = 1) -> dict[str, float]:
    """Median ns an option of each way that is there."""
    there = {name: way for name, way in ways.items() if way is not None}
    took: dict[str, list[float]] = {name: [] for name in there}
    for way in there.values():
        way()
    for _ in range(rounds):
        for name, way in there.items():
            began = time.thread_time_ns()
            for _ in range(repeats):
                way()
            took[name].append((time.thread_time_ns() - began) / count / repeats)
    return {name: median(each) for name, each in took.items()}


def column(n: int, *, chain: bool, library: ctypes.CDLL | None) -> dict[str, float]:
    """All ways for n options: the fast ones on all of them, the slow ones on as many as a second allows."""
    options = Options(n, chain=chain)
    fewer = min(n, CHAIN)
    repeats = max(1, 100_000 // n)
    fast: Ways = {
        "C, 9 outputs (**the limit**)": options.in_c(library, 9),
        "C, 6 outputs": options.in_c(library, 6),
        "**Deskwatch, 9 outputs**": options.ours(),
        "Deskwatch, the kernel alone": options.kernel(),
        "NumPy + `scipy.special.ndtr`": options.numpy(),
    }
    if n == 1:
        F, K, T, vol, r = (float(each[0]) for each in options.few(1))
        fast["**Deskwatch, 9 outputs**"] = lambda: black.greeks(F, K, T, vol, r, call=True)
        repeats = 1_000
    found = measure(fast, ROUNDS, n, repeats)
    again = 20 if n == 1 else 1
    for name, make in zip(PEERS, (quantlib, one_by_one), strict=True):
        found |= measure({name: make(options, fewer)}, PEER_ROUNDS, fewer, again)
    return found


def scenarios(library: ctypes.CDLL | None) -> dict[str, float]:
    """The grid, ns a valuation."""
    options, m = Options(LEGS, chain=False), FACTORS * SHIFTS
    F, K, T, vol, r = options.few(LEGS)
    D, call = np.exp(-r * T), options.call
    factors, shifts = np.linspace(0.9, 1.1, FACTORS), np.linspace(-0.05, 0.05, SHIFTS)
    quantity, out = np.random.default_rng(1).normal(0, 75, LEGS), np.zeros((LEGS, FACTORS, SHIFTS))
    every, tiled, s, sums = np.repeat(factors, SHIFTS), np.tile(shifts, FACTORS), np.empty(m), np.zeros(m)
    logs = np.log(every)
    given = {"call": call, "forward_factors": factors, "vol_shifts": shifts}
    forward, strike, time_left, discount = (each[:, None, None] for each in (F, K, T, D))
    moved, side = forward * factors[:, None], call[:, None, None]
    shifted = np.maximum(vol[:, None, None] + shifts, 0.0)
    legs = [address(each) for each in (F, K, T, vol, D, call, every, logs, tiled)]
    size = ctypes.c_int64(LEGS), ctypes.c_int64(m)

    def by_scipy() -> None:
        for start in range(0, LEGS, 50):
            part = slice(start, start + 50)
            plain_arrays.price(
                moved[part], strike[part], time_left[part], shifted[part], discount[part], call=side[part]
            )

    def in_c() -> None:
        if library is not None:
            library.grid(*size, *legs, address(s), address(out))

    def in_c_totals() -> None:
        if library is not None:
            library.totals(*size, *legs, address(quantity), address(s), address(sums))

    ways: Ways = {
        "C (**the limit**)": None if library is None else in_c,
        "C, totals": None if library is None else in_c_totals,
        "**Deskwatch `grid.values`**": lambda: grid.values(F, K, T, vol, D, **given, out=out),
        "Deskwatch `grid.totals`": lambda: grid.totals(F, K, T, vol, D, quantity=quantity, **given),
        "Deskwatch `black.price`, every cell an option": lambda: black.price(
            moved, strike, time_left, shifted, discount, call=side
        ),
        "NumPy + `scipy.special.ndtr`, 50 legs at a time": by_scipy,
    }
    return measure(ways, 9, LEGS * m)


def number(value: float | None, limit: float | None) -> str:
    if value is None:
        return "not installed"
    return f"{value:,.1f}" if limit is None else f"{value:,.1f} ({value / limit:,.2f} ×)"


def main() -> None:
    library = load("grid")  # black.c is part of it
    if library is None:
        print("The limit is left out: there is no gcc on this machine.\n")
    sets = ((MANY, False), (CHAIN, True), (1, True))
    columns = [column(n, chain=chain, library=library) for n, chain in sets]
    for (n, chain), measured in zip(sets, columns, strict=True):  # last: its import changes py_vollib
        count = min(n, PEER_OPTIONS)
        way = vectorized(Options(n, chain=chain), count)
        measured.update(measure({LAST: way}, PEER_ROUNDS, count, 20 if n == 1 else 1))
    limits = [found.get("C, 9 outputs (**the limit**)") for found in columns]
    names = [*columns[0], *(name for name in (*PEERS, LAST) if name not in columns[0])]
    rows = [
        (name, *(number(found.get(name), limit) for found, limit in zip(columns, limits, strict=True)))
        for name in names
    ]
    table(("price and Greeks, ns an option (× the limit)", "1 M options", "a chain of 2,000", "one option"), rows)
    valued = scenarios(library)
    limit = valued.get("C (**the limit**)")
    table(
        (f"{LEGS:,} legs × {FACTORS} × {SHIFTS}, ns a valuation (× the limit)", "CPU"),
        [(name, number(value, limit)) for name, value in valued.items()],
    )


if __name__ == "__main__":
    main()
