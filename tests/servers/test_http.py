import io
import logging
import socket
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from sidecar.servers.auth import Public
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.problems import SECURITY
from tests.servers.desk import QUICK, Desk, Stand, serving

MEMBERS = {"type", "title", "status", "detail", "request_id"}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/emergency/status/", 404),
        ("PATCH", "/emergency/stop", 405),
        ("GET", "/emergency/stop", 405),
        ("POST", "/emergency/circuit-breaker/reset", 422),
        ("GET", "/api/v1/orders?limit=0", 422),
        ("GET", "/api/v1/orders?limit=many", 422),
        ("GET", "/api/v1/orders/" + "x" * 65, 422),
        ("GET", "/api/v1/orders/O1", 404),
    ],
)
def test_every_error_is_a_problem_document(stand: Stand, method: str, path: str, status: int) -> None:
    answer = stand.ask(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= MEMBERS
    assert answer.json()["status"] == status
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_fault_inside_is_a_problem_document_that_tells_nothing_of_the_inside(tmp_path: Path) -> None:
    async def fails() -> Response:
        raise RuntimeError("secret inner text")

    desk, router = Desk(), APIRouter()
    router.add_api_route("/fails", fails, dependencies=[Depends(Public("a test"))])
    app = create_app(desk.ports(), KeyStore(tmp_path), QUICK, [router])
    answer = TestClient(app, base_url="http://localhost", raise_server_exceptions=False).get("/fails")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "inner" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY
    assert desk.requests[0][:3] == ("/fails", "GET", 500)


@pytest.mark.parametrize("path", ["/emergency/status", "/nowhere", "/emergency/positions", "/docs", "/openapi.json"])
def test_every_answer_carries_a_request_id_and_the_security_headers(stand: Stand, path: str) -> None:
    answer = stand.ask("GET", path, None, None)
    assert len(answer.headers["x-request-id"]) == 16
    for name, value in SECURITY.items():
        assert name in answer.headers
        if name != "content-security-policy":
            assert answer.headers[name] == value
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("given", "echoed"),
    [("abc-1.2_3", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("<script>", False), ("", False)],
)
def test_only_a_harmless_request_id_is_echoed(stand: Stand, given: str, echoed: bool) -> None:
    answer = stand.ask("GET", "/emergency/health", None, None, x_request_id=given)
    assert (answer.headers["x-request-id"] == given) == echoed


def test_a_repeated_request_id_never_makes_two_commands_share_an_answer(stand: Stand) -> None:
    for _ in range(2):
        stand.ask("POST", "/emergency/stop", None, Role.TRADER, x_request_id="same")
    first, second = [command.request_id for command in stand.desk.commands]
    assert first != second
    assert first.startswith("same.")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200), ("localhost", 200), ("LOCALHOST:9", 200), ("[::1]:8000", 200),
        ("evil.example", 400), ("127.0.0.1.evil.example", 400), ("localhost:8000@evil.example", 400), ("::1", 400),
        ("localhost:123456", 400), ("localhost:", 400), ("0.0.0.0:8000", 400),
    ],
)  # fmt: skip
def test_only_the_hosts_of_the_list_are_served(stand: Stand, host: str, status: int) -> None:
    assert stand.ask("GET", "/emergency/health", None, None, Host=host).status_code == status


