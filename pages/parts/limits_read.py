"""What the screens read of limits and margin, and how it is grouped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import fsum
from typing import Any

from pages.parts import reads
from pages.parts.words import known

Row = dict[str, Any]
Told = tuple[Row | None, str]
LIMITS_S, HISTORY_S, CAPITAL_S = 2.0, 3.0, 2.0
#: By what margin can be cut, and what it is then called by.
CUTS: dict[str, Callable[[Row], Any]] = {
    "strategy": lambda row: f"{row.get('fund_id')} · {row.get('strategy')}",
    "underlying": lambda row: row.get("underlying"),
    "position": lambda row: f"{row.get('symbol')} · {row.get('fund_id')} · {row.get('strategy')}",
}


def limits() -> Told:
    """Every limit in force, how far it is used, and what was set where."""
    return reads.shared().told("limits", LIMITS_S, lambda desk: desk.limits())


def breaches() -> Told:
    """What is near or over a limit now, and the breaches on record."""
    return reads.shared().told("breaches", HISTORY_S, lambda desk: desk.breaches())


def events() -> tuple[list[Row] | None, str]:
    """The breaker's history, newest first."""
    return reads.shared().told("breaker history", HISTORY_S, lambda desk: desk.breaker_history())


def capital() -> Told:
    """What each fund was given, has bound and has free."""
    return reads.shared().told("capital", CAPITAL_S, lambda desk: desk.capital())


def cut(positions: Iterable[Row], by: str) -> list[Row]:
    """Margin of the positions, each by itself, added up; one that is unknown makes its sum unknown. Largest first."""
    groups: dict[str, list[float | None]] = {}
    for row in positions:
        groups.setdefault(str(CUTS[by](row)), []).append(known(row.get("margin")))
    made = [
        {"name": name, "margin": None if None in values else fsum(value or 0.0 for value in values)}
        for name, values in groups.items()
    ]
    return sorted(made, key=lambda row: (row["margin"] is not None, -(known(row["margin"]) or 0.0)))
