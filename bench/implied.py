"""Implied volatility beside C and the libraries: nanoseconds an option, failures and the worst error.

    python -m bench.implied

A chain of 2,000 contracts solved again and again, and a million at once (fewer where a method is slow: time is a
straight line there). Then the seven sets of `tests/pricing/drawn.py`: a method fails where it gives no number, or one
that is wrong by over a thousandth and over a hundred times what its price can tell. The worst error of the others is
given as it is, and in units of what one rounding of the price makes in the volatility. C is the kernel's own algorithm,
which gcc turns into vector code. All take turns; the figures are medians.
"""
# ruff: noqa: N803, N806

from __future__ import annotations

import ctypes
import statistics
import time as clock
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from bench.compiled import address, load
from bench.loop import table
from sidecar.pricing import implied
from sidecar.pricing.black import price
from tests.pricing import drawn

Array = NDArray[np.float64]
Solver = Callable[[Array, Array, Array, Array, NDArray[np.bool_]], Array]

CHAIN, MANY, FEW = 2_000, 1_000_000, 20_000
ROUNDS = 9
DRAWS = 2_000
WRONG, ROUNDINGS = 1e-3, 100


class Method(NamedTuple):
    solve: Solver
    fast: bool


def ours(P: Array, F: Array, K: Array, T: Array, call: NDArray[np.bool_]) -> Array:
    return implied.implied_volatility(P, F, K, T, call=call)[0]


def numpy_only(P: Array, F: Array, K: Array, T: Array, call: NDArray[np.bool_]) -> Array:
    """The bracketed road, on which the desk solves what its kernel gives back."""
    value = P - np.maximum(np.where(call, F - K, K - F), 0.0)
    x, ln_b = np.log1p((F - K) / K), np.log(value) - 0.5 * (np.log(F) + np.log(K))
    return np.asarray(implied._deviation(-np.abs(x), ln_b) / np.sqrt(T))  # noqa: SLF001


def in_c() -> Solver | None:
    library = load("implied", "-mprefer-vector-width=512")
    if library is None:
        return None

    def solve(P: Array, F: Array, K: Array, T: Array, call: NDArray[np.bool_]) -> Array:
        volatility, reason = np.empty(P.size), np.empty(P.size, np.int8)
        columns = (P, F, K, T, ONES[: P.size], call, volatility, reason)
        library.implied(ctypes.c_int64(P.size), *(address(each) for each in columns))
        return volatility

    return solve


def vectorized() -> Solver | None:
    try:
        from py_vollib_vectorized import vectorized_implied_volatility_black as found
    except ImportError:
        return None

    def solve(P: Array, F: Array, K: Array, T: Array, call: NDArray[np.bool_]) -> Array:
        flag = np.where(call, "c", "p")
        return np.asarray(found(P, F, K, 0.0, T, flag, on_error="ignore", return_as="numpy")).ravel()

    try:
        solve(*chain(2))
    except NumbaError:
        print("py_vollib_vectorized is left out: it compiles the functions of a py_lets_be_rational below 1.1.\n")
        return None
    return solve


def quantlib(name: str) -> Solver | None:
    try:
        import QuantLib as ql  # noqa: N813
    except ImportError:
        return None
    function, sides = getattr(ql, name), (ql.Option.Put, ql.Option.Call)
    null = ql.nullDouble()  # no guess of ours; an accuracy of 1e-14 in place of 1e-6
    more = (1.0, 0.0, null, 1.0, 1e-14, 100) if name.endswith("LiRS") else (1.0, 0.0, null, 1e-14, 100)

    def one(P: float, F: float, K: float, call: bool) -> float:
        try:
            return float(function(sides[call], K, F, P, *more))
        except RuntimeError:  # how it says that it found none
            return float("nan")

    def solve(P: Array, F: Array, K: Array, T: Array, call: NDArray[np.bool_]) -> Array:
        rows = zip(P.tolist(), F.tolist(), K.tolist(), call.tolist(), strict=True)
        return np.array([one(*row) for row in rows]) / np.sqrt(T)

    return solve


def methods() -> dict[str, Method]:
    made: dict[str, tuple[Solver | None, bool]] = {
        "C (gcc, AVX-512)": (in_c(), True),
        "**ours**": (ours, True),
        "NumPy and SciPy, bracketed": (numpy_only, False),
        "py_vollib_vectorized": (vectorized(), False),
        "QuantLib LiRS": (quantlib("blackFormulaImpliedStdDevLiRS"), False),
        "QuantLib Newton": (quantlib("blackFormulaImpliedStdDev"), False),
    }
    if absent := [name for name, (solve, _) in made.items() if solve is None]:
        print(f"Not on this machine, and left out: {', '.join(absent)}.\n")
    return {name: Method(solve, fast) for name, (solve, fast) in made.items() if solve is not None}


