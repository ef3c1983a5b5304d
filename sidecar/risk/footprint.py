"""What a limited measure is before an order and after it, with every working order of the fund counted as it may fill.

Each function takes the request and the view and gives (before, after); NaN where that cannot be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite, nan

from sidecar.domain.contracts import Kind
from sidecar.domain.orders import OrderRequest, Side
from sidecar.risk.exposure import reach_of
from sidecar.risk.reduce_only import span
from sidecar.risk.view import GateView, nears_zero

Footprint = Callable[[OrderRequest, GateView], tuple[float, float]]


def order_lots(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """The size of the order alone, in lots."""
    return 0.0, request.quantity / (view.contract.lot_size if view.contract else 1)


def positions(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """Contracts that are open, or would be if the working orders filled."""
    held = {*view.open_symbols, *(order.request.symbol for order in view.resting if order.remaining)}
    return float(len(held)), float(len({*held, request.symbol}))


def margin(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """Margin that this contract's working orders, and then this order too, add to what the fund uses."""
    key = ("margin", request.signed)
    if key not in view.measured:
        held = view.margin_of(view.position)
        before, after = _most(view.margin_of, view.position, request, view)
        view.measured[key] = before - held, after - held
    return view.measured[key]


def capital_per_trade(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """The larger of the margin that the order adds and the premium that it pays, of capital."""
    before, after = margin(request, view)
    pays = view.contract is not None and view.contract.kind is Kind.OPTION and request.side is Side.BUY
    premium = float(request.price or nan) * request.quantity if pays and not nears_zero(request, view) else 0.0
    return 0.0, _share(_larger(after - before, premium), view)


def unexecuted_value(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """Price times units of what works and has not filled, of capital; NaN where an order has no price."""
    before = sum(
        (float(order.request.price or nan) * order.remaining for order in view.resting if order.remaining), 0.0
    )
    return _share(before, view), _share(before + float(request.price or nan) * request.quantity, view)


def capital_utilization(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """Margin used by the fund, of capital."""
    before, after = margin(request, view)
    return _share(view.used_margin + before, view), _share(view.used_margin + after, view)


def margin_utilization(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """Margin used by the fund, of used and available."""
    whole = view.used_margin + view.available_margin
    if not whole > 0:
        return nan, nan
    before, after = margin(request, view)
    return (view.used_margin + before) / whole, (view.used_margin + after) / whole


def strategy_allocation(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """Margin used by the order's strategy alone, of capital; other strategies' orders in the contract count to it."""
    before, after = _most(view.margin_of_strategy, view.position_of_strategy, request, view)
    return _share(before, view), _share(after, view)


def position_allocation(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """Margin used by this contract alone, of capital."""
    before, after = _most(view.margin_of_position, view.position, request, view)
    return _share(before, view), _share(after, view)


def var_95(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """One-day value at risk of the fund, of capital."""
    before, after = _spans(view.position, request, view)
    return _share(view.losses.var_95(*before), view), _share(view.losses.var_95(*after), view)


def stress_loss(request: OrderRequest, view: GateView) -> tuple[float, float]:
    """Largest loss of the fund over the stresses, of capital."""
    before, after = _spans(view.position, request, view)
    return _share(view.losses.worst(*before), view), _share(view.losses.worst(*after), view)


def net_greek(name: str) -> Footprint:
    """The footprint in one Greek: the largest absolute value over every set of fills, by underlying."""

    def footprint(request: OrderRequest, view: GateView) -> tuple[float, float]:
        order = (request.signed, view.greeks_of(request.symbol))
        before, after = reach_of(name, view.book, view.moves), reach_of(name, view.book, (*view.moves, order))
        return _larger(*map(abs, before)), _larger(*map(abs, after))

    return footprint


def _most(margin_of: Callable[[int], float], at: int, request: OrderRequest, view: GateView) -> tuple[float, float]:
    """The largest margin over the fills of the contract's working orders from ``at``: without this order, and with it.

    The two ends, ``at`` and, where it is crossed, zero: between them a margin is convex.
    """
    before, after = (_largest(map(margin_of, {at, *ends, *_crossed(ends)})) for ends in _spans(at, request, view))
    return before, after


def _crossed(ends: tuple[int, int]) -> tuple[int, ...]:
    return (0,) if ends[0] < 0 < ends[1] else ()


def _spans(at: int, request: OrderRequest, view: GateView) -> tuple[tuple[int, int], tuple[int, int]]:
    """The ends between which the contract's working orders can bring it from ``at``: without this order, and with."""
    working = view.working(request.symbol)
    return span(at, working), span(at, (*working, request.signed))


def _share(amount: float, view: GateView) -> float:
    return amount / view.capital if view.capital > 0 else nan


def _largest(values: Iterable[float]) -> float:
    found = tuple(values)
    return max(found) if all(map(isfinite, found)) else nan


def _larger(first: float, second: float) -> float:
    return max(first, second) if isfinite(first) and isfinite(second) else nan
