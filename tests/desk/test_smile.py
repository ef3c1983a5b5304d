from __future__ import annotations

from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.desk.board import Board, Group
from sidecar.desk.smile import Smile, beside, forward, smile, spread
from sidecar.domain.analytics import VolQuality
from sidecar.domain.contracts import Right
from sidecar.domain.events import Quote
from sidecar.pricing.daycount import years
from tests.desk.world import CALL, INDEX, OPEN, OPTIONS, SPOT, STRIKES, chain, option

TIME = years(OPEN, CALL.expires_at or 0)
NONE = np.full(len(OPTIONS), np.nan)


def board(*quotes: Quote) -> tuple[Board, np.ndarray, Group]:
    """A board that holds these quotes, their marks (the middle, else the last trade), and the chain."""
    held = Board()
    held.list_contracts((INDEX, *OPTIONS))
    for each in quotes:
        held.put(each)
    held.refresh()
    bid, ask, last = (held.column(name) for name in ("bid", "ask", "last"))
    mark = np.where(np.isnan(bid + ask), last, 0.5 * (bid + ask))
    return held, mark, held.groups[0]


def options(**changes: float) -> list[Quote]:
    return [replace(each, **changes) for each in chain(OPEN) if each.symbol not in ("NIFTY", "INDIAVIX")]


def of(strike: float) -> int:
    return STRIKES.index(strike)


def test_two_sided_quotes_give_the_forward_and_marks_do_where_there_are_none() -> None:
    quoted = forward(*board(*options()), SPOT, 1.0)
    assert quoted.forward == pytest.approx(SPOT, abs=0.1)
    traded = forward(*board(*options(bid=nan, ask=nan)), SPOT, 1.0)
    assert traded.forward == pytest.approx(SPOT, abs=0.2)
    assert traded.n_used == 6, "the strikes nearest the money"
    assert np.isnan(forward(*board(), SPOT, 1.0).forward)
    assert np.isnan(forward(*board(*options(bid=nan, ask=nan)), nan, 1.0).forward)


def test_one_pair_of_options_gives_no_forward() -> None:
    pair = [each for each in options() if "-24700-" in each.symbol]
    assert np.isnan(forward(*board(*pair), SPOT, 1.0).forward)


def test_each_strike_has_the_volatility_of_its_out_of_the_money_option() -> None:
    held, mark, group = board(*options())
    mark[group.puts[group.strikes >= SPOT]] = 900.0  # nobody reads the side that is in the money
    mark[group.calls[group.strikes < SPOT]] = 900.0
    found = smile(held, mark, group, SPOT, TIME, 1.0)
    np.testing.assert_allclose(found.volatility, 0.15, atol=0.003)
    assert (found.quality == VolQuality.QUOTED).all()


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_one_side_alone_is_no_quote(side: str) -> None:
    found = smile(*board(*options(**{side: nan})), SPOT, TIME, 1.0)
    assert (found.quality[np.isfinite(found.volatility)] == VolQuality.TRADED).all()
    assert np.isfinite(found.volatility).sum() >= len(STRIKES) - 2


def test_a_strike_whose_own_side_says_nothing_takes_the_other_and_is_graded_down() -> None:
    quotes = [each for each in options() if each.symbol != option(24_900.0, Right.CALL).id]
    found = smile(*board(*quotes), SPOT, TIME, 1.0)
    assert found.volatility[of(24_900.0)] == pytest.approx(0.15, abs=0.01)
    assert found.quality[of(24_900.0)] == VolQuality.TRADED
    assert found.quality[of(24_800.0)] == VolQuality.QUOTED


def test_no_price_and_a_price_below_intrinsic_give_no_volatility() -> None:
    held, mark, group = board(*options())
    for column in (group.calls, group.puts):
        mark[column[of(24_900.0)]] = nan
    mark[group.calls[of(24_300.0)]], mark[group.puts[of(24_300.0)]] = 1.0, nan
    found = smile(held, mark, group, SPOT, TIME, 1.0)
    for strike in (24_900.0, 24_300.0):
        assert np.isnan(found.volatility[of(strike)])
        assert found.quality[of(strike)] == VolQuality.MISSING


def test_an_unknown_forward_gives_no_volatility() -> None:
    found = smile(*board(*options()), nan, TIME, 1.0)
    assert np.isnan(found.volatility).all()
    assert (found.quality == VolQuality.MISSING).all()


