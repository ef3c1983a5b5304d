"""Who asks the desk for things: traders good and bad, operators, programs. All they do is drawn from the seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from math import isfinite
from typing import Any

from sidecar.domain.clock import SECOND
from sidecar.domain.commands import (
    CancelAll,
    CancelOrder,
    ChangeLimits,
    ClosePositions,
    CommandEvent,
    Disable,
    DisableOverride,
    EnableOverride,
    Heartbeat,
    PlaceOrder,
    PlanClose,
    Reset,
    Stop,
    WhatIf,
)
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.orders import OrderRequest, OrderType, Side, TimeInForce
from sidecar.domain.report import DeskReport, PositionLine
from sidecar.risk.limits import LIMITS
from tests.simulation.scene import Scene

Touch = Callable[[Contract, Side], float]
Made = Iterator[CommandEvent]

_NAMES = tuple(row.name for row in LIMITS)
_STRATEGIES = ("manual", "alpha", "beta")


class People:
    """Commands of one moment. ``touch`` is the price that a marketable order of a side needs."""

    def __init__(self, scene: Scene, faults: Counter[str], touch: Touch) -> None:
        self._scene, self._faults, self._touch = scene, faults, touch
        self._chance = scene.random("people")
        self._trading = [one for one in scene.contracts if one.kind is not Kind.INDEX]
        self._funds = tuple(scene.config.capital)
        self._requests = 0
        self.stops = 0

    def ask(self, at: int, report: DeskReport, *, busy: bool) -> list[CommandEvent]:
        """What they ask for now. ``busy``: one of the lively stretches of the day."""
        made: list[CommandEvent] = []
        for family, share, what in self._doings():
            if (not family or self._scene.on(family)) and self._chance.random() < share * (1.0 if busy else 0.4):
                made += what(at, report)
        return made

    def _doings(self) -> Iterable[tuple[str, float, Callable[[int, DeskReport], Made]]]:
        """The family, how likely in one lively step, and what is done."""
        return (
            ("", 0.35, self._order),
            ("", 0.12, self._reduce),
            ("fools", 0.08, self._folly),
            ("fools", 0.03, self._twins),
            ("fools", 0.06, self._flip),
            ("", 0.04, self._cancel),
            ("people", 0.01, self._cancel_all),
            ("people", 0.025, self._stop),
            ("people", 0.01, self._disable),
            ("", 0.10, self._reset),
            ("people", 0.03, self._override),
            ("people", 0.03, self._limit),
            ("people", 0.03, self._close),
            ("people", 0.02, self._what_if),
            ("clients", 0.05, self._heartbeat),
        )

    def command(self, kind: Any, at: int, actor: str = "ann", **fields: Any) -> Any:
        """One command under a name of its own."""
        self._requests += 1
        return kind(at=at, request_id=f"r{self._requests}", actor=actor, **fields)

    # ---- orders ------------------------------------------------------------------------------------------------

    def _place(self, at: int, contract: Contract, side: Side, units: int, **more: Any) -> CommandEvent:
        touch = self._touch(contract, side)
        price = Decimal(str(round(touch, 2))) if isfinite(touch) else Decimal("10.00")
        fields: dict[str, Any] = {"price": price, "fund_id": self._chance.choice(self._funds), **more}
        fields.setdefault("strategy", self._chance.choice(_STRATEGIES))
        fields.setdefault("time_in_force", self._chance.choice((TimeInForce.DAY, TimeInForce.DAY, TimeInForce.IOC)))
        placed: CommandEvent = self.command(
            PlaceOrder, at, actor="bob", request=OrderRequest(contract.id, side, units, **fields)
        )
        return placed

    def _order(self, at: int, report: DeskReport) -> Made:
        contract = self._chance.choice(self._trading)
        side = self._chance.choice((Side.SELL, Side.SELL, Side.BUY))
        more: dict[str, Any] = {}
        if self._chance.random() < 0.3:  # some rest, a little away from the touch
            away = self._touch(contract, side) * (0.98 if side is Side.BUY else 1.02)
            if isfinite(away):
                more["price"] = Decimal(max(round(away / 0.05), 1)) * Decimal("0.05")
        yield self._place(at, contract, side, self._chance.choice((1, 1, 2, 4)) * contract.lot_size, **more)

    def _held(self, report: DeskReport) -> tuple[PositionLine, Contract] | None:
        lines = [line for line in report.positions if line.quantity]
        if not lines:
            return None
        line = self._chance.choice(lines)
        return line, next(one for one in self._trading if one.id == line.symbol)

    def _against(self, at: int, report: DeskReport, share: float, **more: Any) -> Made:
        found = self._held(report)
        if found is None:
            return
        line, contract = found
        side = Side.SELL if line.quantity > 0 else Side.BUY
        lots = max(int(abs(line.quantity) / contract.lot_size * share), 1)
        yield self._place(
            at, contract, side, lots * contract.lot_size, fund_id=line.fund_id, strategy=line.strategy, **more
        )

    def _reduce(self, at: int, report: DeskReport) -> Made:
        yield from self._against(at, report, self._chance.choice((0.5, 1.0)))

    def _flip(self, at: int, report: DeskReport) -> Made:
        """More than is held, or all of it twice: a test of the side alone lets both pass."""
        self._faults["flipping order"] += 1
        if self._chance.random() < 0.5:
            yield from self._against(at, report, self._chance.choice((2.0, 3.0)))
        else:
            state = self._chance.getstate()
            yield from self._against(at, report, 1.0)
            self._chance.setstate(state)
            yield from self._against(at, report, 1.0)

    def _twins(self, at: int, report: DeskReport) -> Made:
        self._faults["twin order"] += 1
        contract = self._chance.choice(self._trading)
        name = self._chance.choice(("", f"twin-{self._requests}"))
        state = self._chance.getstate()
        for _ in range(2):
            self._chance.setstate(state)
            yield self._place(at, contract, Side.SELL, contract.lot_size, client_order_id=name)

    def _folly(self, at: int, report: DeskReport) -> Made:
        self._faults["foolish order"] += 1
        contract, lot = self._chance.choice(self._trading), self._chance.choice(self._trading).lot_size
        touch = self._touch(contract, Side.BUY)
        follies: tuple[tuple[Contract, int, dict[str, Any]], ...] = (
            (contract, lot * 1_000, {}),
            (contract, lot * 24, {}),
            (contract, -lot, {}),
            (contract, 0, {}),
            (contract, lot + 1, {}),
            (contract, 2**60, {}),
            (contract, lot, {"price": Decimal(-1)}),
            (contract, lot, {"price": Decimal("0.03")}),
            (contract, lot, {"price": None, "order_type": OrderType.MARKET}),
            (contract, lot, {"price": Decimal(str(round(touch * 4, 0))) if isfinite(touch) else None}),
            (contract, lot, {"fund_id": "nobody"}),
            (self._scene.contracts[0], lot, {}),
        )
        contract, units, more = self._chance.choice(follies)
        yield self._place(at, contract, self._chance.choice(tuple(Side)), units, **more)

    def _cancel(self, at: int, report: DeskReport) -> Made:
        orders = [order.id for order in report.orders][:8]
        if orders:
            yield self.command(
                CancelOrder, at, order_id=self._chance.choice((*orders, "O99999999")), reason="changed mind"
            )

    # ---- operators ---------------------------------------------------------------------------------------------

    def _cancel_all(self, at: int, report: DeskReport) -> Made:
        yield self.command(CancelAll, at, reason="clear", fund_id=self._chance.choice((None, *self._funds)))

    def _stop(self, at: int, report: DeskReport) -> Made:
        self.stops += 1
        flatten, drill = self._chance.random() < 0.3, self._chance.random() < 0.2
        for _ in range(self._chance.choice((1, 1, 1, 3))):
            yield self.command(Stop, at, reason="enough", flatten=flatten, drill=drill)

    def _disable(self, at: int, report: DeskReport) -> Made:
        yield self.command(Disable, at, reason="lunch")

    def _reset(self, at: int, report: DeskReport) -> Made:
        shut = not report.breaker.active or report.breaker.partial
        if not shut and self._chance.random() > 0.2:
            return
        scope = self._chance.choice(("*", "*", *(cause.scope for cause in report.breaker.partial), "?/"))
        reason = self._chance.choice(("all clear", "all clear", "all clear", " "))
        yield self.command(Reset, at, actor=self._chance.choice(("root", "root", "")), reason=reason, scope=scope)

    def _override(self, at: int, report: DeskReport) -> Made:
        if self._chance.random() < 0.3:
            yield self.command(DisableOverride, at, reason="done")
            return
        causes = [cause.limit_name for cause in report.breaker.causes if cause.limit_name]
        names = tuple(causes) or tuple(self._chance.sample(_NAMES, 2))
        expires = at + self._chance.choice((1, 30, 900, 901, -1)) * SECOND
        yield self.command(EnableOverride, at, reason="known", limits=names, expires_at=expires)

    def _limit(self, at: int, report: DeskReport) -> Made:
        row = self._chance.choice(LIMITS)
        value = self._chance.choice((row.default, row.default, row.default * 0.5, row.default * 2, 0.0, float("nan")))
        scopes: tuple[dict[str, str], ...] = (
            {}, {}, {"fund_id": self._funds[0]}, {"fund_id": "nobody"},
            {"fund_id": self._funds[0], "strategy": "alpha"}, {"fund_id": self._funds[0], "underlying": "NIFTY"},
        )  # fmt: skip
        yield self.command(ChangeLimits, at, reason="review", limits={row.name: value}, **self._chance.choice(scopes))

    def _close(self, at: int, report: DeskReport) -> Made:
        kind = self._chance.choice((ClosePositions, ClosePositions, PlanClose))
        more: dict[str, Any] = {"reason": "tidy"} if kind is ClosePositions else {}
        found = self._held(report)
        named = self._chance.randrange(4)
        if named == 0 or found is None:
            yield self.command(kind, at, close_all=True, **more)
        elif named == 1:
            yield self.command(kind, at, symbol=found[0].symbol, **more)
        elif named == 2:
            yield self.command(kind, at, position_id=found[0].id, **more)
        else:
            yield self.command(kind, at, symbol=found[0].symbol, close_all=True, **more)

    def _what_if(self, at: int, report: DeskReport) -> Made:
        contract = self._chance.choice(self._trading)
        price = Decimal(str(round(self._touch(contract, Side.SELL), 2)))
        request = OrderRequest(contract.id, Side.SELL, contract.lot_size, price, fund_id=self._funds[0])
        yield self.command(WhatIf, at, orders=(request,) * self._chance.choice((1, 2)))

    def _heartbeat(self, at: int, report: DeskReport) -> Made:
        client = self._chance.choice(("bot", "screen"))
        goodbye = self._chance.random() < 0.2
        yield self.command(Heartbeat, at, actor=client, client=client, expires_in_s=60.0, goodbye=goodbye)
