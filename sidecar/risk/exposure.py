"""How much the book holds: position Greeks by fund and underlying, and how far working orders can move them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import fsum, isfinite, nan

import msgspec

from sidecar.domain.report import GreeksLine, PositionLine, Quality

_GRAVITY = {Quality.LIVE: 0, Quality.STALE: 1, Quality.MISSING: 2}


class Greeks(msgspec.Struct, frozen=True):
    """First-order Greeks, of one unit or of a book (CONTRACT section 1 has the units); NaN where unknown."""

    delta: float = nan
    gamma: float = nan
    vega: float = nan
    theta: float = nan


#: The Greeks of a book that holds nothing, which are known.
FLAT = Greeks(0.0, 0.0, 0.0, 0.0)


def sum_greeks(positions: Iterable[PositionLine], spots: Mapping[str, float]) -> tuple[GreeksLine, ...]:
    """Position Greeks summed by fund and underlying, sorted by both; ``delta_cash`` is delta times the spot.

    A sum with an unknown part is unknown (NaN), never the sum of the rest; its quality is the worst of its parts.
    """
    groups: dict[tuple[str, str], list[PositionLine]] = {}
    for line in positions:
        groups.setdefault((line.fund_id, line.underlying), []).append(line)
    return tuple(
        _sum(fund_id, underlying, groups[fund_id, underlying], spots.get(underlying, nan))
        for fund_id, underlying in sorted(groups)
    )


def over_funds(lines: Iterable[GreeksLine], spots: Mapping[str, float]) -> tuple[GreeksLine, ...]:
    """The lines of all funds added up by underlying, sorted, with ``*`` for the fund: the desk's own exposure."""
    groups: dict[str, list[GreeksLine]] = {}
    for line in lines:
        groups.setdefault(line.underlying, []).append(line)
    return tuple(_sum("*", name, groups[name], spots.get(name, nan)) for name in sorted(groups))


def book_greeks(lines: Iterable[GreeksLine], fund_id: str, underlying: str) -> Greeks:
    """The Greeks of one fund in one underlying; :data:`FLAT` where it holds none of it."""
    for line in lines:
        if (line.fund_id, line.underlying) == (fund_id, underlying):
            return Greeks(line.delta, line.gamma, line.vega, line.theta)
    return FLAT


def largest(lines: Iterable[GreeksLine], fund_id: str) -> Greeks:
    """The largest absolute value of each Greek over a fund's underlyings, 0 if it holds none, NaN if any is unknown."""
    own = [line for line in lines if line.fund_id == fund_id]
    return Greeks(*(_largest([getattr(line, name) for line in own]) for name in Greeks.__struct_fields__))


def reach(book: Greeks, moves: Iterable[tuple[int, Greeks]]) -> tuple[Greeks, Greeks]:
    """The lowest and the highest that each book Greek can become over every set of fills, partial ones too.

    ``moves`` are (signed remaining quantity, unit Greeks) of the orders that may fill. Each Greek is linear in each
    fill, so both ends are reached by filling or leaving whole orders.
    """
    sizes = tuple(moves)
    low, high = [], []
    for name in Greeks.__struct_fields__:
        steps = [quantity * getattr(unit, name) for quantity, unit in sizes]
        low.append(_add([getattr(book, name), *(step for step in steps if not step > 0)]))
        high.append(_add([getattr(book, name), *(step for step in steps if not step < 0)]))
    return Greeks(*low), Greeks(*high)


def _sum(fund_id: str, underlying: str, parts: Iterable[PositionLine | GreeksLine], spot: float) -> GreeksLine:
    rows = list(parts)
    delta, gamma, vega, theta, rho = (
        _add([getattr(row, name) for row in rows]) for name in ("delta", "gamma", "vega", "theta", "rho")
    )
    quality = max((row.quality for row in rows), key=_GRAVITY.__getitem__)
    return GreeksLine(fund_id, underlying, delta, gamma, vega, theta, rho, delta * spot, quality)


def _add(values: list[float]) -> float:
    # Exact addition: the sum does not depend on the order of the positions.
    return fsum(values) if all(isfinite(value) for value in values) else nan


def _largest(values: list[float]) -> float:
    return max((abs(value) for value in values), default=0.0) if all(isfinite(value) for value in values) else nan
