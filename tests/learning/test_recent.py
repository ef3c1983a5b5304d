"""The newest bars of a symbol, as many sessions as features look back."""

from __future__ import annotations

import numpy as np

from sidecar.features.matrix import WARM_SESSIONS
from sidecar.learning.bar_file import bars_of, columns_of
from sidecar.learning.recent import Recent
from tests.learning.market import market

COLUMNS = market(5, WARM_SESSIONS + 4, minutes=10).columns


def test_only_the_sessions_that_features_look_back_on_are_kept() -> None:
    recent = Recent(COLUMNS)
    assert recent.sessions == WARM_SESSIONS
    assert recent.closes_at == COLUMNS["closes_at"][-1]
    assert len(recent.columns["at"]) == 10 * WARM_SESSIONS


def test_bars_that_are_appended_are_the_columns_that_a_restart_would_read() -> None:
    bars = bars_of(COLUMNS)
    recent = Recent(columns_of(bars[:150]))
    assert all(recent.append(bar) for bar in bars[150:])
    newest = COLUMNS["session"] >= np.unique(COLUMNS["session"])[-WARM_SESSIONS - 1]
    for name, column in recent.columns.items():
        assert column.dtype == COLUMNS[name].dtype
        assert np.array_equal(column, COLUMNS[name][newest], equal_nan=column.dtype == np.float64)


def test_a_bar_that_is_there_already_is_not_taken_again() -> None:
    bars = bars_of(COLUMNS)
    recent = Recent(columns_of(bars[:20]))
    assert not recent.append(bars[19])
    assert not recent.append(bars[3])
    assert len(recent.columns["at"]) == 20


def test_without_a_past_it_begins_with_the_first_bar() -> None:
    recent = Recent(columns_of([]))
    assert (recent.sessions, recent.closes_at) == (0, 0)
    assert recent.append(bars_of(COLUMNS)[0])
    assert recent.sessions == 1
