"""How the funds do: performance from the equity on record, every few seconds and on fills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from math import nan

from sidecar.book import performance
from sidecar.book.performance import Earned, History, Mark
from sidecar.desk.state import DeskState
from sidecar.domain import clock
from sidecar.domain.calendar import SessionKind
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.errors import CalendarBeyond
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import EquityMarked
from sidecar.domain.report import FundLine

EVERY = 5 * SECOND


def lines(state: DeskState, funds: Sequence[FundLine]) -> tuple[PerformanceLine, ...]:
    """The performance of each fund and of the desk: the last lines again, unless it is time or something filled.

    It is time when the clock enters another five seconds, so that a desk that restarts goes on at the same instants.
    """
    moment = (state.now // EVERY, len(state.book.seen))
    if moment != state.performed or not state.performance_lines:
        state.performed = moment
        _count(state)
        minutes = _session_minutes(state)
        state.performance_lines = tuple(_line(state, fund, minutes) for fund in funds)
    return state.performance_lines


def mark(state: DeskState, record: EquityMarked) -> None:
    """Take an equity that went on record: now, or, after a restart, then."""
    before = _session_before(state, record.day)
    for fund, equity in record.equity.items():
        history = state.histories.setdefault(fund, History())
        history.take(Mark(record.at, record.day, before, equity, _capital(record, fund)))


def _capital(record: EquityMarked, fund: str) -> Decimal | None:
    if fund == "*":
        return sum(record.capital.values(), Decimal(0)) if record.capital else None
    return record.capital.get(fund)


def _count(state: DeskState) -> None:
    """Take the round trips that were closed since the last time."""
    for trip in state.book.round_trips[state.trips_counted :]:
        for fund in (trip.fund_id, "*"):
            state.earned.setdefault(fund, Earned()).take(trip)
    state.trips_counted = len(state.book.round_trips)


def _line(state: DeskState, fund: FundLine, minutes: float) -> PerformanceLine:
    history = state.histories.get(fund.fund_id) or History()
    earned = state.earned.get(fund.fund_id)
    ratios = history.ratios(minutes)
    return PerformanceLine(
        fund_id=fund.fund_id,
        timestamp=clock.to_datetime(state.now),
        portfolio_value=fund.portfolio_value,
        total_return=history.total_return(fund.portfolio_value, fund.capital),
        daily_return=fund.daily_pnl_percent,
        active_positions=fund.total_positions,
        sharpe_ratio=ratios.sharpe,
        sortino_ratio=ratios.sortino,
        volatility=ratios.volatility,
        drawdown=fund.drawdown,
        max_drawdown=fund.max_drawdown,
        win_rate=performance.win_rate(fund.trades, fund.winning_trades),
        profit_factor=earned.factor if earned else nan,
        trades=fund.trades,
        interval=ratios.interval,
        periods_per_year=ratios.periods_per_year,
        observations=ratios.observations,
    )


def _session_before(state: DeskState, day: date) -> date | None:
    try:
        return state.calendar.previous_session(day).date
    except CalendarBeyond:
        return None


def _session_minutes(state: DeskState) -> float:
    """The minutes of an ordinary session, as the last one was; a festive hour says nothing about a year."""
    day = state.day or state.calendar.local_date(state.now)
    try:
        session = state.calendar.session(day)
        while session is None or session.kind is not SessionKind.REGULAR:
            session = state.calendar.previous_session(day)
            day = session.date
    except CalendarBeyond:
        return nan
    return sum(closes - opens for opens, closes in session.intervals) / MINUTE
