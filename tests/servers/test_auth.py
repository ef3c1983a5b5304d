import http.client
from pathlib import Path

import pytest
from fastapi import APIRouter, Depends
from starlette.responses import Response
from starlette.testclient import TestClient

from sidecar.domain.errors import ConfigurationError
from sidecar.servers.auth import AUDIT_BURST, Auth, Public, Require, doors
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from tests.servers.desk import QUICK, Desk, Stand, serving

PATHS = {"{order_id}": "O00000001"}
#: The whole table of CONTRACT section 3, written down once more so that a slip in a row is seen.
EXPECTED = {
    ("GET", "/emergency/status"): None,
    ("GET", "/emergency/health"): None,
    ("GET", "/health/live"): None,
    ("GET", "/health/ready"): None,
    ("GET", "/openapi.json"): None,
    ("GET", "/docs"): None,
    ("POST", "/emergency/stop"): Role.TRADER,
    ("POST", "/emergency/circuit-breaker/reset"): Role.ADMIN,
    ("POST", "/emergency/override/enable"): Role.ADMIN,
    ("POST", "/emergency/override/disable"): Role.TRADER,
    ("POST", "/emergency/heartbeat"): Role.TRADER,
    ("GET", "/emergency/logs/recent"): Role.ADMIN,
    ("GET", "/emergency/audit"): Role.VIEWER,
    ("GET", "/emergency/positions"): Role.VIEWER,
    ("GET", "/emergency/positions/plan"): Role.VIEWER,
    ("POST", "/emergency/positions/close"): Role.TRADER,
    ("POST", "/emergency/manual-order"): Role.TRADER,
    ("GET", "/emergency/risk-metrics"): Role.VIEWER,
    ("GET", "/emergency/data-quality"): Role.VIEWER,
    ("GET", "/api/v1/me"): Role.VIEWER,
    ("GET", "/api/v1/orders"): Role.VIEWER,
    ("POST", "/api/v1/orders"): Role.TRADER,
    ("POST", "/api/v1/orders/cancel-all"): Role.TRADER,
    ("GET", "/api/v1/orders/{order_id}"): Role.VIEWER,
    ("DELETE", "/api/v1/orders/{order_id}"): Role.TRADER,
    ("GET", "/api/v1/fills"): Role.VIEWER,
    ("GET", "/api/v1/risk/limits"): Role.VIEWER,
    ("PUT", "/api/v1/risk/limits"): Role.ADMIN,
    ("GET", "/api/v1/risk/breaches"): Role.VIEWER,
    ("POST", "/api/v1/risk/breaker/disable"): Role.TRADER,
    ("GET", "/api/v1/risk/breaker/history"): Role.VIEWER,
}


def concrete(path: str) -> str:
    for name, value in PATHS.items():
        path = path.replace(name, value)
    return path


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_every_route_names_its_role_as_the_contract_does(stand: Stand) -> None:
    assert {(method, path): mark and mark.role for method, path, mark in doors(stand.app.routes)} == EXPECTED


@pytest.mark.parametrize("role", [None, *Role])
def test_every_route_lets_in_exactly_the_roles_that_cover_its_own(stand: Stand, role: Role | None) -> None:
    for method, path, mark in list(doors(stand.app.routes)):
        assert mark is not None
        status = stand.ask(method, concrete(path), None, role).status_code
        if mark.role is None or (role is not None and role.covers(mark.role)):
            assert status not in (401, 403), (method, path, status)
            assert status < 500, (method, path, status)
        else:
            assert status == (401 if role is None else 403), (method, path, status)


def test_nothing_reaches_the_desk_from_a_caller_without_the_role(stand: Stand) -> None:
    for method, path, mark in list(doors(stand.app.routes)):
        if mark is not None and mark.role not in (None, Role.VIEWER):
            stand.ask(method, concrete(path), None, None)
            stand.ask(method, concrete(path), None, Role.VIEWER)
    assert stand.desk.commands == []


def test_a_get_never_changes_the_desk(stand: Stand) -> None:
    for method, path, _ in list(doors(stand.app.routes)):
        if method == "GET":
            stand.ask(method, concrete(path))
    assert stand.desk.commands == []


def test_a_route_without_a_role_keeps_the_application_from_starting(tmp_path: Path) -> None:
    async def forgotten() -> Response:
        return Response()

    router = APIRouter()
    router.add_api_route("/forgotten", forgotten, methods=["POST"])
    with pytest.raises(ConfigurationError, match="POST /forgotten: names no role"):
        create_app(Desk().ports(), KeyStore(tmp_path), QUICK, [router])


