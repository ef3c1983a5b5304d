"""Old days leave once a market day, after the close, and what goes wrong is counted and tried again."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.domain.clock import from_datetime
from sidecar.store import retention_job
from sidecar.store.columns import tabulate
from sidecar.store.projection import system_row
from sidecar.store.retention import KEPT, Move
from sidecar.store.retention_job import Market, Retention
from tests.store.build import measured, until
from tests.store.test_retention import DAY, QUOTES, filled, left, move, opened, put

DAYS = {kept.setting: 0 for kept in KEPT} | {"quotes_days": 2}
WALL = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


class Clock:
    """A market that is told what day it is."""

    def __init__(self) -> None:
        self.market: Market | None = None
        self.told: list[tuple[str, bool]] = []

    def job(self, moving: Move, **days: int) -> Retention:
        return Retention(moving, DAYS | days, lambda: self.market, lambda: WALL, lambda *what: self.told.append(what))


@pytest.fixture
def market() -> Clock:
    return Clock()


def test_so_many_days_stay_with_the_desks_own_and_nought_is_for_ever(market: Clock, tmp_path: Path) -> None:
    writer = filled(tmp_path, 4)
    job = market.job(move(writer, tmp_path))
    assert job.round(DAY) == 2 * QUOTES
    assert left(writer).total() == 2 * QUOTES
    assert market.job(move(writer, tmp_path), quotes_days=0).round(DAY + timedelta(days=90)) == 0
    assert market.job(move(writer, tmp_path), quotes_days=1).round(DAY) == QUOTES
    job.stop()  # one that never began
    writer.close()


def test_a_round_is_due_at_the_start_and_then_after_every_close_or_once_one_was_missed(
    market: Clock, tmp_path: Path
) -> None:
    writer = filled(tmp_path, 1)
    job = market.job(move(writer, tmp_path))
    assert not job.due(None)
    assert job.due(Market(DAY, open=True))
    job._done = DAY
    assert not job.due(Market(DAY, open=False))
    assert not job.due(Market(DAY + timedelta(days=1), open=True))
    assert job.due(Market(DAY + timedelta(days=1), open=False))
    assert job.due(Market(DAY + timedelta(days=3), open=True))
    writer.close()


def test_it_runs_by_itself_and_is_counted_as_a_job_that_succeeds_or_fails(
    market: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_job, "_LOOK_S", 0.01)
    monkeypatch.setattr(retention_job, "_AGAIN_S", 0.05)
    writer = filled(tmp_path, 3)
    (tmp_path / "archive").write_text("in the way")
    job = market.job(move(writer, tmp_path))
    job.start()
    time.sleep(0.05)
    assert market.told == []
    market.market = Market(DAY, open=False)
    until(lambda: ("retention", False) in market.told)
    assert left(writer).total() == 3 * QUOTES
    (tmp_path / "archive").unlink()
    until(lambda: ("retention", True) in market.told)
    assert left(writer).total() == 2 * QUOTES
    done = len(market.told)
    time.sleep(0.05)
    assert len(market.told) == done  # once a day
    began = time.monotonic()
    job.stop()
    assert time.monotonic() - began < 5
    writer.close()


def test_what_has_the_walls_time_goes_by_the_wall(market: Clock, tmp_path: Path) -> None:
    writer = opened(tmp_path)
    for back in (0, 9, 10, 40):
        line = measured(from_datetime(WALL - timedelta(days=back)))
        put(writer, "system_status", tabulate("system_status", [system_row(line)]))
    job = market.job(move(writer, tmp_path), system_days=10)
    assert job.round(DAY + timedelta(days=900)) == 2
    assert left(writer, "system_status").total() == 2
    writer.close()
