"""The gate's table: every check that an order meets, in the order in which it meets them."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, isnan, nan

import msgspec

from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.contracts import Kind
from sidecar.domain.orders import Order, OrderRequest, OrderState, OrderType, Side
from sidecar.domain.report import Refusal
from sidecar.domain.scopes import Scope
from sidecar.risk import footprint
from sidecar.risk.breaker import covers
from sidecar.risk.limits import BY_NAME
from sidecar.risk.sized import Judge, Sized
from sidecar.risk.view import GateView, only_reduces

#: Beyond any real order; what is larger is a mistake, and would not be exact as a float.
_MOST = 1_000_000_000
_REDUCE = "only orders that reduce position, |delta|, short gamma, |vega|, margin and stress loss pass"


class Check(msgspec.Struct, frozen=True):
    """One row: ``stops_reducing`` also stops an order that only reduces; ``limit`` is the one an override may cover."""

    name: str
    stops_reducing: bool
    function: Judge
    limit: str = ""


def _quantity(request: OrderRequest, _view: GateView) -> Refusal | None:
    if type(request.quantity) is int and 0 < request.quantity <= _MOST:
        return None
    detail = f"quantity {str(request.quantity)[:20]} is not a whole number from 1 to {_MOST}; the side gives the sign"
    return Refusal("quantity", detail)


def _contract(request: OrderRequest, view: GateView) -> Refusal | None:
    if view.contract is None or view.contract.id != request.symbol:
        return Refusal("contract", f"{request.symbol[:80]!r} is not a listed contract; use an id of the chain")
    if view.contract.kind is Kind.INDEX:
        return Refusal("contract", f"{request.symbol} is an index and cannot be traded; use its future or options")
    if view.contract.expires_at is None or view.at >= view.contract.expires_at:
        return Refusal("contract", f"{request.symbol} has expired; choose a later expiry")
    return None


def _lot(request: OrderRequest, view: GateView) -> Refusal | None:
    size = view.contract.lot_size if view.contract else 1
    if request.quantity % size == 0:
        return None
    whole = request.quantity // size * size
    advice = f"give {whole} or another multiple of {size}" if whole else f"give a multiple of {size}"
    detail = f"quantity {request.quantity} is not a multiple of the lot size {size}; {advice}"
    return Refusal("lot", detail, size, 0, request.quantity, whole)


def _freeze(request: OrderRequest, view: GateView) -> Refusal | None:
    most = view.contract.freeze_quantity if view.contract else 0
    if most == 0 or request.quantity <= most:
        return None
    size = view.contract.lot_size if view.contract else 1
    detail = f"quantity {request.quantity} is above the exchange's freeze quantity {most}; send it in slices"
    return Refusal("freeze", detail, most, 0, request.quantity, most // size * size)


def _session(_request: OrderRequest, view: GateView) -> Refusal | None:
    if view.session_open:
        return None
    return Refusal("session", "the exchange's session is closed; send the order when it is open")


def _order_type(request: OrderRequest, _view: GateView) -> Refusal | None:
    if request.order_type is OrderType.LIMIT:
        return None
    return Refusal("order_type", "the exchange refuses MARKET orders of algorithms; send a marketable LIMIT instead")


def _price(request: OrderRequest, view: GateView) -> Refusal | None:
    if request.price is None or not request.price.is_finite() or not 0 < request.price <= _MOST:
        return Refusal("price", f"price {request.price} is not between 0 and {_MOST}; a LIMIT order needs one")
    if view.contract is not None and request.price % view.contract.tick_size != 0:
        detail = f"price {request.price} is not a multiple of the tick {view.contract.tick_size}; round it"
        return Refusal("price", detail)
    return None


def _market_halt(_request: OrderRequest, view: GateView) -> Refusal | None:
    if view.breaker.status is not BreakerStatus.MARKET_HALT and not view.halted:
        return None
    return Refusal("market_halt", "the market is halted, so no order can leave; wait for the end of the halt")


def _breaker(_request: OrderRequest, view: GateView) -> Refusal | None:
    causes = view.breaker.causes
    if view.breaker.active:
        return None
    if causes and all(covers(view.breaker, cause.limit_name, view.at) for cause in causes):
        return None
    why = "; ".join(f"{cause.trigger}: {cause.detail}" for cause in causes) or "cause not recorded"
    detail = f"the breaker is {view.breaker.status} ({why}); {_REDUCE}, or have it reset"
    return Refusal("breaker", detail)


def _breaker_scope(request: OrderRequest, view: GateView) -> Refusal | None:
    """What is shut of the desk: an order there must only reduce what that scope holds, whatever it does elsewhere."""
    underlying = view.contract.underlying if view.contract else ""
    for cause in view.breaker.partial:
        scope = Scope.parse(cause.scope)
        if not scope.covers(request.fund_id, request.strategy, underlying):
            continue
        own = [at for at in (view, *view.parts) if at.scope == cause.scope]
        if covers(view.breaker, cause.limit_name, view.at) or (own and only_reduces(request, own[0])):
            continue
        why = f"{cause.scope} is shut ({cause.trigger}: {cause.detail}); {_REDUCE} there, or have it reset"
        return Refusal("breaker_scope", why, scope=cause.scope)
    return None


def _blind(_request: OrderRequest, view: GateView) -> Refusal | None:
    if not view.blind:
        return None
    return Refusal("blind", f"there is no trusted market data (data_failure); {_REDUCE}, or wait for the feed")


def _limits(_request: OrderRequest, view: GateView) -> Refusal | None:
    missing = [name for name in BY_NAME if name not in view.limits]
    if not missing:
        return None
    return Refusal("limits", f"no limit is loaded for {', '.join(missing)}; with no limits nothing trades")


def _disabled_strategy(request: OrderRequest, view: GateView) -> Refusal | None:
    if request.strategy not in view.disabled_strategies:
        return None
    return Refusal("disabled_strategy", f"strategy {request.strategy} is disabled; a named person must enable it again")


def _price_band(request: OrderRequest, view: GateView) -> Refusal | None:
    """The distance from the last price, or the mid where none is known; at least one tick is always allowed.

    An order that only reduces may always trade at the touch, and passes where there is no price to compare with.
    """
    reducing = only_reduces(request, view)
    reference = view.last if _known(view.last) else (view.bid + view.ask) / 2
    if request.price is None or not _known(reference):
        unknown = f"no {view.reference} price of {request.symbol} is known to compare with; wait for a quote"
        return None if reducing and request.price is not None else Refusal("price_band", " ".join(unknown.split()))
    asked, limit = float(request.price), view.limits.get("price_band", nan)
    tick = float(view.contract.tick_size) if view.contract else 0.0
    room = max(limit * reference, tick) * (1 + 1e-12)
    if abs(asked - reference) <= room or (reducing and (_at_touch(request, view) or isnan(limit))):
        return None
    detail = (
        f"price {request.price} is {abs(asked / reference - 1):.2%} from {reference:g}, the limit is {limit:.2%}; "
        f"give {max(reference - room, tick):.2f} to {reference + room:.2f}"
    )
    return Refusal("price_band", detail, limit, 0.0, abs(asked / reference - 1))


def _at_touch(request: OrderRequest, view: GateView) -> bool:
    asked = float(request.price or nan)
    return asked <= view.ask if request.side is Side.BUY else asked >= view.bid


def _known(number: float) -> bool:
    return isfinite(number) and number > 0


def _stale(request: OrderRequest, view: GateView) -> Refusal | None:
    limit = view.limits["stale"]
    if view.quote_age_s < limit:
        return None
    age = f"{view.quote_age_s:.1f} s old" if isfinite(view.quote_age_s) else "unknown"
    detail = f"the quote of {request.symbol} is {age}, the limit is {limit:g} s; wait for a fresh one"
    return Refusal("stale", detail, limit, view.quote_age_s, view.quote_age_s)


def _duplicate_order(request: OrderRequest, view: GateView) -> Refusal | None:
    limit = view.limits["duplicate_order"]
    ages = [
        (view.at - order.created_at) / SECOND
        for order in (*view.recent, *view.resting)
        if order.state is not OrderState.REFUSED and _twin(order.request, request)
    ]
    if not ages or min(ages) >= limit:
        return None
    detail = f"an equal order was sent {min(ages):.1f} s ago, the limit is {limit:g} s; wait, or change it"
    return Refusal("duplicate_order", detail, limit, min(ages), min(ages))


def _twin(a: OrderRequest, b: OrderRequest) -> bool:
    return all(getattr(a, name) == getattr(b, name) for name in ("fund_id", "symbol", "side", "quantity", "price"))


def _order_rate(_request: OrderRequest, view: GateView) -> Refusal | None:
    limit, before = view.limits["order_rate"], sum(map(_sent_within_a_minute(view.at), view.recent))
    if before + 1 <= limit:
        return None
    detail = f"{before} orders were sent in the last minute, the limit is {limit:g}; wait"
    return Refusal("order_rate", detail, limit, before, before + 1)


def _sent_within_a_minute(at: int) -> Callable[[Order], bool]:
    return lambda order: order.state is not OrderState.REFUSED and order.created_at > at - MINUTE


#: The measures that grow with an order. What is a margin, or the like of it, a buy-back never fails.
SIZED: tuple[Sized, ...] = (
    Sized("order_lots", footprint.order_lots),
    Sized("positions", footprint.positions),
    Sized("capital_per_trade", footprint.capital_per_trade, is_margin=True),
    Sized("unexecuted_value", footprint.unexecuted_value, is_margin=True),
    Sized("capital_utilization", footprint.capital_utilization, is_margin=True),
    Sized("strategy_allocation", footprint.strategy_allocation, is_margin=True),
    Sized("position_allocation", footprint.position_allocation, is_margin=True),
    Sized("margin", footprint.margin, is_margin=True),
    Sized("margin_utilization", footprint.margin_utilization, is_margin=True),
    *(Sized(f"net_{greek}", footprint.net_greek(greek)) for greek in ("delta", "gamma", "vega", "theta")),
    Sized("var_95", footprint.var_95),
    Sized("stress_loss", footprint.stress_loss),
)

CHECKS: tuple[Check, ...] = (
    Check("quantity", True, _quantity),
    Check("contract", True, _contract),
    Check("lot", True, _lot),
    Check("freeze", True, _freeze),
    Check("session", True, _session),
    Check("order_type", True, _order_type),
    Check("price", True, _price),
    Check("market_halt", True, _market_halt),
    Check("breaker", False, _breaker),
    Check("breaker_scope", True, _breaker_scope),
    Check("blind", False, _blind),
    Check("limits", False, _limits),
    Check("disabled_strategy", False, _disabled_strategy),
    Check("price_band", True, _price_band, "price_band"),
    Check("stale", False, _stale, "stale"),
    Check("duplicate_order", False, _duplicate_order, "duplicate_order"),
    Check("order_rate", False, _order_rate, "order_rate"),
    *(Check(row.name, False, row, row.name if row.name in BY_NAME else "") for row in SIZED),
)