def test_a_route_of_another_room_can_be_public_or_ask_for_a_role(tmp_path: Path) -> None:
    async def fine() -> Response:
        return Response()

    desk, keys = Desk(), KeyStore(tmp_path)
    auth = Auth(keys, desk.ports())
    router = APIRouter()
    router.add_api_route("/open", fine, dependencies=[Depends(Public("a test"))])
    router.add_api_route("/near", fine, dependencies=[Depends(auth.require(Role.VIEWER, loopback=True))])
    app = create_app(desk.ports(), keys, QUICK, [router])
    marks = {path: mark for _, path, mark in doors(app.routes)}
    assert isinstance(marks["/open"], Public)
    assert isinstance(marks["/near"], Require)
    for host, status in (("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 401), ("nonsense", 401)):
        client = TestClient(app, base_url="http://localhost", client=(host, 5))
        assert client.get("/near").status_code == status
        assert client.get("/near", headers={"x-api-key": "wrong"}).status_code == 401
        assert client.get("/near", headers={"authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_may_come_as_a_bearer_token(stand: Stand, scheme: str) -> None:
    headers = {"authorization": f"{scheme} {stand.secrets[Role.VIEWER]}"}
    assert stand.client.get("/emergency/positions", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ([], 401, "missing"),
        ([(b"x-api-key", b"")], 401, "missing"),
        ([(b"x-api-key", b"   ")], 401, "missing"),
        ([(b"x-api-key", b"wrong")], 401, "wrong"),
        ([(b"authorization", b"Bearer")], 401, "missing"),
        ([(b"authorization", b"Bearer wrong")], 401, "wrong"),
        ([(b"authorization", b"Basic dXNlcjpwYXNz")], 401, "malformed"),
        ([(b"x-api-key", "schlüssel".encode())], 400, "malformed"),
        ([(b"x-api-key", b"\xff\xfe\x80")], 400, "malformed"),
        ([(b"x-api-key", b"a\x01b")], 400, "malformed"),
        ([(b"x-api-key", b"k" * 8_192)], 400, "malformed"),
        ([(b"x-api-key", b"one"), (b"x-api-key", b"two")], 400, "malformed"),
        ([(b"x-api-key", b"one"), (b"authorization", b"Bearer one")], 400, "malformed"),
    ],
)
def test_a_key_that_does_not_open_is_refused_and_counted(
    stand: Stand, headers: list[tuple[bytes, bytes]], status: int, reason: str
) -> None:
    answer = stand.client.post("/emergency/stop", headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert stand.desk.failures == [reason]
    assert stand.desk.commands == []


def test_two_good_keys_in_one_request_are_refused_too(stand: Stand) -> None:
    key = stand.secrets[Role.TRADER]
    headers = {"X-API-Key": key, "Authorization": f"Bearer {key}"}
    assert stand.client.post("/emergency/stop", headers=headers).status_code == 400


def test_raw_bytes_of_any_kind_in_the_key_get_4xx_over_a_real_socket(stand: Stand) -> None:
    with serving(stand.app) as url:
        for value in (b"\xe9", b"\xff" * 40, b"k" * 8_192, b"", b"a, b"):
            connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
            connection.putrequest("POST", "/emergency/stop")
            connection.putheader("X-API-Key", value)
            connection.endheaders()
            assert 400 <= connection.getresponse().status < 500
            connection.close()


def test_a_low_role_is_told_which_it_needs(stand: Stand) -> None:
    answer = stand.ask("POST", "/emergency/stop", None, Role.VIEWER)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "needs the role trader; this key is viewer"
    assert stand.desk.failures == ["role"]


def test_a_refused_command_is_audited_with_who_what_and_why_and_a_refused_read_is_not(stand: Stand) -> None:
    stand.ask("GET", "/emergency/positions", None, None)
    assert stand.desk.audited == []
    first = stand.ask("POST", "/emergency/stop", None, Role.VIEWER)
    second = stand.ask("DELETE", "/api/v1/orders/O00000001", None, None)
    found = stand.desk.audited
    assert [(row.action, row.outcome, row.request_id) for row in found] == [
        ("POST /emergency/stop", "refused", first.headers["x-request-id"]),
        ("DELETE /api/v1/orders/{order_id}", "refused", second.headers["x-request-id"]),
    ]
    assert found[0].actor.startswith("test-viewer/")
    assert found[1].actor == "unknown"
    assert "trader" in found[0].detail


def test_a_flood_of_refusals_is_counted_but_not_written_line_by_line(stand: Stand) -> None:
    for _ in range(200):
        stand.ask("POST", "/emergency/stop", None, None)
    assert len(stand.desk.failures) == 200
    assert AUDIT_BURST <= len(stand.desk.audited) < 100


def test_what_a_flood_left_out_is_told_in_the_next_line(tmp_path: Path) -> None:
    clock = [0.0]
    desk = Desk()
    auth = Auth(KeyStore(tmp_path), desk.ports(), monotonic=lambda: clock[0])

    async def fine() -> Response:
        return Response()

    router = APIRouter()
    router.add_api_route("/act", fine, methods=["POST"], dependencies=[Depends(auth.require(Role.TRADER))])
    client = TestClient(create_app(desk.ports(), KeyStore(tmp_path), QUICK, [router]), base_url="http://localhost")
    for _ in range(AUDIT_BURST + 7):
        client.post("/act")
    clock[0] = 1.0
    client.post("/act")
    assert len(desk.audited) == AUDIT_BURST + 1
    assert desk.audited[-1].detail.endswith("(and 7 refused before it)")


def test_a_revoked_key_opens_nothing_at_the_next_request(stand: Stand) -> None:
    assert stand.ask("GET", "/emergency/positions", None, Role.VIEWER).status_code == 200
    KeyStore(stand.keys.path.parent).revoke(stand.keys.list()[0].id)
    assert stand.ask("GET", "/emergency/positions", None, Role.VIEWER).status_code == 401


def test_a_key_never_stands_in_an_answer(stand: Stand) -> None:
    for method, path, _ in list(doors(stand.app.routes)):
        for role in Role:
            answer = stand.ask(method, concrete(path), None, role)
            assert stand.secrets[role] not in answer.text + str(answer.headers)
