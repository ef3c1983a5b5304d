"""A copy of the database is an admin's to ask for, and goes on record."""

from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.testclient import TestClient

from sidecar.domain.errors import StoreError
from sidecar.servers import snapshots
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.servers.desk import QUICK, Stand

PATH = "/api/v1/snapshots"


class Copy(NamedTuple):
    folder: str = "snapshot-1"
    bytes: int = 7
    journal_seq: int = 3


class Bench(Stand):
    """A stand whose copies are made of air, or fail."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.failure: StoreError | None = None
        ports = self.desk.ports()
        app = create_app(ports, self.keys, QUICK, [snapshots.router(ports, self.keys, self.take)])
        self.client = TestClient(app, base_url="http://127.0.0.1:8000")

    def take(self) -> Copy:
        if self.failure:
            raise self.failure
        return Copy()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_it_says_where_the_copy_lies_and_who_asked_is_on_record(bench: Bench) -> None:
    answer = bench.client.post(PATH, headers=bench.headers(Role.ADMIN))
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["folder"], told["bytes"], told["journal_seq"]) == ("snapshot-1", 7, 3)
    line = bench.desk.audited[-1]
    assert (line.action, line.outcome, line.detail) == ("snapshot", "done", "snapshot-1, 7 bytes")
    assert line.request_id == answer.headers["x-request-id"]


def test_a_copy_that_cannot_be_made_is_not_known_and_says_why(bench: Bench) -> None:
    bench.failure = StoreError("desk.duckdb: cannot be copied; make room there")
    answer = bench.client.post(PATH, headers=bench.headers(Role.ADMIN))
    assert answer.status_code == 503
    assert answer.json()["detail"] == str(bench.failure)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TRADER])
def test_nobody_but_an_admin_may(bench: Bench, role: Role) -> None:
    assert bench.client.post(PATH, headers=bench.headers(role)).status_code == 403
