"""A desk that lives through everything that a dashboard shows, and a real Prometheus that watches it."""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from websockets.sync.client import connect

from sidecar.client import Desk
from sidecar.domain.errors import ClientError
from sidecar.domain.events import FeedState, ModelOffered, QuoteRefused, TrainingEnded
from sidecar.domain.models import RunResult
from sidecar.doors import app_of
from sidecar.features import labels, matrix
from sidecar.run import Sidecar
from sidecar.servers.keys import Role
from sidecar.telemetry.log import install
from sidecar.telemetry.measured import Telemetry
from tests.grafana.expressions import Asked
from tests.learning.predicting import kept
from tests.servers.desk import serving
from tests.telemetry.scraping import RUN
from tests.wiring import free_port, open_and_quoted, small, ticks, until

#: Market seconds a second: a bar every half second.
SPEED = 120.0
STRATEGY = Path(__file__).with_name("round_tripper.py")
#: A busy machine's pauses, times the speed, would trip the desk, and prices move far between two looks.
PATIENT = {"stale": 3_000.0, "stale_warn": 2_000.0, "order_rate": 10_000.0, "loss_streak": 10_000.0, "price_band": 0.5}
#: Seconds in which Prometheus, which scrapes once in each, has surely seen what was last.
SETTLED = 3.0
#: What a busy machine may need for one step.
PATIENCE_S = 60.0
#: Predictions that have become true or not, enough for every score.
OUTCOMES = 10


@dataclass
class Watched:
    """A desk's doors and the Prometheus that watches it; it lived from ``began`` to ``ended`` (Unix seconds)."""

    sidecar: Sidecar
    desk: Desk
    prometheus: httpx2.Client
    began: float
    ended: float = 0.0

    def series(self, one: Asked) -> list[dict[str, Any]]:
        """What Prometheus returns for an expression that has a known value at some moment since the beginning."""
        if one.instant:
            found = self.ask("query", query=one.meant, time=self.ended)
            return [row for row in found if isfinite(float(row["value"][1]))]
        found = self.ask("query_range", query=one.meant, start=self.began, end=self.ended, step="1")
        return [row for row in found if any(isfinite(float(value)) for _, value in row["values"])]

    def sees(self, expr: str) -> None:
        """Wait until Prometheus knows a value of an expression."""
        until(lambda: self.ask("query", query=expr), PATIENCE_S, expr)

    def ask(self, what: str, **given: Any) -> list[dict[str, Any]]:
        answer = self.prometheus.post(f"/api/v1/{what}", data={name: str(value) for name, value in given.items()})
        told = answer.json()
        assert told["status"] == "success", f"{given.get('query')}: {told.get('error')}"
        found: list[dict[str, Any]] = told["data"]["result"]
        return found


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Let a desk live, and yield it and its Prometheus when it has lived through everything."""
    matrix.warm()
    labels.warm()
    told = Telemetry()
    with (folder / "log").open("w") as log:
        undo = install(log, logging.WARNING, told.on_error)
        settings = small(
            folder / "data", speed=SPEED, strategy=str(STRATEGY), limits=PATIENT,
            learning={"enabled": True, "first_sessions": 0},
        )  # fmt: skip
        try:
            with Sidecar(settings, told) as sidecar, serving(app_of(sidecar)) as url:
                secret = sidecar.keys.add(Role.ADMIN, "the test")
                with Desk(url, secret) as desk, prometheus(folder, url) as asked:
                    sidecar.start()
                    made = Watched(sidecar, desk, asked, time.time())
                    made.sees("up == 1")
                    until(lambda: open_and_quoted(sidecar.live), 60.0, "a live market")
                    live(made, url, secret, folder / "data")
                    made.ended = time.time()
                    yield made
        finally:
            undo()


@contextmanager
def prometheus(folder: Path, url: str) -> Iterator[httpx2.Client]:
    """Debian's Prometheus on a free port, scraping ``url`` once a second as the job ``deskwatch``."""
    port = free_port()
    target = {"job_name": "deskwatch", "static_configs": [{"targets": [url.removeprefix("http://")]}]}
    settings = {"global": {"scrape_interval": "1s"}, "scrape_configs": [target]}
    (folder / "prometheus.json").write_text(json.dumps(settings))
    command = [
        "prometheus", f"--config.file={folder / 'prometheus.json'}", f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20.0)
    try:
        until(lambda: _ready(client), 20.0, "Prometheus")
        yield client
    finally:
        running.terminate()
        running.wait(20)
        client.close()


