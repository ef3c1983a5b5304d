"""Texts become numbers and instants, or say that they cannot."""

from math import isnan
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from sidecar.domain.errors import InputError
from sidecar.store.importers.rows import UNKNOWN_AT, dates, index_rows, nothing_bid, numbers, stamps, zone_named

INDIA = ZoneInfo("Asia/Kolkata")


def test_indian_digit_groups_are_numbers_and_a_dash_is_nothing() -> None:
    values, bad = numbers(pd.Series(["19,69,500", "-", "", " 0.15 ", "-0.30", "1e3", "12a", "1.2.3", "--"]))
    assert values.tolist()[:1] == [1_969_500.0]
    assert [isnan(value) for value in values] == [False, True, True, False, False, False, True, True, True]
    assert values[4] == -0.3
    assert bad.tolist() == [False] * 6 + [True] * 3


def test_nullable_integers_keep_what_is_unknown() -> None:
    values, bad = numbers(pd.Series([5, None], dtype="Int64"))
    assert values[0] == 5.0
    assert isnan(values[1])
    assert not bad.any()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-08-18 15:30:00", 1_787_047_200_000_000),
        ("20260818 15:30", 1_787_047_200_000_000),
        ("2026-08-18T10:00:00+00:00", 1_787_047_200_000_000),
        ("2026-08-18T10:00:00Z", 1_787_047_200_000_000),
        ("1787047200", 1_787_047_200_000_000),
        ("18/08/2026 15:30", UNKNOWN_AT),  # day or month first: nobody knows
        ("tomorrow", UNKNOWN_AT),
        ("", UNKNOWN_AT),
    ],
)
def test_a_stamp_is_an_instant_or_unknown(text: str, at: int) -> None:
    assert stamps(pd.Series([text, "2026-08-18 15:30:00"]), INDIA).tolist() == [at, 1_787_047_200_000_000]


def test_a_local_time_that_a_clock_change_skips_is_unknown() -> None:
    found = stamps(pd.Series(["2021-03-14 02:30:00", "2021-11-07 01:30:00"]), ZoneInfo("America/New_York"))
    assert found.tolist() == [UNKNOWN_AT, UNKNOWN_AT]


def test_expiries_are_read_in_the_form_of_their_format_alone() -> None:
    assert dates(pd.Series(["18-Aug-2026", "2026-08-18", "31-Feb-2026"]), "%d-%b-%Y").tolist() == ["20260818", "", ""]


def test_a_price_of_zero_is_nobody_only_when_no_quantity_stands_with_it() -> None:
    found = nothing_bid(pd.Series([0.0, 0.0, 0.0, 5.0]), pd.Series([0.0, float("nan"), 10.0, 0.0]))
    assert [isnan(value) for value in found] == [True, True, False, False]


def test_an_index_value_repeated_on_each_row_is_one_quote_and_two_values_are_two() -> None:
    table = pd.DataFrame({"file": "f", "row": [1, 2, 3, 4], "value": [100.0, 100.0, 101.0, None]})
    index = index_rows(table, pd.Series(["NIFTY"] * 4), pd.Series([5] * 4), table["value"])
    assert index["last"].tolist() == [100.0, 101.0]


def test_an_instant_without_any_index_value_is_one_refusal_and_one_with_a_value_is_none() -> None:
    table = pd.DataFrame({"file": "f", "row": [1, 2, 3, 4], "value": [None, None, None, 101.0]})
    index = index_rows(table, pd.Series(["NIFTY"] * 4), pd.Series([5, 5, 6, 6]), table["value"])
    assert index[["at", "reason", "row"]].to_numpy().tolist() == [[5, "no_index", 1], [6, "", 4]]


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InputError, match="zone: 'Mars/Olympus' is no time zone"):
        zone_named("Mars/Olympus")
