"""The day as the overview reads it: what might need a person, who made the P&L, what marks stand on its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pandas as pd

from pages.parts import learnt, reads, watched
from pages.parts.needs import Seen
from pages.parts.picture import ALL, Picture
from pages.parts.words import known

Row = dict[str, Any]
T = TypeVar("T")
EVERY_S, SELDOM_S = 3.0, 15.0
#: The newest marks on the day's line.
FILLS = 200


def seen(picture: Picture) -> Seen:
    """Everything that the rules of :mod:`pages.parts.needs` look at. A desk that is down is not asked again."""
    if picture.problem or picture.status is None:
        return Seen(picture)
    asked: dict[str, Callable[[], tuple[list[Row] | None, str]]] = {
        "alerts": watched.standing,
        "drifts": learnt.drifts,
        "trainings": learnt.trainings,
        "backtests": _backtests,
    }
    found = {name: read() for name, read in asked.items()}
    unknown = {name: why for name, (_, why) in found.items() if why}
    return Seen(picture, **{name: rows for name, (rows, _) in found.items()}, unknown=unknown)


def _backtests() -> tuple[list[Row] | None, str]:
    return reads.shared().told("newest backtest", SELDOM_S, lambda desk: list(desk.backtests(limit=1)["backtests"]))


def events() -> list[Row]:
    """The breaker's history; no marks where it is unknown, which its own page says."""
    found, _ = reads.shared().told("breaker history", EVERY_S, lambda desk: desk.breaker_history())
    return found or []


def fills(fund: str = ALL) -> list[Row]:
    """The newest fills of a fund; no marks where they are unknown, which Positions says."""
    found, _ = executions(fund)
    return found or []


def executions(fund: str = ALL) -> tuple[list[Row] | None, str]:
    """The newest fills of a fund, newest first, or None and why not."""
    asked = "" if fund == ALL else fund
    return reads.shared().told(f"fills {fund}", EVERY_S, lambda desk: list(desk.fills(FILLS, fund_id=asked)["fills"]))


def makers(picture: Picture) -> tuple[list[tuple[str, float | None]], list[tuple[str, float | None]], str]:
    """The day's P&L by fund and by strategy of the fund that is looked at, and why the latter is unknown, if it is."""
    funds = [(str(row.get("fund_id")), known(row.get("daily_pnl"))) for row in picture.funds]
    if picture.problem:
        return funds, [], "the desk does not answer"
    told, why = reads.shared().told("explain", EVERY_S, lambda desk: desk.explain())
    lines = [] if told is None else list(told.get("lines") or ())
    mine = [row for row in lines if row.get("symbol") == ALL and row.get("strategy") != ALL]
    mine = [row for row in mine if picture.fund in (ALL, row.get("fund_id"))]
    many = len({row.get("fund_id") for row in mine}) > 1
    strategies = [
        (f"{row.get('fund_id')} / {row.get('strategy')}" if many else str(row.get("strategy")), known(row.get("total")))
        for row in mine
    ]
    return funds, strategies, why


def nearest(lines: Sequence[Row]) -> list[Row]:
    """Limits that are on, the most used first; an unknown one stands before those that are well."""

    def place(line: Row) -> float:
        used = known(line.get("utilization"))
        return 0.8 if used is None else abs(used)

    return sorted((line for line in lines if line.get("status") != "off"), key=place, reverse=True)


def table(fund: str) -> pd.DataFrame:
    """The day's line as a table; empty where it is unknown."""
    rows, _ = reads.shared().equity(fund)
    return pd.DataFrame(rows or [])
