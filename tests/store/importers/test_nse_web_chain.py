"""The NSE web chain of 2018-2019, as Parquet and as raw CSV."""

import io
import tarfile
from datetime import date
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sidecar.domain.errors import FileRefused
from sidecar.store.importers import nse_web_chain
from sidecar.store.importers.sources import glance

HEADER = ",".join(["", *nse_web_chain.CHAIN, "CurrentVal"])
FIELDS = len(nse_web_chain.CHAIN)


def _line(number: int, spot: str = "11600.5", **values: str) -> str:
    cells = [values.get(name, "-") for name in nse_web_chain.CHAIN]
    return ",".join([str(number), *cells, spot])


def _archive(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


CALL = {"StrikePrice": "11600.00", "CallBidPrice": "50.10", "CallBidQty": "75", "CallAskPrice": "50.40"}
CALL |= {"CallAskQty": "150", "CallLTP": "50.25", "CallVolume": "3", "CallOI": "7500"}


def test_a_raw_file_takes_symbol_expiry_and_time_from_its_name(tmp_path: Path, taken: Any, counts: Any) -> None:
    text = "\n".join([HEADER, _line(0, **CALL)]) + "\n"
    path = _archive(tmp_path / "raw.tar.gz", {"index/NIFTY/25JUL2019/NIFTY_18-07-2019_09:47.csv": text})
    assert nse_web_chain.detect(glance(path))
    sifted = taken(nse_web_chain, path)
    assert counts(sifted) == (2, {"empty": 1})  # index and call; nothing stands on the put
    quote = sifted.days[0].quotes.iloc[1]
    assert quote["symbol"] == "NIFTY-20190725-11600-CE"
    assert quote[["bid", "ask", "bid_size", "ask_size", "last"]].tolist() == [50.1, 50.4, 75.0, 150.0, 50.25]
    assert quote["open_interest"] == 7500.0
    assert quote["volume"] == 3.0 * sifted.days[0].contracts[1].lot_size


def test_a_dash_is_no_bid_and_a_word_is_malformed(tmp_path: Path, taken: Any, counts: Any) -> None:
    lines = [
        _line(0, **(CALL | {"CallBidPrice": "-", "CallBidQty": "-"})),
        _line(1, **(CALL | {"CallAskPrice": "n/a"})),
    ]
    path = _archive(tmp_path / "r.tar.gz", {"x/25JUL2019/NIFTY_18-07-2019_09:47.csv": "\n".join([HEADER, *lines])})
    sifted = taken(nse_web_chain, path)
    assert counts(sifted) == (2, {"empty": 2, "malformed": 1})
    assert isnan(sifted.days[0].quotes["bid"][1])


def test_the_second_index_value_under_one_stamp_is_refused(tmp_path: Path, taken: Any, counts: Any) -> None:
    files = {
        "x/18JUL2019/NIFTY_18-07-2019_09:47.csv": "\n".join([HEADER, _line(0, **CALL)]),
        "x/25JUL2019/NIFTY_18-07-2019_09:47.csv": "\n".join([HEADER, _line(0, "11601.0", **CALL)]),
    }
    sifted = taken(nse_web_chain, _archive(tmp_path / "r.tar.gz", files))
    assert counts(sifted) == (3, {"empty": 2, "duplicate": 1})
    assert sifted.days[0].quotes["last"][0] == 11600.5


def test_a_raw_file_of_another_layout_refuses_the_archive(tmp_path: Path) -> None:
    path = _archive(tmp_path / "r.tar.gz", {"x/25JUL2019/NIFTY_18-07-2019_09:47.csv": "a,b\n1,2\n"})
    with pytest.raises(FileRefused, match="has no column StrikePrice"):
        nse_web_chain.load(path)


def test_without_an_expiry_column_it_is_the_nearest_and_the_notes_say_so(tmp_path: Path, taken: Any) -> None:
    values = {name: [float(CALL.get(name, "nan"))] for name in nse_web_chain.CHAIN}
    stamp = pd.to_datetime(["2019-07-16 10:00:00"])
    frame = pd.DataFrame({"symbol": ["NIFTY"], "snapshot_ist": stamp, "CurrentVal": [11600.5], **values})
    frame.to_parquet(tmp_path / "near.parquet")
    sifted = taken(nse_web_chain, tmp_path / "near.parquet")
    assert sifted.days[0].contracts[1].expiry == date(2019, 7, 18)


def test_the_real_multi_expiry_parquet_counts(shared_data: Path, taken: Any, counts: Any) -> None:
    path = shared_data / "chain_intraday" / "nse_web_chain_multiexpiry_2019-05-17_2019-07-31.parquet"
    assert nse_web_chain.detect(glance(path))
    expected = (150_615, {"out_of_session": 26_850, "empty": 22_722, "duplicate": 319, "expired": 220})
    assert counts(taken(nse_web_chain, path, slice(100_000))) == expected


def test_the_real_near_expiry_parquet_counts(shared_data: Path, taken: Any, counts: Any) -> None:
    path = shared_data / "chain_intraday" / "nse_web_chain_nearexpiry_2018-10-14_2019-05-15.parquet"
    assert nse_web_chain.detect(glance(path))
    expected = (79_173, {"out_of_session": 14_587, "empty": 4_592, "expired": 2_607})
    assert counts(taken(nse_web_chain, path, slice(50_000))) == expected


def test_the_real_raw_files_count(shared_data: Path, taken: Any, counts: Any) -> None:
    path = shared_data / "chain_intraday" / "nse_web_chain_raw_files_2019-07-18.tar.gz"
    expected = (38_402, {"out_of_session": 3_083, "empty": 1_724, "expired": 278, "duplicate": 52})
    assert counts(taken(nse_web_chain, path)) == expected
