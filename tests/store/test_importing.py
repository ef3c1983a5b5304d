"""Files in, archive and tapes out; what was refused is counted, and a bad file leaves nothing behind."""

import zipfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sidecar.domain.clock import iso
from sidecar.domain.errors import InputError
from sidecar.domain.events import Listed, Quote, Settlement
from sidecar.domain.reference import Reference
from sidecar.reference import load_reference
from sidecar.store.importing import ImportResult, describe, run_import
from sidecar.store.tape import End, read, read_end, read_header

ROW = {"symbol": "NIFTY50", "expiry": "18-Aug-2026", "strike": 24200.0, "option_type": "CE"}
ROW |= {"spot": 24154.9, "ltp": 60.5, "volume": 10.0, "oi": 4.0}


@pytest.fixture(scope="session")
def reference() -> Reference:
    return load_reference()


def _chain(path: Path, *minutes: str, **changes: Any) -> Path:
    rows = [ROW | {"timestamp": minute} | changes for minute in minutes]
    pd.DataFrame(rows).to_parquet(path)
    return path


def _run(tmp_path: Path, reference: Reference, *paths: Path, **options: Any) -> ImportResult:
    return run_import(paths, data_dir=tmp_path / "data", reference=reference, **options)


def _written(tmp_path: Path) -> list[str]:
    data = tmp_path / "data"
    return sorted(str(path.relative_to(data)) for path in data.rglob("*") if path.is_file())


def test_an_expiry_day_becomes_a_tape_of_listing_quotes_and_settlement(tmp_path: Path, reference: Reference) -> None:
    path = _chain(tmp_path / "chain.parquet", "202608181529", "202608181530")
    result = _run(tmp_path, reference, path)
    (day,) = result.days
    assert (result.taken, day.contracts, day.settlements, day.replaced) == (4, 2, 1, False)
    tape = tmp_path / "data" / "tapes" / "minute_chain-2026-08-18.tape"
    assert result.tapes == (str(tape),)
    events = list(read(tape))
    assert [type(event) for event in events] == [Listed, Quote, Quote, Quote, Quote, Settlement]
    assert [event.at for event in events] == sorted(event.at for event in events)
    settlement = events[-1]
    assert isinstance(settlement, Settlement)
    assert (settlement.underlying, settlement.expiry, settlement.price) == ("NIFTY", "20260818", 24154.9)
    assert iso(settlement.at) == "2026-08-18T10:10:00+00:00"  # the exchange closes at 15:40
    assert iso(settlement.observed_at) == "2026-08-18T10:00:00+00:00"  # the data ends at 15:30
    assert read_end(tape) == End(6)


def test_the_header_says_where_the_tape_comes_from(tmp_path: Path, reference: Reference) -> None:
    result = _run(tmp_path, reference, _chain(tmp_path / "chain.parquet", "202608181530"))
    header = read_header(Path(result.tapes[0]))
    assert (header.source, header.simulated, header.recorded) == ("minute_chain", False, "market")
    assert (header.exchange, header.zone, header.sessions) == ("NSE", "Asia/Kolkata", (date(2026, 8, 18),))
    assert [contract.id for contract in header.contracts] == ["NIFTY", "NIFTY-20260818-24200-CE"]
    assert any("settles at 24154.9" in note for note in header.notes)


def test_the_archive_holds_the_same_quotes_as_the_tape(tmp_path: Path, reference: Reference) -> None:
    result = _run(tmp_path, reference, _chain(tmp_path / "chain.parquet", "202608181529", "202608181530"))
    folder = tmp_path / "data" / "archive" / "minute_chain" / "NIFTY" / "date=2026-08-18"
    table = pd.read_parquet(folder / "quotes.parquet")
    quotes = [event for event in read(Path(result.tapes[0])) if isinstance(event, Quote)]
    assert table["symbol"].tolist() == [quote.symbol for quote in quotes]
    assert table["last"].tolist() == [quote.last for quote in quotes]


def test_a_second_import_replaces_the_day_with_the_same_bytes(tmp_path: Path, reference: Reference) -> None:
    path = _chain(tmp_path / "chain.parquet", "202608181529", "202608181530")
    before = Path(_run(tmp_path, reference, path).tapes[0]).read_bytes()
    files = _written(tmp_path)
    again = _run(tmp_path, reference, path)
    assert again.days[0].replaced
    assert Path(again.tapes[0]).read_bytes() == before
    assert _written(tmp_path) == files
    assert "(replaced)" in describe(again)


