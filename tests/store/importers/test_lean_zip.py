"""Lean minute zips."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.clock import iso
from sidecar.domain.errors import FileRefused
from sidecar.store.importers import lean_zip
from sidecar.store.importers.sources import glance, joined

FOLDER = "option/usa/minute/goog"
CALL = "20151224_goog_minute_{}_american_call_7500000_20151231.csv"
QUOTES = "34200000,,,,,0,21500,21500,5000,5000,19\n34260000,10000,10000,9000,9500,3,20000,21000,19000,20500,4\n"


def _zip(tmp_path: Path, folder: str, name: str, members: dict[str, str]) -> Path:
    path = tmp_path / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return path


def _goog(tmp_path: Path, part: str, text: str) -> Path:
    return _zip(tmp_path, FOLDER, f"20151224_{part}_american.zip", {CALL.format(part): text})


def test_a_bar_is_a_quote_of_its_close_at_its_last_microsecond(tmp_path: Path, taken: Any) -> None:
    path = _goog(tmp_path, "quote", QUOTES)
    assert lean_zip.detect(glance(path))
    (day,) = taken(lean_zip, path).days
    one, two = (day.quotes.iloc[row] for row in (0, 1))
    assert one["symbol"] == "GOOG-20151231-750-CE"
    assert iso(int(one["at"])) == "2015-12-24T14:30:59.999999+00:00"
    assert one[["bid", "ask", "ask_size"]].isna().tolist() == [True, False, False]
    assert two[["bid", "ask", "bid_size", "ask_size"]].tolist() == [0.95, 2.05, 300.0, 400.0]  # contracts of 100
    assert day.contracts[1].lot_size == 100


def test_trades_and_open_interest_stand_on_the_quote_of_their_minute_and_day(tmp_path: Path, taken: Any) -> None:
    trades = "34260000,15000,15000,14000,14500,2\n34320000,15000,15000,15000,15000,1\n"
    parts = {"quote": QUOTES, "trade": trades, "openinterest": "23460000,7"}
    tables = [lean_zip.load(_goog(tmp_path, part, text)) for part, text in parts.items()]
    (day,) = taken(lean_zip, joined(tables)).days
    assert day.quotes["last"].tolist()[1:] == [1.45, 1.5]
    assert day.quotes["volume"].tolist()[1:] == [200.0, 100.0]
    assert day.quotes["open_interest"].tolist() == [700.0] * 3


def test_a_repeated_bar_is_refused_and_not_merged(tmp_path: Path, taken: Any, counts: Any) -> None:
    assert counts(taken(lean_zip, _goog(tmp_path, "quote", QUOTES + QUOTES))) == (2, {"duplicate": 2})


def test_a_crossed_bar_and_a_word_are_refused(tmp_path: Path, taken: Any, counts: Any) -> None:
    crossed = "34320000,1,1,1,30000,3,2,2,2,20000,4\n"
    word = "34380000,1,1,1,cheap,3,2,2,2,20000,4\n"
    assert counts(taken(lean_zip, _goog(tmp_path, "quote", QUOTES + crossed))) == (2, {"crossed": 1})
    assert counts(taken(lean_zip, _goog(tmp_path, "quote", QUOTES + word))) == (2, {"malformed": 1})


def test_index_files_are_not_scaled_and_the_us_ones_are_central_time(tmp_path: Path, taken: Any) -> None:
    member = {"20210104_spx_minute_trade.csv": "30600000,3764.61,3769.99,3764.61,3766.63,59\n"}
    (day,) = taken(lean_zip, _zip(tmp_path, "index/usa/minute/spx", "20210104_trade.zip", member)).days
    assert day.quotes["last"].tolist() == [3766.63]
    assert iso(int(day.quotes["at"][0])) == "2021-01-04T14:30:59.999999+00:00"


def test_an_indian_index_is_indian_and_a_member_of_another_day_is_refused(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    text = "33300000,10881.7,10885.3,10872.3,10874.1,0\n"
    members = {"20190101_nifty_minute_trade.csv": text, "20190102_nifty_minute_trade.csv": text}
    sifted = taken(lean_zip, _zip(tmp_path, "index/india/minute/nifty50", "20190101_trade.zip", members))
    assert counts(sifted) == (1, {"duplicate": 1})
    assert iso(int(sifted.days[0].quotes["at"][0])) == "2019-01-01T03:45:59.999999+00:00"
    assert sifted.days[0].contracts[0].id == "NIFTY"


def test_a_zip_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = _goog(tmp_path, "quote", QUOTES)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FileRefused, match="cannot be read whole"):
        lean_zip.load(path)


REAL = [
    ("option/usa/minute/goog", "20151223_*", (28_706, {"empty": 244})),
    ("equity/usa/minute/goog", "*", (697, {})),
    ("index/usa/minute/spx", "*", (411, {})),
    ("index/india/minute/nifty50", "*", (1_500, {"duplicate": 1_509, "out_of_session": 9})),
    ("indexoption/usa/minute/spx", "*", (2_428, {})),
    ("indexoption/usa/minute/spxw", "*", (4_593, {})),
]


@pytest.mark.parametrize(("folder", "pattern", "expected"), REAL)
def test_the_real_zips_count(
    shared_data: Path, taken: Any, counts: Any, folder: str, pattern: str, expected: tuple[int, dict[str, int]]
) -> None:
    files = sorted((shared_data / "chain_intraday" / "lean_us_minute" / folder).glob(pattern))
    assert counts(taken(lean_zip, joined([lean_zip.load(path) for path in files]))) == expected


def test_the_real_half_day_of_goog_is_taken_but_for_its_empty_rows(shared_data: Path, taken: Any, counts: Any) -> None:
    path = shared_data / "chain_intraday" / "lean_us_minute" / "option/usa/minute/goog/20151224_quote_american.zip"
    found, refused = counts(taken(lean_zip, path))
    assert (found + refused["empty"], set(refused)) == (275_552, {"empty"})


def test_a_line_with_another_number_of_fields_is_malformed_and_the_rest_are_taken(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    lines = QUOTES + "34320000,10000\n" + "34380000,10000,10000,9000,9500,3,20000,21000,19000,20500,4,5\n"
    assert counts(taken(lean_zip, _goog(tmp_path, "quote", lines))) == (2, {"malformed": 2})
