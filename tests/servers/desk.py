"""A small desk in memory for the doors' tests: real words, real reports, and just enough behaviour to be asked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from sidecar.domain.breaker import BreakerEvent, BreakerState, BreakerStatus, Cause, Override, Trigger
from sidecar.domain.clock import SECOND, from_datetime, to_datetime
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
)
from sidecar.domain.contracts import Contract, Kind, Right, Universe
from sidecar.domain.errors import InputError
from sidecar.domain.orders import WORKING, Fill, Order, OrderState, Side
from sidecar.domain.plans import Plan, PlanStep
from sidecar.domain.records import Audited
from sidecar.domain.report import (
    Chain,
    Condition,
    Counters,
    DeskReport,
    FundLine,
    GreeksLine,
    HeartbeatLine,
    LimitLine,
    LimitStatus,
    MarketLine,
    Outcome,
    OutcomeStatus,
    PositionLine,
    Published,
    Quality,
    QualityLine,
    Refusal,
)
from sidecar.domain.scopes import Scope
from sidecar.servers import witness
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings, PageQuery, Ports
from sidecar.servers.serving import configuration

T0 = from_datetime(datetime(2025, 11, 24, 6, 30, tzinfo=UTC))
EXPIRY = date(2025, 11, 25)
CALL = Contract("NIFTY", Kind.OPTION, EXPIRY, 26150.0, Right.CALL, T0 + 86_400 * SECOND, 75)
PUT = Contract("NIFTY", Kind.OPTION, EXPIRY, 26300.0, Right.PUT, T0 + 86_400 * SECOND, 75)
_ARRAYS: dict[str, Any] = {row.name: np.zeros(0) for row in fields(Chain)}
EMPTY = Chain(**(_ARRAYS | {"contracts": (), "rows": {}, "at": np.zeros(0, np.int64)}))
Answer = tuple[OutcomeStatus, str, dict[str, Any]]


def fund(**changes: Any) -> FundLine:
    """The desk's own line."""
    line = FundLine(
        fund_id="*", capital=Decimal(1_000_000), portfolio_value=1_000_228.75, daily_pnl=-1_000.0,
        daily_pnl_percent=-0.001, realized_pnl=Decimal("-1228.75"), unrealized_pnl=228.75, fees=Decimal("40.12"),
        peak_value=1_001_000.0, drawdown=0.0008, max_drawdown=0.004, used_margin=184_000.0, available_margin=816_000.0,
        capital_utilization=0.184, total_positions=1, trades=5, winning_trades=3, quality=Quality.LIVE,
    )  # fmt: skip
    return msgspec.structs.replace(line, **changes)


def position(contract: Contract = CALL, quantity: int = 75, **changes: Any) -> PositionLine:
    """One open position of the book."""
    line = PositionLine(
        id=f"main/demo/{contract.id}", symbol=contract.id, underlying="NIFTY", expiry=EXPIRY, strike=contract.strike,
        option_type=contract.right, quantity=quantity, lots=quantity / 75, entry_price=80.35, current_price=83.4,
        unrealized_pnl=228.75, pnl_percent=0.038, realized_pnl=Decimal(0), fees=Decimal("20.06"), strategy="demo",
        fund_id="main", entry_time=to_datetime(T0), updated_at=to_datetime(T0), quality=Quality.LIVE, delta=33.1,
        gamma=0.09, theta=-1520.0, vega=412.0, rho=1.0, iv=0.11, margin=0.0,
    )  # fmt: skip
    return msgspec.structs.replace(line, **changes)


