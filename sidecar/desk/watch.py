"""The watch on every beat: measures, limits, breaker. What it finds, it does: a confirmed breach trips at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from sidecar.desk.halting import disable_strategy, shut, trip
from sidecar.desk.measuring import look, measures, measures_of
from sidecar.desk.session import is_open
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import Cause, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.events import TradingHalt
from sidecar.domain.report import FundLine, GreeksLine, LimitLine, LimitStatus, PositionLine, Quality
from sidecar.domain.scopes import ANY, Scope
from sidecar.risk.breaker import covers, expire_override
from sidecar.risk.limits import BY_NAME, Basis, Measures
from sidecar.risk.lines import cause, evaluate

_LOSSES = "loss_streak"


def watch(
    state: DeskState,
    funds: Sequence[FundLine],
    positions: Sequence[PositionLine],
    greeks: Sequence[GreeksLine],
    vix: float,
    *,
    on_beat: bool,
) -> tuple[LimitLine, ...]:
    """Evaluate every limit in every scope that has it, and shut the scope of what is broken.

    Only a beat confirms: several answers and commands within one instant look at the same marks.
    """
    look(state)
    lines: list[LimitLine] = []
    for scope, found in _measured(state, funds, positions, greeks, vix):
        name = str(scope)
        held = state.confirmations.get(name, {})
        own = evaluate(name, found, state.limits.watched(scope), held, state.config.confirmations)
        if not on_beat:
            own = tuple(_unconfirmed(line, held.get(line.name, 0)) for line in own)
        state.confirmations[name] = {line.name: line.confirmations for line in own}
        lines += own
    state.limit_lines = tuple(lines)
    state.blind = _blind(state, funds, lines)
    _disable_losers(state)
    for line in lines:
        if line.status is LimitStatus.BREACH and _shuts(state, line):
            why = cause(line, state.now, shut_by(state, line.scope))
            if not _known(state, why):
                shut(state, why)
    return state.limit_lines


def shut_by(state: DeskState, scope: str) -> str:
    """The scope that a breach in ``scope`` shuts: its own. The only fund of a desk is the desk."""
    return ANY if state.funds == (scope,) else scope


def _measured(
    state: DeskState,
    funds: Sequence[FundLine],
    positions: Sequence[PositionLine],
    greeks: Sequence[GreeksLine],
    vix: float,
) -> Iterator[tuple[Scope, Measures]]:
    """The funds, the desk, and each part of a fund that has limits of its own."""
    for fund in funds:
        yield Scope(fund.fund_id), measures(state, fund, positions, greeks, vix)
    for part in state.limits.parts():
        if part.fund in state.config.capital:
            yield part, measures_of(state, part, positions, state.limits.watched(part))


def _shuts(state: DeskState, line: LimitLine) -> bool:
    """Whether a breach is the breaker's business. A losing run is its strategy's, and what the market does the desk's,
    unless a fund has a tighter limit of its own.
    """
    row = BY_NAME[line.name]
    if not row.trips or line.name == _LOSSES:
        return False
    return not row.market or line.scope == ANY or line.limit != state.limits[ANY][line.name]


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
    stale = any(
        (line.name, line.status) == ("stale", LimitStatus.BREACH) and shut_by(state, line.scope) == ANY
        for line in lines
    )
    return stale or waited >= state.config.blind_s * SECOND


def _disable_losers(state: DeskState) -> None:
    """A strategy that has lost as often in a row as a limit says is shut, wherever it trades, until a named person
    resets it.
    """
    if covers(state.breaker, _LOSSES, state.now):
        return
    for name in state.book.strategies():
        streak = state.book.loss_streak(name)
        funds = dict.fromkeys(p.fund_id for p in state.book.positions.values() if p.strategy == name) if streak else {}
        limit = min((state.limits.of(Scope(fund, name))[_LOSSES] for fund in funds), default=0.0)
        if not funds or not BY_NAME[_LOSSES].breached(streak, limit):
            continue
        detail = f"{streak} losing round trips in a row, the limit is {limit:g}"
        disable_strategy(state, name, detail)
        for fund in sorted(funds):
            scope = str(Scope(fund, name)) if "/" not in name else fund  # of an older program
            why = Cause(Trigger.LOSS_STREAK, state.now, "desk", detail, _LOSSES, limit, float(streak), scope)
            if not _known(state, why):
                shut(state, why)


def _known(state: DeskState, why: Cause) -> bool:
    """A breach trips once: not while its cause is on the breaker, nor while an override lets it pass."""
    if covers(state.breaker, why.limit_name, state.now):
        return True
    known = (*state.breaker.causes, *state.breaker.partial)
    return any((old.limit_name, old.scope) == (why.limit_name, why.scope) for old in known)


def trading_halt(state: DeskState, event: TradingHalt) -> None:
    """The exchange has halted trading: nothing leaves any more. That it trades again resets nothing; a person does."""
    if event.halted and not state.exchange_halted:
        detail = event.detail or "no reason given"
        trip(state, Cause(Trigger.MARKET_HALT, state.now, event.venue, detail))
    elif not event.halted and state.exchange_halted:
        state.say(f"{event.venue} trades again: reset the breaker to trade")
    state.exchange_halted = (event.detail or event.venue) if event.halted else ""


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
