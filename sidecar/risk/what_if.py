"""What the gate would answer to orders that nobody has sent, and how large they could be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd

from msgspec.structs import replace

from sidecar.domain.impact import LimitImpact, OrderImpact
from sidecar.domain.orders import OrderRequest
from sidecar.risk import gate
from sidecar.risk.checks import SIZED
from sidecar.risk.sized import limit_of, passes
from sidecar.risk.view import GateView

#: A guess may not miss a whole number for want of a bit.
_ROUNDING = 1e-9
#: Limits of the order, its contract or its strategy; the others are the fund's.
_OWN = frozenset({"order_lots", "capital_per_trade", "position_allocation", "strategy_allocation"})
#: Beyond any multiple that an order can have.
_MOST = 1e6

#: What the gate may know of the last of some requests while the ones before it work.
Views = Callable[[Sequence[OrderRequest]], GateView]


def judged(request: OrderRequest, view: GateView) -> OrderImpact:
    """The gate's answer to one request, and every limit that grows with it before and after."""
    verdict = gate.check(request, view)
    refusal = verdict.refusal
    return OrderImpact(
        request,
        verdict.accepted,
        verdict.reduces_only,
        refusal.limit_name if refusal else "",
        refusal.detail if refusal else "",
        tuple(_limit(row.name, row.ends(request, view), view) for row in SIZED) if view.contract else (),
    )


def largest(requests: Sequence[OrderRequest], lots: Sequence[int], views: Views, guess: float = 1.0) -> tuple[int, ...]:
    """The quantities, in the proportion of ``requests``, with which all pass in turn, and one step more does not.

    ``lots`` are the contracts' lot sizes; a step is the smallest basket of whole lots in that proportion. Zeros where
    not even one step passes, or where a quantity is no whole number of lots. ``guess``, a multiple of ``requests``, is
    tried first; then by doubling and halving. An order that only adds grows towards each limit, so what is found is the
    largest; one that first reduces may pass again beyond it.
    """
    if any(request.quantity <= 0 or request.quantity % lot for request, lot in zip(requests, lots, strict=True)):
        return (0,) * len(requests)
    steps = gcd(*(request.quantity // lot for request, lot in zip(requests, lots, strict=True)))
    unit = [request.quantity // steps for request in requests]

    def fits(count: int) -> bool:
        sized = [replace(one, quantity=count * quantity) for one, quantity in zip(requests, unit, strict=True)]
        return all(gate.passes(sized[at], views(sized[: at + 1])) for at in range(len(sized)))

    passing, failing = _bracket(fits, max(int(guess * steps * (1 + _ROUNDING)), 1))
    while failing - passing > 1:
        middle = (passing + failing) // 2
        passing, failing = (middle, failing) if fits(middle) else (passing, middle)
    return tuple(passing * quantity for quantity in unit)


def _bracket(fits: Callable[[int], bool], start: int) -> tuple[int, int]:
    """A count that passes, or 0, and a larger one that fails: next to ``start`` if they are there, else farther off."""
    step = 1
    if fits(start):
        passing, failing = start, start + step
        while fits(failing):
            step *= 2
            passing, failing = failing, failing + step
        return passing, failing
    if not fits(1):
        return 0, 1  # what refuses it asks about something else than its size
    passing, failing = max(start - step, 1), start
    while not fits(passing):
        step *= 2
        passing, failing = max(passing - step, 1), passing
    return passing, failing


def guess(told: Sequence[OrderImpact], freezes: Sequence[int]) -> float:
    """How many times larger the orders could be if every limit that they grow towards grew in proportion.

    ``freezes``: the contracts' freeze quantities, 0 where there is none.
    """
    room = [freeze / one.request.quantity for one, freeze in zip(told, freezes, strict=True) if freeze]
    first: dict[tuple[str, str], float] = {}
    for order in told:
        for line in order.limits:
            # What is the fund's grows from what it was before the first of the fund's orders.
            before = (
                line.before if line.name in _OWN else first.setdefault((order.request.fund_id, line.name), line.before)
            )
            if line.after > before and line.limit >= before:
                room.append((line.limit - before) / (line.after - before))
    return min((ratio for ratio in room if ratio < _MOST), default=1.0)


def _limit(name: str, ends: tuple[float, float], view: GateView) -> LimitImpact:
    before, after = ends
    limit = limit_of(name, view)
    return LimitImpact(name, limit, before, after, passes(before, after, limit))
