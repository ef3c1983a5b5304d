"""How funds did, as the screens read it: today's line, each session's last line, and round trips."""

from __future__ import annotations

from datetime import date, datetime, time
from math import sqrt
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pages.parts import reads
from pages.parts.picture import ALL
from pages.parts.tables import Columns
from pages.parts.words import ZONE, known, moment, number, percent
from sidecar.client import Desk

Row = dict[str, Any]
EVERY_S, PAST_S = 5.0, 3_600.0
#: Spans of the line: minutes of market time; by session where there are none.
BY_SESSION = "By session"
SPANS = {"Session": 480, "Week": 10_080, BY_SESSION: 0}
POINTS = 1_000
#: How many sessions are read at most, by name.
SESSIONS = {"1 month": 22, "3 months": 66, "1 year": 252}
PAGE, SHOWN, MOST = 1_000, 500, 100_000
TRIP: Columns = {
    "closed_at": ("Closed", "time", "exchange zone"),
    "opened_at": ("Opened", "time", "exchange zone"),
    "symbol": ("Contract", "text", ""),
    "strategy": ("Strategy", "text", ""),
    "fund_id": ("Fund", "text", ""),
    "realized": ("Realised", "%+,.2f", "by average cost, before fees, account currency"),
    "fees": ("Fees", "%,.2f", "charges and taxes, account currency"),
    "net": ("Net", "%+,.2f", "after fees, account currency"),
    "id": ("No.", "text", "in the order in which they closed"),
}
FUND: Columns = {
    "fund_id": ("Fund", "text", "* is the whole desk"),
    "portfolio_value": ("Value", "%,.0f", "account currency"),
    "total_return": ("Return", "%+,.3f %%", "since the book began, free of flows (time-weighted)"),
    "daily_return": ("Today", "%+,.3f %%", "since the session's open, on capital"),
    "volatility": ("Volatility", "%,.2f %%", "a year"),
    "sharpe_ratio": ("Sharpe", "%,.2f", "a year, over a risk-free rate of zero; empty while there are too few returns"),
    "sortino_ratio": ("Sortino", "%,.2f", "a year; empty while there are too few returns"),
    "drawdown": ("Drawdown", "%,.3f %%", "below the peak now"),
    "max_drawdown": ("Deepest", "%,.3f %%", "the deepest drawdown"),
    "win_rate": ("Wins", "%,.0f %%", "of round trips, after fees"),
    "profit_factor": ("Profit factor", "%,.2f", "won over lost; empty while nothing was lost"),
    "trades": ("Round trips", "%,d", ""),
    "observations": ("Returns", "%,d", "how many the ratios are made of"),
}
_SHARES = ("total_return", "daily_return", "volatility", "drawdown", "max_drawdown", "win_rate")


class Day(NamedTuple):
    """A session's last line on record; fractions, None where not known."""

    date: date
    timestamp: datetime
    value: float | None
    daily: float | None
    drawdown: float | None


class Past(NamedTuple):
    """Sessions, newest first; ``more`` says that older ones were not read; ``why`` what went wrong."""

    days: list[Day]
    more: bool
    why: str


def line(fund: str, minutes: int) -> tuple[list[Row] | None, str]:
    """A fund's value, oldest first."""
    name = f"line {fund} {minutes}"
    return reads.shared().told(name, EVERY_S, lambda desk: desk.equity(fund, POINTS, minutes))


def newest(funds: tuple[str, ...]) -> tuple[list[Row] | None, str]:
    """The newest line of each fund."""

    def read(desk: Desk) -> list[Row]:
        found = {row["fund_id"]: row for row in desk.performance(limit=max(2 * len(funds), 2))["performance"][::-1]}
        missing = [name for name in funds if name not in found]
        rest = [row for name in missing for row in desk.performance(name, limit=1)["performance"]]
        return [*found.values(), *rest]

    return reads.shared().told(f"newest {' '.join(funds)}", EVERY_S, read)


