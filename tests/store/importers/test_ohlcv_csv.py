"""Bars and one-second values."""

from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.clock import iso
from sidecar.domain.errors import FileRefused
from sidecar.store.importers import ohlcv_csv
from sidecar.store.importers.sources import glance


def _file(tmp_path: Path, name: str, *lines: str) -> Path:
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path / name


def test_a_minute_bar_is_its_close_at_its_last_microsecond(tmp_path: Path, taken: Any) -> None:
    rows = ["NIFTY,20240101,09:15,1,4,1,21712.5", "NIFTY,20240101,09:16,1,4,1,21713.5"]
    path = _file(tmp_path, "bars.csv", "Instrument,Date,Time,Open,High,Low,Close", *rows)
    assert ohlcv_csv.detect(glance(path))
    (day,) = taken(ohlcv_csv, path).days
    assert day.quotes["symbol"].tolist() == ["NIFTY", "NIFTY"]
    assert day.quotes["last"].tolist() == [21712.5, 21713.5]
    assert iso(int(day.quotes["at"][0])) == "2024-01-01T03:45:59.999999+00:00"


def test_the_prices_before_the_close_are_kept_beside_the_quotes(tmp_path: Path, taken: Any) -> None:
    rows = ["NIFTY,20240101,09:15,2,4,1,3", "NIFTY,20240101,09:16,x,,3,4", "NIFTY,20240101,09:17,2,4"]
    path = _file(tmp_path, "bars.csv", "Instrument,Date,Time,Open,High,Low,Close", *rows)
    (day,) = taken(ohlcv_csv, path).days
    assert day.bars["symbol"].tolist() == ["NIFTY", "NIFTY"]
    assert (day.bars["at"] - day.bars["since"]).tolist() == [59_999_999, 59_999_999]
    assert day.bars.loc[0, ["open", "high", "low"]].tolist() == [2.0, 4.0, 1.0]
    assert day.bars["open"].isna().tolist() == day.bars["high"].isna().tolist() == [False, True]
    seconds = _file(tmp_path, "nifty50_1s.csv", "2022-08-10 09:15:00,17530.1", "2022-08-10 09:15:01,17530.5")
    assert taken(ohlcv_csv, seconds).days[0].bars is None


def test_epoch_seconds_are_utc_and_the_step_of_the_file_is_the_bar(tmp_path: Path, taken: Any) -> None:
    rows = ["1514778300,1,2,1,25551.7", "1514779200,1,2,1,25538.5", "1514781000,1,2,1,25540.5"]
    path = _file(tmp_path, "BANKNIFTY_15min.csv", "Time,Open,High,Low,Close", *rows)
    (day,) = taken(ohlcv_csv, path).days
    assert day.quotes["symbol"][0] == "BANKNIFTY"
    assert iso(int(day.quotes["at"][0])) == "2018-01-01T03:59:59.999999+00:00"


def test_one_value_a_second_needs_no_header_and_the_pre_open_is_refused(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    rows = ["2022-08-10 09:00:01,17525.1", "2022-08-10 09:15:00,17530.1", "2022-08-10 09:15:01,17530.5"]
    path = _file(tmp_path, "nifty50_1s_2022-08-10.csv", *rows)
    assert ohlcv_csv.detect(glance(path))
    sifted = taken(ohlcv_csv, path)
    assert counts(sifted) == (2, {"out_of_session": 1})
    assert iso(int(sifted.days[0].quotes["at"][0])) == "2022-08-10T03:45:00+00:00"


def test_bad_bars_are_refused_each_for_its_reason(tmp_path: Path, taken: Any, counts: Any) -> None:
    rows = ["2024-01-01 09:15,1,4,1,5,10", "2024-01-01 09:15,1,4,1,5,10", "2024-01-01 09:16,1,4,1,-5,10"]
    rows += ["2024-01-01 09:17,1,4,1,5,-10", "01/02/2024 09:18,1,4,1,5,10", "2024-01-01 09:19,1,4,1,high,10"]
    path = _file(tmp_path, "NIFTY.csv", "datetime,open,high,low,close,volume", *rows)
    wrong = {"duplicate": 1, "not_positive": 1, "negative_size": 1, "unknown_time": 1, "malformed": 1}
    assert counts(taken(ohlcv_csv, path)) == (1, wrong)


def test_a_row_with_another_number_of_columns_is_malformed_and_the_rest_are_taken(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    rows = [
        "2024-01-01 09:15,1,4,1,5",
        "2024-01-01 09:16,1,4,1,5,6,7",
        "2024-01-01 09:17,1,4",
        "2024-01-01 09:18,1,4,1,5",
    ]
    sifted = taken(ohlcv_csv, _file(tmp_path, "NIFTY.csv", "datetime,open,high,low,close", *rows))
    assert counts(sifted) == (2, {"malformed": 2})
    assert sifted.refused[0].first_rows == ("NIFTY.csv row 2", "NIFTY.csv row 3")
    seconds = ["2022-08-10 09:15:00,17530.1", "2022-08-10 09:15:01,17530.5,1", "2022-08-10 09:15:02"]
    assert counts(taken(ohlcv_csv, _file(tmp_path, "nifty50_1s.csv", *seconds))) == (1, {"malformed": 2})


def test_a_file_of_nothing_but_broken_rows_is_counted(tmp_path: Path, taken: Any, counts: Any) -> None:
    path = _file(tmp_path, "NIFTY.csv", "datetime,open,high,low,close", "a", "b,c")
    assert counts(taken(ohlcv_csv, path)) == (0, {"malformed": 2})


def test_bars_without_a_time_or_a_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="no column datetime, timestamp or time"):
        ohlcv_csv.load(_file(tmp_path, "NIFTY.csv", "open,high,low,close", "1,2,3,4"))
    with pytest.raises(FileRefused, match="names no instrument; start its name with one"):
        ohlcv_csv.load(_file(tmp_path, "2024.csv", "time,open,high,low,close", "1704080700,1,2,3,4"))


def test_the_real_bars_count(shared_data: Path, taken: Any, counts: Any) -> None:
    bars = shared_data / "bars"
    assert counts(taken(ohlcv_csv, bars / "NIFTY_1min_2024-01_2024-08.csv.gz")) == (57_960, {"out_of_session": 167})
    quarter_hours = taken(ohlcv_csv, bars / "BANKNIFTY_15min_2018_2023.csv.gz", slice(5_000))
    assert counts(quarter_hours) == (5_000, {})


def test_the_real_one_second_files_hold_a_session_each(shared_data: Path, taken: Any, counts: Any) -> None:
    files = sorted((shared_data / "bars").glob("nifty50_1s_*.csv.gz"))
    assert len(files) == 28
    found = [counts(taken(ohlcv_csv, path))[0] for path in files[:5]]
    assert found == [22_500] * 5
