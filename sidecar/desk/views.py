"""All that the gate may know about one request, from the newest quote and the last valuation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import nan

from sidecar.desk import blocking, foreseeing, holdings, money
from sidecar.desk.holdings import look, worked
from sidecar.desk.measuring import in_scope
from sidecar.desk.session import is_open
from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import Order, OrderRequest
from sidecar.domain.scopes import ANY, DESK, Scope
from sidecar.risk.exposure import FLAT, Greeks, book_greeks
from sidecar.risk.gate import GateView

#: What the desk's own view is asked about, where it has several funds: the rest each fund answers for itself.
_SUMMED = frozenset(
    {
        "positions", "unexecuted_value", "capital_utilization", "margin_utilization", "strategy_allocation",
        "order_rate", "net_delta", "net_gamma", "net_vega", "net_theta", "var_95", "stress_loss",
    }
)  # fmt: skip


def view(
    state: DeskState,
    request: OrderRequest,
    contract: Contract,
    *,
    planned_close: bool = False,
    sent: tuple[Order, ...] = (),
) -> GateView:
    """What is known of the request's fund, and of each other scope that it is in and that has limits or is shut.

    ``sent``: orders of the fund that are taken to work beside its own.
    """
    quote = state.board.last(contract.id)
    fund = request.fund_id
    account = money.account(state, fund)
    resting = (*(order for order in state.working.values() if order.request.fund_id == fund), *sent)
    blocked = blocking.blocked(state, request, contract, resting)
    position = state.book.net(contract.id, fund)
    used = blocked.fund(position)
    own = GateView(
        at=state.now,
        breaker=state.breaker,
        limits=state.limits.of(fund),
        contract=contract,
        session_open=is_open(state),
        bid=quote.bid if quote else nan,
        ask=quote.ask if quote else nan,
        last=quote.last if quote else nan,
        mark=holdings.mark_of(state, contract.id),
        quote_age_s=max(0.0, (state.now - quote.at) / SECOND) if quote else nan,
        position=position,
        resting=resting,
        recent=(*(order for order in state.recent_orders() if order.request.fund_id == fund), *sent),
        capital=float(state.capital(fund)),
        used_margin=used,
        available_margin=account.available - (used - account.used),
        open_symbols=tuple(sorted({p.symbol for p in state.book.open_positions() if p.fund_id == fund})),
        disabled_strategies=tuple(sorted(state.disabled)),
        margin_of=blocked.fund,
        margin_of_strategy=blocked.strategy,
        position_of_strategy=blocked.held,
        margin_of_position=blocked.position,
        margin_rises=blocked.rises,
        greeks_of=lambda symbol: unit_greeks(state, symbol),
        book=book_greeks(state.greek_lines, fund, contract.underlying),
        losses=foreseeing.losses(state, Scope(fund), contract, resting),
        blind=state.blind,
        reference=state.source,
        planned_close=planned_close,
        halted=bool(state.exchange_halted),
        scope=fund,
    )
    parts = tuple(_parts(state, request, contract, own, sent))
    return replace(own, parts=parts) if parts else own


def _parts(
    state: DeskState, request: OrderRequest, contract: Contract, own: GateView, sent: tuple[Order, ...]
) -> Iterator[GateView]:
    """The narrower scopes first, the desk last."""
    fund, strategy, underlying = request.fund_id, request.strategy, contract.underlying
    shut = {cause.scope for cause in state.breaker.partial}
    for scope in (Scope(fund, strategy), Scope(fund, ANY, underlying), Scope(fund, strategy, underlying)):
        if scope in state.limits or str(scope) in shut:
            yield _part(state, scope, request, contract, own)
    if len(state.funds) > 1:
        yield _desk(state, request, contract, own, sent)


def _part(state: DeskState, scope: Scope, request: OrderRequest, contract: Contract, own: GateView) -> GateView:
    """A part of the fund, as if it were one: its own positions, orders, margins and losses, of the fund's capital."""
    resting = tuple(order for order in own.resting if in_scope(state, scope, order.request))
    held = [
        position
        for position in state.book.open_positions()
        if scope.covers(position.fund_id, position.strategy, state.contracts[position.symbol].underlying)
    ]
    blocked = blocking.blocked(state, request, contract, resting, scope)
    position = sum(one.quantity for one in held if one.symbol == contract.id)
    book = FLAT
    for one in held:
        if state.contracts[one.symbol].underlying == contract.underlying:
            book = book.plus(one.quantity, unit_greeks(state, one.symbol))
    return replace(
        own,
        limits=state.limits.watched(scope),
        position=position,
        resting=resting,
        recent=tuple(order for order in own.recent if in_scope(state, scope, order.request)),
        used_margin=blocked.fund(position),
        open_symbols=tuple(sorted({one.symbol for one in held})),
        margin_of=blocked.fund,
        margin_of_strategy=blocked.strategy,
        position_of_strategy=blocked.held,
        margin_of_position=blocked.position,
        margin_rises=blocked.rises,
        book=book,
        losses=foreseeing.losses(state, scope, contract, resting),
        scope=str(scope),
    )


def _desk(
    state: DeskState, request: OrderRequest, contract: Contract, own: GateView, sent: tuple[Order, ...]
) -> GateView:
    """The desk of several funds: their sums, in which only this fund's margin moves."""
    resting = (*state.working.values(), *sent)
    account, margins, name = money.account(state, ANY), look(state), request.strategy
    other = strategy = 0.0
    for fund in state.funds:
        if fund != request.fund_id:
            theirs = tuple(order for order in resting if order.request.fund_id == fund and order.remaining)
            same = tuple(order for order in theirs if order.request.strategy == name)
            other += worked(state, margins, Scope(fund), theirs).total()
            strategy += worked(state, margins, Scope(fund, name), same).total()
    used = own.used_margin + other
    return replace(
        own,
        limits={name: limit for name, limit in state.limits.of(DESK).items() if name in _SUMMED},
        resting=resting,
        recent=(*state.recent_orders(), *sent),
        capital=float(state.capital(ANY)),
        used_margin=used,
        available_margin=account.available - (used - account.used),
        open_symbols=tuple(sorted({position.symbol for position in state.book.open_positions()})),
        margin_of_strategy=lambda quantity: own.margin_of_strategy(quantity) + strategy,
        book=book_greeks(state.greek_lines, ANY, contract.underlying),
        losses=foreseeing.losses(state, DESK, contract, resting, request.fund_id),
        scope=ANY,
        fund=request.fund_id,
    )


def unit_greeks(state: DeskState, symbol: str) -> Greeks:
    """Greeks of one unit of a contract, from the last valuation; unknown where it was never valued."""
    row = state.board.universe.rows.get(symbol)
    values = state.valuation.values
    if row is None or row >= values["delta"].size:
        return Greeks()
    return Greeks(*(float(values[name][row]) for name in ("delta", "gamma", "vega", "theta")))
