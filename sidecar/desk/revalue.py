"""A beat's work: value the book, watch the limits, and make the report of this instant."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

from sidecar.desk import alerting, forecasting, heartbeats, modelling, performing, session, signalling, watch, wishes
from sidecar.desk.board import COLUMNS
from sidecar.desk.lines import fund_lines, position_lines
from sidecar.desk.market import conditions, levels, markets
from sidecar.desk.state import DeskState, Pending
from sidecar.domain import clock
from sidecar.domain.orders import Order
from sidecar.domain.report import (
    Chain,
    Counters,
    DeskReport,
    Published,
    Quality,
)
from sidecar.risk.exposure import over_funds, sum_greeks


def revalue(state: DeskState, *, on_beat: bool = False) -> Published:
    """Bring the valuation up to ``state.now``, trip what must trip, and publish. Nothing else makes a report."""
    chain = _chain(state)
    positions = position_lines(state)
    spots = {line.underlying: state.board.spot(line.underlying) for line in positions}
    funds = fund_lines(state, positions)
    trusted = all(fund.quality is Quality.LIVE for fund in funds)
    equity = {fund.fund_id: fund.portfolio_value for fund in funds}
    if session.roll(state, equity, trusted=trusted):
        # The day's P&L counts from the new base at once, or yesterday's loss would trip what the roll has cleared.
        funds = fund_lines(state, positions)
    explain = state.explaining.update(state)
    if trusted and session.is_open(state):
        session.mark_equity(state, equity)
    own = sum_greeks(positions, spots)
    greeks = (*own, *over_funds(own, spots))
    state.greek_lines = greeks
    state.tails.look(chain, state.now, state.rates, levels(state))
    state.tail_lines = state.tails.lines(state.funds, positions)
    vix = state.board.spot(state.config.volatility_index)
    halts = state.breaker.halt_seq
    limits = watch.watch(state, funds, positions, greeks, vix, on_beat=on_beat)
    if trusted and state.breaker.halt_seq != halts:
        # What tripped is on record with the trip, and not only at the next minute.
        session.record_equity(state, equity)
    performance = performing.lines(state, funds)
    alerts = alerting.watch(state, on_beat=on_beat)
    state.seq += 1
    pending, state.pending = state.pending, Pending()
    current = state.session
    report = DeskReport(
        seq=state.seq,
        timestamp=clock.to_datetime(state.now),
        day=state.day,
        session_open=session.is_open(state),
        session_open_at=clock.to_datetime(current.open_at) if current else None,
        session_close_at=clock.to_datetime(current.close_at) if current else None,
        simulated=state.simulated,
        source=state.source,
        feed_up=state.feed_up,
        currency=state.config.currency,
        calendar_days_left=_days_left(state),
        breaker=state.breaker,
        blind=state.blind,
        funds=funds,
        positions=positions,
        awaiting_settlement=session.awaiting_settlement(state),
        greeks=greeks,
        markets=markets(state, conditions(vix, halted=bool(state.exchange_halted))),
        data_quality=state.quality.lines(state, session.opened_at(state) if session.is_open(state) else None),
        limits=limits,
        orders=(*state.working.values(), *_recent(state)),
        breaker_events=tuple(state.breaker_events),
        notes=(*state.notes, *_warnings(state)),
        counters=_counters(state),
        records=tuple(pending.records),
        actions=tuple(pending.actions),
        outcomes=tuple(pending.outcomes),
        order_updates=tuple(pending.orders),
        tail=state.tail_lines,
        smiles=state.valuation.surfaces.lines,
        chain_digest=state.chain_digest,
        explain=explain,
        explain_alarm=state.explaining.residual.alarm,
        heartbeats=heartbeats.lines(state),
        closing=wishes.lines(state),
        unconfirmed=state.asking.unconfirmed(state),
        last_drill_at=clock.to_datetime(state.last_drill_at) if state.last_drill_at else None,
        alerts=alerts,
        performance=performance,
        signals=signalling.lines(state),
        models=modelling.lines(state),
        predictions=forecasting.lines(state),
        training=modelling.runs(state),
    )
    return Published(report, chain)


def _chain(state: DeskState) -> Chain:
    """The chain of this instant: the last one again if nothing in it moved."""
    changed = state.board.refresh()
    moved = state.valuation.update(state.board, changed, state.now, state.rates)
    if moved or state.chain is None:
        state.chain = take_chain(state)
        state.chain_digest = state.chain.digest()
    return state.chain


def take_chain(state: DeskState) -> Chain:
    """Copies of the board and the valuation, which nobody can change."""
    board, values = state.board, state.valuation.values
    columns = {name: board.column(name).copy() for name in COLUMNS}
    greeks = {name: array.copy() for name, array in values.items()}
    chain = Chain(
        contracts=board.universe.contracts,
        rows=MappingProxyType(board.universe.rows),
        mark=state.valuation.mark.copy(),
        forward=state.valuation.forward.copy(),
        vol_quality=state.valuation.vol_quality.copy(),
        at=board.at.copy(),
        **columns,
        **greeks,
    )
    for array in (chain.mark, chain.forward, *columns.values(), *greeks.values()):
        array.flags.writeable = False
    chain.vol_quality.flags.writeable = chain.at.flags.writeable = False
    return chain


def _recent(state: DeskState) -> tuple[Order, ...]:
    return tuple(state.orders[order_id] for order_id in reversed(state.ended))


def _days_left(state: DeskState) -> int:
    if state.calendar_ends:
        return 0
    today: date = state.calendar.local_date(state.now)
    return (state.calendar.last - today).days


def _warnings(state: DeskState) -> tuple[str, ...]:
    return (*_venue_warnings(state), *_calendar_warnings(state))


def _venue_warnings(state: DeskState) -> list[str]:
    lines = []
    if state.config.rehearsed:
        lines.append(f"simulated venue with faults: {state.config.rehearsed}")
    owed = len(state.asking.unconfirmed(state))
    if owed and not state.breaker.active:
        lines.append(f"stopped here, venue unconfirmed: {owed}")
    if state.asking.problem:
        lines.append(f"the venue does not say what it holds: {state.asking.problem}")
    if state.asking.differences:
        lines.append("the venue differs: " + "; ".join(state.asking.differences[:3]))
    return lines


def _calendar_warnings(state: DeskState) -> tuple[str, ...]:
    if state.calendar_ends:
        return (f"the sessions table ends on {state.calendar.last}: nothing trades until it is extended",)
    left = _days_left(state)
    if left <= 30:
        return (f"the sessions table ends in {left} days ({state.calendar.last}): extend data/reference/sessions.csv",)
    return ()


def _counters(state: DeskState) -> Counters:
    count = state.counters
    return Counters(
        quotes=state.board.quotes,
        quotes_refused=dict(sorted(state.board.refused.items())),
        feed_gaps=state.feed_gaps,
        orders_submitted=count["orders_submitted"],
        orders_filled=count["orders_filled"],
        orders_rejected=count["orders_rejected"],
        orders_refused=dict(sorted(state.refused.items())),
        orders_cancelled=count["orders_cancelled"],
        breaker_triggers=dict(sorted(state.triggers.items())),
        signals=count["signals"],
        signals_refused=count["signals_refused"],
        predictions=count["predictions"],
        predictions_refused=dict(sorted(state.refused_predictions.items())),
    )
