"""A running sidecar lets its old days go, as a job, into files that say whose market it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from sidecar.domain.clock import DAY
from sidecar.run import Sidecar
from sidecar.store.columns import MARKET, SCHEMAS
from tests.wiring import small, started, until


def test_old_quotes_of_a_running_desk_are_in_the_archive_of_simulated_days(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path, retention={"quotes_days": 3})) as sidecar:
        old = datetime(2026, 9, 3, 5, 0, tzinfo=UTC)
        times = pa.array([old + timedelta(days=days) for days in (0, 1, 2)], pa.timestamp("us", "UTC"))
        unknown = [pa.nulls(3, pa.float64())] * len(MARKET)
        rows = pa.Table.from_arrays([times, pa.array(["NIFTY"] * 3), *unknown], schema=SCHEMAS["quotes"])
        with sidecar.writer.between() as database:
            database.write([("quotes", rows)], None)
        started(sidecar)
        until(lambda: ("retention",) in sidecar.telemetry.succeeded(), what="the first round")
        with sidecar.writer.cursor() as cursor:
            query = "SELECT count(*) FROM quotes WHERE timestamp < make_timestamptz($until::BIGINT)"
            until_at = sidecar.live.now() // DAY * DAY - 2 * DAY
            assert cursor.execute(query, {"until": until_at}).fetchall() == [(0,)]
        assert sidecar.writer.failure is None
    days = sorted(path.name for path in tmp_path.glob("archive/simulated_desk/NIFTY/*"))
    assert days == ["date=2026-09-03", "date=2026-09-04"]
