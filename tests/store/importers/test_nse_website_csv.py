"""The option chain as the NSE site downloads it."""

from datetime import date
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.clock import iso
from sidecar.domain.errors import FileRefused
from sidecar.store.importers import nse_website_csv
from sidecar.store.importers.sources import glance

TOP = (
    "CALLS,,PUTS\n,OI,CHNG IN OI,VOLUME,IV,LTP,CHNG,BID QTY,BID,ASK,ASK QTY,STRIKE,"
    "BID QTY,BID,ASK,ASK QTY,CHNG,LTP,IV,VOLUME,CHNG IN OI,OI,\n"
)
LINE = (
    ',8,-,"1,2",74.83,-,-,65,"3,921.15","4,011.25","1,430","20,100.00",'
    '"19,78,210",0.15,0.20,"11,87,225",-0.30,0.15,106.67,"43,894","-11,649","19,421",\n'
)


def _file(tmp_path: Path, text: str, name: str = "nifty_option_chain_103337.csv", day: str = "2026-05-26") -> Path:
    (tmp_path / day).mkdir(exist_ok=True)
    path = tmp_path / day / name
    path.write_text(text)
    return path


def test_both_sides_are_read_with_their_grouped_digits(tmp_path: Path, taken: Any) -> None:
    path = _file(tmp_path, TOP + LINE)
    assert nse_website_csv.detect(glance(path))
    (day,) = taken(nse_website_csv, path).days
    call, put = (day.quotes.iloc[row] for row in (0, 1))
    lot = day.contracts[1].lot_size
    assert iso(int(call["at"])) == "2026-05-26T05:03:37+00:00"
    assert [call["symbol"], put["symbol"]] == ["NIFTY-20260526-20100-CE", "NIFTY-20260526-20100-PE"]
    assert call[["bid", "ask", "bid_size", "ask_size"]].tolist() == [3921.15, 4011.25, 65.0, 1430.0]
    assert isnan(call["last"])
    assert put[["bid_size", "bid", "ask", "ask_size", "last"]].tolist() == [1978210.0, 0.15, 0.2, 1187225.0, 0.15]
    assert put[["volume", "open_interest"]].tolist() == [43894.0 * lot, 19421.0 * lot]


def test_expiry_and_day_of_the_options_come_before_the_path(tmp_path: Path, taken: Any) -> None:
    sifted = taken(nse_website_csv, _file(tmp_path, TOP + LINE), expiry=date(2026, 6, 2), day=date(2026, 5, 27))
    assert sifted.days[0].day == date(2026, 5, 27)
    assert sifted.days[0].quotes["symbol"][0] == "NIFTY-20260602-20100-CE"


def test_the_expiry_in_the_sites_own_file_name_is_used(tmp_path: Path, taken: Any) -> None:
    path = _file(tmp_path, TOP + LINE, "option-chain-ED-NIFTY-02-Jun-2026_103337.csv")
    assert taken(nse_website_csv, path).days[0].quotes["symbol"][0] == "NIFTY-20260602-20100-CE"


def test_without_a_day_every_row_is_refused(tmp_path: Path, taken: Any, counts: Any) -> None:
    assert counts(taken(nse_website_csv, _file(tmp_path, TOP + LINE, day="somewhere"))) == (0, {"unknown_time": 2})


def test_a_price_of_zero_with_a_quantity_is_refused_and_a_word_is_malformed(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    zero = LINE.replace(',65,"3,921.15"', ",65,0")
    word = LINE.replace("20,100.00", "20,150.00").replace(",0.15,0.20,", ",O.15,0.20,")
    sifted = taken(nse_website_csv, _file(tmp_path, TOP + zero + word))
    assert counts(sifted) == (
        2,
        {"not_positive": 1, "malformed": 1},
    )


def test_another_second_line_refuses_the_file_at_that_row(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"second line .* at row 2"):
        nse_website_csv.load(_file(tmp_path, TOP.replace("STRIKE", "PRICE") + LINE))


def test_a_name_without_a_time_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"does not say when it was taken; end its name in _HHMMSS\.csv"):
        nse_website_csv.load(_file(tmp_path, TOP + LINE, "option-chain-ED-NIFTY-02-Jun-2026.csv"))


def test_the_real_files_are_taken_whole(shared_data: Path, taken: Any, counts: Any) -> None:
    files = sorted((shared_data / "chain_intraday" / "nse_website_csv_1min_2026-05-26").glob("*.csv"))
    assert len(files) == 14
    assert [counts(taken(nse_website_csv, path)) for path in files] == [(288, {})] * 14
