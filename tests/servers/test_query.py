"""``POST /api/v1/query`` from outside: who may, what comes back, what is refused; and ``Desk.sql``, its client."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from sidecar.client import Desk
from sidecar.domain.errors import DeskRefused, DeskUnreachable
from sidecar.domain.records import FillRecorded
from sidecar.servers import query
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from sidecar.store.queries import Bounds, Queries
from sidecar.store.writer import Writer
from tests.servers.desk import QUICK, Stand, serving
from tests.store.build import NOW, entries, fill, head_of, records_of
from tests.wiring import free_port

ARROW = query.ARROW
SLOW = "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c"


class Asked:
    """A desk with five fills on record, its door, and what fails of its record."""

    def __init__(self, folder: Path) -> None:
        self.stand = Stand(folder)
        self.writer = Writer.open(folder / "desk.duckdb", now=NOW, commit_s=0.01)
        journal = entries(*(FillRecorded(NOW, fill(f"f{n}", NOW + n, note="☂")) for n in range(5)))
        self.writer.catch_up(records_of(journal), head_of(journal))
        self.queries = Queries(self.writer.cursor, Bounds(timeout_s=0.4, at_once=2))
        self.failure = ""
        ports = self.stand.desk.ports()
        object.__setattr__(ports, "record_failure", lambda: self.failure)
        route = query.router(ports, self.stand.keys, self.queries.ask)
        self.app: FastAPI = create_app(ports, self.stand.keys, QUICK, [route])
        self.client = TestClient(self.app, base_url="http://127.0.0.1:8000")

    def __call__(self, sql: str, role: Role | None = Role.VIEWER, accept: str = "", **more: Any) -> Any:
        headers = self.stand.headers(role) | ({"accept": accept} if accept else {})
        return self.client.post("/api/v1/query", json={"sql": sql, **more}, headers=headers)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    made = Asked(tmp_path_factory.mktemp("query"))
    yield made
    made.queries.close()
    made.writer.close()


def test_a_viewer_asks_and_gets_columns_and_rows_as_json(asked: Asked) -> None:
    answer = asked("SELECT id, price, timestamp, note FROM fills ORDER BY id", limit=2)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["x-truncated"] == "true"
    assert answer.json() == {
        "columns": [
            {"name": "id", "type": "string"}, {"name": "price", "type": "decimal128(18, 4)"},
            {"name": "timestamp", "type": "timestamp[us, tz=UTC]"}, {"name": "note", "type": "string"},
        ],
        "count": 2,
        "rows": [["f0", 80.35, "2026-08-18T03:45:00Z", "☂"], ["f1", 80.35, "2026-08-18T03:45:00.000001Z", "☂"]],
        "truncated": True,
    }  # fmt: skip


def test_arrow_comes_by_the_format_or_by_the_accept_header(asked: Asked) -> None:
    for answer in (
        asked("FROM fills", format="arrow"),
        asked("FROM fills", accept=f"{ARROW}, */*;q=0.1"),
        asked("FROM fills", accept="application/json", format="arrow"),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, ARROW)
        assert pa.ipc.open_stream(answer.content).read_all().num_rows == 5
    assert asked("FROM fills", accept=ARROW, format="json").headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"sql": ""}, {"sql": 1}, {"sql": "SELECT 1", "limit": 0}, {"sql": "SELECT 1", "limit": 100_001},
        {"sql": "SELECT 1", "limit": "5"}, {"sql": "SELECT 1", "format": "csv"}, {"sql": "x" * 10_001},
        {"sql": "SELECT 1", "parameters": [1]}, [], "SELECT 1",
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused_with_its_field(asked: Asked, body: Any) -> None:
    answer = asked.client.post("/api/v1/query", json=body, headers=asked.stand.headers(Role.VIEWER))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in ("sql", "limit", "format", "parameters", "body")


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("DROP TABLE fills", "is not one SELECT but DROP"),
        ("SELECT * FROM read_text('/etc/passwd')", "reads from 'read_text'"),
        ("SELECT nope FROM fills", 'column "nope" not found'),
        (SLOW, "took longer than 0.4 s"),
        ("SELECT '\ud83d'", "holds what is no text"),
    ],
)
def test_a_question_that_cannot_be_answered_is_a_problem_that_names_it(asked: Asked, sql: str, what: str) -> None:
    raw = b'{"sql": "SELECT \'\\ud83d\'"}' if "\ud83d" in sql else None
    headers = asked.stand.headers(Role.VIEWER)
    answer = asked.client.post("/api/v1/query", content=raw, headers=headers) if raw else asked(sql)
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert told["errors"][0]["field"] in ("sql", "body")
    assert what in told["detail"] or raw
    assert "Traceback" not in answer.text
    assert asked("SELECT 1").status_code == 200


def test_without_a_key_nothing_is_told(asked: Asked) -> None:
    assert asked("SELECT 1", None).status_code == 401


def test_while_the_record_falls_behind_it_is_not_asked(asked: Asked) -> None:
    asked.failure = "the disk is full"
    answer = asked("FROM fills")
    asked.failure = ""
    assert answer.status_code == 503
    assert "the record is behind the desk: the disk is full" in answer.json()["detail"]


def test_one_more_than_may_run_is_told_when_to_ask_again(asked: Asked) -> None:
    running = [asked.queries.ask(f"{SLOW} -- {n}", 10, "json") for n in range(2)]
    answer = asked("FROM fills")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    for one in running:
        assert one is not None
        assert one.exception(20) is not None


def test_the_description_says_both_media_types(asked: Asked) -> None:
    told = asked.client.get("/openapi.json").json()["paths"]["/api/v1/query"]["post"]
    assert set(told["responses"]["200"]["content"]) == {"application/json", ARROW}
    assert told["x-role"] == "viewer"


def test_the_client_gives_a_table_warns_when_it_is_cut_and_passes_refusals_on(asked: Asked) -> None:
    with serving(asked.app) as url, Desk(url, asked.stand.secrets[Role.VIEWER]) as desk:
        table = desk.sql("SELECT id, price FROM fills ORDER BY id")
        assert table.to_pylist()[4] == {"id": "f4", "price": Decimal("80.3500")}
        assert table.schema.field("price").type == pa.decimal128(18, 4)
        with pytest.warns(UserWarning, match="more than these 3 rows"):
            assert desk.sql("FROM fills", limit=3).num_rows == 3
        with pytest.raises(DeskRefused, match="is not one SELECT") as refused:
            desk.sql("DELETE FROM fills")
        assert refused.value.status == 422
    with Desk(url, asked.stand.secrets[Role.VIEWER]) as desk, pytest.raises(DeskUnreachable):
        desk.sql("FROM fills")
    with Desk(f"http://127.0.0.1:{free_port()}") as nobody, pytest.raises(DeskUnreachable):
        nobody.sql("FROM fills")
