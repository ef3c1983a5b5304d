"""Which past there is: the days of bars, the days that were imported, and where the one begins and ends."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from sidecar.learning.bar_file import save_bars
from sidecar.proving.past import archived_days, bar_days, bars_of, read_bars, spans
from tests.archive_world import DAYS as IMPORTED
from tests.archive_world import archive
from tests.proving.pasts import BARS, DAYS, past_of


def test_imported_days_are_those_of_all_formats_by_underlying(tmp_path: Path) -> None:
    assert archived_days(tmp_path / "none") == {}
    there = archived_days(archive(tmp_path))
    assert there == {"NIFTY": IMPORTED}
    assert spans(there) == {"NIFTY": (IMPORTED[0], IMPORTED[-1])}
    assert spans({"NIFTY": ()}) == {}


def test_bars_of_several_underlyings_are_told_apart_and_put_in_order() -> None:
    back = {name: values[::-1] for name, values in BARS.items()}
    both = {name: np.r_[values, back[name]] for name, values in BARS.items()}
    both["symbol"] = np.array(["BANKNIFTY"] * len(BARS["at"]) + ["NIFTY"] * len(BARS["at"]), object)
    assert bar_days(both) == {"BANKNIFTY": tuple(DAYS), "NIFTY": tuple(DAYS)}
    assert np.array_equal(bars_of(both, "NIFTY")["at"], BARS["at"])
    assert len(bars_of(both, "GOLD")["at"]) == 0


def test_bars_of_no_day_make_none() -> None:
    found = bar_days({**BARS, "session": np.where(BARS["session"] == BARS["session"][0], np.nan, BARS["session"])})
    assert found == {"NIFTY": tuple(DAYS[1:])}
    assert all(isinstance(day, date) for day in found["NIFTY"])


def test_a_past_without_a_file_has_no_bars(tmp_path: Path) -> None:
    assert read_bars(past_of()) is None
    save_bars(tmp_path / "bars.parquet", BARS)
    read = read_bars(past_of(bars=str(tmp_path / "bars.parquet")))
    assert read is not None
    assert np.array_equal(read["close"], BARS["close"])