def written(volatility: list[float], quality: list[VolQuality], fitted: np.ndarray = NONE) -> tuple[np.ndarray, ...]:
    """What `spread` writes for each strike's call, and for its put."""
    held, _, group = board()
    iv, grade = np.zeros(len(held.universe)), np.full(len(held.universe), 99, dtype=np.int8)
    spread(iv, grade, held, group, Smile(np.array(volatility), np.array(quality, dtype=np.int8)), fitted)
    assert (iv[0], grade[0]) == (0.0, 99), "the index is no option"
    np.testing.assert_array_equal(iv[group.calls], iv[group.puts])
    np.testing.assert_array_equal(grade[group.calls], grade[group.puts])
    return iv[group.calls], grade[group.calls]


GAP = [0.2, 0.2, 0.2, 0.2, nan, 0.2, 0.2, 0.2, 0.2]
QUOTED = [VolQuality.MISSING if np.isnan(each) else VolQuality.QUOTED for each in GAP]


def test_without_a_fit_a_gap_is_joined_and_said_to_be() -> None:
    line = [0.2, 0.2, 0.2, 0.2, nan, 0.3, 0.3, 0.3, 0.3]
    iv, quality = written(line, QUOTED)
    assert 0.24 < iv[4] < 0.26
    assert quality[4] == VolQuality.INTERPOLATED
    assert (np.delete(quality, 4) == VolQuality.QUOTED).all()


def test_with_a_fit_a_gap_is_as_far_off_it_as_the_quotes_beside_it() -> None:
    iv, quality = written(GAP, QUOTED, np.full(len(OPTIONS), 0.17))
    assert iv[4] == pytest.approx(0.2)
    assert quality[4] == VolQuality.FITTED
    assert (np.delete(quality, 4) == VolQuality.QUOTED).all()


def test_a_trade_does_not_move_the_gap_beside_it_off_the_fit() -> None:
    traded = [VolQuality.MISSING if np.isnan(each) else VolQuality.TRADED for each in GAP]
    iv, quality = written(GAP, traded, np.full(len(OPTIONS), 0.17))
    assert iv[4] == 0.17
    assert quality[4] == VolQuality.FITTED


def test_where_neither_quote_nor_fit_says_anything_the_volatility_is_missing() -> None:
    iv, quality = written([nan] * len(STRIKES), [VolQuality.MISSING] * len(STRIKES))
    assert np.isnan(iv).all()
    assert (quality == VolQuality.MISSING).all()


def test_a_strike_that_is_listed_with_one_right_only_reads_the_smile() -> None:
    held = Board()
    alone = option(24_750.0, Right.CALL)
    held.list_contracts((INDEX, *OPTIONS, alone))
    group = held.groups[0]
    iv, quality = np.zeros(len(held.universe)), np.zeros(len(held.universe), dtype=np.int8)
    flat = Smile(np.full(len(STRIKES), 0.2), np.full(len(STRIKES), VolQuality.QUOTED, dtype=np.int8))
    spread(iv, quality, held, group, flat, np.full(group.rows.size, 0.17))
    row = held.universe.rows[alone.id]
    assert iv[row] == pytest.approx(0.2)
    assert quality[row] == VolQuality.FITTED


def test_beside_a_quote_the_fit_is_moved_and_never_to_zero_or_below() -> None:
    strikes, fitted = np.array([90.0, 100.0, 110.0, 120.0]), np.array([0.2, 0.2, 0.2, nan])
    near = beside(strikes, fitted, np.array([110.0, 90.0]), np.array([0.02, 0.04]))
    np.testing.assert_allclose(near[[0, 2]], [0.24, 0.22])
    assert 0.22 < near[1] < 0.24
    assert np.isnan(near[3])
    np.testing.assert_array_equal(beside(strikes, fitted, np.array([100.0]), np.array([-0.2])), fitted)
    np.testing.assert_array_equal(beside(strikes, fitted, np.zeros(0), np.zeros(0)), fitted)


@given(
    st.lists(st.floats(0.01, 3.0), min_size=3, max_size=8),
    st.lists(st.floats(-3.0, 3.0), min_size=8, max_size=8),
)
def test_at_a_quote_the_corrected_fit_is_the_quote(fitted: list[float], off: list[float]) -> None:
    strikes, model = np.linspace(100.0, 120.0, len(fitted)), np.array(fitted)
    moved = np.array(off[: len(fitted)])
    near = beside(strikes, model, strikes, moved)
    assert np.all(near > 0)
    np.testing.assert_allclose(near, np.where(model + moved > 0, model + moved, model), atol=1e-12)
