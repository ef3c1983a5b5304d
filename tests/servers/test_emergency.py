import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from sidecar.domain.breaker import BreakerStatus, Cause, Trigger
from sidecar.domain.clock import to_datetime
from sidecar.domain.commands import ClosePositions, CommandEvent, PlaceOrder, Reset, Stop
from sidecar.domain.errors import JournalFailed
from sidecar.domain.orders import OrderState
from sidecar.domain.report import Outcome, OutcomeStatus
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.servers.desk import ORDER, PUT, QUICK, T0, Desk, Stand, position, report, serving

STOP = "/emergency/stop"
RESET = "/emergency/circuit-breaker/reset"
MANUAL = "/emergency/manual-order"
CLOSE = "/emergency/positions/close"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_a_stop_without_a_body_shuts_the_gate_and_cancels_what_works(stand: Stand) -> None:
    for _ in range(3):
        stand.ask("POST", MANUAL, ORDER)
    answer = stand.client.post(STOP, headers=stand.headers(Role.TRADER))
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "success"
    assert told["state"] == "emergency_stop"
    assert told["halt_seq"] == 1
    assert told["orders_cancelled"] == {"done": 3, "asked": 3, "outstanding": [], "ended_otherwise": []}
    assert told["positions_closed"] == {"done": 0, "asked": 0}
    assert told["reason"] == "no reason given"
    assert set(told) >= {"status", "message", "timestamp", "reason", "latency_ms"}
    assert stand.desk.stops == [pytest.approx(told["latency_ms"] / 1_000, abs=1e-6)]


def test_a_stop_carries_its_reason_and_the_key_that_gave_it(stand: Stand) -> None:
    stand.ask("POST", STOP, {"reason": "fat finger", "flatten": False}, Role.TRADER)
    command = stand.desk.commands[-1]
    assert isinstance(command, Stop)
    assert (command.reason, command.flatten) == ("fat finger", False)
    assert command.actor.startswith("test-trader/")


def test_an_order_after_a_stop_is_refused_with_the_reason(stand: Stand) -> None:
    stand.ask("POST", STOP)
    answer = stand.ask("POST", MANUAL, ORDER)
    assert answer.status_code == 409
    assert answer.json()["limit"] == "breaker"
    assert answer.json()["state"] == "emergency_stop"
    assert "emergency_stop" in answer.json()["detail"]
    assert answer.json()["order"]["state"] == "refused"


def test_every_stop_is_obeyed_and_answered_also_a_hundred_at_once(stand: Stand) -> None:
    with serving(stand.app) as url, ThreadPoolExecutor(20) as pool:
        headers = stand.headers(Role.TRADER)
        calls = [pool.submit(httpx2.post, url + STOP, headers=headers, timeout=20) for _ in range(100)]
        assert [call.result().status_code for call in calls] == [200] * 100
    assert len(stand.desk.commands) == 100


def test_cancels_that_the_venue_does_not_answer_are_named_after_a_bounded_wait(stand: Stand) -> None:
    first = stand.ask("POST", MANUAL, ORDER).json()["order_id"]
    stand.desk.deaf = True
    began = time.monotonic()
    answer = stand.ask("POST", STOP)
    assert time.monotonic() - began < 1.0
    assert answer.status_code == 200
    assert answer.json()["orders_cancelled"] == {"done": 0, "asked": 1, "outstanding": [first], "ended_otherwise": []}


def test_a_cancel_that_is_answered_while_the_stop_waits_is_counted(tmp_path: Path) -> None:
    stand = Stand(tmp_path, settings=replace(QUICK, settle_wait_s=3.0))
    stand.ask("POST", MANUAL, ORDER)
    stand.desk.deaf = True

    def answer_later() -> None:
        time.sleep(0.1)
        order = stand.desk.known["O00000001"]
        stand.desk.known[order.id] = msgspec.structs.replace(order, state=OrderState.CANCELLED)
        stand.desk._publish()

    thread = threading.Thread(target=answer_later)
    thread.start()
    began = time.monotonic()
    told = stand.ask("POST", STOP).json()
    thread.join()
    assert told["orders_cancelled"]["done"] == 1
    assert time.monotonic() - began < 2.0


