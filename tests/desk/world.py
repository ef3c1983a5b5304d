"""A small live market round a real desk: one index, a chain of one expiry, a future, and prices from the model."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from sidecar.desk.config import DeskConfig
from sidecar.desk.state import DeskState
from sidecar.desk.step import step
from sidecar.domain.clock import SECOND, at_local
from sidecar.domain.commands import PlaceOrder, Reset, Stop
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import AnyEvent, Beat, Listed, OrderAccepted, OrderFilled, Quote
from sidecar.domain.orders import Order, OrderRequest, Side
from sidecar.domain.report import DeskReport, Outcome, Published
from sidecar.pricing.black import price
from sidecar.pricing.daycount import years
from sidecar.reference import load_reference
from sidecar.risk.limits import defaults

REFERENCE = load_reference()
CALENDAR = REFERENCE.calendar("NSE")
DAY = date(2026, 9, 7)
NEXT_DAY = date(2026, 9, 8)
EXPIRY = NEXT_DAY
LAST_EXPIRY = date(2026, 9, 29)
OPEN = at_local(DAY, 9, 15, CALENDAR.zone)
CLOSE = at_local(DAY, 15, 40, CALENDAR.zone)
LOT = REFERENCE.lot_size("NIFTY", EXPIRY, DAY)
TICK = Decimal("0.05")
SPOT = 24_700.0
STRIKES = tuple(float(strike) for strike in range(24_300, 25_101, 100))


def option(strike: float, right: Right, expiry: date = EXPIRY) -> Contract:
    closes = REFERENCE.expiry_close("NIFTY", expiry)
    return Contract("NIFTY", Kind.OPTION, expiry, strike, right, closes, LOT, TICK, 1800)


INDEX = Contract("NIFTY", Kind.INDEX)
VIX = Contract("INDIAVIX", Kind.INDEX)
OPTIONS = tuple(option(strike, right) for strike in STRIKES for right in Right)
FUTURE = Contract(
    "NIFTY", Kind.FUTURE, LAST_EXPIRY, None, None, REFERENCE.expiry_close("NIFTY", LAST_EXPIRY), LOT, TICK, 1800
)
CALL = option(24_900.0, Right.CALL)
PUT = option(24_500.0, Right.PUT)
CONTRACTS = (INDEX, VIX, *OPTIONS)
LISTED = Listed(OPEN - SECOND, CONTRACTS, "test", True)


def config(**more: Any) -> DeskConfig:
    limits = {**defaults(), "position_allocation": 1.0, "capital_per_trade": 1.0, **more.pop("limits", {})}
    fields: dict[str, Any] = {"capital": {"main": Decimal(10_000_000)}, "limits": limits}
    return DeskConfig(**{**fields, **more})


def fresh(**more: Any) -> DeskState:
    return DeskState(config(**more), REFERENCE, CALENDAR)


def ticks(value: float) -> float:
    return max(round(value / 0.05) * 0.05, 0.05)


def index(at: int, spot: float = SPOT) -> Quote:
    return Quote("NIFTY", at, at, last=spot)


def quote(contract: Contract, at: int, spot: float = SPOT, volatility: float = 0.15) -> Quote:
    """Two ticks either side of the model's price; a future 40 points over the spot."""
    if contract.kind is Kind.FUTURE:
        middle = spot + 40.0
    else:
        time = years(at, contract.expires_at or 0)
        call = contract.right is Right.CALL
        middle = float(price(spot, contract.strike or 0.0, time, volatility, call=np.bool_(call)))
    bid, ask = ticks(middle - 0.1), ticks(middle + 0.1)
    bid = min(bid, ask - 0.05) if ask > 0.06 else float("nan")
    size = 40.0 * LOT
    return Quote(contract.id, at, at, round(bid, 2), round(ask, 2), size, size, round(ask, 2), 1000.0 * LOT, 500.0)


