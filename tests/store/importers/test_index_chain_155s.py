"""The 155-second index chain, as Parquet and as raw JSON."""

import io
import json
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sidecar.domain.errors import FileRefused
from sidecar.store.importers import index_chain_155s
from sidecar.store.importers.sources import glance, located

ROW = {
    "commit_time": pd.Timestamp("2025-02-13 10:00:40+05:30"),
    "LastUpdate": "13-02-2025 10:00",
    "symbol": "NIFTY",
    "CurrentPrice": 23012.5,
    "strike": 23000.0,
    "ltpCe": 101.5,
    "oiCe": 150,
    "ltpPe": 88.0,
    "oiPe": 75,
}


def _table(*changes: dict[str, Any]) -> pd.DataFrame:
    return located(pd.DataFrame([ROW | change for change in changes]), "made_up.parquet")


def test_a_row_is_a_call_a_put_and_the_index_once_at_the_time_of_publication(taken: Any) -> None:
    (day,) = taken(index_chain_155s, _table({}, {"strike": 23050.0})).days
    assert day.day == date(2025, 2, 13)
    assert day.quotes["symbol"].tolist() == [
        "NIFTY",
        "NIFTY-20250213-23000-CE",
        "NIFTY-20250213-23000-PE",
        "NIFTY-20250213-23050-CE",
        "NIFTY-20250213-23050-PE",
    ]
    assert set(day.quotes["at"]) == {int(ROW["commit_time"].timestamp()) * 1_000_000}  # type: ignore[attr-defined]
    assert day.quotes["last"].tolist() == [23012.5, 101.5, 88.0, 101.5, 88.0]
    assert day.quotes["open_interest"].tolist()[1:3] == [150.0, 75.0]  # units already
    assert day.quotes[["bid", "ask", "volume"]].isna().all(axis=None)


def test_a_capture_of_another_session_published_today_is_refused(taken: Any, counts: Any) -> None:
    sifted = taken(index_chain_155s, _table({}, {"LastUpdate": "15:28", "symbol": "SENSEX"}))
    assert counts(sifted) == (3, {"unknown_time": 3})


def test_each_underlying_has_its_own_nearest_expiry(taken: Any) -> None:
    names = ("NIFTY", "BANKNIFTY", "SENSEX", "BANKEX")
    (day,) = taken(index_chain_155s, _table(*({"symbol": name} for name in names))).days
    expiries = {contract.underlying: contract.expiry for contract in day.contracts if contract.expiry}
    assert expiries == {
        "NIFTY": date(2025, 2, 13),
        "BANKNIFTY": date(2025, 2, 27),
        "SENSEX": date(2025, 2, 18),
        "BANKEX": date(2025, 2, 25),
    }


def _archive(path: Path, name: str, document: object) -> Path:
    content = json.dumps(document).encode()
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return path


def test_the_raw_json_gives_the_same_quotes(tmp_path: Path, taken: Any) -> None:
    chain = {"ltpCe": {"23000": 101.5}, "oiCe": {"23000": 150}, "ltpPe": {"23000": 88.0}, "oiPe": {"23000": 75}}
    document = {"NIFTY": {"OptionData": {"OptChain": chain}, "PriceVol": {"CurrentPrice": 23012.5}}}
    path = _archive(tmp_path / "raw.tar.gz", "2025-02-13/100040_2_FnoIndex_data.json", document)
    assert index_chain_155s.detect(glance(path))
    raw, parquet = taken(index_chain_155s, path), taken(index_chain_155s, _table({}))
    pd.testing.assert_frame_equal(raw.days[0].quotes, parquet.days[0].quotes)


def test_a_json_of_another_shape_refuses_the_file_and_names_the_member(tmp_path: Path) -> None:
    path = _archive(tmp_path / "raw.tar.gz", "2025-02-13/100040_2_FnoIndex_data.json", {"NIFTY": {"OptionData": 3}})
    with pytest.raises(FileRefused, match=r"100040_2_FnoIndex_data\.json is not an index chain"):
        index_chain_155s.load(path)


def test_the_real_parquet_counts(shared_data: Path, taken: Any, counts: Any) -> None:
    path = shared_data / "chain_intraday" / "nse_bse_index_chain_2p5min_2025-01-25_2025-02-14.parquet"
    assert index_chain_155s.detect(glance(path))
    sifted = taken(index_chain_155s, path)
    assert counts(sifted) == (531_864, {"out_of_session": 1_660, "unknown_time": 332})
    assert [len(day.quotes) for day in sifted.days][:3] == [332, 51_792, 47_476]
    assert len(sifted.days) == 15


def test_the_real_raw_json_is_a_part_of_the_parquet(shared_data: Path, taken: Any, counts: Any) -> None:
    path = shared_data / "chain_intraday" / "nse_bse_index_chain_raw_json_2025-02-12_every15min.tar.gz"
    assert counts(taken(index_chain_155s, path)) == (8_300, {})
