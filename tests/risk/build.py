"""A small world for the tests of the risk room: one option, one flat fund, everything in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from math import nan
from typing import Any

import numpy as np

from sidecar.domain.breaker import BreakerState
from sidecar.domain.clock import DAY, SECOND
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.risk.exposure import FLAT, Greeks
from sidecar.risk.gate import GateView
from sidecar.risk.limits import defaults
from sidecar.risk.losses import Losses
from sidecar.risk.reduce_only import span

NOW = 1_787_000_000 * SECOND
LOT = 75
CALL = Contract("NIFTY", Kind.OPTION, date(2026, 8, 25), 24600.0, Right.CALL, NOW + 7 * DAY, LOT, Decimal("0.05"), 1800)
FUTURE = Contract("NIFTY", Kind.FUTURE, date(2026, 8, 25), None, None, NOW + 7 * DAY, LOT, Decimal("0.05"), 1800)
UNIT = {CALL.id: Greeks(0.5, 0.001, 12.0, -9.0), FUTURE.id: Greeks(1.0, 0.0, 0.0, 0.0)}


#: The future's moves of a day, a point each from -10 to 9, and two stresses of 100 points either way.
MOVES = np.append(np.arange(-10.0, 10.0), [-100.0, 100.0])
NO_LOSS = Losses(np.zeros(22), np.zeros(22), np.zeros((0, 2, 22)), 20)


def of_future(position: int = 0) -> Losses:
    """What a fund of ``position`` units of the future loses, judged for an order in the future."""
    return Losses(-position * MOVES, -MOVES, np.zeros((0, 2, MOVES.size)), 20)


UNKNOWN_LOSS = Losses(np.full(22, nan), np.zeros(22), np.zeros((0, 2, 22)), 20)
UNKNOWN_STRESS = Losses(np.where(MOVES < -50, nan, 0.0), np.zeros(22), np.zeros((0, 2, 22)), 20)


def margin_of(quantity: int) -> float:
    """A short uses 1,500 a unit, a long its premium of 100."""
    return quantity * 100.0 if quantity > 0 else -quantity * 1500.0


def request(side: Side = Side.SELL, quantity: int = LOT, price: str | None = "100", **more: Any) -> OrderRequest:
    more.setdefault("symbol", CALL.id)
    return OrderRequest(side=side, quantity=quantity, price=None if price is None else Decimal(price), **more)


def order(
    side: Side, quantity: int, *, at: int = NOW - 30 * SECOND, state: OrderState = OrderState.OPEN, filled: int = 0,
    **more: Any,
) -> Order:  # fmt: skip
    return Order("o", request(side, quantity, **more), state, "test", at, at, filled)


def view(**changes: Any) -> GateView:
    """A view that accepts one lot either way; ``limits`` given are laid over the defaults."""
    fields: dict[str, Any] = {
        "at": NOW, "breaker": BreakerState(), "contract": CALL, "session_open": True,
        "bid": 99.5, "ask": 100.5, "last": 100.0, "mark": 100.0, "quote_age_s": 0.5,
        "position": 0, "resting": (), "recent": (), "capital": 5_000_000.0, "used_margin": 0.0,
        "available_margin": 5_000_000.0, "open_symbols": (), "disabled_strategies": (),
        "margin_of": margin_of, "margin_of_strategy": margin_of, "margin_of_position": margin_of,
        "position_of_strategy": 0,
        "greeks_of": UNIT.__getitem__, "book": FLAT, "losses": NO_LOSS, "blind": False, "reference": "simulated",
    }  # fmt: skip
    limits = {**defaults(), **changes.pop("limits", {})}
    fields = {**fields, "limits": limits, **changes}
    return GateView(**{"margin_rises": rises(fields), **fields})


def rises(fields: dict[str, Any]) -> Callable[[int], bool]:
    """Whether a fill can raise the contract's margin, whichever of its working orders fill."""
    own = [one for one in fields["resting"] if fields["contract"] and one.request.symbol == fields["contract"].id]
    nets = span(fields["position"], [one.request.side.sign * one.remaining for one in own])
    margin = fields["margin_of"]
    return lambda signed: not all(margin(net + signed) <= margin(net) for net in nets)


def holding(position: int, **changes: Any) -> GateView:
    """A view of a fund that holds ``position`` units of the call and nothing else."""
    unit = UNIT[CALL.id]
    book = Greeks(unit.delta * position, unit.gamma * position, unit.vega * position, unit.theta * position)
    held = {
        "position": position,
        "book": book,
        "losses": of_future(),
        "used_margin": margin_of(position),
        "open_symbols": (CALL.id,),
        "position_of_strategy": position,
    }
    return view(**{**held, **changes})
