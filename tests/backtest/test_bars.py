from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.backtest.bars import Columns, honest
from sidecar.backtest.frame import PRICES, Exchange, placed
from sidecar.domain.backtest_result import DataNote
from sidecar.domain.clock import DAY, MINUTE
from sidecar.domain.errors import InputError
from sidecar.reference import load_reference

REFERENCE = load_reference()
NSE = REFERENCE.calendar("NSE")
#: Monday to Wednesday, 375 minutes each.
SESSIONS = NSE.sessions_between(date(2025, 1, 6), date(2025, 1, 8))
AT = np.concatenate([np.arange(session.open_at, session.close_at, MINUTE) for session in SESSIONS])


def bars(at: np.ndarray = AT, close: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Bars whose close tells their minute."""
    level = 20_000 + (at // MINUTE % 1_000) / 100 if close is None else close
    prices = {name: level + away for name, away in zip(PRICES, (0.0, 1.0, -1.0, 0.0), strict=True)}
    return placed(at, {**prices, "volume": np.full(len(at), np.nan)}, Exchange("NIFTY", "made", NSE, REFERENCE))


WHOLE = bars()


def found(columns: Columns) -> tuple[dict[str, np.ndarray], dict[str, DataNote]]:
    kept, notes = honest(columns, NSE)
    assert len({note.kind for note in notes}) == len(notes)
    return kept, {note.kind: note for note in notes}


def taken(rows: np.ndarray | list[int]) -> dict[str, np.ndarray]:
    return {name: values[rows] for name, values in WHOLE.items()}


def same(one: Columns, two: Columns) -> bool:
    return all(np.array_equal(one[name], two[name], equal_nan=one[name].dtype.kind == "f") for name in one)


def test_whole_sessions_have_nothing_to_be_said_of_them() -> None:
    kept, notes = found(WHOLE)
    assert notes == {}
    assert same(kept, WHOLE)
    assert len(AT) == 3 * 375


@given(st.permutations(range(40)))
def test_bars_out_of_order_are_sorted_and_said(order: list[int]) -> None:
    kept, notes = found(taken(order))
    assert same(kept, taken(list(range(40))))
    back = sum(two < one for one, two in pairwise(order))
    assert ("out of order" in notes) == (back > 0)
    assert not back or notes["out of order"].count == back


def test_of_bars_of_one_minute_the_first_stands() -> None:
    twice = {name: np.concatenate([values, values[5:8]]) for name, values in WHOLE.items()}
    twice["close"][-3:] = 20_000.5
    kept, notes = found(twice)
    assert same(kept, WHOLE)
    assert notes["repeated"].count == 3
    assert "first at 2025-01-06T09:20+05:30" in notes["repeated"].detail


def test_bars_outside_the_hours_of_trading_are_left_out_and_counted() -> None:
    beside = np.concatenate([AT[:1] - 15 * MINUTE, AT, AT[-1:] + 30 * MINUTE, AT[-1:] + 400 * 365 * DAY])
    kept, notes = found(bars(beside))
    assert np.array_equal(kept["at"], AT)
    assert notes["outside hours"].count == 3


@pytest.mark.parametrize("price", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("name", PRICES)
def test_a_price_that_cannot_be_is_left_out_and_leaves_a_hole(name: str, price: float) -> None:
    wrong = {each: np.array(values) for each, values in WHOLE.items()}
    wrong[name][100] = price
    kept, notes = found(wrong)
    assert len(kept["at"]) == len(AT) - 1
    assert notes["impossible"].count == 1
    assert notes["gap"] == DataNote(
        "gap", 1, "minutes missing inside sessions: 1 holes split 1 of them, the longest 1 from 2025-01-06T10:55+05:30"
    )


def test_a_high_below_the_low_is_left_out_and_a_close_outside_of_both_is_said() -> None:
    wrong = {each: np.array(values) for each, values in WHOLE.items()}
    wrong["high"][3], wrong["low"][3] = wrong["low"][3], wrong["high"][3]
    wrong["close"][9] += 1.5
    wrong["open"][20] -= 300.0
    kept, notes = found(wrong)
    assert notes["impossible"].count == 1
    assert notes["inconsistent"].count == 2
    assert notes["inconsistent"].detail.endswith("by 1.52% at most, 2025-01-06T09:35+05:30")
    assert kept["close"][8] == wrong["close"][9]


def test_a_bar_that_begins_before_the_last_has_ended_is_left_out() -> None:
    between = taken([0, 1, 2])
    between["at"] = between["at"] + np.array([0, 0, -MINUTE // 2])
    kept, notes = found(between)
    assert len(kept["at"]) == 2
    assert notes["overlapping"].count == 1


def test_prices_that_are_numbers_and_no_more_are_said_and_break_nothing() -> None:
    wild = {each: np.array(values) for each, values in WHOLE.items()}
    for name in PRICES:
        wild[name][5], wild[name][6] = 1e-300, 1e300
    wild["open"][8] = 1e-300
    _, notes = found(wild)
    assert notes["jump"].count == 3
    assert notes["inconsistent"].count == 1


def test_a_jump_of_more_than_a_fifth_is_said_and_left() -> None:
    close = np.full(len(AT), 20_000.0)
    close[375:] = 10_000.0
    close[800:] = 11_900.0
    kept, notes = found(bars(close=close))
    assert len(kept["at"]) == len(AT)
    assert notes["jump"] == DataNote(
        "jump", 1, "moves of over 20% between two closes, up to -50% at 2025-01-07T09:15+05:30"
    )


def test_bars_of_which_none_can_be_used_are_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match="none of them can be used: 5 outside hours") as refused:
        honest(bars(AT[:5] - 60 * MINUTE), NSE)
    assert refused.value.field == "bars"
    with pytest.raises(InputError, match="there are none"):
        honest(taken([]), NSE)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=30), st.lists(st.floats(), min_size=4, max_size=4))
def test_what_comes_out_is_in_order_once_and_clean_whatever_went_in(rows: list[int], prices: list[float]) -> None:
    wild = taken(rows)
    for name, price in zip(PRICES, prices, strict=True):
        wild[name] = np.r_[price, wild[name][1:]]
    try:
        kept, notes = honest(wild, NSE)
    except InputError:
        return
    assert np.all(np.diff(kept["at"]) > 0)
    assert honest(kept, NSE)[0].keys() == kept.keys()
    left_out = sum(note.count for note in notes if note.kind in {"repeated", "impossible", "overlapping"})
    assert len(kept["at"]) + left_out == len(rows)
