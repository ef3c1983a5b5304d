"""The desk's samples through the client: of one underlying alone, oldest first, and nothing for what there is not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from sidecar.client.sampled import MINUTES, Sampled

T0 = datetime(2026, 8, 18, 4, 0, tzinfo=UTC)


class Rows(Sampled):
    """Answers with rows, and remembers what it was asked: the desk's own door is tried with Market's page."""

    def __init__(self, rows: list[Mapping[str, Any]]) -> None:
        self.rows, self.asked = rows, []  # type: list[Mapping[str, Any]], list[str]

    def sql(self, query: str, limit: int = 10_000) -> pa.Table:
        self.asked.append(query)
        return pa.Table.from_pylist([dict(row) for row in self.rows[:limit]])


@pytest.fixture
def minutes() -> Rows:
    names = ("NIFTY", "BANKNIFTY")
    return Rows(
        [{"symbol": n, "timestamp": T0 + timedelta(minutes=m), "atm_iv": None} for m in range(9) for n in names]
    )


def test_the_minutes_are_of_one_underlying_oldest_first_and_the_newest_of_them(minutes: Rows) -> None:
    found = minutes.volatility_history("NIFTY", 3)
    assert [row["timestamp"].minute for row in found] == [6, 7, 8]
    assert {row["symbol"] for row in found} == {"NIFTY"}
    assert found[0]["atm_iv"] is None


def test_what_is_asked_never_holds_what_was_typed(minutes: Rows) -> None:
    assert minutes.volatility_history("x'; DROP TABLE bars --") == []
    assert minutes.opening_interest("%' OR 1=1 --") == []
    assert [query for query in minutes.asked if "DROP" in query or "1=1" in query] == []
    assert f"<= {MINUTES} " in minutes.asked[0]


def test_an_underlyings_contracts_are_those_that_begin_with_its_whole_name() -> None:
    desk = Rows([{"symbol": "NIFTY-20260818-24600-CE"}, {"symbol": "NIFTYNXT50-20260818-FUT"}, {"symbol": "NIFTY"}])
    assert [row["symbol"] for row in desk.opening_interest("NIFTY")] == ["NIFTY-20260818-24600-CE"]
