"""Performance over REST: what is on record, newest first, and nothing that is not known."""

from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from sidecar.domain.clock import SECOND, to_datetime
from sidecar.domain.performance import PerformanceLine
from sidecar.servers import examples_performance as e
from sidecar.servers import performance
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from tests.servers.desk import QUICK, T0, Desk

LINE = PerformanceLine(
    fund_id="main", timestamp=to_datetime(T0), portfolio_value=1_000_228.75, total_return=0.0002, daily_return=0.0001,
    active_positions=1, sharpe_ratio=1.8, sortino_ratio=2.6, volatility=0.09, drawdown=0.0008, max_drawdown=0.004,
    win_rate=0.6, profit_factor=nan, trades=5, interval="1min", periods_per_year=97_020.0, observations=180,
)  # fmt: skip
PATH = "/api/v1/monitoring/performance"


class Record:
    """Lines of two funds and the desk every five seconds, read as the store reads them."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.lines = [
            msgspec.structs.replace(LINE, fund_id=fund, timestamp=to_datetime(T0 + 5 * step * SECOND))
            for step in range(4)
            for fund in ("main", "second", "*")
        ]

    def __call__(
        self, limit: int, before: tuple[int, str] | None, fund_id: str, since: int | None, until: int | None
    ) -> list[PerformanceLine]:
        self.asked.append((limit, before, fund_id, since, until))
        found = [
            line
            for line in sorted(self.lines, key=performance.place_of, reverse=True)
            if fund_id in ("", line.fund_id)
            and (before is None or performance.place_of(line) < before)
            and (since is None or performance.place_of(line)[0] >= since)
            and (until is None or performance.place_of(line)[0] < until)
        ]
        return found[:limit]


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def failure() -> list[str]:
    """Why the record falls behind, if it does."""
    return []


@pytest.fixture
def ask(tmp_path: Path, record: Record, failure: list[str]) -> Any:
    keys = KeyStore(tmp_path)
    secret = keys.add(Role.VIEWER, "test")
    ports = replace(Desk().ports(), record_failure=lambda: " ".join(failure))
    app = create_app(ports, keys, QUICK, (performance.router(ports, keys, record),))
    client = TestClient(app, base_url="http://127.0.0.1:8000")

    def get(key: str = secret, **query: Any) -> Any:
        return client.get(PATH, params=query, headers={"X-API-Key": key} if key else {})

    return get


def test_the_newest_lines_come_first_with_all_that_the_stream_promises(ask: Any) -> None:
    told = ask().json()
    assert (told["count"], told["next_cursor"]) == (12, None)
    assert told["as_of"] == to_datetime(T0 + 15 * SECOND).isoformat()
    assert [(row["fund_id"], row["timestamp"][17:19]) for row in told["performance"][:4]] == [
        ("second", "15"), ("main", "15"), ("*", "15"), ("second", "10"),
    ]  # fmt: skip
    first = told["performance"][0]
    assert first["profit_factor"] is None  # nothing was lost
    assert {"timestamp", "fund_id", "total_return", "daily_return", "portfolio_value", "active_positions",
            "sharpe_ratio", "max_drawdown"} <= first.keys()  # fmt: skip
    assert first.keys() == e.LINE.keys()


@pytest.mark.parametrize("fund", ["", "main", "*"])
def test_pages_follow_each_other_without_a_gap_or_a_repeat(ask: Any, record: Record, fund: str) -> None:
    seen, cursor = [], ""
    while True:
        told = ask(limit=2, cursor=cursor, fund_id=fund).json()
        seen += [(row["timestamp"], row["fund_id"]) for row in told["performance"]]
        cursor = told["next_cursor"]
        if cursor is None:
            break
    wanted = [line for line in record.lines if fund in ("", line.fund_id)]
    assert len(seen) == len(set(seen)) == len(wanted)
    assert seen == sorted(seen, reverse=True)


def test_a_span_is_asked_for_in_microseconds(ask: Any, record: Record) -> None:
    times = {"from": "2025-11-24T12:00:05+05:30", "to": "2025-11-24T06:30:10+00:00"}
    rows = ask(**times, fund_id="second").json()["performance"]
    assert record.asked == [(101, None, "second", T0 + 5 * SECOND, T0 + 10 * SECOND)]
    assert [row["timestamp"][:19] for row in rows] == ["2025-11-24T06:30:05"]


def test_an_empty_record_is_an_empty_list_of_no_time(ask: Any, record: Record) -> None:
    record.lines.clear()
    assert ask().json() == {"performance": [], "count": 0, "next_cursor": None, "as_of": None}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"cursor": "yesterday"}, "cursor"),
        ({"from": "2025-11-24T12:00:05"}, "from"),
        ({"to": "noon"}, "to"),
        ({"fund_id": "a b"}, "fund_id"),
        ({"fund": "main"}, "fund"),
    ],
)
def test_a_wrong_question_is_refused_by_the_fields_name(
    ask: Any, record: Record, query: dict[str, Any], field: str
) -> None:
    refused = ask(**query)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field
    assert record.asked == []


def test_without_a_key_nothing_is_shown(ask: Any, record: Record) -> None:
    assert ask(key="").status_code == 401
    assert record.asked == []


def test_while_the_record_falls_behind_there_is_no_list(ask: Any, record: Record, failure: list[str]) -> None:
    failure.append("disk full")
    assert ask().status_code == 503
    assert record.asked == []