def _ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/-/ready").status_code == 200
    except httpx2.TransportError:
        return False


def live(made: Watched, url: str, secret: str, data: Path) -> None:
    """Everything that happens to a desk, and each until Prometheus has seen it."""
    sidecar, desk, inbox = made.sidecar, made.desk, made.sidecar.live.inbox
    now = sidecar.live.now
    inbox.put(ModelOffered(now(), kept(data / "models")))
    with connect(url.replace("http", "ws") + "/ws", additional_headers={"X-API-Key": secret}) as socket:
        socket.send(json.dumps({"type": "subscribe", "subscriptions": ["positions", "pnl", "market", "orders"]}))
        socket.send(json.dumps({"type": "seen", "topic": "market", "seq": 0}))  # and of nothing after that
        held = until(lambda: next(iter(desk.positions()["positions"]), None), PATIENCE_S, "a position")
        for symbol in (held["symbol"], held["symbol"].replace("CE", "PE")):
            desk.order(symbol, int(held["quantity"]), "buy", _asked(sidecar, symbol), reason="somebody's own")
        _refused(desk, held["symbol"], _asked(sidecar, held["symbol"]))
        desk.heartbeat("bot", 600.0)
        made.sees("trading_heartbeat_age_seconds")
        desk.heartbeat("bot", goodbye=True)
        httpx2.get(f"{url}/emergency/positions", headers={"X-API-Key": "wrong"}, trust_env=False)
        inbox.put(QuoteRefused(now(), "NIFTY", "crossed"))
        for result in (RunResult.FAILED, RunResult.DONE):
            inbox.put(TrainingEnded(now(), msgspec.structs.replace(RUN, id=str(result), result=result, ended_at=now())))
        for up in (False, True):
            inbox.put(FeedState(now(), _source(sidecar), up))
            made.sees(f"trading_feed_up == {int(up)}")
        for acted in ("orders_cancelled", "orders_filled", "trades_profit", "trades_loss"):
            made.sees(f'rate(trading_{acted}_total{{strategy="round_tripper"}}[20s])')
        made.sees("trading_strategy_sharpe_ratio")
        _breached(made)
        desk.stop("a drill", drill=True)
        made.sees('trading_circuit_breaker_state{state="emergency_stop"} == 1')
        desk.reset("all clear")
        made.sees("trading_circuit_breaker_active == 0")
        desk.override_on(["positions"], 60.0, "what the strategy was not written for")
        made.sees('trading_system_errors_total{component="drive"}')
        until(lambda: len(sidecar.reader.scored()["id"]) >= OUTCOMES, PATIENCE_S, "outcomes of predictions")
        learning = sidecar.learner._forecasting
        assert learning is not None
        learning.standings.measure()
        made.sees("trading_ml_auc")
        time.sleep(SETTLED)


def _asked(sidecar: Sidecar, symbol: str) -> str:
    """A price at which somebody sells, a little through the market."""
    assert sidecar.live.latest is not None
    chain = sidecar.live.latest.chain
    return ticks(float(chain.ask[chain.rows[symbol]]) * 1.01)


def _source(sidecar: Sidecar) -> str:
    assert sidecar.live.latest is not None
    return sidecar.live.latest.report.source


def _refused(desk: Desk, symbol: str, price: str) -> None:
    """An order of more lots than may be."""
    try:
        desk.order(symbol, 75_000, "buy", price, reason="too many")
    except ClientError:
        return
    raise AssertionError("75,000 were not too many")


def _breached(made: Watched) -> None:
    """A limit below what is held, until it has tripped the desk; then as before."""
    _limit(made.desk, 1.0)
    made.sees('trading_circuit_breaker_state{state="tripped"} == 1')
    _limit(made.desk, 20.0)
    until(lambda: _reset(made.desk), 20.0, "a limit that holds again")
    made.sees("trading_circuit_breaker_active == 0")


def _limit(desk: Desk, positions: float) -> None:
    desk._command("PUT", "/api/v1/risk/limits", {"limits": {"positions": positions}, "reason": "a test"})


def _reset(desk: Desk) -> bool:
    try:
        desk.reset("the limit was wrong")
    except ClientError:
        return False
    return True


def said(found: dict[Asked, int]) -> str:
    """The panel table: dashboard, panel, expression, series returned."""
    rows = [f"| {one.dashboard} | {one.where} | `{one.expr.replace('|', chr(92) + '|')}` | {count} |"
            for one, count in found.items()]  # fmt: skip
    return "\n".join(["| dashboard | panel | expression | series |", "| --- | --- | --- | --- |", *rows])
