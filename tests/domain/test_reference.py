"""Reference tables of a few rows, asked at and round the days they change."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from sidecar.domain.errors import CalendarBeyond, InputError, NotKnown
from sidecar.domain.margins import PARTS as MARGIN_PARTS
from sidecar.domain.reference import Reference, parse_reference
from sidecar.domain.tables import TABLES

Tables = dict[str, list[dict[str, str]]]
PARTS = {
    "brokerage": "20",
    "stt_buy": "0",
    "stt_sell": "0.0005",
    "stt_exercise": "0.00125",
    "stt_exercise_base": "intrinsic",
    "exchange": "0.0005",
    "sebi": "0.000001",
    "ipft": "0",
    "stamp_buy": "0.00003",
    "stamp_sell": "0",
    "gst": "0.18",
}


def rows(columns: str, *lines: str) -> list[dict[str, str]]:
    names = columns.split(",")
    return [dict(zip(names, line.split(","), strict=True)) for line in lines]


def sessions(*closed: date) -> list[dict[str, str]]:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    columns = "exchanges,date,open,close,second_open,second_close,kind,source"
    kept = [day for day in days if day.weekday() < 5 and day not in closed]
    return rows(columns, *(f"NSE,{day},09:15,15:30,,,regular,list" for day in kept))


def tables() -> Tables:
    return {
        "exchanges": rows("exchange,zone,source", "NSE,Asia/Kolkata,known"),
        "sessions": sessions(date(2024, 6, 20)),
        "contract_rules": rows(
            "underlying,rule,from,value,source",
            "NIFTY,exchange,2024-01-01,NSE,a",
            "OTHER,exchange,2024-01-01,NSE,a",
            "NIFTY,tick_size,2024-01-01,0.05,a",
            "NIFTY,tick_size,2024-07-01,0.10,b",
            "NIFTY,strike_step,2024-01-01,50,a",
            "NIFTY,freeze_quantity,2024-02-01,1800,a",
        ),
        "lots": rows(
            "underlying,expiry_first,expiry_last,first,last,lot,source",
            "NIFTY,,2024-04-25,,,50,a",
            "NIFTY,2024-04-26,,,2024-04-25,50,b",
            "NIFTY,2024-04-26,,2024-04-26,,25,c",
        ),
        "expiry_rules": rows(
            "underlying,cycle,weekday,first,last,listed,source",
            "NIFTY,weekly,Thursday,2024-01-01,2024-09-01,4,a",
            "NIFTY,weekly,Tuesday,2024-09-02,,4,b",
            "NIFTY,monthly,Thursday,2024-01-01,2024-09-01,3,a",
            "NIFTY,monthly,Tuesday,2024-09-02,,3,b",
        ),
        "fees": rows(
            "exchanges,instruments,part,from,value,source",
            *(f"NSE BSE,option future,{part},2024-01-01,{value},a" for part, value in PARTS.items()),
            "NSE,option,stt_sell,2024-10-01,0.001,b",
        ),
        "margins": rows(
            "underlyings,part,from,value,source",
            *(f"NIFTY OTHER,{part},2024-01-01,0.02,a" for part in MARGIN_PARTS),
            "NIFTY,exposure,2024-10-01,0.03,b",
        ),
    }


@pytest.fixture
def reference() -> Reference:
    return parse_reference(tables())


def test_a_value_holds_from_its_day_until_the_next_row(reference: Reference) -> None:
    assert reference.tick_size("NIFTY", date(2024, 6, 30)) == Decimal("0.05")
    assert reference.tick_size("NIFTY", date(2024, 7, 1)) == Decimal("0.10")
    assert reference.strike_step("NIFTY", date(2024, 7, 1)) == Decimal(50)


def test_before_the_first_row_nothing_is_known_and_the_error_names_underlying_and_day(reference: Reference) -> None:
    assert reference.freeze_quantity("NIFTY", date(2024, 2, 1)) == 1800
    with pytest.raises(NotKnown) as refused:
        reference.freeze_quantity("NIFTY", date(2024, 1, 31))
    assert refused.value.table == "contract_rules"
    assert "NIFTY" in str(refused.value)
    assert "2024-01-31" in str(refused.value)


def test_an_unknown_underlying_exchange_or_instrument_is_not_known(reference: Reference) -> None:
    day = date(2024, 6, 3)
    for question in (
        lambda: reference.exchange("DAX"),
        lambda: reference.lot_size("DAX", day, day),
        lambda: reference.expiries("DAX", day, 1),
        lambda: reference.expiry_close("DAX", day),
        lambda: reference.calendar("MCX"),
        lambda: reference.fees("MCX", "option", day),
        lambda: reference.fees("NSE", "swap", day),
        lambda: reference.next_expiry("OTHER", day),
    ):
        with pytest.raises(NotKnown):
            question()


def test_underlyings_and_exchanges_come_in_the_order_of_the_tables(reference: Reference) -> None:
    assert reference.underlyings == ("NIFTY", "OTHER")
    assert reference.exchanges == ("NSE",)


def test_a_lot_depends_on_the_expiry_and_on_the_day(reference: Reference) -> None:
    near, far = date(2024, 4, 25), date(2024, 6, 27)
    assert reference.lot_size("NIFTY", near, near) == 50
    assert reference.lot_size("NIFTY", far, date(2024, 4, 25)) == 50
    assert reference.lot_size("NIFTY", far, date(2024, 4, 26)) == 25


def test_expiries_are_weekly_and_monthly_moved_before_holidays(reference: Reference) -> None:
    found = reference.expiries("NIFTY", date(2024, 6, 10), 3)
    assert found == (date(2024, 6, 13), date(2024, 6, 19), date(2024, 6, 27))
    assert reference.next_expiry("NIFTY", date(2024, 6, 19)) == date(2024, 6, 19)
    assert reference.next_expiry("NIFTY", date(2024, 6, 20)) == date(2024, 6, 27)


def test_expiries_take_the_weekday_of_the_rule_in_force_when_they_fall_due(reference: Reference) -> None:
    found = reference.expiries("NIFTY", date(2024, 8, 26), 3)
    assert found == (date(2024, 8, 29), date(2024, 9, 3), date(2024, 9, 10))


def test_no_more_expiries_than_are_listed(reference: Reference) -> None:
    found = reference.expiries("NIFTY", date(2024, 6, 10), 50)
    assert len(found) == 7
    assert found[-1] == date(2024, 8, 29)


def test_an_expiry_beyond_the_sessions_table_fails_closed_and_those_before_it_do_not(reference: Reference) -> None:
    assert reference.expiries("NIFTY", date(2024, 12, 20), 2) == (date(2024, 12, 24), date(2024, 12, 31))
    with pytest.raises(CalendarBeyond):
        reference.expiries("NIFTY", date(2024, 12, 20), 3)
    with pytest.raises(CalendarBeyond):
        reference.expiries("NIFTY", date(2025, 1, 2), 1)


def test_the_expiry_closes_with_its_session_and_not_on_a_holiday(reference: Reference) -> None:
    assert reference.expiry_close("NIFTY", date(2024, 6, 19)) == 1718791200000000  # 15:30 in Mumbai
    with pytest.raises(NotKnown):
        reference.expiry_close("NIFTY", date(2024, 6, 20))
    with pytest.raises(CalendarBeyond):
        reference.expiry_close("NIFTY", date(2025, 6, 19))


def test_fees_are_exact_decimals_of_the_day(reference: Reference) -> None:
    before = reference.fees("NSE", "option", date(2024, 9, 30))
    after = reference.fees("NSE", "option", date(2024, 10, 1))
    assert (before.stt_sell, after.stt_sell) == (Decimal("0.0005"), Decimal("0.001"))
    assert after.brokerage == 20
    assert after.gst == Decimal("0.18")
    assert after.stt_exercise_base == "intrinsic"
    assert reference.fees("BSE", "option", date(2024, 10, 1)).stt_sell == Decimal("0.0005")
    with pytest.raises(NotKnown, match="brokerage"):
        reference.fees("NSE", "option", date(2023, 12, 31))


def test_margin_rules_change_on_their_day_and_are_never_guessed(reference: Reference) -> None:
    before = reference.margins("NIFTY", date(2024, 9, 30))
    assert (before.exposure, reference.margins("NIFTY", date(2024, 10, 1)).exposure) == (0.02, 0.03)
    assert reference.margins("OTHER", date(2024, 10, 1)) == before
    with pytest.raises(NotKnown, match="price_scan_floor of NIFTY"):
        reference.margins("NIFTY", date(2023, 12, 31))
    with pytest.raises(NotKnown, match="ELSE"):
        reference.margins("ELSE", date(2024, 9, 30))


def test_a_fee_part_without_a_row_is_not_taken_for_zero() -> None:
    lacking = tables()
    lacking["fees"] = [row for row in lacking["fees"] if row["part"] != "gst"]
    with pytest.raises(NotKnown, match="gst"):
        parse_reference(lacking).fees("NSE", "option", date(2024, 6, 3))


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_table_is_refused_by_name(name: str) -> None:
    lacking = tables()
    del lacking[name]
    with pytest.raises(InputError, match=name):
        parse_reference(lacking)


@pytest.mark.parametrize("name", TABLES)
def test_a_row_without_a_source_is_refused_with_its_line(name: str) -> None:
    lacking = tables()
    lacking[name][0] = lacking[name][0] | {"source": " "}
    with pytest.raises(InputError, match="line 2"):
        parse_reference(lacking)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("contract_rules", "from", "yesterday"),
        ("fees", "value", "-1"),
        ("fees", "value", "NaN"),
        ("fees", "value", "Infinity"),
        ("fees", "part", "tip"),
        ("contract_rules", "rule", "colour"),
        ("margins", "part", "colour"),
        ("margins", "value", "-0.02"),
        ("fees", "value", "a little"),
        ("lots", "lot", "0"),
        ("lots", "lot", "2.5"),
        ("lots", "expiry_last", "soon"),
        ("expiry_rules", "weekday", "Sunday"),
        ("expiry_rules", "cycle", "daily"),
        ("expiry_rules", "listed", "many"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_with_its_table(table: str, column: str, value: str) -> None:
    broken = tables()
    broken[table][0] = broken[table][0] | {column: value}
    with pytest.raises(InputError, match=table):
        parse_reference(broken)


@pytest.mark.parametrize(("row", "value"), [(2, "0"), (4, "-50"), (5, "1800.5"), (5, "0")])
def test_a_contract_rule_without_sense_is_refused(row: int, value: str) -> None:
    broken = tables()
    broken["contract_rules"][row] |= {"value": value}
    with pytest.raises(InputError, match="contract_rules"):
        parse_reference(broken)


@pytest.mark.parametrize("change", [{"surplus": "1"}, {"zone": None}])
def test_a_row_with_other_columns_or_cut_short_is_refused(change: dict[str, str]) -> None:
    broken = tables()
    broken["exchanges"][0] |= change
    with pytest.raises(InputError, match="line 2"):
        parse_reference(broken)


def test_an_unknown_time_zone_is_refused() -> None:
    broken = tables()
    broken["exchanges"][0] |= {"zone": "Asia/Atlantis"}
    with pytest.raises(InputError, match="Atlantis"):
        parse_reference(broken)


def test_an_unknown_base_of_the_exercise_tax_is_refused() -> None:
    broken = tables()
    for row in broken["fees"]:
        if row["part"] == "stt_exercise_base":
            row["value"] = "premium"
    with pytest.raises(InputError, match="premium"):
        parse_reference(broken)


def test_two_lots_for_one_expiry_and_day_are_refused() -> None:
    broken = tables()
    broken["lots"][2]["first"] = "2024-04-25"
    with pytest.raises(InputError, match="one question"):
        parse_reference(broken)


def test_rows_that_do_not_go_forward_in_time_are_refused() -> None:
    broken = tables()
    broken["contract_rules"][3]["from"] = "2024-01-01"
    with pytest.raises(InputError, match="order rows by day"):
        parse_reference(broken)