def test_files_of_one_format_and_day_make_one_tape_in_any_order(tmp_path: Path, reference: Reference) -> None:
    one = _chain(tmp_path / "a.parquet", "202608181529")
    two = _chain(tmp_path / "b.parquet", "202608181530", strike=24250.0)
    result = _run(tmp_path, reference, two, one)
    before = Path(result.tapes[0]).read_bytes()
    assert (len(result.days), result.taken, result.days[0].contracts) == (1, 4, 3)
    assert Path(_run(tmp_path, reference, one, two).tapes[0]).read_bytes() == before


def test_bad_rows_are_counted_with_where_they_stand(tmp_path: Path, reference: Reference) -> None:
    path = _chain(tmp_path / "chain.parquet", "202608181529", "202608181529", "202608180900", "soon")
    result = _run(tmp_path, reference, path)
    assert {one.reason: one.count for one in result.refused} == {
        "duplicate": 1,
        "out_of_session": 2,
        "unknown_time": 2,
    }
    lines = describe(result).splitlines()
    assert "rows read: 4; quotes taken: 2; refused: 5" in lines
    assert "  duplicate: 1 (first: chain.parquet row 2)" in lines


def test_a_bad_file_is_one_line_and_the_good_one_beside_it_is_taken(tmp_path: Path, reference: Reference) -> None:
    good, bad, other = (tmp_path / name for name in ("good.parquet", "cut.parquet", "notes.txt"))
    _chain(good, "202608181530")
    bad.write_bytes(good.read_bytes()[:-50])
    other.write_text("nothing of the kind\n")
    result = _run(tmp_path, reference, bad, good, other, tmp_path / "missing.csv")
    assert result.files == ("good.parquet",)
    assert result.taken == 2
    assert [line.rsplit("/", 1)[-1][:26] for line in result.failed] == [
        "cut.parquet: cannot be rea",
        "missing.csv: is not a file",
        "notes.txt: is of no known ",
    ]


def test_rows_are_counted_as_rows_and_quotes_as_quotes(tmp_path: Path, reference: Reference) -> None:
    result = _run(tmp_path, reference, _chain(tmp_path / "chain.parquet", "202608181529", "202608181530"))
    assert "rows read: 2; quotes taken: 4; refused: 0" in describe(result).splitlines()
    again = run_import([Path(result.tapes[0])], data_dir=tmp_path / "other", reference=reference)
    assert "rows read: 4; quotes taken: 4; refused: 0" in describe(again).splitlines()


def test_an_infinite_strike_costs_its_own_row_of_the_import(tmp_path: Path, reference: Reference) -> None:
    bad = _chain(tmp_path / "bad.parquet", "202608181529", strike=float("inf"))
    result = _run(tmp_path, reference, bad, _chain(tmp_path / "good.parquet", "202608181529"))
    assert [(one.reason, one.count, one.first_rows) for one in result.refused] == [
        ("malformed", 1, ("bad.parquet row 1",))
    ]
    assert result.taken == 2
    assert not result.failed


def test_a_file_without_rows_is_refused_and_says_so(tmp_path: Path, reference: Reference) -> None:
    empty, header = tmp_path / "empty.parquet", tmp_path / "NIFTY.csv"
    pd.DataFrame([ROW | {"timestamp": "202608181529"}]).iloc[:0].to_parquet(empty)
    header.write_text("datetime,open,high,low,close\n")
    bars = tmp_path / "20151224_quote_american.zip"
    with zipfile.ZipFile(bars, "w") as archive:
        archive.writestr("20151224_goog_minute_quote_american_call_7500000_20151231.csv", "\n")
    result = _run(tmp_path, reference, empty, header, bars)
    assert result.files == ()
    told = describe(result).splitlines()
    assert told[:3] == [f"refused file: {path}: holds no rows" for path in sorted([empty, header, bars])]
    assert _written(tmp_path) == []


def test_a_bad_file_alone_writes_nothing(tmp_path: Path, reference: Reference) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    result = _run(tmp_path, reference, tmp_path / "a.parquet")
    assert result.taken == 0
    assert len(result.failed) == 1
    assert _written(tmp_path) == []


