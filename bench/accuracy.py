"""The worst error of prices, Greeks and implied volatilities against 50 digits, and where it is.

    python -m bench.accuracy

The regions and sets are those of `tests/pricing/oracle.py`, on forwards of 1.56, 100 and 24,600, with and without a
spot. A rounding is what one relative rounding (2^-52) of each input, tail and density makes in the number: formulas in
float64 can promise no less. Absolute errors are those of a forward and a strike of at most 1 (gamma: of a forward of
1). Relative errors are taken where one rounding leaves at least four digits: not beside a zero of vanna, volga, theta
and charm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from bench.loop import table
from sidecar.pricing.black import Greeks, greeks
from sidecar.pricing.implied import Reason, implied_volatility
from tests.pricing import oracle
from tests.pricing.oracle import Option

FORWARDS = (1.56, 100.0, 24600.0)
LEAST = 1e-290  # below it float64 begins to lose digits
HELD = 1e-4  # of a number: where a rounding makes more of it, the inputs do not hold it
DEGREES = {"delta": 0, "gamma": -1, "vanna": 0, "charm": 0}  # in the forward and strike; the others are of degree 1

Row = tuple[str, ...]


@dataclass
class Worst:
    """The largest of what it has seen, and where; a NaN counts as infinite."""

    size: float = -1.0
    where: str = ""

    def see(self, size: float, where: str) -> None:
        size = np.inf if np.isnan(size) else size
        if size > self.size:
            self.size, self.where = size, where


@dataclass
class Errors:
    points: int = 0
    absolute: Worst = field(default_factory=Worst)
    relative: Worst = field(default_factory=Worst)
    roundings: Worst = field(default_factory=Worst)

    def see(self, error: float, exact: float, rounding: float, scale: float, where: str) -> None:
        self.points += 1
        self.absolute.see(error / scale, where)
        if abs(exact) > LEAST:
            self.roundings.see(error / rounding, where)
            if rounding < HELD * abs(exact):
                self.relative.see(error / abs(exact), where)

    def row(self, *names: str) -> Row:
        return (
            *names,
            f"{self.points:,}",
            f"{self.absolute.size:.1e}",
            self.absolute.where,
            f"{self.relative.size:.1e}",
            self.relative.where,
            f"{self.roundings.size:.2f}",
        )


def place(w: int, forward: float, strike: float, time: float, volatility: float) -> str:
    return f"{'call' if w > 0 else 'put'} {forward:g}, {strike:.6g}, {time:.2g}, {volatility:.3g}"


def region_rows(name: str) -> list[Row]:
    errors = {quantity: Errors() for quantity in Greeks._fields}
    for forward, with_spot in product(FORWARDS, (False, True)):
        options = oracle.region(name, with_spot=with_spot, forward=forward)
        found = greeks(**oracle.columns(options))
        for i, option in enumerate(options):
            see_greeks(errors, option, [float(each[i]) for each in found])
    return [each.row(quantity, name) for quantity, each in errors.items()]


def see_greeks(errors: dict[str, Errors], option: Option, found: Sequence[float]) -> None:
    exact, rounding = oracle.with_rounding(option)
    for quantity, number in zip(Greeks._fields, found, strict=True):
        error = float(abs(exact[quantity] - number))
        degree = DEGREES.get(quantity, 1)
        scale = (max(option.forward, option.strike) if degree > 0 else option.forward) ** degree
        errors[quantity].see(error, float(exact[quantity]), rounding[quantity], scale, place(*option[:5]))


def set_row(name: str) -> Row:
    """Implied volatilities of one set; those without one are counted, and are no error of zero."""
    errors, failed, condition = Errors(), 0, Worst()
    for forward in FORWARDS:
        quotes = [quote for quote in oracle.quotes(name, forward) if has_volatility(quote)]
        w, *numbers = (np.array(column) for column in zip(*quotes, strict=True))
        found, reason = implied_volatility(*numbers, call=w > 0)
        failed += int(np.count_nonzero(reason != Reason.OK))
        for quote, volatility, why in zip(quotes, found.tolist(), reason, strict=True):
            if why == Reason.OK:
                exact = oracle.volatility(*quote)
                share = oracle.volatility_rounding(*quote, float(exact))
                side, _, F, K, T = quote  # noqa: N806
                where = place(side, F, K, T, float(exact))
                errors.see(float(abs(exact - volatility)), float(exact), share * float(exact), 1.0, where)
                condition.see(share, where)
    return (*errors.row(name), f"{condition.size:.1e}", str(failed))


def has_volatility(quote: tuple[int, float, float, float, float]) -> bool:
    """Whether the price, as rounded, is off its intrinsic value and bound: else no volatility is asked for."""
    w, price, forward, strike, _ = quote
    return max(w * (forward - strike), 0.0) < price < (forward if w > 0 else strike)


def main() -> None:
    where = "where (forward, strike, years, volatility)"
    errors = ("points", "worst absolute", where, "worst relative", where, "in roundings")
    rows = [row for name in oracle.REGIONS for row in region_rows(name)]
    order = {quantity: at for at, quantity in enumerate(Greeks._fields)}
    table(("quantity", "region", *errors), sorted(rows, key=lambda row: order[row[0]]))
    sets = [set_row(name) for name in (*oracle.QUOTES, oracle.ONE_PRICE)]
    table(("implied volatility of", *errors, "worst that a rounding makes", "without one"), sets)


if __name__ == "__main__":
    main()
