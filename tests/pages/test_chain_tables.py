"""The chain's ladder: every contract once, by strike; what is unknown is missing and what is wrong is said."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.parts import chain_ladder, chain_tables
from pages.parts.chain_tables import Line

STRIKES = st.one_of(st.none(), st.floats(0.05, 1e6, allow_nan=False), st.sampled_from([24_600.0, 24_650.0]))


def option(right: str, strike: float | None = 24_600.0, **more: Any) -> dict[str, Any]:
    return {"symbol": f"NIFTY-{strike}-{right}", "option_type": right, "strike": strike, "bid": 10.0, "ask": 10.1,
            "iv": 0.11, "open_interest": 650.0, "vol_quality": "quoted", "age_s": 0.4, **more}  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["CE", "PE", None]), STRIKES), max_size=40))
def test_every_option_stands_in_the_ladder_once_and_strikes_rise(made: list[tuple[str | None, float | None]]) -> None:
    contracts: list[dict[str, Any]] = [
        {"symbol": str(n), "option_type": right, "strike": at} for n, (right, at) in enumerate(made)
    ]
    lines = chain_tables.pivot(contracts)
    for right, side in (("CE", "call"), ("PE", "put")):
        stands = [row["symbol"] for line in lines if (row := getattr(line, side)) is not None]
        assert sorted(stands) == sorted(row["symbol"] for row in contracts if row["option_type"] == right)
        found = [(line.strike, getattr(line, side)) for line in lines]
        assert all(isnan(strike) or row["strike"] == strike for strike, row in found if row is not None)
    strikes = [line.strike for line in lines if not isnan(line.strike)]
    assert strikes == sorted(strikes)
    assert not any(isnan(line.strike) for line in lines[: len(strikes)])


def test_the_lines_near_the_money_are_counted_on_both_sides_of_the_strike_next_to_the_forward() -> None:
    lines = [Line(strike, None, None) for strike in range(100, 200, 10)]
    assert [line.strike for line in chain_tables.near(lines, 142.0, 2)] == [120, 130, 140, 150, 160]
    assert [line.strike for line in chain_tables.near(lines, 101.0, 2)] == [100, 110, 120]
    assert len(chain_tables.near(lines, None, 2)) == len(chain_tables.near(lines, 142.0, 0)) == 10


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, ""),
        ({"bid": 10.2}, "CROSSED"),
        ({"bid": 10.1}, "LOCKED"),
        ({"age_s": 10.0}, "STALE"),
        ({"bid": None}, "no bid"),
        ({"ask": None}, "no ask"),
        ({"bid": None, "ask": None, "age_s": None}, "NO QUOTE"),
    ],
)
def test_what_is_wrong_with_a_quote_is_said(changes: dict[str, Any], word: str) -> None:
    assert chain_tables.trouble(option("CE", **changes), 10.0) == word


def test_an_unknown_stale_limit_calls_nothing_stale() -> None:
    assert chain_tables.trouble(option("CE", age_s=900.0), None) == ""


def test_unknown_open_interest_is_missing_and_so_is_its_change() -> None:
    lines = chain_tables.pivot([option("CE", open_interest=None), option("PE")])
    table = chain_tables.frame(lines, "All", {"NIFTY-24600.0-PE": 600.0, "NIFTY-24600.0-CE": 1.0}, {})
    assert table[["call_open_interest", "call_oi_change"]].isna().all(axis=None)
    assert table["put_oi_change"].to_list() == [50.0]
    assert table["put_iv"].to_list() == [pytest.approx(11.0)]


@pytest.mark.parametrize("view", chain_tables.VIEWS)
def test_calls_stand_left_of_the_strike_and_puts_right_of_it_in_every_view(view: str) -> None:
    names = list(chain_tables.frame(chain_tables.pivot([option("CE")]), view, {}, {}).columns)
    place = names.index("strike")
    assert all(name.startswith("call_") for name in names[:place])
    assert all(name.startswith("put_") for name in names[place + 2 :])
    assert names[place - 3 : place] == ["call_bid", "call_ask", "call_held"]
    assert names[place + 2 : place + 5] == ["put_held", "put_bid", "put_ask"]
    assert len(names) == len(set(names)) == 2 * len(chain_tables.VIEWS[view]) + 2


def test_the_money_and_max_pain_are_marked_and_what_is_held_is_shown_with_its_sign() -> None:
    lines = chain_tables.pivot([option("CE"), option("PE"), option("CE", 24_650.0, bid=11.0)])
    marks = chain_ladder.marks(lines, {"max_pain": 24_600.0}, 24_610.0)
    assert marks == {24_600.0: "ATM · max pain"}
    held = chain_ladder.held([{"symbol": "NIFTY-24600.0-PE", "quantity": -75}, {"symbol": "x", "quantity": None}])
    table = chain_tables.frame(lines, "Quotes", {}, held, None, marks)
    assert table["put_held"].to_list() == ["−75", None]
    assert table["call_held"].to_list() == ["", ""]
    assert table["call_quality"].to_list() == ["quoted", "CROSSED (quoted)"]
    text = chain_ladder.dressed(table, 24_610.0).to_html()
    assert "24,600" in text
    assert "10.10" in text


def test_an_empty_chain_makes_an_empty_ladder() -> None:
    table = chain_tables.frame(chain_tables.pivot([]), "All", {}, {})
    assert len(table) == 0
    assert chain_ladder.dressed(table, None).to_html()
