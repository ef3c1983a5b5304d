"""Bars out of what was imported: each as its file has it, and none that was not seen."""

from __future__ import annotations

import gzip
from datetime import date, datetime, timedelta
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sidecar.domain.bars import Bar
from sidecar.domain.clock import DAY, MINUTE, from_datetime
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import NotTrainable
from sidecar.domain.events import Listed, Quote
from sidecar.domain.reference import Reference
from sidecar.learning.bar_file import columns_of
from sidecar.learning.job import ArchivedPast
from sidecar.learning.quality import checked
from sidecar.past_archive import archived_bars
from sidecar.reference import load_reference
from sidecar.store.importing import run_import
from sidecar.store.tape import TapeHeader, TapeWriter

DAYS = (date(2024, 1, 3), date(2024, 1, 4))
FIELDS = ["datetime", "open", "high", "low", "close", "volume"]
MINUTES = 375


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference()


@pytest.fixture(scope="module")
def opens(reference: Reference) -> list[int]:
    sessions = [reference.calendar("NSE").session(day) for day in DAYS]
    return [session.open_at for session in sessions if session is not None]


def prices(day: date, step: int = 1) -> pd.DataFrame:
    """Bars of a whole session, every ``step`` minutes, no two of their prices alike."""
    start = datetime.combine(day, datetime.min.time()) + timedelta(hours=9, minutes=15)
    numbers = np.arange(0, MINUTES, step)
    close = 21_500 + 40 * np.sin(numbers / 30) + numbers / 100
    stamps = [f"{start + timedelta(minutes=int(number)):%Y-%m-%d %H:%M}" for number in numbers]
    columns = (stamps, (close - 1).round(2), (close + 3).round(2), (close - 4).round(2), close.round(2), numbers + 10)
    return pd.DataFrame(dict(zip(FIELDS, columns, strict=True)))


def bars_of(
    tmp_path: Path, reference: Reference, *tables: pd.DataFrame, until: int = 10**17, name: str = "NIFTY.csv"
) -> list[Bar]:
    """What the archive knows once the real importer has taken ``tables`` of bars."""
    if tables:
        pd.concat(tables).to_csv(tmp_path / name, index=False)
        taken = run_import([tmp_path / name], data_dir=tmp_path, reference=reference)
        assert taken.failed == ()
    return archived(tmp_path, reference, until)


def archived(tmp_path: Path, reference: Reference, until: int = 10**17) -> list[Bar]:
    wanted = ArchivedPast("NSE", "NIFTY", str(tmp_path / "archive"), until, 0.065)
    return list(archived_bars(wanted, reference))


def chain(path: Path, day: date, *, minutes: int) -> Path:
    """A minute chain of one expiry and three strikes, whose index stands still."""
    row = {"symbol": "NIFTY50", "expiry": "11-Jan-2024", "spot": 21_000.0, "volume": 10.0, "oi": 4.0}
    start = datetime.combine(day, datetime.min.time()) + timedelta(hours=9, minutes=15)
    rows: list[dict[str, Any]] = []
    for minute in range(minutes):
        stamp = f"{start + timedelta(minutes=minute):%Y%m%d%H%M}"
        for strike in (20_900.0, 21_000.0, 21_100.0):
            for right, sign in (("CE", 1), ("PE", -1)):
                price = 110.0 + max(sign * (21_000.0 - strike), 0.0)
                rows.append(row | {"timestamp": stamp, "strike": strike, "option_type": right, "ltp": price})
    pd.DataFrame(rows).to_parquet(path)
    return path


def test_a_file_of_minute_bars_gives_its_own_bars(tmp_path: Path, reference: Reference, opens: list[int]) -> None:
    tables = [prices(day) for day in DAYS]
    bars = bars_of(tmp_path, reference, *tables)
    whole = pd.concat(tables)
    for name in FIELDS[1:]:
        assert [getattr(bar, name) for bar in bars] == whole[name].tolist()
    assert [bar.at for bar in bars] == [start + minute * MINUTE for start in opens for minute in range(MINUTES)]
    assert {(bar.closes_at - bar.at, bar.known_at - bar.closes_at) for bar in bars} == {(MINUTE, 0)}
    assert {(bar.symbol, bar.source, bar.simulated) for bar in bars} == {("NIFTY", "ohlcv_csv", False)}
    assert [bar.session for bar in bars[::MINUTES]] == [float(day.toordinal()) for day in DAYS]
    assert all(0.0 < bar.cost < 0.01 for bar in bars)
    assert {repr(bar.atm_iv) for bar in bars} == {"nan"}  # of a chain nothing was imported
    checked(columns_of(bars))


def test_what_was_not_yet_known_is_left_out(tmp_path: Path, reference: Reference, opens: list[int]) -> None:
    until = opens[1] + 40 * MINUTE + MINUTE // 2
    bars = bars_of(tmp_path, reference, *(prices(day) for day in DAYS), until=until)
    assert len(bars) == MINUTES + 40
    assert bars[-1].known_at == opens[1] + 40 * MINUTE
    assert archived(tmp_path, reference, opens[0]) == []


