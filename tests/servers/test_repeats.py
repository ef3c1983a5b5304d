"""The same key gets the first answer; a stop is never kept from stopping by one."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sidecar.domain.errors import JournalFailed
from sidecar.servers.keys import Role
from tests.servers.desk import Stand

STOP = "/emergency/stop"
RESET = "/emergency/circuit-breaker/reset"
ACTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", RESET, {"reason": "clear"}),
    ("POST", "/emergency/override/enable", {"reason": "roll", "expires_in_s": 60, "limits": ["daily_loss"]}),
    ("POST", "/emergency/heartbeat", {"client": "hedger"}),
    ("POST", "/emergency/positions/close", {"close_all": True}),
    ("POST", "/api/v1/orders/cancel-all", {}),
    ("POST", "/api/v1/risk/breaker/disable", {"reason": "noon"}),
    ("PUT", "/api/v1/risk/limits", {"limits": {"daily_loss": 0.02}, "reason": "noon"}),
]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.mark.parametrize(("method", "path", "body"), ACTS)
def test_every_act_with_one_key_is_done_once_and_told_twice(
    stand: Stand, method: str, path: str, body: dict[str, Any]
) -> None:
    first, second = (stand.ask(method, path, body, idempotency_key="k-1") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200), first.text
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(stand.desk.commands) == 1
    assert stand.ask(method, path, body, idempotency_key="k-2").headers.get("idempotency-replayed") is None
    assert len(stand.desk.commands) == 2


def test_an_override_ends_once_under_one_key(stand: Stand) -> None:
    stand.ask("POST", "/emergency/override/enable", {"reason": "r", "expires_in_s": 60, "limits": ["drawdown"]})
    codes = [stand.ask("POST", "/emergency/override/disable", idempotency_key=key).status_code for key in "aab"]
    assert codes == [200, 200, 409]


def test_the_same_key_for_another_body_or_another_route_is_refused(stand: Stand) -> None:
    stand.ask("POST", RESET, {"reason": "clear"}, idempotency_key="k")
    assert stand.ask("POST", RESET, {"reason": "other"}, idempotency_key="k").status_code == 409
    heartbeat = stand.ask("POST", "/emergency/heartbeat", {"client": "a"}, idempotency_key="k")
    assert heartbeat.status_code == 409
    assert len(stand.desk.commands) == 1


def test_two_callers_may_use_the_same_key(stand: Stand) -> None:
    for role in (Role.TRADER, Role.ADMIN):
        assert stand.ask("POST", "/emergency/heartbeat", {"client": "a"}, role, idempotency_key="k").status_code == 200
    assert len(stand.desk.commands) == 2


def test_a_key_that_is_no_plain_word_is_refused_but_never_for_a_stop(stand: Stand) -> None:
    assert stand.ask("POST", RESET, {"reason": "x"}, idempotency_key="no word").status_code == 400
    assert stand.desk.commands == []
    assert stand.ask("POST", STOP, idempotency_key="no word").status_code == 200
    assert stand.ask("POST", STOP, idempotency_key="k" * 900).status_code == 200
    assert len(stand.desk.commands) == 2


def test_a_failed_act_may_be_tried_again_with_the_same_key(stand: Stand) -> None:
    stand.desk.broken = JournalFailed("disk full")
    assert stand.ask("POST", RESET, {"reason": "x"}, idempotency_key="k").status_code == 503
    stand.desk.broken = None
    assert stand.ask("POST", RESET, {"reason": "x"}, idempotency_key="k").status_code == 200


def test_a_stop_with_one_key_is_one_stop_while_it_stands(stand: Stand) -> None:
    first, second = (stand.ask("POST", STOP, {"reason": "a"}, Role.TRADER, idempotency_key="k") for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len(stand.desk.commands) == 1


def test_a_stop_with_an_old_key_stops_again_after_a_reset(stand: Stand) -> None:
    stand.ask("POST", STOP, idempotency_key="k")
    stand.ask("POST", RESET, {"reason": "clear"})
    again = stand.ask("POST", STOP, idempotency_key="k")
    assert (again.json()["state"], again.json()["halt_seq"]) == ("emergency_stop", 2)
    stand.ask("POST", RESET, {"reason": "clear"})
    stand.ask("POST", STOP)
    assert stand.ask("POST", STOP, idempotency_key="k").json()["halt_seq"] == 3


def test_a_stop_with_a_key_that_stands_for_something_else_stops(stand: Stand) -> None:
    stand.ask("POST", STOP, {"reason": "a"}, idempotency_key="k")
    stand.ask("POST", STOP, {"reason": "a", "flatten": True}, idempotency_key="k")
    assert [command.flatten for command in stand.desk.commands] == [False, True]  # type: ignore[union-attr]


def test_a_stop_whose_first_try_failed_stops(stand: Stand) -> None:
    stand.desk.broken = JournalFailed("disk full")
    assert stand.ask("POST", STOP, idempotency_key="k").status_code == 503
    stand.desk.broken = None
    assert stand.ask("POST", STOP, idempotency_key="k").status_code == 200


def test_requests_with_one_key_that_come_at_once_share_one_act(stand: Stand) -> None:
    async def at_once() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app=stand.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = stand.headers(Role.ADMIN) | {"idempotency-key": "k"}
            asked = [client.post(path, headers=headers, json={"reason": "x"}) for path in [STOP] * 5]
            return await asyncio.gather(*asked)

    answers = asyncio.run(at_once())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(stand.desk.commands) == 1
