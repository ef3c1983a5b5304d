"""Tables: wire rows to data frames."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest

from pages.parts import tables

COLUMNS = {
    "POSITION": tables.POSITION,
    "GREEK": tables.GREEK,
    "SMILE": tables.SMILE,
    "LIMIT": tables.LIMIT,
    "HISTORY": tables.HISTORY,
    "CAUSE": tables.CAUSE,
    "ORDER": tables.ORDER,
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_row_with_nothing_in_it_is_all_missing(name: str) -> None:
    made = tables.frame([{}], COLUMNS[name])
    assert made.isna().all(axis=None)
    assert list(made.columns) == list(COLUMNS[name])


@pytest.mark.parametrize("name", COLUMNS)
def test_no_rows_make_an_empty_table_with_its_columns(name: str) -> None:
    assert tables.frame([], COLUMNS[name]).shape == (0, len(COLUMNS[name]))


def test_fractions_are_shown_as_per_cent() -> None:
    made = tables.frame([{"iv": 0.11, "pnl_percent": -0.08}], tables.POSITION)
    assert made["iv"].iloc[0] == pytest.approx(11.0)
    assert made["pnl_percent"].iloc[0] == pytest.approx(-8.0)


def test_a_number_that_is_not_known_is_missing_and_not_zero() -> None:
    made = tables.frame([{"delta": nan}, {"delta": None}, {"delta": "x"}, {"delta": 0.0}], tables.POSITION)
    assert made["delta"].isna().to_list() == [True, True, True, False]


def test_each_limit_is_stated_in_its_own_unit() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "daily_loss", "value": 0.0123, "limit": 0.03},
        {"name": "positions", "value": 3.0, "limit": 20.0},
        {"name": "net_gamma", "value": 0.25, "limit": 5.0},
        {"name": "net_vega", "value": None, "limit": 20_000.0},
        {"name": "var_95", "value": 0.0103, "limit": 0.05},
        {"name": "stress_loss", "value": 0.11, "limit": 0.5},
    ]
    made = tables.frame(rows, tables.LIMIT)
    assert made["value"].to_list()[:3] == ["1.23 %", "3", "0.25"]
    assert made["value"].isna().iloc[3]
    assert made["limit"].to_list() == ["3.00 %", "20", "5", "20,000", "5.00 %", "50.00 %"]
    assert made["value"].to_list()[4:] == ["1.03 %", "11.00 %"]


def test_times_stand_in_exchange_time_with_the_zone() -> None:
    made = tables.frame([{"at": "2026-08-18T10:00:00+00:00"}], tables.HISTORY)
    assert made["at"].iloc[0] == "18 Aug 15:30:00 IST"


def test_text_of_two_lines_becomes_one() -> None:
    assert tables.frame([{"strategy": "a\nb"}], tables.POSITION)["strategy"].iloc[0] == "a b"


def test_a_part_of_a_table_is_in_the_order_that_is_asked_for() -> None:
    assert list(tables.pick(tables.POSITION, ("side", "symbol"))) == ["side", "symbol"]