def raw(url: str, request: bytes) -> bytes:
    """What a server answers to exact bytes."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_doubled_or_missing_host_is_refused_over_a_real_socket(stand: Stand) -> None:
    with serving(stand.app) as url:
        for hosts in (b"Host: localhost\r\nHost: evil\r\n", b"Host: localhost\r\nHost: localhost\r\n", b""):
            answer = raw(url, b"GET /emergency/health HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 400")
        assert b" 400 " in raw(url, b"GET /emergency/health HTTP/1.0\r\n\r\n").split(b"\r\n")[0]


def test_the_door_itself_refuses_two_hosts(stand: Stand) -> None:
    headers = [(b"host", b"localhost"), (b"host", b"evil.example")]
    assert stand.client.get("/emergency/health", headers=headers).status_code == 400


def test_a_websocket_with_a_foreign_host_is_refused_before_it_opens(tmp_path: Path) -> None:
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    router = APIRouter()
    router.add_api_websocket_route("/ws", talk, dependencies=[Depends(Public("a test"))])
    app = create_app(Desk().ports(), KeyStore(tmp_path), QUICK, [router])
    client = TestClient(app)
    with client.websocket_connect("ws://localhost/ws"):
        pass
    for url in ("ws://evil.example/ws", f"ws://localhost/ws?key={'k' * 40}"):
        with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect(url):
            pass
        assert caught.value.code == 1008


@pytest.mark.parametrize(
    "name", ["key", "api_key", "API-Key", "x-api-key", "apikey", "token", "access_token", "secret"]
)
def test_a_key_in_the_url_is_refused_on_every_route(stand: Stand, name: str) -> None:
    for path in ("/emergency/status", "/emergency/positions", "/nowhere"):
        answer = stand.ask("GET", f"{path}?{name}=anything")
        assert answer.status_code == 400
        assert "never goes in a URL" in answer.json()["detail"]
    assert stand.desk.failures == ["url"] * 3


def test_a_real_key_in_the_url_is_known_under_any_name_and_never_reaches_the_log(stand: Stand) -> None:
    secret = stand.secrets[Role.TRADER]
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logger = logging.getLogger("uvicorn.access")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with serving(stand.app, access_log=True) as url:
            for query in (f"q={secret}", secret, f"api_key={secret}", f"a=b&fund_id={secret}"):
                assert httpx2.get(f"{url}/emergency/status?{query}").status_code == 400
    finally:
        logger.removeHandler(handler)
    assert "GET /emergency/status" in log.getvalue()
    assert secret not in log.getvalue()


def test_a_body_over_the_cap_is_413_whether_its_length_is_told_or_not(stand: Stand) -> None:
    large = b'{"reason":"' + b"x" * 70_000 + b'"}'
    headers = stand.headers(Role.TRADER)
    told = stand.client.post("/emergency/stop", content=large, headers=headers)
    streamed = stand.client.post("/emergency/stop", content=iter([large[:50_000], large[50_000:]]), headers=headers)
    for answer in (told, streamed):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
    assert stand.desk.commands == []


def test_a_body_at_the_cap_is_read(tmp_path: Path) -> None:
    async def size(request: Request) -> Response:
        return Response(str(len(await request.body())))

    router = APIRouter()
    router.add_api_route("/size", size, methods=["POST"], dependencies=[Depends(Public("a test"))])
    client = TestClient(create_app(Desk().ports(), KeyStore(tmp_path), QUICK, [router]), base_url="http://localhost")
    assert client.post("/size", content=b"x" * 65_536).text == "65536"
    assert client.post("/size", content=b"x" * 65_537).status_code == 413


def test_requests_are_measured_by_template_so_that_labels_stay_few(stand: Stand) -> None:
    for path in ("/api/v1/orders/O1", "/api/v1/orders/O2", "/a", "/b"):
        stand.ask("GET", path)
    stand.ask("BREW", "/emergency/status")
    assert [row[:3] for row in stand.desk.requests] == [
        ("/api/v1/orders/{order_id}", "GET", 404), ("/api/v1/orders/{order_id}", "GET", 404),
        ("unmatched", "GET", 404), ("unmatched", "GET", 404), ("/emergency/status", "OTHER", 405),
    ]  # fmt: skip
    assert all(row[3] > 0 for row in stand.desk.requests)


def test_the_document_describes_every_route_with_summary_role_and_examples(stand: Stand) -> None:
    document = stand.ask("GET", "/openapi.json", None, None).json()
    for path, methods in document["paths"].items():
        for method, row in methods.items():
            assert row["summary"], (method, path)
            assert len(row["description"]) > 20, (method, path)
            done = next(value for code, value in row["responses"].items() if code.startswith("2"))
            assert done["content"]["application/json"]["example"], (method, path)
            assert ("x-role" in row) == bool(row["security"])
            if method in ("post", "put"):
                content = row["requestBody"]["content"]["application/json"]
                assert content["schema"]["additionalProperties"] is False
                assert content["example"]
    assert set(document["components"]["securitySchemes"]) == {"key", "bearer"}


def test_the_docs_page_loads_nothing_from_elsewhere(stand: Stand) -> None:
    page = stand.ask("GET", "/docs", None, None)
    assert "/emergency/stop" in page.text
    assert "<script" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]


def test_a_body_is_read_the_same_whatever_media_type_it_claims(stand: Stand) -> None:
    for media in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        headers = stand.headers(Role.TRADER, **{"Content-Type": media})
        answer = stand.client.post("/emergency/stop", content=b'{"reason":"by hand"}', headers=headers)
        assert answer.json()["reason"] == "by hand"


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/emergency/stop", "POST"), ("/api/v1/orders", "GET, POST"), ("/api/v1/orders/O1", "DELETE, GET"),
     ("/api/v1/orders/cancel-all", "POST"), ("/api/v1/risk/limits", "GET, PUT")],
)  # fmt: skip
def test_a_method_that_is_not_offered_is_told_which_are(stand: Stand, path: str, methods: str) -> None:
    answer = stand.ask("PATCH", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)
