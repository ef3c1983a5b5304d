"""How much the book holds: position Greeks by fund and underlying, how far working orders can move them, and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from math import fsum, isfinite, nan

import msgspec

from sidecar.domain.exposures import ExposureLine
from sidecar.domain.report import GreeksLine, PositionLine, Quality

_GRAVITY = {Quality.LIVE: 0, Quality.STALE: 1, Quality.MISSING: 2}

#: Expiry buckets, the nearest first: the most calendar days left, and the name.
EXPIRIES = ((0, "0DTE"), (7, "1-7d"), (30, "8-30d"), (90, "31-90d"))
LATER, UNDATED = ">90d", "undated"
_RANKS = {name: rank for rank, name in enumerate([*(name for _, name in EXPIRIES), LATER, UNDATED])}
_SUMMED = ("delta", "gamma", "vega", "theta", "rho", "delta_cash", "gamma_cash", "gamma_pnl")

#: The exposure tables and what a position's row in each is; ``today`` is the exchange's.
TABLES: Mapping[str, Callable[[PositionLine, date], str]] = {
    "leg": lambda line, _: line.id,
    "strategy": lambda line, _: line.strategy,
    "fund": lambda line, _: line.fund_id,
    "underlying": lambda line, _: line.underlying,
    "expiry": lambda line, today: bucket(line.expiry, today),
}


class Greeks(msgspec.Struct, frozen=True):
    """First-order Greeks, of one unit or of a book (CONTRACT section 1 has the units); NaN where unknown."""

    delta: float = nan
    gamma: float = nan
    vega: float = nan
    theta: float = nan

    def plus(self, units: int, unit: Greeks) -> Greeks:
        """With ``units`` more, signed, of something whose Greeks are ``unit``."""
        return Greeks(*(getattr(self, name) + units * getattr(unit, name) for name in self.__struct_fields__))


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


def exposures(positions: Iterable[PositionLine], spots: Mapping[str, float], today: date) -> tuple[ExposureLine, ...]:
    """Every table of :data:`TABLES`: a line a key and underlying, and where a key has several, one for all (``*``).

    Tables in their order, expiries nearest first, other keys and underlyings sorted. Sums are exact, so the order of
    the positions changes nothing; a sum with an unknown part (a Greek, a spot that ``spots`` lacks) is NaN, and the
    quality is the worst of the parts. What has expired and awaits its settlement counts as 0DTE.
    """
    rows = [_cash(line, spots.get(line.underlying, nan)) for line in positions]
    lines: list[ExposureLine] = []
    for table, key_of in TABLES.items():
        groups: dict[str, dict[str, list[ExposureLine]]] = {}
        for line, row in rows:
            groups.setdefault(key_of(line, today), {}).setdefault(line.underlying, []).append(row)
        for key in sorted(groups, key=_rank):
            own = groups[key]
            lines.extend(_joined(table, key, name, own[name]) for name in sorted(own))
            if len(own) > 1:
                lines.append(_joined(table, key, "*", [row for rows_of in own.values() for row in rows_of]))
    return tuple(lines)


def bucket(expiry: date | None, today: date) -> str:
    """The name of an expiry's bucket by the calendar days that are left; ``undated`` for what never expires."""
    if expiry is None:
        return UNDATED
    return next((name for most, name in EXPIRIES if (expiry - today).days <= most), LATER)


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
    low, high = zip(*(reach_of(name, book, sizes) for name in Greeks.__struct_fields__), strict=True)
    return Greeks(*low), Greeks(*high)


def reach_of(name: str, book: Greeks, moves: Iterable[tuple[int, Greeks]]) -> tuple[float, float]:
    """The two ends of :func:`reach` for one Greek."""
    held = getattr(book, name)
    steps = [quantity * getattr(unit, name) for quantity, unit in moves]
    low = _add([held, *(step for step in steps if not step > 0)])
    return low, _add([held, *(step for step in steps if not step < 0)])


def _sum(fund_id: str, underlying: str, parts: Iterable[PositionLine | GreeksLine], spot: float) -> GreeksLine:
    rows = list(parts)
    delta, gamma, vega, theta, rho = (
        _add([getattr(row, name) for row in rows]) for name in ("delta", "gamma", "vega", "theta", "rho")
    )
    quality = max((row.quality for row in rows), key=_GRAVITY.__getitem__)
    return GreeksLine(fund_id, underlying, delta, gamma, vega, theta, rho, delta * spot, quality)


def _cash(line: PositionLine, spot: float) -> tuple[PositionLine, ExposureLine]:
    per_cent = 0.01 * spot
    row = ExposureLine(
        by="leg",
        key=line.id,
        underlying=line.underlying,
        delta=line.delta,
        gamma=line.gamma,
        vega=line.vega,
        theta=line.theta,
        rho=line.rho,
        delta_cash=line.delta * spot,
        gamma_cash=line.gamma * spot * per_cent,
        gamma_pnl=0.5 * line.gamma * per_cent**2,
        legs=1,
        quality=line.quality,
    )
    return line, row


def _joined(table: str, key: str, underlying: str, rows: list[ExposureLine]) -> ExposureLine:
    total = {name: _add([getattr(row, name) for row in rows]) for name in _SUMMED}
    if underlying == "*":
        total["delta"] = total["gamma"] = nan
    quality = max((row.quality for row in rows), key=_GRAVITY.__getitem__)
    return ExposureLine(by=table, key=key, underlying=underlying, **total, legs=len(rows), quality=quality)


def _rank(key: str) -> tuple[int, str]:
    return _RANKS.get(key, -1), key


def _add(values: list[float]) -> float:
    # Exact addition: the sum does not depend on the order of the positions.
    return fsum(values) if all(isfinite(value) for value in values) else nan


def _largest(values: list[float]) -> float:
    return max((abs(value) for value in values), default=0.0) if all(isfinite(value) for value in values) else nan