def report(**changes: Any) -> DeskReport:
    """A report of a quiet moment."""
    made = DeskReport(
        seq=1, timestamp=to_datetime(T0), day=date(2025, 11, 24), session_open=True, session_open_at=to_datetime(T0),
        session_close_at=to_datetime(T0 + 3_600 * SECOND), simulated=True, source="simulated", feed_up=True,
        currency="INR", calendar_days_left=400, breaker=BreakerState(), blind=False, funds=(fund(),),
        positions=(position(),), awaiting_settlement=(),
        greeks=(GreeksLine("*", "NIFTY", 33.1, 0.09, 412.0, -1520.0, 1.0, 865_000.0, Quality.LIVE),),
        markets=(MarketLine("NIFTY", 26_120.0, 26_131.0, EXPIRY, 1.2, 0.11, 0.9, 26_100.0, 13.6, Condition.NORMAL,
                            to_datetime(T0), 0.1, Quality.LIVE),),
        data_quality=(QualityLine("NIFTY", 160, 158, 2, 0, 91_234, 3, 0.1, 0.99),),
        limits=(LimitLine("daily_loss", "*", 0.001, 0.03, 0.033, LimitStatus.OK),), orders=(), breaker_events=(),
        notes=(), counters=Counters(91_234, {"crossed": 3}, 0, 0, 0, 0, {}, 0, {}),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


@dataclass
class Desk:
    """What the ports need. Switches: ``stuck`` never confirms, ``broken`` fails, ``deaf`` leaves cancels unanswered."""

    published: Published | None = field(default_factory=lambda: Published(report(), EMPTY))
    universe: Universe = field(default_factory=lambda: Universe((CALL, PUT)))
    known: dict[str, Order] = field(default_factory=dict)
    executions: list[Fill] = field(default_factory=list)
    set_limits: dict[str, float] = field(default_factory=lambda: {"daily_loss": 0.03, "drawdown": 0.08})
    narrow: dict[str, dict[str, float]] = field(default_factory=dict)
    standing: tuple[Cause, ...] = ()
    history: list[BreakerEvent] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    age_s: float = 0.05
    stuck: bool = False
    deaf: bool = False
    broken: Exception | None = None
    now: int = T0
    commands: list[CommandEvent] = field(default_factory=list)
    audited: list[Audited] = field(default_factory=list)
    log: list[dict[str, Any]] | None = field(default_factory=list)
    requests: list[tuple[str, str, int, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    waiting: list[Future[Outcome]] = field(default_factory=list)

    def ports(self) -> Ports:
        """The callables that the servers are given."""
        return Ports(
            latest=lambda: self.published,
            report_age_s=lambda: self.age_s,
            submit=self.submit,
            market_now=lambda: self.now,
            wall_now=lambda: self.now,
            resolve=lambda symbol: self.universe.resolve(symbol, self.now),
            order=self.known.get,
            orders=lambda query: self._page(list(self.known.values()), query, lambda row: (row.created_at, row.id)),
            fills=lambda query: self._page(self.executions, query, lambda row: (row.at, row.id)),
            breaker_history=lambda limit: list(reversed(self.history))[:limit],
            limits=self._limits,
            limits_set=lambda: {"*": dict(self.set_limits), **self.narrow},
            ready=lambda: self.missing,
            audit=self.audited.append,
            on_request=lambda *row: self.requests.append(row),
            on_auth_failure=self.failures.append,
            on_stop=self.stops.append,
            version="0.1.0",
        )

    def record(
        self, limit: int, before: int | None, actor: str, action: str, since: int | None, until: int | None
    ) -> list[SimpleNamespace]:
        """What was audited, as the record's reader tells it: newest first, numbered from 1."""
        rows = [
            SimpleNamespace(
                seq=seq, at=row.at, wall_at=row.at, kind="audited", actor=row.actor, action=row.action,
                outcome=row.outcome, detail=row.detail, request_id=row.request_id, payload="{}", digest=None,
            )
            for seq, row in enumerate(self.audited, 1)
            if (before is None or seq < before) and actor in ("", row.actor) and action in ("", row.action)
            and (since is None or row.at >= since) and (until is None or row.at < until)
        ]  # fmt: skip
        return rows[::-1][:limit]

    def submit(self, command: CommandEvent) -> Future[Outcome]:
        """Obey a command; its outcome is 'on disk' at once unless the desk is stuck."""
        if self.broken is not None:
            raise self.broken
        self.commands.append(command)
        self.now += 1_000
        status, message, more = self._obey(command)
        outcome = Outcome(command.request_id, status, message, self.report.breaker, **more)
        self._publish(timestamp=to_datetime(self.now))
        future: Future[Outcome] = Future()
        if self.stuck:
            self.waiting.append(future)
        else:
            future.set_result(outcome)
        return future

    @property
    def report(self) -> DeskReport:
        assert self.published is not None
        return self.published.report

    def _publish(self, **changes: Any) -> None:
        made = msgspec.structs.replace(
            self.report, seq=self.report.seq + 1, orders=tuple(self.known.values()), **changes
        )
        self.published = Published(made, EMPTY)

    def _obey(self, command: CommandEvent) -> Answer:
        obeyed: dict[type[CommandEvent], Callable[[Any], Answer]] = {
            PlaceOrder: self._place,
            Stop: self._stop,
            Disable: self._disable,
            Reset: self._reset,
            EnableOverride: lambda asked: self._override(
                Override(asked.limits, asked.expires_at, asked.actor, asked.reason)
            ),
            DisableOverride: lambda _: self._override(None),
            Heartbeat: self._beat,
            PlanClose: self._plan,
            ClosePositions: self._begin_close,
            CancelOrder: self._cancel_one,
            CancelAll: self._cancel_all,
            ChangeLimits: self._change_limits,
        }
        return obeyed[type(command)](command)

    def _stop(self, command: Stop) -> Answer:
        asked = self._shut(BreakerStatus.EMERGENCY_STOP, Trigger.EMERGENCY_STOP, command)
        closed = self._close(self.report.positions) if command.flatten else ()
        return OutcomeStatus.DONE, f"stopped; {len(asked)} cancels asked", {"orders": asked, "closed": closed}

    def _disable(self, command: Disable) -> Answer:
        asked = self._shut(BreakerStatus.MANUAL_DISABLE, Trigger.MANUAL_TRIGGER, command)
        return OutcomeStatus.DONE, "trading is disabled until a reset", {"orders": asked}

    def _shut(self, status: BreakerStatus, trigger: Trigger, command: Stop | Disable) -> tuple[Order, ...]:
        asked, now = self._cancel(self._working()), self.report.breaker
        cause = Cause(trigger, self.now, command.actor, command.reason)
        self._publish(breaker=BreakerState(status, (cause,), self.now, now.halt_seq + now.active))
        return asked

    def _cancel_all(self, _: CancelAll) -> Answer:
        asked = self._cancel(self._working())
        return OutcomeStatus.DONE, f"{len(asked)} cancels asked", {"orders": asked}

    def _change_limits(self, command: ChangeLimits) -> Answer:
        if unknown := [name for name in command.limits if name not in self.set_limits]:
            return OutcomeStatus.INVALID, f"limits: {unknown[0]!r} is not a limit", {}
        scope = str(Scope(command.fund_id or "*", command.strategy or "*", command.underlying or "*"))
        mine = self.set_limits if scope == "*" else self.narrow.setdefault(scope, {})
        for name, value in command.limits.items():
            if value is None:
                mine.pop(name, None)
            else:
                mine[name] = value
        return OutcomeStatus.DONE, "limits changed", {}

    def _reset(self, command: Reset) -> Answer:
        now = self.report.breaker
        if self.standing:
            self._publish(breaker=msgspec.structs.replace(now, causes=self.standing))
            return OutcomeStatus.CONFLICT, "daily_loss_limit still stands", {}
        if command.scope != "*":
            left = tuple(cause for cause in now.partial if cause.scope != command.scope)
            if left == now.partial:
                return OutcomeStatus.CONFLICT, f"{command.scope} is not shut", {}
            self._publish(breaker=msgspec.structs.replace(now, partial=left))
            return OutcomeStatus.DONE, f"{command.scope} is open", {}
        self._publish(breaker=BreakerState(halt_seq=now.halt_seq))
        return OutcomeStatus.DONE, "breaker is active", {}

    def _override(self, override: Override | None) -> Answer:
        now = self.report.breaker
        if override is None and now.override is None:
            return OutcomeStatus.CONFLICT, "no override is on; nothing was changed", {}
        if override is not None and now.status is BreakerStatus.EMERGENCY_STOP:
            return OutcomeStatus.CONFLICT, "no override covers an emergency stop; reset it first", {}
        unknown = [name for name in (override.limits if override else ()) if name not in self.set_limits]
        if unknown:
            return OutcomeStatus.INVALID, f"limits: {unknown[0]!r} is not a limit", {}
        self._publish(breaker=msgspec.structs.replace(now, override=override))
        return OutcomeStatus.DONE, f"breaker is {now.status}", {}

    def _beat(self, command: Heartbeat) -> Answer:
        others = tuple(line for line in self.report.heartbeats if line.client != command.client)
        if command.goodbye and others == self.report.heartbeats:
            return OutcomeStatus.NOT_FOUND, f"{command.client} is not armed; nothing was changed", {}
        mine = () if command.goodbye else (HeartbeatLine(command.client, 0.0, command.expires_in_s),)
        self._publish(heartbeats=(*others, *mine))
        return OutcomeStatus.DONE, f"{command.client} is {'gone' if command.goodbye else 'armed'}", {}

    def _plan(self, command: PlanClose) -> Answer:
        found = self._named(command)
        if not found:
            return OutcomeStatus.NOT_FOUND, "no open position answers to that", {}
        steps = tuple(
            PlanStep(line.id, line.symbol, line.fund_id, line.strategy, Side.SELL if line.quantity > 0 else Side.BUY,
                     abs(line.quantity), Decimal("81.75"), 83.35, 24.2, 6251.25, 0.0, 0.0, 0.1 * number)
            for number, line in enumerate(found)
        )  # fmt: skip
        made = Plan(steps, (), 0.0, 6255.0, 24.2, 20.06, 0.0, 0.1 * len(steps))
        return OutcomeStatus.DONE, f"{len(steps)} steps", {"plan": made}

    def _named(self, command: ClosePositions | PlanClose) -> list[PositionLine]:
        named = (command.symbol, command.position_id)
        return [p for p in self.report.positions if command.close_all or p.symbol in named or p.id in named]

    def _begin_close(self, command: ClosePositions) -> Answer:
        found = self._named(command)
        if not found:
            return OutcomeStatus.NOT_FOUND, "no open position answers to that", {}
        return OutcomeStatus.DONE, f"closing {len(found)} positions", {"closed": self._close(found)}

    def _cancel_one(self, command: CancelOrder) -> Answer:
        order = self.known.get(command.order_id)
        if order is None:
            return OutcomeStatus.NOT_FOUND, f"no order {command.order_id!r}", {}
        if order.state not in WORKING:
            return OutcomeStatus.CONFLICT, f"order {order.id} is {order.state} already", {"orders": (order,)}
        return OutcomeStatus.DONE, f"cancel of {order.id} asked", {"orders": self._cancel([order])}

    def _place(self, command: PlaceOrder) -> Answer:
        asked = command.request
        name = (command.actor, asked.client_order_id)
        first = next((o for o in self.known.values() if name[1] and (o.actor, o.request.client_order_id) == name), None)
        if first is not None:
            return (
                OutcomeStatus.REPEATED,
                f"order {first.id} already answers this client_order_id",
                {"orders": (first,)},
            )
        state = self.report.breaker.status
        refusal = None
        if state is not BreakerStatus.ACTIVE:
            refusal = Refusal("breaker", f"the breaker is {state}: only orders that reduce risk pass")
        elif asked.quantity > 5 * 75:
            refusal = Refusal("order_lots", "6 lots in one order; the limit is 5", 5.0, 0.0, 6.0, 375)
        made = Order(
            f"O{len(self.known) + 1:08d}", asked, OrderState.REFUSED if refusal else OrderState.OPEN, command.actor,
            self.now, self.now, note=refusal.detail if refusal else "",
        )  # fmt: skip
        self.known[made.id] = made
        if refusal:
            return OutcomeStatus.REFUSED, refusal.detail, {"orders": (made,), "refusal": refusal}
        return OutcomeStatus.DONE, f"order {made.id} sent", {"orders": (made,)}

    def _working(self) -> list[Order]:
        return [order for order in self.known.values() if order.state in WORKING]

    def _cancel(self, orders: list[Order]) -> tuple[Order, ...]:
        if not self.deaf:
            for order in orders:
                self.known[order.id] = msgspec.structs.replace(order, state=OrderState.CANCELLED, updated_at=self.now)
        return tuple(orders)

    def _close(self, lines: Any) -> tuple[tuple[str, str, str], ...]:
        shut = {line.id for line in lines}
        if not self.deaf:
            self._publish(positions=tuple(line for line in self.report.positions if line.id not in shut))
        return tuple((key, f"O{9_000 + n}", "sent") for n, key in enumerate(sorted(shut)))

    def _limits(self, fund_id: str | None) -> dict[str, float]:
        if fund_id not in (None, "main"):
            raise InputError("fund_id", f"{fund_id!r} is not a fund of this desk")
        return dict(self.set_limits)

    @staticmethod
    def _page(rows: list[Any], query: PageQuery, place: Callable[[Any], tuple[int, str]]) -> list[Any]:
        found = [row for row in rows if query.before is None or place(row) < query.before]
        return sorted(found, key=place, reverse=True)[: query.limit]


QUICK = HttpSettings(command_timeout_s=0.2, stop_timeout_s=0.2, settle_wait_s=0.05)
ORDER = {"symbol": "NIFTY26150CE", "quantity": 75, "side": "buy", "price": 83.4}


class Stand:
    """A desk behind its doors, with a key of each role: what most tests drive, from outside."""

    def __init__(self, folder: Path, desk: Desk | None = None, settings: HttpSettings = QUICK) -> None:
        self.desk = desk or Desk()
        self.keys = KeyStore(folder)
        self.secrets = {role: self.keys.add(role, f"test-{role}") for role in Role}
        self._settings = settings

    @cached_property
    def app(self) -> FastAPI:
        """The door application, made for whoever asks at it."""
        ports = self.desk.ports()
        records = witness.Records(self.desk.record, lambda: (len(self.desk.audited), "00" * 32), lambda: self.desk.log)
        return create_app(ports, self.keys, self._settings, [witness.router(ports, self.keys, records)])

    @cached_property
    def client(self) -> TestClient:
        """Who asks at it without a socket."""
        return TestClient(self.app, base_url="http://127.0.0.1:8000")

    def headers(self, role: Role | None, **more: str) -> dict[str, str]:
        """The headers of a caller with that role."""
        return ({"X-API-Key": self.secrets[role]} if role else {}) | more

    def ask(self, method: str, path: str, body: Any = None, role: Role | None = Role.ADMIN, **more: str) -> Any:
        """One request; ``idempotency_key="x"`` is the header ``idempotency-key: x``."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        return self.client.request(method, path, json=body, headers=self.headers(role, **headers))


@contextmanager
def serving(app: FastAPI, **options: Any) -> Iterator[str]:
    """The application on a real socket; yields its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(configuration(app, **{"lifespan": "off", **options}))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
