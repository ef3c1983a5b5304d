"""The margins that an order is judged by: what a fund, or a part of it, blocks with all that works, and with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from sidecar.book import capital
from sidecar.book.capital import Holding
from sidecar.desk.holdings import NOTHING, asked_prices, base, look, mark_of, point, worked
from sidecar.desk.state import DeskState
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.orders import Order, OrderRequest
from sidecar.domain.scopes import Scope
from sidecar.risk.legs import Floats
from sidecar.risk.portfolio import Point, alone
from sidecar.risk.reduce_only import span


class Blocked(NamedTuple):
    """What an order is judged by: margins with every other working order of the scope filled as it costs most.

    ``fund`` at a net quantity of the scope in the contract; ``strategy`` at a quantity of the strategy, now ``held``;
    ``position`` of the contract alone at a net quantity; ``rises``: whether so many signed units can raise the scope's.
    """

    fund: Callable[[int], float]
    strategy: Callable[[int], float]
    held: int
    position: Callable[[int], float]
    rises: Callable[[int], bool]


def blocked(
    state: DeskState,
    request: OrderRequest,
    contract: Contract,
    resting: Iterable[Order],
    scope: Scope | None = None,
) -> Blocked:
    """The margins that a request is judged by in its fund, or in a part of it; ``resting`` works in that scope."""
    where = scope or Scope(request.fund_id)
    symbol, name, margins = request.symbol, request.strategy, look(state)
    working = tuple(order for order in resting if order.remaining)
    own = tuple(order for order in working if order.request.strategy == name)
    here = [order for order in working if order.request.symbol == symbol]
    mark = mark_of(state, symbol)
    prices = asked_prices([request, *(order.request for order in here)], mark)
    held, _, strategies = base(state, margins, where)
    shares = dict(held.get(symbol, NOTHING))
    mine = capital.again(shares.pop(name, Holding()), contract, prices, mark)
    others = tuple(shares.values())
    net = mine.quantity + sum(share.quantity for share in others)
    signed = [order.signed_remaining for order in here]
    ends = {0, *span(0, signed), *span(0, (*signed, request.signed))} if contract.kind is not Kind.INDEX else {0}
    whole = worked(state, margins, where, working)
    one, row = margins.of((symbol,)), margins.row(symbol)  # no older than what the book is made of
    fund = whole.without(one, row)

    def at(start: Holding, *beside: Holding) -> Callable[[int], Point]:
        return lambda change: point((capital.moved(start, contract, start.quantity + change, prices, mark), *beside))

    moved = at(mine, *others)
    of_fund = of_strategy = _kept(lambda changes: fund.with_(row, [*map(moved, changes)]), ends)
    # Where all is of one strategy, its book is the fund's.
    if len(own) < len(working) or not strategies <= {name}:
        part = worked(state, margins, replace(where, strategy=name), own).without(one, row)
        of_strategy = _kept(lambda changes: part.with_(row, [*map(at(mine), changes)]), ends)

    def rises(change: int) -> bool:
        starts = sorted({0, *span(0, signed)})
        return any(fund.rises(row, moved(start), moved(start + change)) for start in starts)

    return Blocked(
        lambda quantity: of_fund(quantity - net),
        lambda quantity: of_strategy(quantity - mine.quantity),
        mine.quantity,
        _kept(
            lambda quantities: alone(one, row, [*map(at(Holding()), quantities)]), [net + end for end in sorted(ends)]
        ),
        rises,
    )


def _kept(function: Callable[[Sequence[int]], Floats], first: Iterable[int]) -> Callable[[int], float]:
    """The function, asked once for each quantity, and for ``first`` in one go: the gate asks about the same few."""
    answers: dict[int, float] = {}

    def asked(quantity: int) -> float:
        if quantity not in answers:
            new = tuple(dict.fromkeys((quantity, *(() if answers else first))))
            answers.update(zip(new, map(float, function(new)), strict=True))
        return answers[quantity]

    return asked
