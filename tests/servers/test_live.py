"""The doors on the real desk: the simulated market, the paper venue, the journal on disk."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import floor, isfinite
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from sidecar.desk.config import DeskConfig
from sidecar.desk.recovery import restore, start_state
from sidecar.desk.state import DeskState
from sidecar.domain.records import AnyRecord, Audited, decode
from sidecar.domain.report import Chain
from sidecar.live import Live, wall_now
from sidecar.markets import MARKETS
from sidecar.pace import MarketClock
from sidecar.reference import load_reference
from sidecar.servers import examples
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.settings import load_settings
from sidecar.store.journal import Journal
from sidecar.venues.paper import PaperBroker
from tests.servers.desk import EMPTY, Desk


@dataclass
class Running:
    live: Live
    client: TestClient
    keys: KeyStore

    def order(self) -> dict[str, Any]:
        """A buy of one lot through the ask, in a contract that is worth something."""
        until(lambda: self.quoted() is not None)
        quoted = self.quoted()
        assert quoted is not None
        chain, row = quoted
        contract = chain.contracts[row]
        price = round(floor(chain.ask[row] * 1.02 / 0.05) * 0.05, 2)
        return {"symbol": contract.id, "side": "buy", "quantity": contract.lot_size, "price": price}

    def quoted(self) -> tuple[Chain, int] | None:
        """The chain, and the row of an option between 50 and 300 with a market."""
        chain = self.live.latest.chain if self.live.latest else EMPTY
        rows = enumerate(chain.contracts)
        found = (
            n for n, row in rows if row.right and chain.bid[n] > 50 and chain.ask[n] < 300 and isfinite(chain.delta[n])
        )
        return next(((chain, n) for n in found), None)

    def held(self) -> list[dict[str, Any]]:
        """The positions as a reader sees them."""
        return self.client.get("/emergency/positions").json()["positions"]  # type: ignore[no-any-return]


def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


@contextmanager
def start(folder: Path) -> Iterator[Running]:
    settings = load_settings(data_dir=folder, strategy="none")
    reference = load_reference()
    calendar = reference.calendar("NSE")
    config = DeskConfig(capital=dict(settings.capital), limits=dict(settings.limits))
    state = DeskState(config, reference, calendar)
    journal = Journal.open(folder / "journal.log", epoch=secrets.token_bytes(16), witnesses=())
    records = [decode(record.payload).record for record in journal.recovered]
    market = MARKETS["sim"](settings, reference, calendar, max((record.at for record in records), default=0) or None)
    restore(state, records)
    start_state(state, None, fresh=not records)
    live = Live(
        state, journal, market.feed, market.broker, (), MarketClock(max(market.at, state.now), 1.0), beat_s=0.05
    )
    assert isinstance(market.broker, PaperBroker)
    market.broker.restore({row.symbol: row.quantity for row in state.book.open_positions()})
    live.drive.handle(market.broker.book(max(market.at, state.now)))
    ports = ports_of(live, state)
    keys = KeyStore(folder)
    client = TestClient(create_app(ports, keys, HttpSettings()), base_url="http://localhost")
    client.headers["x-api-key"] = keys.add(Role.ADMIN, "test")
    live.start()
    try:
        until(lambda: live.latest and live.latest.report.session_open and not live.latest.report.blind)
        yield Running(live, client, keys)
    finally:
        live.stop()
        journal.close()


def ports_of(live: Live, state: DeskState) -> Ports:
    quiet = Desk().ports()
    return Ports(
        latest=lambda: live.latest, report_age_s=live.report_age_s, submit=live.submit, market_now=live.now,
        wall_now=wall_now, resolve=lambda symbol: state.board.universe.resolve(symbol, live.now()),
        order=state.orders.get, orders=quiet.orders, fills=quiet.fills, breaker_history=quiet.breaker_history,
        limits=lambda fund: dict(state.limits_of(fund)), limits_set=dict, ready=lambda: (),
        audit=lambda record: audit(live, record), on_request=quiet.on_request,
        on_auth_failure=quiet.on_auth_failure, on_stop=quiet.on_stop, version="0.1.0",
    )  # fmt: skip


def audit(live: Live, record: Audited) -> None:
    live.keep([record])


def recorded(folder: Path) -> list[AnyRecord]:
    journal = Journal.open(folder / "journal.log", epoch=secrets.token_bytes(16), witnesses=())
    try:
        return [decode(record.payload).record for record in journal.recovered]
    finally:
        journal.close()


def test_a_stop_holds_over_a_restart_until_an_admin_resets_it(tmp_path: Path) -> None:
    with start(tmp_path) as desk:
        # In its first beats the gate may refuse what it cannot measure yet.
        until(lambda: desk.client.post("/emergency/manual-order", json=desk.order()).status_code == 200)
        until(desk.held)
        told = desk.client.post("/emergency/stop", json={"reason": "drill"}).json()
        assert (told["state"], told["halt_seq"]) == ("emergency_stop", 1)
        viewer = desk.keys.add(Role.VIEWER)
        assert desk.client.post("/emergency/stop", headers={"x-api-key": viewer}).status_code == 403
    with start(tmp_path) as desk:
        status = desk.client.get("/emergency/status").json()["data"]["circuit_breaker"]
        assert (status["status"], status["halt_seq"], status["trading_allowed"]) == ("emergency_stop", 1, False)
        assert len(desk.held()) == 1
        refused = desk.client.post("/emergency/manual-order", json=desk.order())
        assert refused.status_code == 409
        assert refused.json()["limit"] == "breaker"
        assert desk.client.post("/emergency/circuit-breaker/reset", json={"reason": "over"}).json()["state"] == "active"
        until(lambda: all(row["margin"] is not None for row in desk.held()))
        accepted = desk.client.post("/emergency/manual-order", json=desk.order())
        assert accepted.status_code == 200, accepted.text
    audited = [(row.action, row.outcome) for row in recorded(tmp_path) if isinstance(row, Audited) and row.request_id]
    assert audited[audited.index(("placeorder", "done")) :] == [
        ("placeorder", "done"), ("stop", "done"), ("POST /emergency/stop", "refused"),
        ("placeorder", "refused"), ("reset", "done"), ("placeorder", "done"),
    ]  # fmt: skip


def test_orders_and_closes_go_through_the_real_gate_and_venue(tmp_path: Path) -> None:
    with start(tmp_path) as desk:
        order = desk.order()
        made = [desk.client.post("/api/v1/orders", json=order | {"client_order_id": "one"}) for _ in range(2)]
        assert [answer.status_code for answer in made] == [201, 201]
        assert made[0].json()["id"] == made[1].json()["id"]
        until(desk.held)
        large = desk.client.post("/api/v1/orders", json=order | {"quantity": order["quantity"] * 6, "price": 1.05})
        assert large.status_code == 409
        for bad in ({"symbol": "NIFTY-20200102-1-CE"}, {"quantity": -5}, {"price": "nan"}, {"fund_id": "ghost"}):
            assert desk.client.post("/api/v1/orders", json=order | bad).status_code == 422
        resting = desk.client.post("/api/v1/orders", json=order | {"price": round(order["price"] * 0.945, 1)})
        assert resting.status_code == 201, resting.text
        gone = desk.client.delete(f"/api/v1/orders/{resting.json()['id']}")
        assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
        told = desk.client.post("/emergency/positions/close", json={"close_all": True}).json()
        assert told["positions_closed"]["asked"] == 1
        until(lambda: not desk.held())
        wrong = desk.client.put("/api/v1/risk/limits", json={"limits": {"daily_los": 0.02}, "reason": "x"})
        assert wrong.status_code == 422
        right = desk.client.put("/api/v1/risk/limits", json={"limits": {"daily_loss": 0.02}, "reason": "x"})
        assert right.json()["limits"]["daily_loss"] == 0.02


def test_a_real_report_gives_every_documented_field(tmp_path: Path) -> None:
    wanted: dict[str, Any] = {
        "status": examples.STATUS, "positions": examples.POSITIONS, "risk-metrics": examples.RISK,
        "data-quality": examples.QUALITY,
    }  # fmt: skip
    with start(tmp_path) as desk:
        for path, example in wanted.items():
            told = desk.client.get(f"/emergency/{path}").json()
            assert set(example) <= set(told)
            for part in ("data", "report"):
                assert set(example.get(part, ())) <= set(told.get(part, ()))
