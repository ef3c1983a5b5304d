"""The flattened option-chain API: its times may be Indian or UTC, and nobody may guess which."""

from math import isnan
from pathlib import Path
from typing import Any

from sidecar.domain.clock import iso
from sidecar.store.importers import nse_api_csv
from sidecar.store.importers.sources import glance

HEADER = ",".join(nse_api_csv.COLUMNS)


def _file(tmp_path: Path, *changes: dict[str, str]) -> Path:
    row = dict.fromkeys(nse_api_csv.COLUMNS, "1.0")
    row |= {"timestamp": "2022-12-23 14:34:00.259728", "symbol": "NIFTY", "expiry_date": "29-Dec-2022"}
    row |= {"strike_price": "18000.0", "option_type": "CE", "bid_price": "10.0", "ask_price": "10.5"}
    row |= {"last_price": "10.2", "underlying_value": "17874.85"}
    path = tmp_path / "api.csv"
    path.write_text("\n".join([HEADER, *(",".join((row | change).values()) for change in changes)]) + "\n")
    return path


def test_an_afternoon_time_can_only_be_indian(tmp_path: Path, taken: Any) -> None:
    path = _file(tmp_path, {})
    assert nse_api_csv.detect(glance(path))
    (day,) = taken(nse_api_csv, path).days
    assert iso(int(day.quotes["at"][0])) == "2022-12-23T09:04:00.259728+00:00"
    assert day.quotes["volume"][1] == day.contracts[1].lot_size


def test_a_time_that_is_market_time_in_both_zones_is_refused_unless_the_zone_is_said(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    path = _file(tmp_path, {"timestamp": "2022-12-23 09:25:31.245841"})
    assert counts(taken(nse_api_csv, path)) == (0, {"ambiguous_time": 2})
    utc, india = taken(nse_api_csv, path, zone="UTC"), taken(nse_api_csv, path, zone="Asia/Kolkata")
    assert iso(int(utc.days[0].quotes["at"][0])) == "2022-12-23T09:25:31.245841+00:00"
    assert iso(int(india.days[0].quotes["at"][0])) == "2022-12-23T03:55:31.245841+00:00"


def test_a_time_with_an_offset_is_never_ambiguous(tmp_path: Path, taken: Any) -> None:
    (day,) = taken(nse_api_csv, _file(tmp_path, {"timestamp": "2022-12-23T09:25:31+05:30"})).days
    assert iso(int(day.quotes["at"][0])) == "2022-12-23T03:55:31+00:00"


def test_zeros_with_no_quantity_mean_that_there_is_none(tmp_path: Path, taken: Any, counts: Any) -> None:
    change = {"bid_price": "0.0", "bid_qty": "0", "last_price": "0.0", "total_traded_volume": "0"}
    sifted = taken(nse_api_csv, _file(tmp_path, change, {"strike_price": "18050.0", "bid_price": "0.0"}))
    assert counts(sifted) == (2, {"not_positive": 1})
    assert isnan(sifted.days[0].quotes["bid"][1])
    assert isnan(sifted.days[0].quotes["last"][1])


def test_the_real_file_counts_with_and_without_a_zone(shared_data: Path, taken: Any, counts: Any) -> None:
    table = nse_api_csv.load(shared_data / "chain_intraday" / "nse_api_chain_NIFTY_BANKNIFTY_2022-12-23.csv.gz")
    known = {"ambiguous_time": 14_996, "unknown_contract": 55, "empty": 49, "outside_calendar": 25}
    assert counts(taken(nse_api_csv, table)) == (2_536, known)
    sifted = taken(nse_api_csv, table, zone="UTC")
    assert counts(sifted)[0] > 12_000
    assert counts(sifted)[1]["out_of_session"] > 3_000  # 14:34 was Indian: as UTC it is the evening
