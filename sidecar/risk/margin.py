"""Portfolio margin by sixteen scenarios, as an exchange's SPAN file makes it: what a whole book can lose.

A hedged book costs what a hedged book can lose, not what its legs would alone: the losses of all legs of an underlying
are added scenario by scenario before the worst is taken.

Requirement of an underlying = the larger of scan risk and short-option minimum, + exposure margin, + calendar charge,
- net option value, and never below 0. The net option value (longs less shorts, at the marks) belongs in it because an
option's price is paid or received in full: so a long option alone needs nothing beyond its price, and a short one its
whole price of buying it back on top of the risk.

Contracts that expire today may have to stand apart (``MarginRules.expiry_apart``): then they are a requirement of their
own and offset nothing. Calendar charge: the delta of one expiry that offsets that of others, priced at a fraction of
its notional; the exchange counts whole months and we each expiry, so it is never less.

Not handled. What would lower the requirement: the exchange's reduction of exposure margin on calendar spreads of
futures to a third, and offsets between underlyings. What would raise it: additional and surveillance margins that a
clearing corporation or a broker asks of some accounts or contracts (``desk.margin_scale`` is the broker's multiple),
higher exposure margin of long-dated options, and delivery margins, which cash-settled index contracts do not have. The
exchange sets its files a few times a day at its own prices and averaged volatility; this is the requirement now, at
ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.risk.legs import Floats, Legs
from sidecar.risk.margin_units import Numbers, Underlying, Units, units

__all__ = ["Requirement", "Scan", "Underlying", "requirements", "scan"]


class Requirement(NamedTuple):
    """What one underlying needs, in money; NaN where a number that it needs is unknown.

    ``scan_risk``: the largest loss over the scenarios, 0 where none loses; ``scenario``: its number, 1 to 16, 0 if
    unknown. Where contracts expire today apart from the rest each number is the sum of the two, ``scenario`` the
    larger's.
    """

    underlying: str
    scan_risk: float
    scenario: int
    short_minimum: float
    exposure: float
    calendar: float
    net_option_value: float
    requirement: float


@dataclass(frozen=True, eq=False)
class Scan:
    """``losses`` (n, 16), quantity x unit loss, positive where the leg loses; ``needs`` by underlying; ``total``."""

    losses: Floats
    needs: tuple[Requirement, ...]
    total: float


def scan(legs: Legs, underlyings: Mapping[str, Underlying]) -> Scan:
    """Scenario losses of each leg and the requirement of each underlying, sorted by name.

    Legs in one contract are netted. NaN in a leg is NaN in its losses and in all that sums them.

    :raises ValueError: a leg's underlying is not among ``underlyings``.
    """
    one = units(legs, underlyings)
    needs = requirements(one, legs.quantity)
    return Scan(legs.quantity[:, None] * one.losses, needs, float(sum(need.requirement for need in needs)))


def requirements(one: Units, quantity: Floats) -> tuple[Requirement, ...]:
    """What each underlying needs at ``quantity`` signed units (n,) of each contract, sorted by name."""
    first = {symbol: row for row, symbol in reversed(list(enumerate(one.symbol)))}
    rows = np.array([first[symbol] for symbol in one.symbol], dtype=np.intp)
    net = np.zeros(len(rows))
    np.add.at(net, rows, quantity)
    pools: dict[tuple[str, bool], list[int]] = {}
    for row in sorted(set(rows.tolist())):
        pools.setdefault(one.pool[row], []).append(row)
    by_name: dict[str, list[Requirement]] = {}
    for pool in sorted(pools):
        index = np.array(pools[pool], dtype=np.intp)
        by_name.setdefault(pool[0], []).append(_requirement(pool[0], one, index, net[index]))
    return tuple(_joined(parts) for parts in by_name.values())


def _requirement(name: str, one: Units, rows: Numbers, net: Floats) -> Requirement:
    rows, net = rows[net != 0], net[net != 0]
    short = np.maximum(-net, 0.0)
    losses = net @ one.losses[rows]
    known = bool(np.isfinite(losses).all())
    worst = int(np.argmax(losses)) if known else -1
    risk = max(float(losses[worst]), 0.0) if known else float("nan")
    minimum = float(short @ one.minimum[rows])
    exposure = float(short @ one.short[rows] + np.maximum(net, 0.0) @ one.long[rows])
    charge = calendar_charge(one.calendar[rows], one.delta[rows], one.month[rows], net)
    value = float(net @ one.value[rows])
    # np.maximum, because max() would drop a NaN that stands second.
    need = float(np.maximum(np.maximum(risk, minimum) + exposure + charge - value, 0.0))
    return Requirement(name, risk, worst + 1, minimum, exposure, charge, value, need)


def calendar_charge(charge: Floats, delta: Floats, month: NDArray[np.int64], net: Floats) -> float:
    """The charge on the deltas of one underlying that offset each other between expiries; all (n,), ``net`` units."""
    if not len(net) or (month == month[0]).all():
        return 0.0
    _, place = np.unique(month, return_inverse=True)
    each = np.zeros(int(place.max()) + 1)
    np.add.at(each, place, net * delta)
    spread = np.minimum(np.maximum(each, 0.0).sum(), np.maximum(-each, 0.0).sum())
    return float(charge.max() * spread)


def _joined(parts: list[Requirement]) -> Requirement:
    if len(parts) == 1:
        return parts[0]
    # The larger of the two, or the one that is not known.
    worst = parts[int(np.argmax([part.requirement for part in parts]))].scenario
    risk, *rest = (float(sum(column)) for column in zip(*((p.scan_risk, *p[3:]) for p in parts), strict=True))
    return Requirement(parts[0].underlying, risk, worst, *rest)
