"""What the client reads of the funds, against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from sidecar.client import Desk
from sidecar.domain.clock import SECOND, parse
from sidecar.domain.errors import DeskRefused
from sidecar.servers import funds, performance
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from tests.servers.desk import QUICK, T0, serving
from tests.servers.desk import Desk as Answering
from tests.servers.test_performance import Record


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def desk(tmp_path: Path, record: Record) -> Iterator[Desk]:
    keys, ports = KeyStore(tmp_path), Answering().ports()
    secret = keys.add(Role.VIEWER, "test")
    routers = (performance.router(ports, keys, record), funds.router(ports, keys, lambda *_: ()))
    with serving(create_app(ports, keys, QUICK, routers)) as url, Desk(url, secret) as made:
        yield made


def test_performance_is_read_page_by_page(desk: Desk) -> None:
    first = desk.performance(limit=7)
    second = desk.performance(limit=7, cursor=first["next_cursor"])
    assert (first["count"], second["count"], second["next_cursor"]) == (7, 5, None)
    assert first["performance"][0]["total_return"] == 0.0002


def test_performance_of_one_fund_within_a_span(desk: Desk, record: Record) -> None:
    since, until = (datetime.fromisoformat(f"2025-11-24T12:00:{second}+05:30") for second in ("05", "10"))
    (row,) = desk.performance("*", since=since, until=until)["performance"]
    assert (row["fund_id"], parse(row["timestamp"])) == ("*", T0 + 5 * SECOND)
    assert record.asked[-1][2] == "*"
    with pytest.raises(DeskRefused, match="from"):
        desk.performance(since=datetime(2025, 11, 24, 12))  # noqa: DTZ001 - a naive time is what is refused


def test_the_funds_money_is_read(desk: Desk) -> None:
    assert desk.capital()["total"]["available_margin"] == 816_000.0
    assert desk.funds()[-1]["fund_id"] == "*"
