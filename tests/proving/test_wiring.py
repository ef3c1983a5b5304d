"""Backtests of a whole sidecar: asked over its doors, run by a real process, on record after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sidecar.client import Desk, broken_link
from sidecar.domain.errors import DeskRefused
from sidecar.doors import app_of
from sidecar.learning.bar_file import bars_of
from sidecar.run import Sidecar
from sidecar.servers.keys import Role
from tests.learning.market import market
from tests.servers.desk import serving
from tests.wiring import small, until

COLUMNS = market(5, 4, minutes=375).columns
BARS = bars_of({"symbol": np.full(len(COLUMNS["at"]), "NIFTY", object), **COLUMNS})
FIRST, LAST = (date.fromordinal(int(day)) for day in (COLUMNS["session"][0], COLUMNS["session"][-1]))
OWN = """
class Strategy:
    name = "mine"
    def __init__(self, fund_id, underlying): pass
    def on_report(self, published): return ()
"""


class Running:
    """A sidecar on a folder, not started but for its backtests, behind its doors."""

    def __init__(self, sidecar: Sidecar, desk: Desk) -> None:
        self.sidecar = sidecar
        self.desk = desk

    def over(self, job_id: str) -> dict[str, Any]:
        def seen() -> dict[str, Any] | None:
            told = self.desk.backtest_job(job_id)
            return told if told["job"]["state"] not in ("queued", "running") else None

        found: dict[str, Any] = until(seen, 60.0, "the end of a backtest")
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextmanager
def begun(folder: Path, **more: Any) -> Iterator[Running]:
    with Sidecar(small(folder, **more)) as sidecar:
        sidecar.writer.offer_bars(BARS)
        until(lambda: sidecar.reader.bar_spans())
        sidecar.proving.start()
        with serving(app_of(sidecar)) as url, Desk(url, sidecar.keys.add(Role.TRADER, "ann")) as desk:
            yield Running(sidecar, desk)


def test_one_runs_beside_the_desk_and_is_on_record_after_a_restart(folder: Path) -> None:
    with begun(folder) as running:
        desk = running.desk
        told = desk.backtest("sma_cross", ["NIFTY"], FIRST, LAST)
        done = running.over(told["job_id"])
        assert (done["job"]["state"], done["job"]["reason"], done["why"]) == ("done", "", None)
        result = done["result"]
        assert (result["hash"], result["simulated"]) == (done["job"]["hash"], True)
        assert result["config"]["strategy"] == "sma_cross"
        assert desk.backtest_report(told["job_id"]).startswith(b"<!")
        counts = running.sidecar.telemetry.counts("job_failures_total")
        assert ("backtest",) not in counts
        for symbol, last, field in (("NIFTY", date(2025, 12, 1), "end_date"), ("X", LAST, "symbols")):
            with pytest.raises(DeskRefused, match=field):
                desk.backtest("sma_cross", [symbol], FIRST, last)
    with begun(folder) as running:
        again = running.desk.backtest_job(told["job_id"])
        assert again == done
        assert [row["id"] for row in running.desk.backtests()["backtests"]] == [told["job_id"]]
        record = running.desk.audit(action="backtest")["records"]
        assert [(row["actor"].partition("/")[0], row["outcome"]) for row in record] == [("ann", "done")]
        assert broken_link(running.desk.audit()["records"]) is None
        for file in (folder / "backtests" / told["job_id"]).iterdir():
            file.unlink()
        gone = running.desk.backtest_job(told["job_id"])
        assert (gone["job"], gone["result"], gone["why"]) == (done["job"], None, "its files are no longer kept")


def test_a_file_of_a_strategy_is_the_desks_own_and_no_other(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "other.py").write_text(OWN)
    with begun(folder, strategy=str(tmp_path / "mine.py")) as running:
        names = [row["name"] for row in running.desk.strategies()]
        assert "mine.py" in names
        assert "sma_cross" in names
        for name in ("other.py", str(tmp_path / "other.py"), "mine"):
            with pytest.raises(DeskRefused, match="strategy"):
                running.desk.backtest(name, ["NIFTY"], FIRST, LAST)
