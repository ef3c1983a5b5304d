from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.domain.errors import InputError, NotTrainable
from sidecar.learning.quality import checked
from tests.learning.market import MINUTES, Columns, market

BARS = market(1, 4).columns


def taken(columns: Columns, rows: NDArray[Any]) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def test_whole_bars_in_order_pass_as_they_are() -> None:
    columns, quality, whole = checked(BARS)

    assert (quality.bars, quality.twins, quality.moved, quality.sessions, quality.broken) == (1500, 0, 0, 4, 0)
    assert whole.all()
    assert np.array_equal(columns["at"], BARS["at"])


def test_bars_out_of_order_are_put_in_order_and_counted() -> None:
    rows = np.arange(1500)
    rows[[700, 701]] = rows[[701, 700]]

    columns, quality, _ = checked(taken(BARS, rows))

    assert quality.moved == 1
    assert np.array_equal(columns["close"], BARS["close"])


def test_a_bar_that_stands_twice_with_the_same_numbers_counts_once() -> None:
    columns, quality, _ = checked(taken(BARS, np.r_[np.arange(1500), 3, 1499]))

    assert (quality.bars, quality.twins) == (1500, 2)
    assert np.array_equal(columns["at"], BARS["at"])


def test_a_minute_with_two_different_prices_is_refused() -> None:
    doubled = taken(BARS, np.r_[np.arange(1500), 3])
    doubled["close"][1500] = (doubled["high"][1500] + doubled["low"][1500]) / 2

    with pytest.raises(NotTrainable, match="1 minutes stand twice with different numbers, first close at"):
        checked(doubled)


def test_a_session_with_holes_is_left_out_and_its_bars_stay() -> None:
    columns, quality, whole = checked(taken(BARS, np.delete(np.arange(1500), np.arange(400, 410))))

    assert quality.broken == 1
    assert len(columns["at"]) == 1490
    assert np.unique(columns["session"][~whole]).tolist() == [BARS["session"][MINUTES]]


def test_more_holes_than_sessions_can_bear_are_refused() -> None:
    keep = np.delete(np.arange(1500), np.r_[10:30, 400:420])

    with pytest.raises(NotTrainable, match="2 of 4 sessions lack more than 2% of their bars"):
        checked(taken(BARS, keep))


@pytest.mark.parametrize(
    ("name", "value"),
    [("low", 0.0), ("close", np.nan), ("high", 1.0), ("open", np.inf), ("minutes", np.nan), ("known_at", 0)],
)
def test_a_bar_that_cannot_be_is_refused_with_its_time(name: str, value: float) -> None:
    broken = {key: values.copy() for key, values in BARS.items()}
    broken[name][7] = value

    with pytest.raises(NotTrainable, match=rf"1 cannot be: .*first at {BARS['at'][7]}"):
        checked(broken)


def test_no_bars_and_missing_columns_are_refused_as_input() -> None:
    with pytest.raises(InputError, match="there are none"):
        checked(taken(BARS, np.arange(0)))
    with pytest.raises(InputError, match="no column vix"):
        checked({name: values for name, values in BARS.items() if name != "vix"})
    with pytest.raises(InputError, match="different lengths"):
        checked({**BARS, "vix": BARS["vix"][:9]})
