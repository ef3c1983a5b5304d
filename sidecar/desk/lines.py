"""The book as the report tells it: one line an open position, one a fund, and one for the desk as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

from sidecar.book import pnl
from sidecar.desk import holdings, money, session
from sidecar.desk.state import DeskState
from sidecar.domain import clock
from sidecar.domain.analytics import VolQuality
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.report import FundLine, PositionLine, Quality


def position_lines(state: DeskState) -> tuple[PositionLine, ...]:
    """One line an open position, in the book's order; what is not known is NaN and says so.

    In an expired contract nothing moves the value any more, so the Greeks are 0; until its closing value comes it is
    shown at the last mark, which is stale.
    """
    lines = []
    for position in state.book.open_positions():
        contract = state.contracts[position.symbol]
        symbol = position.symbol
        row = state.board.universe.rows[symbol]
        quote = state.board.last(symbol)
        mark = holdings.mark_of(state, symbol)
        quantity = position.quantity
        unrealized = pnl.unrealized(position, mark)
        cost = abs(float(position.cost))
        gone = session.expired(contract, state.now)
        unit = {name: 0.0 if gone else float(values[row]) for name, values in state.valuation.values.items()}
        lines.append(
            PositionLine(
                id=position.id,
                symbol=symbol,
                underlying=contract.underlying,
                expiry=contract.expiry,
                strike=contract.strike,
                option_type=contract.right,
                quantity=quantity,
                lots=quantity / contract.lot_size,
                entry_price=float(position.average_price),
                current_price=mark,
                unrealized_pnl=unrealized,
                pnl_percent=unrealized / cost if cost > 0 else nan,
                realized_pnl=position.realized,
                fees=position.fees,
                strategy=position.strategy,
                fund_id=position.fund_id,
                entry_time=clock.to_datetime(position.opened_at),
                updated_at=clock.to_datetime(quote.at) if quote else None,
                quality=Quality.STALE if gone else quality_of(state, quote.at if quote else None, mark),
                delta=unit["delta"] * quantity,
                gamma=unit["gamma"] * quantity,
                theta=unit["theta"] * quantity,
                vega=unit["vega"] * quantity,
                rho=unit["rho"] * quantity,
                iv=nan if gone else unit["iv"],
                margin=money.margin_used(state, position),
                vol_quality=None if gone else _rests_on(state, contract, row),
            )
        )
    return tuple(lines)


def _rests_on(state: DeskState, contract: Contract, row: int) -> str | None:
    if contract.kind is not Kind.OPTION:
        return None
    known = state.valuation.vol_quality
    return VolQuality(int(known[row]) if row < known.size else VolQuality.MISSING).name.lower()


def quality_of(state: DeskState, quoted_at: int | None, value: float) -> Quality:
    """Live while younger than the staleness limit; outside the session the last quote is the market there is."""
    if quoted_at is None or not isfinite(value):
        return Quality.MISSING
    age = (state.now - quoted_at) / SECOND
    return Quality.STALE if session.is_open(state) and age >= state.limits[None]["stale"] else Quality.LIVE


def fund_lines(state: DeskState, positions: Sequence[PositionLine]) -> tuple[FundLine, ...]:
    """One line a fund, in the settings' order, and the desk's own (``*``) last."""
    lines = [_fund_line(state, fund, [p for p in positions if p.fund_id == fund]) for fund in state.funds]
    return (*lines, _fund_line(state, "*", positions))


def _fund_line(state: DeskState, fund: str, own: Sequence[PositionLine]) -> FundLine:
    book_fund = None if fund == "*" else fund
    account = money.account(state, fund)
    value = account.equity
    worst = _worst([line.quality for line in own])
    counts = worst is Quality.LIVE and (session.is_open(state) or not own)
    if counts:
        state.peak[fund] = pnl.raised(state.peak.get(fund, nan), value)
    peak = state.peak.get(fund, nan)
    drawdown = pnl.drawdown(peak, value)
    if isfinite(drawdown) and counts:
        state.max_drawdown[fund] = max(state.max_drawdown.get(fund, 0.0), drawdown)
    daily = pnl.daily_pnl(state.base, fund, value)
    capital = state.capital(fund)
    trips = state.book.trades(book_fund)
    return FundLine(
        fund_id=fund,
        capital=capital,
        portfolio_value=value,
        daily_pnl=daily,
        daily_pnl_percent=daily / float(capital),
        realized_pnl=state.book.realized(book_fund),
        unrealized_pnl=account.unrealized,
        fees=state.book.fees(book_fund),
        peak_value=peak,
        drawdown=drawdown,
        max_drawdown=state.max_drawdown.get(fund, nan),
        used_margin=account.used,
        available_margin=account.available,
        capital_utilization=account.used / float(capital),
        total_positions=len(own),
        trades=trips.closed,
        winning_trades=trips.winners,
        quality=worst,
    )


def _worst(qualities_: Sequence[Quality]) -> Quality:
    for quality in (Quality.MISSING, Quality.STALE):
        if quality in qualities_:
            return quality
    return Quality.LIVE
