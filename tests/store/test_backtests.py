"""Backtests on record, and the days of the bars that they can run on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sidecar.domain.backtests import BacktestState
from sidecar.domain.records import BacktestRecorded, Started
from sidecar.store.reader import Reader
from sidecar.store.writer import Writer
from tests.store.build import NOW, entries, head_of, records_of, until
from tests.store.learnt import backtest, bar


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer.open(tmp_path / "desk.duckdb", now=NOW)


def told(writer: Writer, *records: BacktestRecorded | Started) -> Reader:
    journal = entries(*records)
    writer.catch_up(records_of(journal), head_of(journal))
    return Reader(writer.cursor)


def test_they_come_back_newest_first_page_by_page_and_one_by_one_as_they_were(writer: Writer) -> None:
    jobs = [backtest(f"B{number}", NOW + number // 2, reason="x" * number) for number in range(5)]
    reader = told(writer, Started(NOW, "1", "sim", True), *(BacktestRecorded(NOW, job) for job in jobs))
    assert reader.backtests(3) == [jobs[4], jobs[3], jobs[2]]
    assert reader.backtests(9, (NOW + 1, "B2")) == [jobs[1], jobs[0]]
    assert reader.backtest("B3") == jobs[3]
    assert reader.backtest("B9") is None
    writer.close()


def test_its_row_says_what_it_came_to_and_what_is_not_known_is_null(writer: Writer) -> None:
    cancelled = backtest("B2", NOW, state=BacktestState.CANCELLED, started_at=0, simulated=None, total_return=None)
    told(writer, BacktestRecorded(NOW, backtest()), BacktestRecorded(NOW, cancelled))
    query = "SELECT id, symbols, state, engine, started_at IS NULL, total_return, sharpe_ratio, simulated"
    assert writer.cursor().execute(f"{query} FROM backtests ORDER BY id").fetchall() == [
        ("B1", '["NIFTY"]', "done", "auto", False, 0.01, None, True),
        ("B2", '["NIFTY"]', "cancelled", "auto", True, None, None, None),
    ]
    line = "SELECT kind, actor, action, outcome, detail FROM audit WHERE seq = 1"
    assert writer.cursor().execute(line).fetchone() == ("backtest", "ann", "backtest", "done", "B1 sma_cross")
    writer.close()


def test_the_days_of_the_bars_are_told_by_symbol(writer: Writer) -> None:
    first, last = date(2026, 8, 17).toordinal(), date(2026, 8, 18).toordinal()
    writer.offer_bars(
        [bar(0, session=float(last)), bar(1, session=float(first)), bar(0, "BANKNIFTY", session=float(last))]
    )
    until(lambda: writer.rows["bars"] == 3)
    reader = Reader(writer.cursor)
    assert reader.bar_spans() == {
        "BANKNIFTY": (date(2026, 8, 18), date(2026, 8, 18)), "NIFTY": (date(2026, 8, 17), date(2026, 8, 18)),
    }  # fmt: skip
    writer.close()