def past(fund: str, most: int, zone: ZoneInfo = ZONE) -> Past:
    """The last line of each session, walking back a day at a time: what is past is read once an hour."""
    days: list[Day] = []
    row, why = reads.shared().told(f"close {fund}", EVERY_S, lambda desk: _last(desk, fund, None))
    while row is not None and (day := day_of(row, zone)) is not None and len(days) < most:
        days.append(day)
        row, why = _close(fund, day.date, zone)
    return Past(days, row is not None and bool(days), why)


def _close(fund: str, before: date, zone: ZoneInfo) -> tuple[Row | None, str]:
    """The last line before a day, which is read once an hour: that there is none is an answer too."""
    until = datetime.combine(before, time(), zone)
    name = f"close {fund} before {before}"
    found, why = reads.shared().told(name, PAST_S, lambda desk: [_last(desk, fund, until)])
    return (found[0] if found else None), why


def _last(desk: Desk, fund: str, until: datetime | None) -> Row | None:
    return next(iter(desk.performance(fund, until=until, limit=1)["performance"]), None)


def day_of(row: Row, zone: ZoneInfo = ZONE) -> Day | None:
    """A line as the session that it ends, dated where the exchange is; None where its time cannot be read."""
    at = moment(row.get("timestamp"))
    if at is None:
        return None
    value, daily, drawdown = (known(row.get(name)) for name in ("portfolio_value", "daily_return", "drawdown"))
    return Day(at.astimezone(zone).date(), at, value, daily, drawdown)


def shares(rows: list[Row]) -> list[Row]:
    """Lines for the table: fractions in per cent."""
    made = [{**row, **{name: None if (share := known(row.get(name))) is None else 100 * share for name in _SHARES}}
            for row in rows]  # fmt: skip
    return sorted(made, key=lambda row: (row.get("fund_id") != ALL, str(row.get("fund_id"))))


def trips(fund: str) -> tuple[tuple[list[Row], bool] | None, str]:
    """The newest round trips, and whether there are older ones."""
    asked = "" if fund == ALL else fund
    return reads.shared().told(f"trips {fund}", EVERY_S, lambda desk: gather(desk, asked, SHOWN))


def gather(desk: Desk, fund: str, most: int = MOST) -> tuple[list[Row], bool]:
    """Round trips, page after page, and whether there are more."""
    rows: list[Row] = []
    cursor = ""
    while True:
        page = desk.trades(fund_id=fund, limit=min(PAGE, most - len(rows)), cursor=cursor)
        rows += page["trades"]
        cursor = page["next_cursor"] or ""
        if not cursor or len(rows) >= most:
            return rows, bool(cursor)


def ratios(row: Row) -> tuple[tuple[str, str, str], ...]:
    """A fund's figures: label, value, note. A ratio says of how many returns it is, and how far it may be off."""
    seen = known(row.get("observations")) or 0.0
    of = f"{number(seen, 0)} × {row.get('interval') or 'unknown length'}"
    off, year = "", known(row.get("periods_per_year"))
    if year and seen:
        off = f"± {number(sqrt(year / seen), 1)} from "
    few = "too few" if seen < 20 else "not defined yet"
    return (
        ("Return", percent(row.get("total_return"), 3, signed=True), "since the book began"),
        ("Sharpe, a year", *_ratio(row.get("sharpe_ratio"), off + of, f"{few}: {of}")),
        ("Sortino, a year", *_ratio(row.get("sortino_ratio"), off + of, f"{few}: {of}")),
        ("Deepest drawdown", percent(row.get("max_drawdown"), 3), f"now {percent(row.get('drawdown'), 3)}"),
        ("Wins", percent(row.get("win_rate"), 0), f"of {number(row.get('trades'), 0)} round trips"),
    )


def _ratio(value: Any, note: str, without: str) -> tuple[str, str]:
    return number(value), note if known(value) is not None else without