def test_an_order_that_filled_before_its_cancel_is_not_counted_as_cancelled(stand: Stand) -> None:
    key = stand.ask("POST", MANUAL, ORDER).json()["order_id"]
    stand.desk.deaf = True
    ports = stand.desk.ports()

    def submit(command: CommandEvent) -> Future[Outcome]:
        future = ports.submit(command)
        filled = msgspec.structs.replace(stand.desk.known[key], state=OrderState.FILLED, updated_at=stand.desk.now)
        stand.desk.known[key] = filled
        stand.desk._publish()
        return future

    stand.app = create_app(replace(ports, submit=submit), stand.keys, QUICK)
    stand.client.app = stand.app
    told = stand.client.__class__(stand.app, base_url="http://localhost").post(STOP, headers=stand.headers(Role.ADMIN))
    assert told.json()["orders_cancelled"] == {"done": 0, "asked": 1, "outstanding": [], "ended_otherwise": [key]}


def test_an_order_that_left_the_report_is_looked_up_in_the_record(stand: Stand) -> None:
    key = stand.ask("POST", MANUAL, ORDER).json()["order_id"]
    order = stand.desk.known[key]
    stand.desk.known = {}
    outcome = Outcome("r", OutcomeStatus.DONE, "stopped", stand.desk.report.breaker, orders=(order,))
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    stand.desk._publish()
    gone = msgspec.structs.replace(order, state=OrderState.CANCELLED)
    ports = replace(stand.desk.ports(), submit=lambda _: future, order=lambda _: gone, market_now=lambda: T0)
    client = stand.client.__class__(create_app(ports, stand.keys, QUICK), base_url="http://localhost")
    told = client.post(STOP, headers=stand.headers(Role.ADMIN)).json()
    assert told["orders_cancelled"]["done"] == 1

    def stuck(_: str) -> None:
        time.sleep(0.6)

    client = stand.client.__class__(
        create_app(replace(ports, order=stuck), stand.keys, QUICK), base_url="http://localhost"
    )
    told = client.post(STOP, headers=stand.headers(Role.ADMIN)).json()
    assert told["orders_cancelled"]["outstanding"] == [key]


def test_a_stop_that_is_not_on_disk_in_time_is_never_success_and_says_how_the_gate_stands(stand: Stand) -> None:
    stand.desk.stuck = True
    began = time.monotonic()
    answer = stand.ask("POST", STOP)
    assert time.monotonic() - began < 1.0
    assert answer.status_code == 504
    told = answer.json()
    assert told["state"] == "emergency_stop"
    assert told["halt_seq"] == 1
    assert told["as_of"] is not None
    assert stand.desk.stops == []
    # The desk confirms later: the command was left alone, and nobody trips over the late answer.
    assert not stand.desk.waiting[0].cancelled()
    stand.desk.waiting[0].set_exception(JournalFailed("disk full"))


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_stop_that_cannot_be_kept_is_503_with_the_cause_and_the_gate(stand: Stand, when: str) -> None:
    failed = JournalFailed("no space left")
    if when == "at once":
        stand.desk.broken = failed
        answer = stand.ask("POST", STOP)
    else:
        future: Future[Outcome] = Future()
        future.set_exception(failed)
        ports = replace(stand.desk.ports(), submit=lambda _: future)
        client = stand.client.__class__(create_app(ports, stand.keys, QUICK), base_url="http://localhost")
        answer = client.post(STOP, headers=stand.headers(Role.ADMIN))
    assert answer.status_code == 503
    assert "no space left" in answer.json()["detail"]
    assert answer.json()["state"] == "active"


