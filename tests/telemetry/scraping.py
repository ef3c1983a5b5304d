"""A scrape of settable things, and one on which every family has something to say."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from math import nan
from typing import Any

import msgspec
import numpy as np

from sidecar.book.positions import RoundTrip
from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.analytics import TailLine
from sidecar.domain.breaker import BreakerState, BreakerStatus, Cause, Trigger
from sidecar.domain.clock import SECOND
from sidecar.domain.models import ModelRole, Prediction, RunResult, TrainingRun
from sidecar.domain.orders import Fill, Order, OrderRequest, OrderState, Side
from sidecar.domain.records import AlertRecorded, FillRecorded, PredictionRecorded, TrainingRecorded
from sidecar.domain.report import Chain, DeskReport, HeartbeatLine, LimitLine, LimitStatus, Published
from sidecar.domain.signals import SignalType
from sidecar.notices.notifier import Counts as Notified
from sidecar.servers.stream_settings import Counts
from sidecar.telemetry.exposition import scraper
from sidecar.telemetry.measured import Telemetry
from sidecar.telemetry.scene import Facts, ModelFacts, Scene, StoreFacts, scene
from sidecar.telemetry.trips import Trips
from tests.servers.desk import CALL, EMPTY, T0, report

FAMILY = "NIFTY fixed_horizon 15"
PREDICTION = Prediction(
    "m1", FAMILY, ModelRole.CHAMPION, "NIFTY", T0, T0, T0 + SECOND, 15, "f", "v", (0.1,), (0.2, 0.6, 0.2),
    SignalType.HOLD, 0.6, 24_700.0,
)  # fmt: skip
RUN = TrainingRun("T1", "daily", "2025-11-24", FAMILY, "desk", RunResult.DONE, T0 - 40 * SECOND, T0, 40.0)


@dataclass
class Bench:
    """A scrape of settable things."""

    report: DeskReport | None = field(default_factory=report)
    age_s: float = 0.1
    told: Telemetry = field(default_factory=Telemetry)
    trips: list[RoundTrip] = field(default_factory=list)
    models: list[ModelFacts] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts = Facts(
            "0.1.0", "abc", lambda: Published(self.report, EMPTY) if self.report else None, lambda: self.age_s,
            lambda: 12.5, lambda: Counts(2, Counter(pnl_update=7), Counter(pnl=3), 1),
            lambda: StoreFacts(4, 8_192, {"orders": 9}), lambda: 77, Trips(lambda: self.trips), {"python": "3.11"},
            models=lambda: self.models, notices=lambda: Notified(2, 7, 1, 0), free_bytes=lambda: 5e9,
            threads=lambda: 17.0, ready=lambda: True,
        )  # fmt: skip
        self.scrape = scraper(self.facts, self.told)

    def text(self) -> str:
        return self.scrape()[0].decode()

    def seen(self) -> Scene:
        return scene(self.facts, self.told)

    def samples(self) -> dict[str, float]:
        lines = (line.rsplit(" ", 1) for line in self.text().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in lines}


def tail(fund_id: str, var_95: float, es_975: float) -> TailLine:
    return TailLine(fund_id, var_95, nan, es_975, nan, nan, nan, "implied", 500, nan, "")


def trip(strategy: str, net: float, closed_at: int = T0) -> RoundTrip:
    return RoundTrip("main", strategy, CALL.id, T0 - 60 * SECOND, closed_at, Decimal(str(net)), Decimal(0))


def quoted(bid: float, ask: float) -> Chain:
    prices: dict[str, Any] = {"bid": np.array([bid]), "ask": np.array([ask]), "at": np.array([T0])}
    return dataclasses.replace(EMPTY, contracts=(CALL,), rows={CALL.id: 0}, **prices)


def busy() -> Bench:
    """A bench on which every family has something to say."""
    bench = Bench()
    told = bench.told
    told.on_request("/emergency/status", "GET", 200, 0.004)
    told.on_auth_failure("wrong")
    for tell in (told.on_commit, told.on_beat, told.on_stop, told.on_send, told.on_tick):
        tell(0.003)
    told.on_sync(0.002, 3)
    told.on_error("store", "error")
    told.on_job("system", done=False)
    told.on_forecast(0.004)
    bench.models.append(ModelFacts(FAMILY, 0.55, 0.5, 0.58, 0.1))
    told.on_report(Published(report(feed_up=False), quoted(80.0, 82.0)))
    bench.trips += [trip("demo", 120.0), trip("demo", -40.0)]
    fill = FillRecorded(T0, Fill("F1", "filled", CALL.id, "main", "demo", 75, Decimal(80), Decimal(20), T0))
    kind = ("limits", "breach", AlertType.ERROR, AlertLevel.ERROR)
    alert = Alert("A1", "limits:breach:main", *kind, 4, "Limit", "over", T0, T0)
    states = (OrderState.PENDING, OrderState.FILLED, OrderState.REJECTED, OrderState.CANCELLED)
    orders = tuple(
        Order(s, OrderRequest("X", Side.BUY, 75, reason="stop: it has lost"), s, "a", T0, T0) for s in states
    )
    counters = msgspec.structs.replace(report().counters, breaker_triggers={"vix_spike": 1})
    limits = (*report().limits, LimitLine("var_95", "*", 0.05, 0.01, 5.0, LimitStatus.BREACH))
    lines = (tail("*", 5_000.0, 7_000.0),)
    learnt = (PredictionRecorded(T0, PREDICTION), TrainingRecorded(T0, RUN))
    news = {"records": (fill, AlertRecorded(T0, alert), *learnt), "alerts": (alert,), "training": (RUN,)}
    halted = BreakerState(BreakerStatus.TRIPPED, (Cause(Trigger.VIX_SPIKE, T0, "desk", "41 points"),))
    parts = {"breaker": halted, "order_updates": orders, **news, "counters": counters, "limits": limits, "tail": lines}
    armed = (HeartbeatLine("bot", 3.0, 60.0),)
    bench.report = report(**parts, last_drill_at=report().timestamp, heartbeats=armed)
    told.on_report(Published(bench.report, EMPTY))
    return bench


def crowded(strategies: int, underlyings: int) -> Bench:
    """A bench on which so many strategies have traded so many underlyings, and thirty routes were asked."""
    bench = Bench(models=busy().models)
    told = bench.told
    quiet, names = report(), [f"U{number}" for number in range(underlyings)]
    for number in range(30):
        for status in (200, 403):
            told.on_request(f"/api/v1/route{number}", "GET", status, 0.004)
    for tell in (told.on_commit, told.on_beat, told.on_stop, told.on_send, told.on_tick, told.on_forecast):
        tell(0.003)
    told.on_sync(0.002, 3)
    told.on_error("store", "error")
    parts: dict[str, Any] = {
        "markets": tuple(msgspec.structs.replace(quiet.markets[0], symbol=name) for name in names),
        "greeks": tuple(msgspec.structs.replace(quiet.greeks[0], underlying=name) for name in names),
        "data_quality": tuple(msgspec.structs.replace(quiet.data_quality[0], symbol=name) for name in names),
        "limits": tuple(
            msgspec.structs.replace(quiet.limits[0], name=f"limit{number}", status=LimitStatus.BREACH)
            for number in range(22)
        ),
        "counters": msgspec.structs.replace(quiet.counters, quotes_refused={f"why{number}": 1 for number in range(8)}),
    }
    for number in range(strategies):
        strategy = f"s{number}"
        bench.trips += [trip(strategy, 120.0), trip(strategy, -40.0)]
        asked = [OrderRequest("X", side, 75, strategy=strategy, reason="stop: it has lost") for side in Side]
        states = (OrderState.PENDING, OrderState.FILLED, OrderState.REJECTED, OrderState.CANCELLED)
        orders = tuple(Order(f"{s}", one, s, "a", T0, T0) for one in asked for s in states)
        fills = tuple(
            FillRecorded(T0, Fill("F", "filled", CALL.id, "main", strategy, size, Decimal(80), Decimal(20), T0))
            for size in (75, -75)
        )
        told.on_report(Published(report(order_updates=orders, records=fills, **parts), EMPTY))
    held = tuple(msgspec.structs.replace(quiet.positions[0], strategy=f"s{number}") for number in range(strategies))
    chains = [
        dataclasses.replace(quoted(80.0, 82.0), contracts=(msgspec.structs.replace(CALL, underlying=name),))
        for name in names
    ]
    for second, chain in enumerate(chains):
        later = quiet.timestamp + timedelta(seconds=10 * (second + 1))
        told.on_report(
            Published(report(timestamp=later, **parts), dataclasses.replace(chain, at=np.array([T0 + 10**9])))
        )
    full = busy().report
    assert full is not None
    bench.report = msgspec.structs.replace(full, positions=held, **parts)
    return bench
