"""A day of the archive over its formats."""

from __future__ import annotations

from pathlib import Path

from sidecar.archived import archived_day, days_of, times_of
from sidecar.domain.clock import MINUTE
from tests.archive_world import DAYS, archive, minutes_of, opens_at, put
from tests.desk.world import CONTRACTS, DAY, INDEX, index


def test_a_day_is_what_all_formats_know_each_contract_from_the_fullest(tmp_path: Path) -> None:
    archive(tmp_path, seen=2)
    put(tmp_path, DAY, [index(opens_at(DAY) + n * MINUTE, 25_000.0 + n) for n in range(9)], "fuller", (INDEX,))
    assert days_of(tmp_path, "NIFTY") == list(DAYS)
    assert days_of(tmp_path, "SENSEX") == []
    day = archived_day(tmp_path, DAY, "NIFTY")
    assert day.source == "fuller"
    assert {one.id for one in day.contracts} == {one.id for one in CONTRACTS}
    sources = day.quotes.groupby("symbol")["source"].unique()
    assert {symbol: list(found) for symbol, found in sources.items() if symbol == "NIFTY"} == {"NIFTY": ["fuller"]}
    assert set(sources.drop("NIFTY").explode()) == {"test"}
    assert day.quotes["at"].is_monotonic_increasing
    assert times_of(tmp_path, DAY, "NIFTY").tolist() == [opens_at(DAY) + n * MINUTE for n in range(9)]


def test_what_is_not_known_yet_and_what_was_not_asked_for_is_left_out(tmp_path: Path) -> None:
    archive(tmp_path, seen=2)
    until = minutes_of(DAY, 2)[1]
    day = archived_day(tmp_path, DAY, "NIFTY", (), until)
    assert set(day.quotes["at"]) == {opens_at(DAY)}
    assert "INDIAVIX" not in set(day.quotes["symbol"])