def test_a_forced_format_that_does_not_fit_refuses_the_file(tmp_path: Path, reference: Reference) -> None:
    path = _chain(tmp_path / "chain.parquet", "202608181530")
    for name in ("nse_web_chain", "index_chain_155s", "nse_api_csv", "lean_zip", "fo_bhavcopy", "ohlcv_csv", "tape"):
        result = _run(tmp_path, reference, path, format=name)
        assert len(result.failed) == 1
        assert "\n" not in result.failed[0]
    assert _written(tmp_path) == []


def test_an_unknown_format_or_zone_is_refused_before_anything_is_read(tmp_path: Path, reference: Reference) -> None:
    with pytest.raises(InputError, match="format: 'kite'"):
        _run(tmp_path, reference, tmp_path / "none", format="kite")
    with pytest.raises(InputError, match="zone: 'Mars'"):
        _run(tmp_path, reference, tmp_path / "none", zone="Mars")


def test_the_wrong_zone_takes_nothing_and_says_why(tmp_path: Path, reference: Reference) -> None:
    path = _chain(tmp_path / "chain.parquet", "202608181530", expiry="25-Aug-2026")
    result = _run(tmp_path, reference, path, zone="UTC")
    assert (result.taken, [one.reason for one in result.refused]) == (0, ["out_of_session"])
    assert _written(tmp_path) == []


def test_a_tape_is_taken_as_it_is_and_a_broken_one_is_not(tmp_path: Path, reference: Reference) -> None:
    made = Path(_run(tmp_path, reference, _chain(tmp_path / "chain.parquet", "202608181530")).tapes[0])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.tape").write_bytes(made.read_bytes())
    (elsewhere / "torn.tape").write_bytes(made.read_bytes()[:-20])
    result = run_import(sorted(elsewhere.iterdir()), data_dir=tmp_path / "other", reference=reference)
    assert (tmp_path / "other" / "tapes" / "mine.tape").read_bytes() == made.read_bytes()
    assert [(day.day, day.quotes, day.settlements) for day in result.days] == [(date(2026, 8, 18), 2, 1)]
    assert len(result.failed) == 1
    assert "torn.tape" in result.failed[0]
    assert not (tmp_path / "other" / "tapes" / "torn.tape").exists()


def test_the_progress_names_what_is_being_done(tmp_path: Path, reference: Reference) -> None:
    said: list[str] = []
    _run(tmp_path, reference, _chain(tmp_path / "chain.parquet", "202608181530"), progress=said.append)
    assert said == ["reading chain.parquet", "sifting minute_chain", "writing minute_chain 2026-08-18"]


def test_the_real_index_chain_becomes_fifteen_days_with_seven_settlements(
    shared_data: Path, tmp_path: Path, reference: Reference
) -> None:
    name = "nse_bse_index_chain_2p5min_2025-01-25_2025-02-14.parquet"
    result = _run(tmp_path, reference, shared_data / "chain_intraday" / name)
    assert (len(result.days), result.taken) == (15, 531_864)
    settled = [
        (event.underlying, event.expiry)
        for path in result.tapes
        for event in read(Path(path))
        if isinstance(event, Settlement)
    ]
    assert settled == [
        ("BANKEX", "20250128"),
        ("SENSEX", "20250128"),
        ("BANKNIFTY", "20250130"),
        ("NIFTY", "20250130"),
        ("SENSEX", "20250204"),
        ("SENSEX", "20250211"),
        ("NIFTY", "20250213"),
    ]


def test_the_real_expiry_day_settles_at_the_last_value_seen(
    shared_data: Path, tmp_path: Path, reference: Reference
) -> None:
    path = shared_data / "chain_intraday" / "nifty_chain_1min_option_chain_20260818.parquet"
    result = _run(tmp_path, reference, path)
    events = list(read(Path(result.tapes[0])))
    assert Counter(type(event).__name__ for event in events) == {"Listed": 1, "Quote": 154_278, "Settlement": 1}
    settlement, last = events[-1], [e for e in events if isinstance(e, Quote) and e.symbol == "NIFTY"][-1]
    assert isinstance(settlement, Settlement)
    assert (settlement.price, settlement.observed_at) == (last.last, last.at)
    assert (iso(settlement.at)[11:16], iso(settlement.observed_at)[11:16]) == ("10:10", "10:00")
