"""The sessions of a run of bars."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from sidecar.backtest.sessions import schedules, sessions_of, told_apart
from sidecar.domain.errors import InputError, NotKnown
from tests.backtest.tapes import REFERENCE

DAYS = [float(date(2026, 3, 30).toordinal() + each) for each in (0, 0, 0, 2, 2)]


def columns(**more: Any) -> dict[str, Any]:
    return {"at": np.arange(5), "closes_at": np.arange(1, 6), "session": np.array(DAYS)} | more


def test_bars_are_parted_by_their_days() -> None:
    found = sessions_of(columns())
    assert found.days == (date(2026, 3, 30), date(2026, 4, 1))
    assert found.starts.tolist() == [0, 3]
    assert found.ends.tolist() == [3, 5]
    assert found.spread([7, 9], np.int32).tolist() == [7, 7, 7, 9, 9]


def test_a_schedule_stands_once_however_many_days_have_it() -> None:
    fees, place = schedules(REFERENCE, "NSE", "future", [date(2026, 3, 30), date(2026, 3, 31), date(2026, 4, 1)])
    assert place == [0, 0, 1]
    assert [str(each.stt_sell) for each in fees] == ["0.0002", "0.0005"]
    with pytest.raises(NotKnown):
        schedules(REFERENCE, "NSE", "future", [date(2001, 1, 1)])
    assert told_apart("abca") == (("a", "b", "c"), [0, 1, 2, 0])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({name: np.array([]) for name in ("at", "closes_at", "session")}, "bars"),
        ({"at": np.array([0, 1, 1, 3, 4])}, "at"),
        ({"closes_at": np.arange(5)}, "at"),
        ({"session": np.array([*DAYS[:4], np.nan])}, "session"),
        ({"session": np.array(DAYS[::-1])}, "session"),
    ],
)
def test_bars_that_have_no_order_are_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as problem:
        sessions_of(columns(**change))
    assert problem.value.field == field
