"""What the gate may know at one instant, and what the working orders can make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sidecar.domain.breaker import BreakerState
from sidecar.domain.contracts import Contract, parse_id
from sidecar.domain.orders import Order, OrderRequest
from sidecar.domain.scopes import ANY
from sidecar.risk.exposure import Greeks, reach
from sidecar.risk.losses import Losses
from sidecar.risk.reduce_only import measures_do_not_rise, reduces, span


@dataclass(frozen=True, eq=False)
class GateView:
    """Everything the gate may know when it judges one request of one fund. Unknown numbers are NaN, never 0.

    ``at``: now, microseconds UTC. ``limits``: the ones that bind the fund, all of them. ``contract``: the one that the
    request's symbol (a full id) names, None if it is not listed. ``bid`` to ``mark``: its market; ``quote_age_s`` the
    age of its quote. ``position``: signed units of it that the fund holds. ``resting``: the fund's working orders,
    pending and unknown ones too; ``recent``: its orders created within the last minute.

    Money is in account currency. ``used_margin`` and ``available_margin`` count positions **and the most that working
    orders in other contracts can add, whichever of them fill**: an order counts when it is sent. ``margin_of``: what
    the fund would so use at a net quantity of this contract; at ``position`` that is ``used_margin``, or as much of it
    as can change with the contract. ``margin_of_strategy``: what the request's strategy would use by itself at a
    quantity of its own, now ``position_of_strategy``; ``margin_of_position``: what the contract alone would use at a
    net quantity. Working orders in this contract are added by the gate. ``margin_rises``: whether a fill of that many
    signed units can raise the fund's margin, or might, after any set of fills of the others.

    ``greeks_of``: unit Greeks of a contract by its id, NaN where unknown, never an exception; it is asked for this
    contract and for those of the same underlying with working orders. ``book``: the fund's position Greeks in this
    underlying. ``losses``: what the fund loses in each move and stress, and what one unit of this contract does.
    ``blind``: no trusted data past the deadline. ``reference``: where the market data comes from, named in refusals.

    ``scope``: whose all this is, a fund unless it says otherwise, and ``parts`` the same of every other scope that has
    limits of its own for this order, or is shut: the strategy, the underlying, the desk of several funds. The gate asks
    each of them too, with the limits that it has. In the desk's view ``fund`` names the fund whose position and margin
    it has: what the other funds use and can lose is in ``used_margin`` and ``losses``, for funds do not offset each
    other. ``halted``: the exchange has halted all trading.

    ``planned_close``: the order is a leg of a plan that a person asked for and that closes the book as a whole. Then
    only the position decides whether it reduces: in a balanced book every single leg raises ``|delta|`` until the last
    is gone, so a stop without this way out could never be left flat. No strategy may set it.
    """

    at: int
    breaker: BreakerState
    limits: Mapping[str, float]
    contract: Contract | None
    session_open: bool
    bid: float
    ask: float
    last: float
    mark: float
    quote_age_s: float
    position: int
    resting: tuple[Order, ...]
    recent: tuple[Order, ...]
    capital: float
    used_margin: float
    available_margin: float
    open_symbols: tuple[str, ...]
    disabled_strategies: tuple[str, ...]
    margin_of: Callable[[int], float]
    margin_of_strategy: Callable[[int], float]
    position_of_strategy: int
    margin_of_position: Callable[[int], float]
    margin_rises: Callable[[int], bool]
    greeks_of: Callable[[str], Greeks]
    book: Greeks
    losses: Losses
    blind: bool
    reference: str = ""
    planned_close: bool = False
    halted: bool = False
    scope: str = ANY
    fund: str = ""
    parts: tuple[GateView, ...] = ()

    def working(self, symbol: str) -> tuple[int, ...]:
        """Signed remaining units of the working orders in one contract, the fund's alone where others are in view."""
        return tuple(
            order.signed_remaining
            for order in self.resting
            if order.request.symbol == symbol and self.fund in ("", order.request.fund_id)
        )

    @cached_property
    def measured(self) -> dict[tuple[str, int], tuple[float, float]]:
        """What was worked out of measures by name and signed units; so a view is for one request, at any size."""
        return {}

    @cached_property
    def proven(self) -> dict[int, bool]:
        """Of orders that near zero, by signed units, whether they only reduce: several checks ask."""
        return {}

    @cached_property
    def moves(self) -> tuple[tuple[int, Greeks], ...]:
        """(signed remaining units, unit Greeks) of the fund's working orders in the contract's underlying."""
        name = self.contract.underlying if self.contract else ""
        return tuple(
            (order.signed_remaining, self.greeks_of(order.request.symbol))
            for order in self.resting
            if order.remaining and parse_id(order.request.symbol).underlying == name
        )


def nears_zero(request: OrderRequest, view: GateView) -> bool:
    """Whether the order can only bring the fund's position in its contract nearer to zero."""
    valid = type(request.quantity) is int and request.quantity > 0
    return valid and reduces(request.signed, view.position, view.working(request.symbol))


def only_reduces(request: OrderRequest, view: GateView) -> bool:
    """Whether an order can only reduce: position, and the book's |delta|, short gamma, |vega|, margin, stress loss."""
    if view.contract is None or not nears_zero(request, view):
        return False
    if view.planned_close:
        return True
    if request.signed not in view.proven:
        low, high = reach(view.book, view.moves)
        ends = span(view.position, view.working(request.symbol))
        view.proven[request.signed] = measures_do_not_rise(
            request.signed,
            view.greeks_of(request.symbol),
            low,
            high,
            view.margin_rises,
            lambda signed: view.losses.worst_rises(signed, *ends),
        )
    return view.proven[request.signed]