def test_a_stop_works_before_the_first_report_too(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    future: Future[Outcome] = Future()
    halted = msgspec.structs.replace(report().breaker, status=BreakerStatus.EMERGENCY_STOP, halt_seq=1)
    future.set_result(Outcome("r", OutcomeStatus.DONE, "stopped", halted))
    ports = replace(stand.desk.ports(), latest=lambda: None, submit=lambda _: future)
    client = stand.client.__class__(create_app(ports, stand.keys, QUICK), base_url="http://localhost")
    assert client.post(STOP, headers=stand.headers(Role.TRADER)).json()["state"] == "emergency_stop"


def test_a_stop_does_not_wait_for_a_stuck_database(stand: Stand) -> None:
    release = threading.Event()

    def stuck(*_: object) -> list[object]:
        release.wait(10)
        return []

    ports = replace(stand.desk.ports(), orders=stuck, fills=stuck, breaker_history=stuck)  # type: ignore[arg-type]
    with serving(create_app(ports, stand.keys, QUICK)) as url, ThreadPoolExecutor(60) as pool:
        headers = stand.headers(Role.ADMIN)
        reads = [pool.submit(httpx2.get, url + "/api/v1/orders", headers=headers, timeout=20) for _ in range(50)]
        time.sleep(0.5)
        began = time.monotonic()
        answer = httpx2.post(url + STOP, headers=headers)
        taken = time.monotonic() - began
        release.set()
        assert answer.status_code == 200
        assert taken < 1.0
        assert all(call.result().status_code == 200 for call in reads)


def test_a_flood_of_wrong_keys_does_not_delay_a_valid_stop(stand: Stand) -> None:
    over = threading.Event()
    with serving(stand.app) as url, ThreadPoolExecutor(4) as pool:

        def flood() -> int:
            count = 0
            with httpx2.Client(headers={"X-API-Key": "wrong"}) as client:
                while not over.is_set():
                    assert client.post(url + STOP).status_code == 401
                    count += 1
            return count

        floods = [pool.submit(flood) for _ in range(3)]
        time.sleep(0.3)
        with httpx2.Client(headers=stand.headers(Role.TRADER)) as client:
            latencies = [client.post(url + STOP).json()["latency_ms"] for _ in range(20)]
        over.set()
        assert sum(call.result() for call in floods) > 20
    assert max(latencies) < 250


def test_flatten_closes_what_is_open_and_says_how_far_it_is(stand: Stand) -> None:
    told = stand.ask("POST", STOP, {"flatten": True}).json()
    assert told["positions_closed"] == {"done": 1, "asked": 1}


def test_flatten_never_says_closed_while_the_report_holds_the_position(stand: Stand) -> None:
    stand.desk.deaf = True
    told = stand.ask("POST", STOP, {"flatten": True}).json()
    assert told["positions_closed"] == {"done": 0, "asked": 1}
    assert told["message"].endswith("1 positions still open")


@pytest.mark.parametrize(("default", "body", "flatten"), [
    (True, None, True), (True, {"flatten": False}, False), (False, None, False), (False, {"flatten": True}, True),
])  # fmt: skip
def test_the_settings_decide_about_flatten_where_the_body_does_not(
    tmp_path: Path, default: bool, body: dict[str, bool] | None, flatten: bool
) -> None:
    stand = Stand(tmp_path, settings=replace(QUICK, flatten_on_stop=default))
    stand.ask("POST", STOP, body)
    command = stand.desk.commands[-1]
    assert isinstance(command, Stop)
    assert command.flatten is flatten


def test_a_reset_returns_to_active_with_its_reason(stand: Stand) -> None:
    stand.ask("POST", STOP)
    answer = stand.ask("POST", RESET, {"reason": "all clear"})
    assert answer.status_code == 200
    assert answer.json()["state"] == "active"
    assert answer.json()["halt_seq"] == 1
    command = stand.desk.commands[-1]
    assert isinstance(command, Reset)
    assert command.reason == "all clear"
    assert stand.ask("POST", MANUAL, ORDER).status_code == 200


def test_a_reset_while_a_cause_stands_is_409_with_the_causes_and_the_live_breaches(stand: Stand) -> None:
    stand.ask("POST", STOP)
    cause = Cause(Trigger.DAILY_LOSS_LIMIT, T0, "desk", "3.2 % of 3 %", "daily_loss", 0.03, 0.032)
    stand.desk.standing = (cause,)
    answer = stand.ask("POST", RESET, {"reason": "please"})
    assert answer.status_code == 409
    told = answer.json()
    assert told["state"] == "emergency_stop"
    assert told["causes"][0]["trigger"] == "daily_loss_limit"
    assert told["causes"][0]["value"] == 0.032
    assert told["breaches"] == []
    assert stand.ask("POST", MANUAL, ORDER).status_code == 409


def test_a_reset_needs_a_reason(stand: Stand) -> None:
    assert stand.ask("POST", RESET).json()["errors"] == [{"field": "reason", "problem": "is missing"}]
    assert stand.desk.commands == []


def test_a_manual_order_reaches_the_desk_exactly_as_it_was_asked(stand: Stand) -> None:
    answer = stand.ask("POST", MANUAL, ORDER | {"reason": "hedge", "price": "83.40"}, Role.TRADER)
    assert answer.status_code == 200
    told = answer.json()
    assert {"status", "message", "order_id", "timestamp", "reason"} <= set(told)
    assert told["order"]["symbol"] == "NIFTY-20251125-26150-CE"
    assert told["order"]["price"] == 83.4
    command = stand.desk.commands[-1]
    assert isinstance(command, PlaceOrder)
    assert command.request.quantity == 75
    assert str(command.request.price) == "83.40"
    assert command.request.strategy == "manual"


def test_an_order_over_a_limit_is_409_with_the_limit_and_the_size_that_would_pass(stand: Stand) -> None:
    answer = stand.ask("POST", MANUAL, ORDER | {"quantity": 450})
    assert answer.status_code == 409
    told = answer.json()
    assert (told["limit"], told["limit_value"]) == ("order_lots", 5.0)
    assert (told["value_before"], told["value_after"], told["largest_quantity"]) == (0.0, 6.0, 375)


def test_an_unknown_symbol_is_422_with_the_candidates_and_never_reaches_the_desk(stand: Stand) -> None:
    answer = stand.ask("POST", MANUAL, ORDER | {"symbol": "NIFTY99999CE"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "symbol"
    assert answer.json()["candidates"] == []
    assert stand.desk.commands == []


@pytest.mark.parametrize("how", ["body", "header"])
def test_a_repeated_order_id_returns_the_first_answer_and_sends_nothing_more(stand: Stand, how: str) -> None:
    def send(body: dict[str, object]) -> Any:
        if how == "body":
            return stand.ask("POST", MANUAL, body | {"client_order_id": "one"})
        return stand.ask("POST", MANUAL, body, idempotency_key="one")

    first, second = send(ORDER), send(ORDER)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["order"] == second.json()["order"]
    assert len(stand.desk.known) == 1
    other = send(ORDER | {"quantity": 150})
    assert other.status_code == 409
    assert "different order" in other.json()["detail"]
    assert len(stand.desk.known) == 1


def test_a_repeated_id_of_a_refused_order_is_refused_again(stand: Stand) -> None:
    body = ORDER | {"quantity": 450, "client_order_id": "big"}
    assert [stand.ask("POST", MANUAL, body).status_code for _ in range(2)] == [409, 409]
    assert len(stand.desk.known) == 1


def test_two_callers_may_use_the_same_order_id(stand: Stand) -> None:
    for role in (Role.TRADER, Role.ADMIN):
        assert stand.ask("POST", MANUAL, ORDER | {"client_order_id": "1"}, role).status_code == 200
    assert len(stand.desk.known) == 2


def test_an_id_and_a_key_that_differ_are_refused(stand: Stand) -> None:
    answer = stand.ask("POST", MANUAL, ORDER | {"client_order_id": "a"}, idempotency_key="b")
    assert answer.status_code == 422
    assert stand.ask("POST", MANUAL, ORDER, idempotency_key="not one word").status_code == 400
    assert stand.desk.commands == []


def test_an_order_that_is_not_confirmed_in_time_is_504_and_its_id_still_finds_the_first(stand: Stand) -> None:
    stand.desk.stuck = True
    assert stand.ask("POST", MANUAL, ORDER | {"client_order_id": "x"}).status_code == 504
    stand.desk.stuck = False
    assert stand.ask("POST", MANUAL, ORDER | {"client_order_id": "x"}).status_code == 200
    assert len(stand.desk.known) == 1


@pytest.mark.parametrize(
    "body", [{"close_all": True}, {"symbol": "NIFTY26150CE"}, {"position_id": "main/demo/NIFTY-20251125-26150-CE"}]
)
def test_a_close_names_each_position_its_order_and_whether_it_is_flat(stand: Stand, body: dict[str, object]) -> None:
    answer = stand.ask("POST", CLOSE, body | {"reason": "target"}, Role.TRADER)
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "success"
    assert told["positions"] == [
        {
            "position_id": "main/demo/NIFTY-20251125-26150-CE",
            "order_id": "O9000",
            "detail": "closed",
            "closed": True,
            "fill": None,
        }
    ]
    assert told["positions_closed"] == {"done": 1, "asked": 1}
    command = stand.desk.commands[-1]
    assert isinstance(command, ClosePositions)
    assert command.symbol in (None, "NIFTY-20251125-26150-CE")


def test_a_closed_position_shows_the_fill_of_its_order_and_never_that_it_was_sent(stand: Stand) -> None:
    key = stand.ask("POST", MANUAL, ORDER | {"side": "sell"}).json()["order_id"]
    order = stand.desk.known.pop(key)
    stand.desk.known["O9000"] = msgspec.structs.replace(
        order, id="O9000", state=OrderState.FILLED, filled=75, average_price=Decimal("83.35")
    )
    (line,) = stand.ask("POST", CLOSE, {"close_all": True}).json()["positions"]
    assert (line["closed"], line["detail"]) == (True, "closed")
    assert line["fill"] == {"quantity": -75, "price": 83.35}


def test_a_close_that_has_not_filled_is_pending_not_success(stand: Stand) -> None:
    stand.desk.deaf = True
    told = stand.ask("POST", CLOSE, {"close_all": True}).json()
    assert told["status"] == "pending"
    assert told["positions_closed"] == {"done": 0, "asked": 1}


def test_a_close_of_what_is_not_open_is_404(stand: Stand) -> None:
    assert stand.ask("POST", CLOSE, {"symbol": "NIFTY26300PE"}).status_code == 404


def test_a_repeated_close_with_one_key_asks_the_desk_once(stand: Stand) -> None:
    first, second = (stand.ask("POST", CLOSE, {"close_all": True}, idempotency_key="k") for _ in range(2))
    assert first.json() == second.json()
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(stand.desk.commands) == 1
    assert stand.ask("POST", CLOSE, {"symbol": "NIFTY26300PE"}, idempotency_key="k").status_code == 409
    assert len(stand.desk.commands) == 1


def test_a_close_that_failed_may_be_tried_again_with_the_same_key(stand: Stand) -> None:
    stand.desk.broken = JournalFailed("disk full")
    assert stand.ask("POST", CLOSE, {"close_all": True}, idempotency_key="k").status_code == 503
    stand.desk.broken = None
    assert stand.ask("POST", CLOSE, {"close_all": True}, idempotency_key="k").status_code == 200


def unknown(desk: Desk) -> None:
    desk.published = None


def silent(desk: Desk) -> None:
    desk.age_s = 5.1


def not_measured(desk: Desk) -> None:
    desk.age_s = float("nan")


@pytest.mark.parametrize("path", ["status", "positions", "risk-metrics", "data-quality"])
@pytest.mark.parametrize("trouble", [unknown, silent, not_measured])
def test_a_desk_that_cannot_know_is_503_and_no_number_is_invented(
    stand: Stand, path: str, trouble: Callable[[Desk], None]
) -> None:
    trouble(stand.desk)
    answer = stand.ask("GET", f"/emergency/{path}")
    assert answer.status_code == 503
    assert "data" not in answer.json()
    assert (answer.json()["as_of"] is None) == (stand.desk.published is None)


def test_the_status_is_public_and_complete(stand: Stand) -> None:
    told = stand.ask("GET", "/emergency/status", None, None).json()
    assert told["status"] == "success"
    assert set(told["data"]) >= {"timestamp", "circuit_breaker", "market_condition", "positions"}


def test_health_tells_version_and_never_asks_the_desk(stand: Stand) -> None:
    stand.desk.published = None
    told = stand.ask("GET", "/emergency/health", None, None).json()
    wanted = {"status": "healthy", "timestamp": "2025-11-24T06:30:00+00:00", "service": "deskwatch", "version": "0.1.0"}
    assert told == wanted
    assert stand.ask("GET", "/health/live", None, None).json() == {"status": "live"}


def test_readiness_names_what_is_not_ready(stand: Stand) -> None:
    assert stand.ask("GET", "/health/ready", None, None).status_code == 200
    stand.desk.missing = ("journal: disk full", "feed: down")
    answer = stand.ask("GET", "/health/ready", None, None)
    assert answer.status_code == 503
    assert answer.json()["not_ready"] == ["journal: disk full", "feed: down"]


def test_positions_are_the_reports_with_side_and_totals(stand: Stand) -> None:
    lines = (position(), position(PUT, -150, delta=float("nan")))
    stand.desk._publish(positions=lines, timestamp=to_datetime(T0))
    told = stand.ask("GET", "/emergency/positions", None, Role.VIEWER).json()
    assert told["total_positions"] == 2
    assert [(row["side"], row["quantity"], row["delta"]) for row in told["positions"]] == [
        ("long", 75, 33.1), ("short", -150, None)
    ]  # fmt: skip
    assert told["total_unrealized_pnl"] == 228.75


def test_a_command_given_up_by_its_caller_still_reaches_its_end(stand: Stand) -> None:
    from sidecar.servers import commands

    stand.desk.stuck = True

    async def give_up() -> None:
        command = Stop(at=T0, request_id="r", actor="a", reason="x")
        task = asyncio.create_task(commands.ask(stand.desk.ports(), command, 5.0))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    assert not stand.desk.waiting[0].cancelled()
