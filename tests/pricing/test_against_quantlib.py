# ruff: noqa: N803, N806
"""QuantLib, written by others from other sources, over a grid: the worst point counts."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import QuantLib as ql  # noqa: N813

from sidecar.pricing.black import greeks
from sidecar.pricing.implied import Reason, implied_volatility

SPOT, CARRY = 24600.0, 0.012
GRID = list(
    product(
        (True, False),
        (0.6, 0.8, 0.95, 0.99, 1.0, 1.002, 1.03, 1.1, 1.3, 1.7),
        (1 / 8760, 1 / 365, 7 / 365, 0.25, 1.0, 5.0),
        (0.05, 0.14, 0.35, 1.2),
        (-0.01, 0.065),
    )
)


def side(call: bool) -> int:
    return int(ql.Option.Call if call else ql.Option.Put)


def columns() -> tuple[np.ndarray, ...]:
    call, m, T, v, r = (np.array(column) for column in zip(*GRID, strict=True))
    return call, SPOT * m, T, v, r, SPOT * np.exp((r - CARRY) * T)


def calculators() -> list[Any]:
    call, K, T, v, r, F = columns()
    return [
        ql.BlackCalculator(
            ql.PlainVanillaPayoff(side(bool(call[i])), float(K[i])),
            float(F[i]),
            float(v[i] * np.sqrt(T[i])),
            float(np.exp(-r[i] * T[i])),
        )
        for i in range(len(GRID))
    ]


# quantity, QuantLib's call at a spot and a time, its unit over ours, scale of the rounding that each may differ by
QUANTITIES = [
    ("price", lambda c, S, T: c.value(), 1, SPOT),
    ("delta", lambda c, S, T: c.delta(S), 1, 1),
    ("gamma", lambda c, S, T: c.gamma(S), 1, 1e-2),
    ("vega", lambda c, S, T: c.vega(T), 100, SPOT),
    ("theta", lambda c, S, T: c.theta(S, T), 365, SPOT),
    ("rho", lambda c, S, T: c.rho(T), 100, SPOT),
    ("vanna", lambda c, S, T: c.vanna(S, T), 100, 1),
    ("volga", lambda c, S, T: c.volga(T) * T**0.5, 10_000, SPOT),  # its second derivative is by the deviation
]


@pytest.mark.parametrize(("quantity", "ask", "unit", "scale"), QUANTITIES, ids=lambda each: str(each)[:5])
def test_greeks_with_a_spot_are_quantlib_s(quantity: str, ask: Any, unit: float, scale: float) -> None:
    call, K, T, v, r, F = columns()
    found = getattr(greeks(F, K, T, v, r, call=call, spot=SPOT), quantity) * unit
    for i, calculator in enumerate(calculators()):
        years = float(T[i])
        rounding = 1e-14 * scale * (1 + 1e-3 / years if quantity == "theta" else 1)  # a logarithm over the time
        assert found[i] == pytest.approx(ask(calculator, SPOT, years), rel=1e-10, abs=rounding), GRID[i]


@pytest.mark.parametrize("quantity", ["delta", "gamma"])
def test_greeks_on_the_forward_are_quantlib_s(quantity: str) -> None:
    call, K, T, v, r, F = columns()
    found = getattr(greeks(F, K, T, v, r, call=call), quantity)
    for i, calculator in enumerate(calculators()):
        expected = getattr(calculator, f"{quantity}Forward")()
        assert found[i] == pytest.approx(expected, rel=1e-10, abs=1e-14), GRID[i]


def test_implied_volatilities_are_quantlib_s_where_quantlib_finds_one() -> None:
    call, K, T, v, r, F = columns()
    D = np.exp(-r * T)
    g = greeks(F, K, T, v, r, call=call)
    found, reason = implied_volatility(g.price, F, K, T, D, call=call)
    clear = (g.vega * 100 * v > 1e-6 * g.price) & (g.price > 1e-4)  # where the price tells of the volatility
    assert np.all(reason[clear] == Reason.OK)
    compared = 0
    for i in np.flatnonzero(clear):
        try:
            deviation = ql.blackFormulaImpliedStdDevLiRS(
                side(bool(call[i])), float(K[i]), float(F[i]), float(g.price[i]), float(D[i]), 0.0,
                float(v[i] * np.sqrt(T[i])), 1.0, 1e-13, 1000,
            )  # fmt: skip
        except RuntimeError:  # QuantLib did not converge; it says so thus
            continue
        compared += 1
        limit = 1e-14 * (F[i] + K[i]) / (g.vega[i] * 100 * v[i])
        assert found[i] == pytest.approx(deviation / np.sqrt(T[i]), rel=1e-10 + limit), GRID[i]
    assert compared >= 0.9 * np.count_nonzero(clear)
