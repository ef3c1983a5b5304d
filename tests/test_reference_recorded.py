"""The shipped tables against what was recorded on the exchanges, day by day."""

from __future__ import annotations

import zipfile
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from sidecar.domain import clock
from sidecar.domain.calendar import Calendar
from sidecar.domain.reference import Reference
from sidecar.reference import load_reference

INDIA = "Asia/Kolkata"
MISSING_FROM_15_MINUTE_BARS = {  # regular sessions that the recorder did not keep whole
    "2018-02-08", "2018-04-18", "2018-04-19", "2018-04-20", "2019-10-25", "2022-03-07",
    "2020-03-13", "2020-03-23",  # lower circuit: trading was halted
    "2021-02-24",  # the outage
    "2018-11-07", "2021-11-04", "2022-10-24", "2019-10-27", "2020-11-14",  # evening sessions were removed
}  # fmt: skip
MISSING_FROM_1_MINUTE_BARS = {"2024-02-01", "2024-03-04", "2024-04-05", "2024-05-07", "2024-07-10"}
MISSING_FROM_BHAVCOPY = {"2024-01-20", "2024-03-02"}  # only weekdays were fetched


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference()


@pytest.fixture(scope="module")
def nse(reference: Reference) -> Calendar:
    return reference.calendar("NSE")


def day(text: str) -> date:
    return date.fromisoformat(text)


def compare(calendar: Calendar, found: set[date], missing: set[str]) -> None:
    """Each recorded day is a session; each session between is recorded, but for those known to be missing."""
    sessions = {held.date for held in calendar.sessions_between(min(found), max(found))}
    assert found - sessions == set()
    assert {str(gap) for gap in sessions - found} == {gap for gap in missing if min(found) <= day(gap) <= max(found)}


def test_sessions_agree_with_15_minute_bars_of_five_years(nse: Calendar, shared_data: Path) -> None:
    bars = pd.read_csv(shared_data / "bars" / "BANKNIFTY_15min_2018_2023.csv.gz")
    stamps = pd.to_datetime(bars["Time"], unit="s", utc=True).dt.tz_convert(INDIA)
    compare(nse, set(stamps.dt.date), MISSING_FROM_15_MINUTE_BARS)
    assert all(nse.is_open(int(second) * clock.SECOND) for second in bars["Time"])


def test_sessions_agree_with_one_minute_bars_and_their_two_part_saturdays(nse: Calendar, shared_data: Path) -> None:
    bars = pd.read_csv(shared_data / "bars" / "NIFTY_1min_2024-01_2024-08.csv.gz", dtype=str)
    stamps = pd.to_datetime(bars["Date"] + " " + bars["Time"]).dt.tz_localize(INDIA)
    compare(nse, set(stamps.dt.date), MISSING_FROM_1_MINUTE_BARS)
    closed = [stamp for stamp in stamps if not nse.is_open(clock.from_datetime(stamp.to_pydatetime()))]
    assert {stamp.date() for stamp in closed} == {day("2024-01-20")}  # the recorder ran on after the close
    assert f"{min(closed):%H:%M}" == "15:30"
    for text in ("2024-03-02", "2024-05-18"):
        held = nse.session(day(text))
        assert held is not None
        minutes = sum(closes - opens for opens, closes in held.intervals) // clock.MINUTE
        assert (stamps.dt.date == held.date).sum() == minutes == 105


def test_sessions_agree_with_the_bhavcopy_days_of_2024(nse: Calendar, shared_data: Path) -> None:
    with zipfile.ZipFile(shared_data / "eod" / "nifty_options_eod_2024-01_2024-04.zip") as archive:
        found = {day(Path(name).stem) for name in archive.namelist()}
    compare(nse, found, MISSING_FROM_BHAVCOPY)