def chain(count: int) -> tuple[Array, Array, Array, Array, NDArray[np.bool_]]:
    """Out of the money, from a week to two years, at most five deviations off."""
    rng = np.random.default_rng(1)
    T, F = rng.uniform(7 / 365, 2.0, count), np.full(count, 24600.0)
    v, call = rng.uniform(0.08, 0.6, count), rng.random(count) < 0.5
    K = F * np.exp(np.where(call, 1, -1) * rng.uniform(0.0, 5.0, count) * v * np.sqrt(T))
    return price(F, K, T, v, call=call), F, K, T, call


def nanoseconds(solve: Solver, quotes: tuple[Any, ...], times: int) -> float:
    began = clock.perf_counter_ns()
    for _ in range(times):
        solve(*quotes)
    return (clock.perf_counter_ns() - began) / times / len(quotes[0])


def speeds(solvers: dict[str, Method]) -> dict[str, list[float]]:
    """A million and the chain, for each."""
    found: dict[str, list[list[float]]] = {name: [[], []] for name in solvers}
    many, few, small = chain(MANY), chain(FEW), chain(CHAIN)
    for turn in range(ROUNDS + 1):
        for name, (solve, fast) in solvers.items():
            taken = nanoseconds(solve, many if fast else few, 1), nanoseconds(solve, small, 20 if fast else 1)
            if turn:  # the first round warms up
                for seen, each in zip(found[name], taken, strict=True):
                    seen.append(each)
    return {name: [statistics.median(each) for each in seen] for name, seen in found.items()}


def errors(solve: Solver, sets: dict[str, drawn.Drawn]) -> tuple[int, list[str]]:
    """Failures, and by set: worst relative error, and worst in roundings of the price."""
    failures, cells = 0, []
    for P, F, K, T, call, v, limit in sets.values():
        error = np.abs(solve(P, F, K, T, call) / v - 1)
        failed = ~(error <= np.maximum(WRONG, ROUNDINGS * limit))
        failures += int(failed.sum())
        held = ~failed
        share = f"{failed.mean():.0%} fail; " if failed.any() else ""
        cells.append(f"{share}{error[held].max():.0e} ({(error / limit)[held].max():,.1f})" if held.any() else share)
    return failures, cells


def calls() -> list[tuple[str, str]]:
    """Microseconds of one call."""
    strikes = np.linspace(23_000.0, 26_200.0, 50)
    smile = price(24_600.0, strikes, 0.1, 0.15, 0.99, call=strikes >= 24_600.0)
    cases: dict[str, Callable[[], Any]] = {
        "one option": lambda: implied.implied_volatility(450.0, 24_600.0, 24_600.0, 0.1, 0.99, call=True),
        "a smile of 50 strikes": lambda: implied.implied_volatility(
            smile, 24_600.0, strikes, 0.1, 0.99, call=strikes >= 24_600.0
        ),
    }
    rows = []
    for name, call in cases.items():
        taken = []
        for _ in range(2_000):
            began = clock.perf_counter_ns()
            call()
            taken.append(clock.perf_counter_ns() - began)
        rows.append((name, f"{statistics.median(taken) / 1e3:.1f}"))
    return rows


ONES = np.ones(MANY)


def main() -> None:
    warnings.simplefilter("ignore")
    solvers = methods()
    with np.errstate(all="ignore"):
        sets = {name: drawn.drawn(name, DRAWS) for name in drawn.SETS}
        taken = speeds(solvers)
        judged = {name: errors(method.solve, sets) for name, method in solvers.items()}
    own = taken["**ours**"]
    table(
        (
            "",
            "1 M, ns an option",
            "chain of 2,000",
            "of ours",
            f"failures of {sum(len(each[0]) for each in sets.values()):,}",
        ),
        [
            (name, f"{a:,.1f}", f"{b:,.1f}", f"{a / own[0]:,.2f} / {b / own[1]:,.2f}", f"{judged[name][0]:,}")
            for name, (a, b) in taken.items()
        ],
    )
    table(
        ("worst relative error (in roundings of the price)", *(name.strip("*") for name in judged)),
        [(name, *(cells[row] for _, cells in judged.values())) for row, name in enumerate(sets)],
    )
    table(("ours, µs a call", ""), calls())


if __name__ == "__main__":
    main()
