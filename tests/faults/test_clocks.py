"""A clock that jumps, stands still or goes back, and a process that is stopped: order by number, durations steady."""

import time
from pathlib import Path

import pytest

from sidecar import live as living
from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.records import decode
from sidecar.run import Sidecar
from sidecar.store.frames import scan
from sidecar.store.reader import open_read_only
from tests.wiring import ask_reset, ask_stop, small, started, until

HOUR = 3_600_000_000
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "jumps",
    [(HOUR,), (-HOUR,), (HOUR, -HOUR, HOUR), (None,)],
    ids=["an hour on", "an hour back", "on, back and on, as at a change of summer time", "frozen"],
)
def test_whatever_the_wall_clock_does_the_market_goes_on_and_the_record_is_in_order_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jumps: tuple[int | None, ...]
) -> None:
    offset = [0]
    frozen_at = [0]
    monkeypatch.setattr(living, "wall_now", lambda: frozen_at[0] or time.time_ns() // 1_000 + offset[0])
    with Sidecar(small(tmp_path)) as sidecar:
        started(sidecar)
        for jump in jumps:
            before, reported = sidecar.live.now(), sidecar.live.report_age_s()
            if jump is None:
                frozen_at[0] = time.time_ns() // 1_000
            else:
                offset[0] += jump
            assert ask_stop(sidecar.live).breaker.status is BreakerStatus.EMERGENCY_STOP
            assert reported < 5.0
            until(lambda before=before: sidecar.live.now() > before, what="market time")  # type: ignore[misc]
            assert 0.0 <= sidecar.live.report_age_s() < 5.0
            assert sidecar.live.now() - before < HOUR // 2
            assert ask_reset(sidecar.live).breaker.status is BreakerStatus.ACTIVE
    records = scan((tmp_path / "journal.log").read_bytes()).records
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    at = [decode(record.payload).record.at for record in records]
    assert at == sorted(at)
    with open_read_only(tmp_path / "desk.duckdb") as reader:
        assert [line.seq for line in reader.audit(10_000)] == list(range(len(records), 0, -1))
