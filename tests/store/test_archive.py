"""The archive holds a day once, readable by DuckDB as it stands."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd

from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.store.archive import day_folder, put_day

DAY = date(2026, 8, 18)
CALL = Contract("NIFTY", Kind.OPTION, DAY, 24200.0, Right.CALL, 1_787_047_800_000_000, 65, Decimal("0.05"), 1800)
CONTRACTS = (Contract("NIFTY", Kind.INDEX), Contract("SENSEX", Kind.INDEX), CALL)


def _quotes(*rows: tuple[str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["symbol", "at", "last"])


def test_a_day_is_parted_by_underlying_with_its_contracts(tmp_path: Path) -> None:
    quotes = _quotes(("NIFTY", 1, 24200.5), (CALL.id, 2, float("nan")), ("SENSEX", 1, 80000.0))
    assert put_day(tmp_path, "made_up", DAY, quotes, CONTRACTS) == ()
    nifty = day_folder(tmp_path, "made_up", "NIFTY", DAY)
    assert nifty == tmp_path / "made_up" / "NIFTY" / "date=2026-08-18"
    pd.testing.assert_frame_equal(pd.read_parquet(nifty / "quotes.parquet"), quotes.iloc[:2])
    listed = pd.read_parquet(nifty / "contracts.parquet")
    assert listed["symbol"].tolist() == ["NIFTY", CALL.id]
    assert listed["tick_size"].tolist() == [Decimal("0.0500")] * 2
    assert listed["lot_size"].tolist() == [1, 65]


def test_a_day_that_comes_again_replaces_itself_and_says_so(tmp_path: Path) -> None:
    put_day(tmp_path, "made_up", DAY, _quotes(("NIFTY", 1, 1.0), ("NIFTY", 2, 2.0)), CONTRACTS)
    replaced = put_day(tmp_path, "made_up", DAY, _quotes(("NIFTY", 1, 3.0)), CONTRACTS)
    assert replaced == (day_folder(tmp_path, "made_up", "NIFTY", DAY),)
    assert pd.read_parquet(replaced[0] / "quotes.parquet")["last"].tolist() == [3.0]
    assert sorted(path.name for path in replaced[0].iterdir()) == ["contracts.parquet", "quotes.parquet"]


def test_bars_stand_beside_the_quotes_of_their_underlying_and_go_with_them(tmp_path: Path) -> None:
    bars = pd.DataFrame([("NIFTY", 3, 1, 1.0, 2.0, 0.5)], columns=["symbol", "at", "since", "open", "high", "low"])
    quotes = _quotes(("NIFTY", 3, 1.5), ("SENSEX", 3, 2.0))
    put_day(tmp_path, "made_up", DAY, quotes, CONTRACTS, bars)
    nifty = day_folder(tmp_path, "made_up", "NIFTY", DAY)
    pd.testing.assert_frame_equal(pd.read_parquet(nifty / "bars.parquet"), bars)
    assert not (day_folder(tmp_path, "made_up", "SENSEX", DAY) / "bars.parquet").exists()
    put_day(tmp_path, "made_up", DAY, quotes, CONTRACTS)
    assert not (nifty / "bars.parquet").exists()


def test_duckdb_reads_the_days_with_their_dates(tmp_path: Path) -> None:
    for day in (DAY, date(2026, 8, 19)):
        put_day(tmp_path, "made_up", day, _quotes(("NIFTY", 1, 1.0), ("SENSEX", 1, 2.0)), CONTRACTS)
    pattern = str(tmp_path / "*" / "*" / "*" / "quotes.parquet")
    with duckdb.connect() as database:
        query = "SELECT date, count(*) FROM read_parquet(?, hive_partitioning = true) GROUP BY date ORDER BY date"
        assert database.execute(query, [pattern]).fetchall() == [(DAY, 2), (date(2026, 8, 19), 2)]
