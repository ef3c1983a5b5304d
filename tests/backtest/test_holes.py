from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sidecar.backtest.holes import holes
from sidecar.domain.backtest_result import DataNote
from sidecar.domain.clock import MINUTE
from sidecar.reference import load_reference

NSE = load_reference().calendar("NSE")
#: Monday to Wednesday, 375 minutes each.
SESSIONS = NSE.sessions_between(date(2025, 1, 6), date(2025, 1, 8))
AT = np.concatenate([np.arange(session.open_at, session.close_at, MINUTE) for session in SESSIONS])


def found(at: NDArray[np.int64], length: int = MINUTE) -> dict[str, DataNote]:
    return {note.kind: note for note in holes({"at": at, "closes_at": at + length}, NSE)}


def test_whole_sessions_have_none() -> None:
    assert found(AT) == found(AT[::5], 5 * MINUTE) == found(AT[:0]) == {}


def test_what_is_missing_is_counted_by_its_kind_with_its_place() -> None:
    first = np.arange(375)
    holed = np.delete(np.delete(first[10:], slice(100, 107)), slice(200, 202))
    notes = found(AT[np.concatenate([holed, 750 + first[:300]])])
    assert {kind: note.count for kind, note in notes.items()} == {
        "session missing": 1, "session cut short": 2, "gap": 9,
    }  # fmt: skip
    assert notes["session missing"].detail == "trading days without a bar: 2025-01-07"
    assert notes["session cut short"].detail == (
        "sessions that begin late or end early, 85 minutes in all: 2025-01-06, 2025-01-08"
    )
    assert notes["gap"].detail == (
        "minutes missing inside sessions: 2 holes split 1 of them, the longest 7 from 2025-01-06T11:05+05:30"
    )


def test_the_break_of_a_session_is_no_hole() -> None:
    session = next(each for each in NSE.sessions if len(each.intervals) == 2)
    at = np.concatenate([np.arange(opens, closes, MINUTE) for opens, closes in session.intervals])
    assert found(at) == {}
    assert found(np.delete(at, [0, 3]))["gap"].count == 1


def test_many_missing_days_are_named_by_the_first_of_them() -> None:
    sessions = NSE.sessions_between(date(2025, 1, 6), date(2025, 1, 31))
    at = np.concatenate([np.arange(each.open_at, each.close_at, MINUTE) for each in (sessions[0], sessions[-1])])
    note = found(at)["session missing"]
    assert note.count == len(sessions) - 2
    assert note.detail.endswith(f"2025-01-13 and {len(sessions) - 7} more")


@given(st.sets(st.integers(1, len(AT) - 2), max_size=1_000))
def test_every_missing_minute_is_told_once(missing: set[int]) -> None:
    notes = found(np.delete(AT, sorted(missing)))
    told = notes["gap"].count if "gap" in notes else 0
    if "session cut short" in notes:
        told += int(notes["session cut short"].detail.split(", ")[1].split()[0])
    whole = 375 * notes["session missing"].count if "session missing" in notes else 0
    assert told + whole == len(missing)
