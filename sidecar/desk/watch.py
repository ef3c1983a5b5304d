"""The watch on every beat: measures, limits, breaker. What it finds, it does: a confirmed breach trips at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import nan

from msgspec.structs import replace

from sidecar.desk import money
from sidecar.desk.halting import disable_strategy, trip
from sidecar.desk.session import is_open, opened_at
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.report import FundLine, GreeksLine, LimitLine, LimitStatus, PositionLine, Quality
from sidecar.risk.breaker import covers, expire_override
from sidecar.risk.exposure import largest
from sidecar.risk.limits import BY_NAME, Basis, Measures, cause, effective, evaluate


def feed_age_s(state: DeskState) -> float:
    """Seconds since the oldest index of the desk's underlyings was heard, within the session; 0 while it is closed.

    An index that was never heard is as old as the session, or the end of its break, or the desk, whichever is youngest.
    """
    if not is_open(state):
        return 0.0
    since = max(opened_at(state), state.live_since)
    heard = [
        max(since, quote.at if (quote := state.board.last(underlying)) else 0)
        for underlying in {group.underlying for group in state.board.groups if group.expires_at > state.now}
    ]
    return max(0.0, (state.now - min(heard, default=since)) / SECOND)


def measures(
    state: DeskState, fund: FundLine, positions: Sequence[PositionLine], greeks: Sequence[GreeksLine], vix: float
) -> Measures:
    """What the limits watch in one scope: a fund, or the desk (``*``)."""
    own = [line for line in positions if fund.fund_id in ("*", line.fund_id)]
    capital = float(fund.capital)
    book = largest(greeks, fund.fund_id)
    orders = [order for order in state.recent_orders() if fund.fund_id in ("*", order.request.fund_id)]
    whole = fund.used_margin + fund.available_margin
    tail = next((line for line in state.tail_lines if line.fund_id == fund.fund_id), None)
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
        var_95=max(tail.var_95, 0.0) / capital if tail else nan,
        stress_loss=tail.worst / capital if tail else nan,
        vix=vix,
        stale=feed_age_s(state),
        trusted=fund.quality is Quality.LIVE and is_open(state),
    )


def watch(
    state: DeskState,
    funds: Sequence[FundLine],
    positions: Sequence[PositionLine],
    greeks: Sequence[GreeksLine],
    vix: float,
    *,
    on_beat: bool,
) -> tuple[LimitLine, ...]:
    """Evaluate every limit in every scope, trip on confirmed breaches, cancel what works when it trips.

    Only a beat confirms: several answers and commands within one instant look at the same marks.
    """
    lines: list[LimitLine] = []
    for fund in funds:
        scope = fund.fund_id
        bound = effective(state.limits[None], None if scope == "*" else state.limits.get(scope))
        held = state.confirmations.get(scope, {})
        found = evaluate(scope, measures(state, fund, positions, greeks, vix), bound, held, state.config.confirmations)
        if not on_beat:
            found = tuple(_unconfirmed(line, held.get(line.name, 0)) for line in found)
        state.confirmations[scope] = {line.name: line.confirmations for line in found}
        lines += found
    state.limit_lines = tuple(lines)
    state.blind = _blind(state, funds, lines)
    _disable_losers(state)
    for line in lines:
        if line.status is LimitStatus.BREACH and BY_NAME[line.name].trips and not _known(state, line):
            trip(state, cause(line, state.now))
    return state.limit_lines


def _unconfirmed(line: LimitLine, held: int) -> LimitLine:
    if BY_NAME[line.name].basis is Basis.DESK or line.confirmations <= held:
        return line
    status = LimitStatus.WARN if line.status is LimitStatus.BREACH else line.status
    return replace(line, confirmations=held, status=status)


def _blind(state: DeskState, funds: Sequence[FundLine], lines: Sequence[LimitLine]) -> bool:
    """Whether nothing may be added for want of data: the index is stale, or a held mark has long not been trusted.

    Limits on marks wait for trusted ones; past ``blind_s`` they may not wait with the gate open.
    """
    if funds[-1].quality is Quality.LIVE or not is_open(state):
        state.untrusted_since = 0
    elif not state.untrusted_since:
        state.untrusted_since = state.now
    waited = state.now - state.untrusted_since if state.untrusted_since else 0
    stale = any(line.name == "stale" and line.status is LimitStatus.BREACH for line in lines)
    return stale or waited >= state.config.blind_s * SECOND


def _disable_losers(state: DeskState) -> None:
    """A strategy that has lost as often in a row as the limit says stays off until a named person resets."""
    limit = state.limits[None]["loss_streak"]
    for name in state.book.strategies():
        streak = state.book.loss_streak(name)
        if BY_NAME["loss_streak"].breached(streak, limit) and not covers(state.breaker, "loss_streak", state.now):
            disable_strategy(state, name, f"{streak} losing round trips in a row, the limit is {limit:g}")


def _share(part: float, whole: float) -> float:
    """``part`` of ``whole``; all of it where nothing is left, NaN where either is unknown."""
    if whole > 0 or whole != whole or part != part:
        return part / whole
    return 1.0 if part > 0 else 0.0


def _largest(values: Iterable[float]) -> float:
    """The largest value, 0 of none, NaN as soon as one is unknown."""
    known = list(values)
    return nan if any(value != value for value in known) else max(known, default=0.0)


def _known(state: DeskState, line: LimitLine) -> bool:
    """A breach trips once: not while its cause is on the breaker, nor while an override lets it pass."""
    if covers(state.breaker, line.name, state.now):
        return True
    return any(known.limit_name == line.name for known in state.breaker.causes)


def storage_failed(state: DeskState, detail: str) -> None:
    """Durability is lost: stop what adds risk, and say so. What reduces it may leave without a record."""
    state.journal_failed = True
    trip(state, Cause(Trigger.ORDER_FAILURE, state.now, "desk", detail), spare_reducing=True)


def strategy_failed(state: DeskState, name: str, detail: str) -> None:
    """A strategy that raised is disabled; its working orders are cancelled, its positions stay in view."""
    disable_strategy(state, name, detail)


def expire(state: DeskState) -> None:
    """End an override whose time is over."""
    after, event = expire_override(state.breaker, state.now)
    if event is not None:
        state.note_breaker(after, event)