def chain(at: int, spot: float = SPOT, volatility: float = 0.15, vix: float = 15.0) -> list[Quote]:
    """The index, the volatility index, and every option that still trades."""
    alive = [contract for contract in OPTIONS if (contract.expires_at or 0) > at]
    options = [quote(contract, at, spot, volatility) for contract in alive]
    return [index(at, spot), Quote("INDIAVIX", at, at, last=vix), *options]


class World:
    """A desk without a drive: events in, the last report out. Time moves only by ``beat`` and ``trade``."""

    def __init__(self, state: DeskState | None = None, *, at: int = OPEN + SECOND, **more: Any) -> None:
        self.state = state if state is not None else fresh(**more)
        self.at = at
        self.published: Published | None = None
        self.records: list[Any] = []
        self.requests = 0

    @property
    def report(self) -> DeskReport:
        assert self.published is not None
        return self.published.report

    def take(self, *events: AnyEvent) -> DeskReport:
        for event in events:
            published = step(self.state, event)
            if published is not None:
                self.published = published
                self.records += published.report.records
        return self.report

    def begin(self) -> World:
        """The chain is listed and quoted, and a first beat has opened the day."""
        step(self.state, LISTED)
        self.trade()
        return self

    def trade(self, spot: float = SPOT, *, seconds: float = 1.0, beats: int = 1, **market: float) -> DeskReport:
        """So many times: time passes, everything is quoted anew, and the desk beats."""
        for _ in range(beats):
            self.at += int(seconds * SECOND)
            self.take(*chain(self.at, spot, **market), Beat(self.at))
        return self.report

    def beat(self, seconds: float = 1.0) -> DeskReport:
        """Time passes and nothing is quoted."""
        self.at += int(seconds * SECOND)
        return self.take(Beat(self.at))

    def name(self) -> str:
        self.requests += 1
        return f"r{self.requests}"

    def ask(self, kind: Any, *, actor: str = "ann", **fields: Any) -> Outcome:
        """Give a command; its outcome."""
        request_id = self.name()
        report = self.take(kind(at=self.at, request_id=request_id, actor=actor, **fields))
        found = [outcome for outcome in report.outcomes if outcome.request_id == request_id]
        assert len(found) == 1
        return found[0]

    def place(
        self, contract: Contract = CALL, side: Side = Side.SELL, lots: int = 1, *, actor: str = "ann", **more: Any
    ) -> Outcome:
        """An order at the touch of the last quote."""
        last = self.state.board.last(contract.id)
        touch = more.pop("price", None)
        if touch is None and last is not None:
            touch = Decimal(str(round(last.ask if side is Side.BUY else last.bid, 2)))
        request = OrderRequest(contract.id, side, lots * LOT, touch, **more)
        return self.ask(PlaceOrder, actor=actor, request=request)

    def fill(self, order: Order, lots: float | None = None, *, at_price: str = "", fill_id: str = "") -> DeskReport:
        """The venue accepts and fills (part of) an order."""
        quantity = order.request.quantity if lots is None else int(lots * LOT)
        name = fill_id or f"F{self.requests}-{order.id}-{len(self.records)}"
        filled = OrderFilled(self.at, order.id, name, quantity, at_price or str(order.request.price))
        return self.take(OrderAccepted(self.at, order.id, f"V-{order.id}"), filled)

    def trade_lots(self, contract: Contract = CALL, side: Side = Side.SELL, lots: int = 1, **more: Any) -> Order:
        """Place and fill at once; the order as it is then."""
        at_price = more.pop("at_price", "")
        outcome = self.place(contract, side, lots, **more)
        assert outcome.orders, outcome.message
        assert outcome.refusal is None, outcome.message
        self.fill(outcome.orders[0], at_price=at_price)
        return self.state.orders[outcome.orders[0].id]

    def stop(self, **more: Any) -> Outcome:
        return self.ask(Stop, reason="drill", **more)

    def reset(self, actor: str = "root") -> Outcome:
        return self.ask(Reset, actor=actor, reason="all clear")
