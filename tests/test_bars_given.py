from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from numpy.typing import NDArray

from sidecar.backtest.bars import honest
from sidecar.bars_given import bars_given
from sidecar.domain.bars import Bar
from sidecar.domain.clock import MINUTE, iso
from sidecar.domain.errors import FileRefused
from sidecar.domain.reference import Reference
from sidecar.learning.bar_file import bars_of, columns_of, save_bars
from sidecar.reference import load_reference

ROWS = "09:15,10,12,9,11\n09:16,11,13,10,12\n"


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference()


def given(path: Path, reference: Reference, text: str | None = None) -> list[object]:
    if text is not None:
        path.write_text(text)
    return list(bars_of(bars_given(path, "NIFTY", reference.calendar("NSE"), reference)))


LAYOUTS = {
    "date and time": "Date,Time,Open,High,Low,Close\n20240101," + ROWS.replace("\n0", "\n20240101,0"),
    "one stamp": "datetime,open,high,low,close\n2024-01-01 " + ROWS.replace("\n0", "\n2024-01-01 0"),
    "an offset": "timestamp,open,high,low,close\n2024-01-01T03:45:00+00:00,10,12,9,11\n"
    "2024-01-01T03:46:00+00:00,11,13,10,12\n",
    "epoch seconds": "Time,Open,High,Low,Close\n1704080700,10,12,9,11\n1704080760,11,13,10,12\n",
    "out of order": "datetime,open,high,low,close\n2024-01-01 09:16,11,13,10,12\n2024-01-01 09:15,10,12,9,11\n",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_prices_in_any_layout_are_the_same_bars(tmp_path: Path, reference: Reference, layout: str) -> None:
    text = LAYOUTS[layout].rstrip()
    text = text.removesuffix("\n20240101,").removesuffix("\n2024-01-01 ")
    bars = bars_of(bars_given(_file(tmp_path, text), "NIFTY", reference.calendar("NSE"), reference))
    assert [iso(bar.at) for bar in bars] == ["2024-01-01T03:45:00+00:00", "2024-01-01T03:46:00+00:00"]
    first = bars[0]
    assert (first.open, first.high, first.low, first.close) == (10.0, 12.0, 9.0, 11.0)
    assert first.closes_at == first.known_at == first.at + MINUTE
    assert (first.minute, first.minutes, first.simulated, first.source) == (0.0, 375.0, False, "nifty.csv")
    assert isnan(first.vix)
    assert isnan(first.volume)
    assert first.cost > 0.0


def _file(folder: Path, text: str) -> Path:
    path = folder / "nifty.csv"
    path.write_text(text)
    return path


def test_minutes_outside_the_hours_of_trading_are_left_out(tmp_path: Path, reference: Reference) -> None:
    rows = "".join(f"2024-01-0{day} {hour}:00,1,1,1,1\n" for day in (1, 6) for hour in ("09", "10", "16"))
    path = _file(tmp_path, f"datetime,open,high,low,close\n{rows}")
    assert len(bars_given(path, "NIFTY", reference.calendar("NSE"), reference)["at"]) == 1


def test_bars_of_this_program_come_back_as_they_were(tmp_path: Path, reference: Reference) -> None:
    made = bars_given(_file(tmp_path, LAYOUTS["out of order"]), "NIFTY", reference.calendar("NSE"), reference)
    save_bars(tmp_path / "bars.parquet", made)
    assert repr(given(tmp_path / "bars.parquet", reference)) == repr(bars_of(made))
    assert columns_of(bars_of(made)).keys() == made.keys()


def test_prices_as_parquet_are_taken_too(tmp_path: Path, reference: Reference) -> None:
    table = pd.DataFrame({"time": ["2024-01-01 09:15"], "open": [1.0], "high": [2.0], "low": [0.5], "close": [1.5]})
    table.to_parquet(tmp_path / "prices.parquet")
    assert len(given(tmp_path / "prices.parquet", reference)) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("datetime,open\n2024-01-01 09:15,1\n", "has no column high, low, close"),
        ("open,high,low,close\n1,1,1,1\n", "has no column datetime"),
        ("datetime,open,high,low,close\nyesterday,1,1,1,1\n", "datetime"),
        ("datetime,open,high,low,close\n2024-01-01 09:15,ten,1,1,1\n", "open"),
        ("datetime,open,high,low,close\n2024-01-06 09:15,1,1,1,1\n", "no bar of it lies in a session"),
        ("datetime,open,high,low,close\n1999-01-04 09:15,1,1,1,1\n", "no bar of it lies in a session"),
    ],
)
def test_a_file_that_cannot_be_bars_is_refused_in_a_line(
    tmp_path: Path, reference: Reference, text: str, words: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        given(_file(tmp_path, text), reference)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_is_no_parquet_is_refused(tmp_path: Path, reference: Reference) -> None:
    (tmp_path / "text.parquet").write_text("no")
    for name in ("none.csv", "none.parquet", "text.parquet"):
        with pytest.raises(FileRefused, match="cannot be read"):
            given(tmp_path / name, reference)


# ---- as a backtest reads it ----------------------------------------------------------------------------------------

#: Layouts whose times say no zone.
ZONELESS = {"date and time", "one stamp", "out of order"}


def strictly(path: Path, reference: Reference, zone: str) -> list[Bar]:
    return bars_of(bars_given(path, "NIFTY", reference.calendar("NSE"), reference, zone))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_backtest_takes_no_time_without_a_zone_unless_it_is_named(
    tmp_path: Path, reference: Reference, layout: str
) -> None:
    text = LAYOUTS[layout].rstrip().removesuffix("\n20240101,").removesuffix("\n2024-01-01 ")
    path = _file(tmp_path, text)
    if layout in ZONELESS:
        with pytest.raises(FileRefused, match=r"has no time zone; give times with an offset, .* or name their zone"):
            strictly(path, reference, "")
    else:
        assert repr(strictly(path, reference, "")) == repr(given(path, reference))
    found = strictly(path, reference, "Asia/Kolkata")
    assert sorted(bar.at for bar in found) == [bar.at for bar in bars_of(_trained(path, reference))]
    if layout == "out of order":
        assert found[0].at > found[1].at
        kept, notes = honest(columns_of(found), reference.calendar("NSE"))
        assert repr(bars_of(kept)) == repr(given(path, reference))
        assert {note.kind for note in notes} == {"out of order", "session cut short"}


def _trained(path: Path, reference: Reference) -> dict[str, NDArray[Any]]:
    return bars_given(path, "NIFTY", reference.calendar("NSE"), reference)


def test_a_backtest_is_shown_the_rows_outside_the_hours_of_trading(tmp_path: Path, reference: Reference) -> None:
    path = _file(tmp_path, "date,open,high,low,close\n2024-01-01 08:00,1,1,1,1\n2024-01-01 09:15,1,1,1,1\n")
    assert [isnan(bar.minute) for bar in strictly(path, reference, "Asia/Kolkata")] == [True, False]
    assert len(given(path, reference)) == 1


@pytest.mark.parametrize("each", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("zone", [None, "", "America/New_York"])
def test_numbers_since_1970_say_their_unit_by_their_size(
    tmp_path: Path, reference: Reference, each: int, zone: str | None
) -> None:
    rows = "".join(f"{second * each},10,12,9,11\n" for second in (1_704_080_700, 1_704_080_760))
    path = _file(tmp_path, f"Time,Open,High,Low,Close\n{rows}")
    found = bars_of(bars_given(path, "NIFTY", reference.calendar("NSE"), reference, zone))
    assert [iso(bar.at) for bar in found] == ["2024-01-01T03:45:00+00:00", "2024-01-01T03:46:00+00:00"]


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (("0", "1"), "0 to 1 is no time since 1970"),
        (("20240101", "20240102"), "is no time since 1970"),
        (("1704080700", "1704080760000"), "is no time since 1970"),
        (("01/02/2024 09:15", "01/02/2024 09:16"), "is not a time in ISO 8601"),
        (("2024-01-01T09:15:00Z", "2024-01-01T09:16:00"), "has no time zone"),
        (("2024-01-01T09:15:00Z", ""), "row 1 has no time"),
    ],
)
def test_times_that_may_be_two_things_are_refused_by_a_backtest(
    tmp_path: Path, reference: Reference, stamps: tuple[str, str], words: str
) -> None:
    path = _file(tmp_path, "time,open,high,low,close\n" + "".join(f"{stamp},1,1,1,1\n" for stamp in stamps))
    with pytest.raises(FileRefused) as refused:
        strictly(path, reference, "")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_zone_that_is_not_there_is_refused(tmp_path: Path, reference: Reference) -> None:
    with pytest.raises(FileRefused, match="there is no time zone 'Mars'; write Asia/Kolkata"):
        strictly(_file(tmp_path, LAYOUTS["an offset"]), reference, "Mars")
