import csv
from math import exp, inf, isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sidecar.domain.errors import InputError
from sidecar.pricing.black import price
from sidecar.risk.scenarios import grid
from sidecar.risk.stresses import COLUMNS, Stress, VolMove, apply, parse_stresses
from tests.risk.books import CARRY, RATE, SPOT, TIME, book, books, leg, mixed

ROW = {
    "name": "gap", "label": "Gap", "spot": "-0.1", "up_to_days": "", "vol_relative": "0.5", "vol_points": "0.02",
    "days": "1", "source": "assumed", "note": "",
}  # fmt: skip


def stress(spot: float = 0.0, relative: float = 0.0, points: float = 0.0, days: float = 0.0) -> Stress:
    return Stress("s", "S", spot, (VolMove(inf, relative, points),), days, "test", "")


def shipped(repository: Path) -> dict[str, Stress]:
    with (repository / "data" / "reference" / "stresses.csv").open(encoding="utf-8", newline="") as file:
        return {each.name: each for each in parse_stresses(csv.DictReader(file, strict=True))}


@given(books)
def test_a_stress_of_nothing_makes_exactly_nothing(legs: Any) -> None:
    found = apply(legs, stress())
    assert_array_equal(found.pnl, np.zeros(len(legs)))
    assert found.total == 0.0


@given(books, st.floats(-0.5, 0.5), st.floats(-0.2, 0.2), st.floats(0, 100))
def test_a_stress_in_volatility_points_is_a_cell_of_the_grid(
    legs: Any, spot: float, points: float, days: float
) -> None:
    cell = grid(legs, (spot,), (points,), days / 365).pnl[:, 0, 0]
    scale = float(np.abs(legs.quantity).sum()) * SPOT + 1
    assert_allclose(apply(legs, stress(spot, 0.0, points, days)).pnl, cell, rtol=0, atol=1e-12 * scale)


def test_relative_moves_scale_each_leg_s_own_volatility() -> None:
    found = apply(mixed(), stress(-0.1298, 0.0729, 0.01, 3.0))
    left = TIME - 3 / 365
    after = price(SPOT * (1 - 0.1298) * exp(CARRY * left), 24_000.0, left, 0.17 * 1.0729 + 0.01,
                  exp(-RATE * left), call=False)  # fmt: skip
    before = price(SPOT * exp(CARRY * TIME), 24_000.0, TIME, 0.17, exp(-RATE * TIME), call=False)
    assert_allclose(found.pnl[2], -150 * (after - before), rtol=1e-12)
    assert_allclose(found.total, found.pnl.sum(), rtol=1e-13)


def test_volatility_moves_by_the_tenor_a_leg_has_before_the_stress() -> None:
    tenors = (VolMove(7.0, 1.0, 0.0), VolMove(30.0, 0.5, 0.0), VolMove(inf, 0.0, 0.01))
    legs = book(*(leg("call", 24_600.0, time=days / 365) for days in (0, 7, 7.5, 29.9, 31, 365)))
    moved = Stress("s", "S", 0.0, tenors, 10.0, "test", "").volatility(legs)
    assert_allclose(moved, [0.28, 0.28, 0.21, 0.21, 0.15, 0.15], rtol=1e-14)


def test_volatility_is_never_negative_and_unknown_stays_unknown() -> None:
    legs = book(leg("call", 24_600.0), leg("call", 24_600.0, volatility=nan))
    moved = stress(points=-0.2).volatility(legs)
    assert moved[0] == 0.0
    assert isnan(moved[1])


def test_an_unknown_leg_makes_the_total_unknown_unless_nothing_of_it_is_held() -> None:
    legs = book(leg("call", 24_600.0, volatility=nan), leg("future"))
    found = apply(legs, stress(-0.1))
    assert isnan(found.pnl[0])
    assert isnan(found.total)
    assert np.isfinite(apply(legs.held(np.array([0.0, 75.0])), stress(-0.1)).total)


@given(st.permutations(range(5)))
def test_the_order_of_the_legs_changes_nothing(order: list[int]) -> None:
    assert apply(mixed().take(order), stress(-0.1, 0.3)).total == apply(mixed(), stress(-0.1, 0.3)).total


