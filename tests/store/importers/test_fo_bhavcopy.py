"""The F&O bhavcopy in both layouts."""

from datetime import date
from pathlib import Path
from typing import Any

from sidecar.domain.reference import Reference
from sidecar.store.importers import fo_bhavcopy
from sidecar.store.importers.sources import glance

LEGACY = (
    "INSTRUMENT,SYMBOL,EXPIRY_DT,STRIKE_PR,OPTION_TYP,OPEN,HIGH,LOW,CLOSE,SETTLE_PR,CONTRACTS,VAL_INLAKH,OPEN_INT,"
    "CHG_IN_OI,TIMESTAMP,\n"
)
UDIFF = (
    "TradDt,BizDt,FinInstrmTp,TckrSymb,XpryDt,StrkPric,OptnTp,ClsPric,UndrlygPric,OpnIntrst,TtlTradgVol,NewBrdLotQty\n"
)


def _file(tmp_path: Path, text: str) -> Path:
    (tmp_path / "fo.csv").write_text(text)
    return tmp_path / "fo.csv"


def test_a_legacy_line_is_a_quote_at_the_last_instant_of_its_session(
    tmp_path: Path, taken: Any, reference: Reference
) -> None:
    option = "OPTIDX,NIFTY,25-Jul-2019,11600,CE,1,2,1,1.55,1.55,5,6.87,3150,-100,18-JUL-2019,\n"
    future = "FUTIDX,NIFTY,25-Jul-2019,0,XX,1,2,1,11610.5,11610.5,7,6.87,750,-100,18-JUL-2019,\n"
    path = _file(tmp_path, LEGACY + option + future)
    assert fo_bhavcopy.detect(glance(path))
    (day,) = taken(fo_bhavcopy, path).days
    session = reference.calendar("NSE").session(date(2019, 7, 18))
    assert session is not None
    assert day.quotes["symbol"].tolist() == ["NIFTY-20190725-FUT", "NIFTY-20190725-11600-CE"]
    assert set(day.quotes["at"]) == {session.close_at - 1}
    assert day.quotes["volume"].tolist() == [7.0 * 75, 5.0 * 75]
    assert day.quotes["open_interest"].tolist() == [750.0, 3150.0]


def test_a_udiff_line_brings_its_own_lot_and_index_value(tmp_path: Path, taken: Any) -> None:
    text = "2025-09-02,2025-09-02,STO,ABCAPITAL,2025-10-28,290.00,CE,7.80,274.85,15500,4,3100\n"
    (day,) = taken(fo_bhavcopy, _file(tmp_path, UDIFF + text)).days
    assert day.quotes["symbol"].tolist() == ["ABCAPITAL", "ABCAPITAL-20251028-290-CE"]
    assert day.quotes["last"].tolist() == [274.85, 7.8]
    assert day.quotes["volume"][1] == 12_400.0
    assert day.contracts[1].lot_size == 3100


def test_what_did_not_trade_is_empty_and_what_cannot_be_is_refused(tmp_path: Path, taken: Any, counts: Any) -> None:
    lines = [
        "OPTIDX,NIFTY,25-Jul-2019,11600,CE,0,0,0,9.55,1.55,0,0,3150,0,18-JUL-2019,",
        "OPTSTK,ABAN,25-Jul-2019,1020,CA,30,50,30,50,50,2,1.06,50,50,18-JUL-2019,",
        "OPTIDX,NIFTY,25-Jul-2019,11600,PE,1,2,1,cheap,1.55,5,6.87,3150,-100,18-JUL-2019,",
        "OPTIDX,NIFTY,soon,11600,PE,1,2,1,5,1.55,5,6.87,3150,-100,18-JUL-2019,",
        "OPTIDX,NIFTY,25-Jul-2019,11700,PE,1,2,1,5,1.55,5,6.87,3150,-100,20-JUL-2019,",
        "OPTIDX,NIFTY,25-Jul-2019,11700,PE,1,2,1,5,1.55,5,6.87,3150,-100,yesterday,",
    ]
    wrong = {"empty": 1, "unknown_contract": 1, "malformed": 2, "out_of_session": 1, "unknown_time": 1}
    assert counts(taken(fo_bhavcopy, _file(tmp_path, LEGACY + "\n".join(lines)))) == (0, wrong)


def test_a_row_with_another_number_of_columns_or_an_infinite_strike_or_lot_is_refused_alone(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    good = "2025-09-02,2025-09-02,STO,ABCAPITAL,2025-10-28,{},CE,7.80,274.85,15500,4,{}"
    lines = [good.format("290.00", 3100), good.format("300.00", 3100) + ",1", "2025-09-02,STO"]
    lines += [good.format("1e999", 3100), good.format("310.00", "1e999")]
    sifted = taken(fo_bhavcopy, _file(tmp_path, UDIFF + "\n".join(lines)))
    assert counts(sifted) == (2, {"malformed": 3, "unknown_contract": 1})


def test_a_blank_underlying_value_is_counted_where_the_layout_states_one(
    tmp_path: Path, taken: Any, counts: Any
) -> None:
    text = "2025-09-02,2025-09-02,STO,ABCAPITAL,2025-10-28,290.00,CE,7.80,,15500,4,3100\n"
    assert counts(taken(fo_bhavcopy, _file(tmp_path, UDIFF + text))) == (1, {"no_index": 1})


def test_the_real_excerpts_count(shared_data: Path, taken: Any, counts: Any) -> None:
    legacy = shared_data / "eod" / "fo_bhavcopy_legacy_excerpt_2008-10-24.csv"
    udiff = shared_data / "eod" / "fo_bhavcopy_udiff_excerpt_2025-09-02.csv"
    assert counts(taken(fo_bhavcopy, legacy)) == (0, {"outside_calendar": 7})  # the sessions table begins in 2018
    assert counts(taken(fo_bhavcopy, udiff)) == (10, {})
