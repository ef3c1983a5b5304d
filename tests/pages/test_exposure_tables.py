"""What the exposure page adds up: a sum with an unknown part is unknown."""

from __future__ import annotations

from typing import Any

from pages.parts import exposure_tables as exposure

LINES: list[dict[str, Any]] = [
    {"by": "strategy", "key": "a", "underlying": "NIFTY", "delta_cash": -300.0, "gamma_pnl": -1.0},
    {"by": "strategy", "key": "b", "underlying": "NIFTY", "delta_cash": 100.0, "gamma_pnl": None},
]


def test_sums_with_an_unknown_part_are_unknown_and_second_order_follows_the_quantity() -> None:
    assert exposure.total([1.0, None]) is None
    assert exposure.total([]) == 0.0
    position = {"id": "p", "symbol": "X", "quantity": -2, "underlying": "NIFTY", "strategy": "a", "fund_id": "main"}
    legs = exposure.second_order([position], [{"symbol": "X", "vanna": 0.5, "volga": None, "charm": 1.0}])
    (line,) = exposure.with_second_order([LINES[0]], legs)
    assert (line["vanna"], line["volga"], line["charm"]) == (-1.0, None, -2.0)
    (whole,) = exposure.with_second_order([{**LINES[0], "underlying": "*"}], legs)
    assert (whole["vanna"], whole["charm"]) == (None, None)


def test_a_move_of_one_per_cent_adds_gamma_either_way_and_concentration_is_of_the_gross() -> None:
    assert (exposure.move(LINES[0], 1), exposure.move(LINES[0], -1)) == (-4.0, 2.0)
    assert exposure.move(LINES[1], 1) is None
    row, share = exposure.concentration(LINES, "delta_cash")
    assert row is LINES[0]
    assert share == 0.75
    assert exposure.concentration(LINES, "gamma_pnl") == (None, None)


def test_what_stands_on_one_strike_is_one_sum_and_one_unknown_leg_hides_it() -> None:
    told = [(110.0, None), (100.0, 0.25), (100.0, 0.5), (110.0, 1.0), (None, 9.0)]
    rows: list[dict[str, Any]] = [{"strike": strike, "gamma": gamma} for strike, gamma in told]
    assert exposure.summed(rows, "strike", ("gamma",)) == [
        {"strike": 100.0, "legs": 2, "gamma": 0.75},
        {"strike": 110.0, "legs": 2, "gamma": None},
    ]