def test_sessions_agree_with_a_year_of_india_vix(nse: Calendar, shared_data: Path) -> None:
    vix = pd.read_csv(shared_data / "eod" / "india_vix_nse_export_2024-05_2025-05.csv", encoding="utf-8-sig")
    found = set(pd.to_datetime(vix.iloc[:, 0].str.strip(), format="%d-%b-%Y").dt.date)
    compare(nse, found, set())


def test_recorded_chain_days_of_2025_are_sessions(nse: Calendar, shared_data: Path) -> None:
    name = "nse_bse_index_chain_2p5min_2025-01-25_2025-02-14.parquet"
    chain = pd.read_parquet(shared_data / "chain_intraday" / name, columns=["commit_time"])
    found = {day(text) for text in chain["commit_time"].astype(str).str[:10].unique()} - {day("2025-01-25")}
    assert {str(gap) for gap in found if nse.session(gap) is None} == set()
    assert day("2025-02-01") in found


def test_every_nifty_expiry_and_lot_since_2021_is_reproduced(reference: Reference, shared_data: Path) -> None:
    truth = pd.read_parquet(shared_data / "reference" / "nse_actual_expiry_calendar.parquet")
    assert len(truth) == 296
    expected = {day(text): int(lot) for text, lot in zip(truth["actual_expiry_date"], truth["market_lot"], strict=True)}
    weekly_known = day("2026-08-18")  # after it the file holds only the monthly expiries
    found: list[date] = []
    start = day("2021-01-01")
    while start <= weekly_known:
        found.append(reference.next_expiry("NIFTY", start))
        start = found[-1] + timedelta(days=1)
    assert found == sorted(expiry for expiry in expected if expiry <= weekly_known)
    later = reference.expiries("NIFTY", weekly_known, 7)
    assert {expiry for expiry in expected if expiry > weekly_known} <= set(later)
    for expiry, lot in expected.items():
        assert reference.lot_size("NIFTY", expiry, expiry) == lot


@pytest.mark.parametrize("text", ["2024-01-01", "2024-04-24", "2024-04-30"])
def test_listed_expiries_agree_with_the_bhavcopy(reference: Reference, shared_data: Path, text: str) -> None:
    with zipfile.ZipFile(shared_data / "eod" / "nifty_options_eod_2024-01_2024-04.zip") as archive:
        name = next(held for held in archive.namelist() if Path(held).stem == text)
        with archive.open(name) as file:
            truth = sorted({day(expiry) for expiry in pd.read_csv(file)["Expiry"]})
    known = [expiry for expiry in truth if expiry <= day("2025-08-31")]  # later ones moved to a Tuesday afterwards
    assert list(reference.expiries("NIFTY", day(text), len(known))) == known


def test_the_recorded_chain_of_2019_lists_the_same_weekly_expiries(reference: Reference, shared_data: Path) -> None:
    name = "nse_web_chain_multiexpiry_2019-05-17_2019-07-31.parquet"
    chain = pd.read_parquet(shared_data / "chain_intraday" / name, columns=["symbol", "expiry"])
    for underlying, rows in chain.groupby("symbol"):
        truth = sorted(stamp.date() for stamp in pd.to_datetime(rows["expiry"].unique(), format="%d%b%Y"))
        found = {expiry for week in range(11) for expiry in reference.expiries(
            str(underlying), day("2019-05-17") + timedelta(weeks=week), 4)}  # fmt: skip
        assert set(truth) <= found


def test_strike_steps_agree_with_recorded_chains(reference: Reference, shared_data: Path) -> None:
    name = "nse_bse_index_chain_2p5min_2025-01-25_2025-02-14.parquet"
    chain = pd.read_parquet(shared_data / "chain_intraday" / name, columns=["symbol", "strike"])
    for underlying, rows in chain.groupby("symbol"):
        steps = pd.Series(sorted(rows["strike"].unique())).diff().dropna()
        assert set(steps) == {float(reference.strike_step(str(underlying), day("2025-02-03")))}
