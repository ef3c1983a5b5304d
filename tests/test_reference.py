"""The shipped tables: whole, sourced, and right about what was published; and the loader that reads them."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sidecar.domain import clock
from sidecar.domain.calendar import Calendar, SessionKind
from sidecar.domain.errors import CalendarBeyond, FileRefused, InputError, NotKnown
from sidecar.domain.reference import Reference
from sidecar.domain.tables import TABLES
from sidecar.reference import FOLDER, load_reference


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference()


@pytest.fixture(scope="module")
def nse(reference: Reference) -> Calendar:
    return reference.calendar("NSE")


def day(text: str) -> date:
    return date.fromisoformat(text)


def hours(calendar: Calendar, text: str) -> list[tuple[str, str]]:
    session = calendar.session(day(text))
    assert session is not None
    local = [(clock.to_datetime(a).astimezone(calendar.zone), clock.to_datetime(b)) for a, b in session.intervals]
    return [(f"{opens:%H:%M}", f"{closes.astimezone(calendar.zone):%H:%M}") for opens, closes in local]


def test_the_tables_cover_2018_to_2026_on_both_exchanges(reference: Reference) -> None:
    for exchange in ("NSE", "BSE"):
        calendar = reference.calendar(exchange)
        assert (calendar.first, calendar.last) == (day("2018-01-01"), day("2026-12-31"))
        for year in range(2018, 2027):
            assert 244 <= len(calendar.sessions_between(date(year, 1, 1), date(year, 12, 31))) <= 253


def test_the_desk_can_warn_thirty_days_before_the_tables_end(nse: Calendar) -> None:
    assert nse.days_left(clock.parse("2026-12-01T09:15:00+05:30")) == 30
    with pytest.raises(CalendarBeyond):
        nse.is_open(clock.parse("2027-01-01T10:00:00+05:30"))


@pytest.mark.parametrize("text", ["2024-01-20", "2025-02-01", "2020-02-01", "2026-02-01"])
def test_special_weekend_days_trade_ordinary_hours(nse: Calendar, text: str) -> None:
    assert day(text).weekday() >= 5
    assert hours(nse, text) == [("09:15", "15:30")]


@pytest.mark.parametrize("text", ["2024-03-02", "2024-05-18"])
def test_disaster_recovery_saturdays_trade_in_two_parts(nse: Calendar, text: str) -> None:
    assert hours(nse, text) == [("09:15", "10:00"), ("11:30", "12:30")]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2018-11-07", ("17:30", "18:30")),
        ("2019-10-27", ("18:15", "19:15")),
        ("2020-11-14", ("18:15", "19:15")),
        ("2021-11-04", ("18:15", "19:15")),
        ("2022-10-24", ("18:15", "19:15")),
        ("2023-11-12", ("18:15", "19:15")),
        ("2024-11-01", ("18:00", "19:00")),
        ("2025-10-21", ("13:45", "14:45")),
    ],
)
def test_muhurat_hours(nse: Calendar, text: str, span: tuple[str, str]) -> None:
    session = nse.session(day(text))
    assert session is not None
    assert session.kind is SessionKind.MUHURAT
    assert hours(nse, text) == [span]


def test_the_muhurat_hour_of_2026_is_there_and_marked_as_unverified(nse: Calendar) -> None:
    session = nse.session(day("2026-11-08"))
    assert session is not None
    assert session.kind is SessionKind.MUHURAT
    assert session.close_at - session.open_at == 60 * clock.MINUTE
    assert "unverified" in session.source


@pytest.mark.parametrize(
    "text", ["2024-01-22", "2024-05-20", "2024-11-20", "2026-01-15", "2023-06-29", "2021-11-05", "2025-10-22"]
)
def test_days_that_libraries_take_for_sessions_are_closed(nse: Calendar, text: str) -> None:
    assert nse.session(day(text)) is None


@pytest.mark.parametrize(
    ("text", "close"),
    [("2026-07-31", "15:30"), ("2026-08-03", "15:40"), ("2026-08-18", "15:40"), ("2026-11-20", "15:40")],
)
def test_derivatives_close_at_1540_since_2026_08_03(nse: Calendar, text: str, close: str) -> None:
    assert hours(nse, text) == [("09:15", close)]


def test_the_outage_of_2021_halted_nse_and_lengthened_the_day(reference: Reference) -> None:
    assert hours(reference.calendar("NSE"), "2021-02-24") == [("09:15", "11:40"), ("15:45", "17:00")]
    assert hours(reference.calendar("BSE"), "2021-02-24") == [("09:15", "17:00")]


def test_regular_sessions_are_weekdays_with_ordinary_hours(nse: Calendar) -> None:
    for session in nse.sessions:
        weekend = session.date.weekday() >= 5
        if session.kind is SessionKind.REGULAR:
            close = "15:40" if session.date >= day("2026-08-03") else "15:30"
            assert not weekend
            assert hours(nse, str(session.date)) == [("09:15", close)]
    assert [str(held.date) for held in nse.sessions if held.date.weekday() >= 5] == [
        "2019-10-27", "2020-02-01", "2020-11-14", "2023-11-12", "2024-01-20", "2024-03-02", "2024-05-18",
        "2025-02-01", "2026-02-01", "2026-11-08",
    ]  # fmt: skip


def test_every_row_of_every_table_has_a_source() -> None:
    for name in TABLES:
        with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert all(row["source"].strip() for row in rows)


def test_the_readme_names_every_table_and_column() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, columns in TABLES.items():
        assert f"`{name}.csv`" in text
        for column in columns:
            assert re.search(rf"\b{column}\b", text)


@pytest.mark.parametrize(
    ("underlying", "on", "expected"),
    [
        ("BANKNIFTY", "2023-08-28", ["2023-08-31", "2023-09-06", "2023-09-13", "2023-09-20", "2023-09-28"]),
        ("BANKNIFTY", "2024-11-11", ["2024-11-13", "2024-11-27", "2024-12-24"]),
        ("BANKNIFTY", "2025-09-02", ["2025-09-30", "2025-10-28", "2025-11-25"]),
        ("FINNIFTY", "2021-10-11", ["2021-10-14", "2021-10-19"]),
        ("MIDCPNIFTY", "2023-08-14", ["2023-08-16", "2023-08-21"]),
        ("MIDCPNIFTY", "2024-01-19", ["2024-01-20"]),
        ("BANKEX", "2024-01-19", ["2024-01-20"]),
        ("SENSEX", "2024-12-27", ["2024-12-27", "2025-01-03", "2025-01-07"]),
        ("SENSEX", "2025-01-28", ["2025-01-28", "2025-02-04", "2025-02-11"]),
        ("SENSEX", "2025-09-01", ["2025-09-04", "2025-09-11"]),
        ("NIFTY", "2019-02-08", ["2019-02-28"]),
        ("NIFTY", "2019-02-11", ["2019-02-14", "2019-02-21", "2019-02-28"]),
        ("NIFTY", "2025-08-28", ["2025-08-28", "2025-09-02", "2025-09-09"]),
        ("NIFTY", "2026-11-20", ["2026-11-23", "2026-12-01"]),
    ],
)
def test_expiry_days_that_were_announced(reference: Reference, underlying: str, on: str, expected: list[str]) -> None:
    assert [str(found) for found in reference.expiries(underlying, day(on), len(expected))] == expected


@pytest.mark.parametrize(
    ("underlying", "expiry", "on", "lot"),
    [
        ("NIFTY", "2025-12-30", "2025-12-30", 75),
        ("NIFTY", "2026-01-06", "2026-01-06", 65),
        ("NIFTY", "2026-03-30", "2025-12-30", 75),
        ("NIFTY", "2026-03-30", "2025-12-31", 65),
        ("NIFTY", "2019-07-18", "2019-07-18", 75),
        ("BANKNIFTY", "2018-11-01", "2018-10-25", 40),
        ("BANKNIFTY", "2018-11-01", "2018-10-26", 20),
        ("BANKNIFTY", "2020-07-23", "2020-07-20", 20),
        ("BANKNIFTY", "2020-07-30", "2020-07-20", 25),
        ("BANKNIFTY", "2023-07-20", "2023-07-20", 25),
        ("BANKNIFTY", "2023-07-27", "2023-07-20", 15),
        ("BANKNIFTY", "2025-01-30", "2025-01-28", 15),
        ("BANKNIFTY", "2025-02-27", "2025-01-28", 30),
        ("BANKNIFTY", "2025-11-25", "2025-09-02", 35),
        ("BANKNIFTY", "2026-01-27", "2026-01-05", 30),
        ("FINNIFTY", "2024-07-23", "2024-07-23", 40),
        ("FINNIFTY", "2024-07-30", "2024-07-23", 25),
        ("MIDCPNIFTY", "2025-07-31", "2025-07-01", 140),
        ("SENSEX", "2024-12-27", "2024-12-20", 10),
        ("SENSEX", "2025-02-04", "2025-01-28", 20),
        ("SENSEX", "2026-11-26", "2026-11-20", 20),
    ],
)
def test_lots_that_were_announced(reference: Reference, underlying: str, expiry: str, on: str, lot: int) -> None:
    assert reference.lot_size(underlying, day(expiry), day(on)) == lot


def test_lots_answer_every_listed_expiry_on_every_session(reference: Reference) -> None:
    for underlying in reference.underlyings:
        sessions = reference.calendar(reference.exchange(underlying)).sessions[::9]
        for on in (session.date for session in sessions if session.date <= day("2026-09-30")):
            for expiry in reference.expiries(underlying, on, 3):
                assert reference.lot_size(underlying, expiry, on) > 0
                assert reference.expiry_close(underlying, expiry) > 0
                assert reference.freeze_quantity(underlying, on) >= reference.lot_size(underlying, expiry, on)


def test_the_transaction_tax_over_the_years(reference: Reference) -> None:
    expected = {"2018-01-01": ("0.0005", "0.0001"), "2023-03-31": ("0.0005", "0.0001")}
    expected |= {"2023-04-01": ("0.000625", "0.000125"), "2024-10-01": ("0.001", "0.0002")}
    expected |= {"2026-03-31": ("0.001", "0.0002"), "2026-04-01": ("0.0015", "0.0005")}
    for text, (option, future) in expected.items():
        for exchange in ("NSE", "BSE"):
            if exchange == "NSE" or day(text) >= day("2023-05-15"):
                assert reference.fees(exchange, "option", day(text)).stt_sell == Decimal(option)
                assert reference.fees(exchange, "future", day(text)).stt_sell == Decimal(future)


def test_fees_of_the_day_the_tables_were_last_checked(reference: Reference) -> None:
    fees = reference.fees("NSE", "option", day("2026-11-20"))
    assert fees.exchange + fees.ipft == Decimal("0.0003553")
    assert (fees.stt_buy, fees.stt_exercise, fees.stt_exercise_base) == (Decimal(0), Decimal("0.0015"), "intrinsic")
    assert (fees.stamp_buy, fees.stamp_sell, fees.sebi) == (Decimal("0.00003"), Decimal(0), Decimal("0.000001"))
    assert (fees.brokerage, fees.gst) == (Decimal(20), Decimal("0.18"))
    future = reference.fees("NSE", "future", day("2026-11-20"))
    assert future.exchange + future.ipft == Decimal("0.0000183")
    assert future.stamp_buy == Decimal("0.00002")
    assert reference.fees("BSE", "option", day("2026-11-20")).exchange == Decimal("0.000325")
    assert reference.fees("BSE", "future", day("2026-11-20")).exchange == 0


def test_the_exercise_tax_was_on_the_settlement_price_until_september_2019(reference: Reference) -> None:
    assert reference.fees("NSE", "option", day("2019-08-31")).stt_exercise_base == "settlement"
    assert reference.fees("NSE", "option", day("2019-09-01")).stt_exercise_base == "intrinsic"


def copied(folder: Path) -> Path:
    for name in TABLES:
        (folder / f"{name}.csv").write_bytes((FOLDER / f"{name}.csv").read_bytes())
    return folder


def test_tables_are_read_from_a_folder(tmp_path: Path, reference: Reference) -> None:
    loaded = load_reference(copied(tmp_path))
    assert loaded.underlyings == reference.underlyings
    assert loaded.calendar("BSE").sessions == reference.calendar("BSE").sessions


def test_a_missing_table_is_refused_with_its_path(tmp_path: Path) -> None:
    (copied(tmp_path) / "lots.csv").unlink()
    with pytest.raises(FileRefused, match=r"lots\.csv"):
        load_reference(tmp_path)


def test_a_table_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (copied(tmp_path) / "fees.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileRefused, match=r"fees\.csv"):
        load_reference(tmp_path)


def test_a_truncated_table_is_refused_with_the_line_where_it_breaks(tmp_path: Path) -> None:
    path = copied(tmp_path) / "contract_rules.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:10], "NIFTY,strike_st"]), encoding="utf-8")
    with pytest.raises(InputError, match="line 11"):
        load_reference(tmp_path)


def test_contracts_close_with_the_derivatives_session_and_never_in_a_muhurat_hour(reference: Reference) -> None:
    assert reference.expiry_close("NIFTY", day("2026-07-28")) == clock.parse("2026-07-28T15:30:00+05:30")
    assert reference.expiry_close("NIFTY", day("2026-08-18")) == clock.parse("2026-08-18T15:40:00+05:30")
    assert reference.expiry_close("SENSEX", day("2025-02-04")) == clock.parse("2025-02-04T15:30:00+05:30")
    with pytest.raises(NotKnown):
        reference.expiry_close("NIFTY", day("2025-10-21"))