def test_the_shipped_stresses_hurt_a_short_strangle_and_the_crush_feeds_it(repository: Path) -> None:
    strangle = book(leg("call", 25_500.0, -75.0), leg("put", 23_700.0, -75.0))
    pnl = {name: apply(strangle, each).total for name, each in shipped(repository).items()}
    falls = ("gap_down_10", "2008-10-24", "2020-03-23", "2024-06-04", "2024-06-04-low")
    assert all(pnl[name] < -30_000 for name in (*falls, "gap_up_10"))
    assert pnl["vol_crush"] > 0
    assert pnl["2024-06-04-low"] < pnl["2024-06-04"]


def test_every_shipped_stress_says_where_it_comes_from_and_what_is_not_verified(repository: Path) -> None:
    found = shipped(repository)
    assert {"gap_down_10", "gap_up_10", "2008-10-24", "2020-03-23", "2024-06-04", "2024-06-05", "vol_crush"} <= set(
        found
    )
    assert all(each.source and each.label and abs(each.spot) < 0.2 for each in found.values())
    assert "unverified" in found["2008-10-24"].note
    assert [move.up_to_days for move in found["gap_down_10"].vols] == [7.0, 30.0, 90.0, inf]


def test_the_shipped_closes_give_the_moves_that_the_rows_hold(repository: Path) -> None:
    found = shipped(repository)
    for name, before, after in [
        ("2008-10-24", 2_943.15, 2_584.00), ("2020-03-23", 8_745.45, 7_610.25), ("2024-06-04", 23_263.90, 21_884.50),
        ("2024-06-04-low", 23_263.90, 21_281.45), ("2024-06-05", 21_884.50, 22_620.35),
    ]:  # fmt: skip
        assert found[name].spot == pytest.approx(after / before - 1, abs=1e-6)


def test_the_volatility_moves_of_2024_are_those_of_the_exchange_s_export(repository: Path, shared_data: Path) -> None:
    found = shipped(repository)
    with (shared_data / "eod" / "india_vix_nse_export_2024-05_2025-05.csv").open(encoding="utf-8-sig") as file:
        days = {row["Date "]: row for row in csv.DictReader(file)}
    for name, day, column in [
        ("2024-06-04", "04-JUN-2024", "Close "), ("2024-06-04-low", "04-JUN-2024", "High "),
        ("2024-06-05", "05-JUN-2024", "Close "), ("vol_crush", "05-JUN-2024", "Close "),
    ]:  # fmt: skip
        change = float(days[day][column]) / float(days[day]["Prev. Close "]) - 1
        assert found[name].vols[-1].relative == pytest.approx(change, abs=1e-6)


def test_rows_of_one_name_are_the_tenors_of_one_stress() -> None:
    rows = [ROW | {"up_to_days": "7"}, ROW | {"vol_relative": "0.2", "vol_points": "0"}]
    (found,) = parse_stresses(rows)
    assert found == Stress("gap", "Gap", -0.1, (VolMove(7.0, 0.5, 0.02), VolMove(inf, 0.2, 0.0)), 1.0, "assumed", "")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([ROW | {"more": "1"}], "columns"),
        ([{name: ROW[name] for name in COLUMNS[:-1]}], "columns"),
        ([ROW | {"note": None}], "columns"),
        ([ROW | {"source": " "}], "source is empty"),
        ([ROW | {"name": ""}], "name is empty"),
        ([ROW | {"spot": "ten"}], "spot must be a number, not 'ten'"),
        ([ROW | {"spot": "nan"}], "spot must be a number"),
        ([ROW | {"days": "inf"}], "days must be a number"),
        ([ROW | {"spot": "-1"}], "loses less than all"),
        ([ROW | {"vol_relative": "-1.1"}], "at most all"),
        ([ROW | {"days": "-1"}], "do not run back"),
        ([ROW | {"up_to_days": "7"}], "empty in the last"),
        ([ROW | {"up_to_days": "30"}, ROW | {"up_to_days": "7"}, ROW], "must rise"),
        ([ROW, ROW], "must rise"),
        ([ROW | {"up_to_days": "7", "spot": "-0.2"}, ROW], "differ"),
        ([ROW | {"up_to_days": "7"}, ROW | {"name": "other"}, ROW], "line 4: the rows of gap are apart"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_used_is_refused_with_the_reason(rows: list[dict[str, str]], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_stresses(rows)
