"""What the limits watch, measured: in a fund, in the desk as a whole, and in any part of a fund that has limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum, isfinite, nan

from sidecar.desk import money
from sidecar.desk.session import is_open, opened_at
from sidecar.desk.state import DeskState
from sidecar.desk.tailing import holdings
from sidecar.desk.volatilities import Level, level
from sidecar.domain.analytics import TailLine
from sidecar.domain.clock import SECOND
from sidecar.domain.orders import OrderRequest
from sidecar.domain.report import FundLine, GreeksLine, PositionLine, Quality
from sidecar.domain.scopes import ANY, Scope
from sidecar.risk.exposure import largest, sum_greeks
from sidecar.risk.limits import Measures


def feed_age_s(state: DeskState) -> float:
    """Seconds since the oldest index of the desk's underlyings was heard, within the session; 0 while it is closed.

    An index that was never heard is as old as the session, or the end of its break, or the desk, whichever is youngest.
    """
    if not is_open(state):
        return 0.0
    board, now = state.board, state.now
    since = max(opened_at(state), state.live_since)
    traded = {group.underlying for group in board.groups if group.expires_at > now}
    traded |= {board.universe.contracts[row].underlying for row in board.futures if board.expires_at[row] > now}
    heard = [max(since, quote.at if (quote := board.last(underlying)) else 0) for underlying in traded]
    return max(0.0, (now - min(heard, default=since)) / SECOND)


def look(state: DeskState) -> None:
    """Take in the at-the-money volatilities of this instant, for the shock limit."""
    levels: dict[str, Level | None] = {
        name: level(
            (expiry, curve.expires_at - state.now, curve.atm_iv)
            for (own, expiry), curve in state.valuation.curves.items()
            if own == name and curve.expires_at > state.now
        )
        for name in state.board.underlyings
    }
    state.volatilities.look(levels, state.now, is_open=is_open(state))


def in_scope(state: DeskState, scope: Scope, request: OrderRequest) -> bool:
    """Whether an order is of a scope; its contract was listed once."""
    return scope.covers(request.fund_id, request.strategy, state.contracts[request.symbol].underlying)


def measures(
    state: DeskState, fund: FundLine, positions: Sequence[PositionLine], greeks: Sequence[GreeksLine], vix: float
) -> Measures:
    """What the limits watch in a fund, or in the desk (``*``)."""
    own = [line for line in positions if fund.fund_id in (ANY, line.fund_id)]
    capital = float(fund.capital)
    book = largest(greeks, fund.fund_id)
    orders = [order for order in state.recent_orders() if fund.fund_id in (ANY, order.request.fund_id)]
    whole = fund.used_margin + fund.available_margin
    tail = next((line for line in state.tail_lines if line.fund_id == fund.fund_id), None)
    var_95, stress_loss = _tail(tail, capital)
    return Measures(
        daily_loss=-fund.daily_pnl / capital,
        drawdown=fund.drawdown,
        positions=float(fund.total_positions),
        capital_utilization=fund.capital_utilization,
        margin_utilization=_share(fund.used_margin, whole),
        strategy_allocation=_largest(money.account(state, fund.fund_id).by_strategy.values()) / capital,
        position_allocation=_largest(line.margin for line in own) / capital,
        order_rate=float(len(orders)),
        loss_streak=float(max((state.book.loss_streak(name) for name in state.book.strategies()), default=0)),
        net_delta=book.delta,
        net_gamma=book.gamma,
        net_vega=book.vega,
        net_theta=book.theta,
        var_95=var_95,
        stress_loss=stress_loss,
        vix=vix,
        iv_shock=state.volatilities.shock(state.board.underlyings),
        stale=feed_age_s(state),
        trusted=fund.quality is Quality.LIVE and is_open(state),
    )


def measures_of(state: DeskState, scope: Scope, positions: Sequence[PositionLine], asked: Iterable[str]) -> Measures:
    """What the limits ``asked`` about watch in a part of a fund, of the fund's capital; the rest stays unknown.

    The day's loss is that of the part's legs as the P&L explain has it; a strategy's losing run counts every fund that
    it trades in.
    """
    names = frozenset(asked)
    own = [line for line in positions if scope.covers(line.fund_id, line.strategy, line.underlying)]
    capital = float(state.capital(scope.fund))
    book = largest(sum_greeks(own, {}), scope.fund)
    tails, tail = state.tails, None
    if names & {"var_95", "stress_loss"}:
        tail = tails.line(str(scope), tails.losses(holdings(own)))
    var_95, stress_loss = _tail(tail, capital)
    used = money.used(state, scope) / capital
    underlyings = (line.underlying for line in own) if scope.underlying == ANY else (scope.underlying,)
    return Measures(
        daily_loss=-_daily_pnl(state, scope) / capital,
        positions=float(len(own)),
        capital_utilization=used,
        strategy_allocation=used,
        position_allocation=_largest(line.margin for line in own) / capital,
        order_rate=float(sum(in_scope(state, scope, order.request) for order in state.recent_orders())),
        loss_streak=float(state.book.loss_streak(scope.strategy)),
        net_delta=book.delta,
        net_gamma=book.gamma,
        net_vega=book.vega,
        net_theta=book.theta,
        var_95=var_95,
        stress_loss=stress_loss,
        iv_shock=state.volatilities.shock(dict.fromkeys(underlyings)),
        trusted=all(line.quality is Quality.LIVE for line in own) and is_open(state),
    )


def _daily_pnl(state: DeskState, scope: Scope) -> float:
    """The day's P&L of a part of a fund; NaN before the fund's day has begun, or where a leg's is unknown."""
    if state.base is None or scope.fund not in state.base.equity_by_fund:
        return nan
    legs = (line for line in state.explaining.lines if line.symbol != ANY)
    totals = [line.total for line in legs if scope.covers(line.fund_id, line.strategy, line.underlying)]
    return fsum(totals) if all(map(isfinite, totals)) else nan


def _tail(tail: TailLine | None, capital: float) -> tuple[float, float]:
    return (max(tail.var_95, 0.0) / capital, tail.worst / capital) if tail else (nan, nan)


def _share(part: float, whole: float) -> float:
    """``part`` of ``whole``; all of it where nothing is left, NaN where either is unknown."""
    if whole > 0 or whole != whole or part != part:
        return part / whole
    return 1.0 if part > 0 else 0.0


def _largest(values: Iterable[float]) -> float:
    """The largest value, 0 of none, NaN as soon as one is unknown."""
    known = list(values)
    return nan if any(value != value for value in known) else max(known, default=0.0)