def test_a_bar_that_cannot_be_keeps_only_the_close_that_was_seen(tmp_path: Path, reference: Reference) -> None:
    table = prices(DAYS[0])
    table.loc[5, "high"] = float(table["close"].iloc[5]) - 1
    table.loc[6, "low"] = nan
    bars = bars_of(tmp_path, reference, table)
    for bar in bars[5:7]:
        assert bar.open == bar.high == bar.low == bar.close
    assert bars[7].open != bars[7].close
    checked(columns_of(bars))


def test_longer_bars_are_no_history_by_the_minute(tmp_path: Path, reference: Reference) -> None:
    with pytest.raises(NotTrainable, match="2 imported days of NIFTY, each with its value in less than half"):
        bars_of(tmp_path, reference, *(prices(day, 15) for day in DAYS))
    assert len(bars_of(tmp_path, reference, prices(DAYS[0]))) == MINUTES  # the other day stays as coarse as it was


def test_an_empty_archive_has_no_bars(tmp_path: Path, reference: Reference) -> None:
    assert archived(tmp_path, reference) == []


def test_each_contract_is_read_from_the_format_that_knows_most_of_it(tmp_path: Path, reference: Reference) -> None:
    start = datetime.combine(DAYS[0], datetime.min.time()) + timedelta(hours=9, minutes=15)
    stamps = [start + timedelta(minutes=minute, seconds=30) for minute in range(0, MINUTES, 2)]
    series = {
        "commit_time": [f"{stamp:%Y-%m-%d %H:%M:%S}+05:30" for stamp in stamps],
        "Time": [f"{stamp:%H-%M-%S}" for stamp in stamps],
        "Price": 14.5,
    }
    pd.DataFrame(series).to_csv(tmp_path / "vix.csv", index=False)
    chained = chain(tmp_path / "chain.parquet", DAYS[0], minutes=40)
    taken = run_import([chained, tmp_path / "vix.csv"], data_dir=tmp_path, reference=reference)
    assert taken.failed == ()
    table = prices(DAYS[0])
    bars = bars_of(tmp_path, reference, table)
    assert [bar.close for bar in bars] == table["close"].tolist()  # the chain's own index stood still
    assert {bar.source for bar in bars} == {"ohlcv_csv"}
    assert bars[0].expiry == 20_240_111.0
    assert bars[0].dte == pytest.approx((8 * DAY + (MINUTES - 1) * MINUTE) / DAY, abs=0.001)
    assert 0.05 < bars[0].atm_iv < 0.5
    assert bars[0].oi_call == bars[0].oi_put > 0
    assert isnan(bars[-1].atm_iv)  # long after the chain's last word
    assert bars[0].vix == 14.5
    assert isnan(bars[1].vix)  # by its end the value was a minute and a half old


def test_what_was_simulated_still_says_so(tmp_path: Path, reference: Reference, opens: list[int]) -> None:
    index = Contract("NIFTY", Kind.INDEX)
    header = TapeHeader("simulator", True, "market", "NSE", "Asia/Kolkata", (index,), (DAYS[0],))
    with TapeWriter(tmp_path / "made.tape", header) as tape:
        times = [opens[0] + minute * MINUTE for minute in range(MINUTES)]
        tape.write([Listed(opens[0], (index,), "simulator")])
        tape.write(Quote("NIFTY", at, at, nan, nan, nan, nan, 21_500.0, nan, nan) for at in times)
    taken = run_import([tmp_path / "made.tape"], data_dir=tmp_path / "data", reference=reference)
    assert taken.failed == ()
    bars = archived(tmp_path / "data", reference)
    assert len(bars) == MINUTES
    assert {(bar.source, bar.simulated) for bar in bars} == {("simulated_tape", True)}


def test_the_real_minute_bars_come_back_as_they_stand_in_their_file(
    shared_data: Path, tmp_path: Path, reference: Reference
) -> None:
    with gzip.open(shared_data / "bars" / "NIFTY_1min_2024-01_2024-08.csv.gz", "rt") as file:
        lines = [next(file) for _ in range(1 + 3 * MINUTES)]
    (tmp_path / "NIFTY.csv").write_text("".join(lines))
    run_import([tmp_path / "NIFTY.csv"], data_dir=tmp_path, reference=reference)
    bars = archived(tmp_path, reference)
    table = pd.read_csv(tmp_path / "NIFTY.csv")
    assert len(bars) == 3 * MINUTES
    for name in ("open", "high", "low", "close"):
        assert [getattr(bar, name) for bar in bars] == table[name.capitalize()].tolist()
    first = datetime(2024, 1, 1, 9, 15, tzinfo=reference.calendar("NSE").zone)
    assert bars[0].at == from_datetime(first)
