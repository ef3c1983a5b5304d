from __future__ import annotations

from datetime import date
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.backtest.bars import honest
from sidecar.backtest.frame import of_frame
from sidecar.domain.bars import Bar
from sidecar.domain.clock import MINUTE, iso
from sidecar.domain.errors import InputError
from sidecar.learning.bar_file import bars_of, columns_of
from sidecar.reference import load_reference
from sidecar.tariff import round_trip

REFERENCE = load_reference()
NSE = REFERENCE.calendar("NSE")
TIMES = pd.date_range("2024-01-01 09:15", periods=4, freq="min", tz="Asia/Kolkata")
PRICES = {
    "Open": [10.0, 11, 12, 11],
    "High": [12.0, 13, 14, 12],
    "LOW": [9.0, 10, 11, 10],
    "close ": [11.0, 12, 11, 12],
}
FRAME = pd.DataFrame(PRICES, index=TIMES)


def columns(frame: Any, zone: str | None = None) -> dict[str, Any]:
    return of_frame(frame, "NIFTY", NSE, REFERENCE, zone)


def refused(frame: Any, zone: str | None = None) -> InputError:
    with pytest.raises(InputError) as problem:
        columns(frame, zone)
    assert "\n" not in str(problem.value)
    return problem.value


def test_a_frame_becomes_whole_bars_in_their_session() -> None:
    first, *_, last = bars_of(columns(FRAME))
    assert iso(first.at) == "2024-01-01T03:45:00+00:00"
    assert (first.open, first.high, first.low, first.close) == (10.0, 12.0, 9.0, 11.0)
    assert first.closes_at == first.known_at == first.at + MINUTE
    assert (first.minute, last.minute, first.minutes, first.simulated) == (0.0, 3.0, 375.0, False)
    assert first.session == date(2024, 1, 1).toordinal()
    assert first.cost == round_trip(REFERENCE, "NIFTY", date(2024, 1, 1), 11.0)
    assert isnan(first.volume)
    assert isnan(first.vix)
    kinds = {name: values.dtype for name, values in columns_of([first]).items()}
    assert {name: values.dtype for name, values in columns(FRAME).items()} == kinds


FORMS: dict[str, pd.Index[Any]] = {
    "utc": TIMES.tz_convert("UTC"),
    "texts": pd.Index([time.isoformat() for time in TIMES]),
    "naive": TIMES.tz_localize(None),
    "naive texts": pd.Index([str(time.tz_localize(None)) for time in TIMES]),
    "datetimes": pd.Index(list(TIMES.to_pydatetime()), dtype=object),
    "microseconds": pd.Index(TIMES.as_unit("us").astype("int64")),
}


@pytest.mark.parametrize("form", FORMS)
@given(order=st.permutations(range(4)))
def test_every_form_of_index_in_any_order_is_the_same_bars_or_refused(form: str, order: list[int]) -> None:
    frame = FRAME.set_axis(FORMS[form]).iloc[order]
    if form.startswith("naive"):
        assert refused(frame).field == "index"
    kept, notes = honest(columns(frame, "Asia/Kolkata"), NSE)
    assert repr(bars_of(kept)) == repr(bars_of(columns(FRAME)))
    kinds = {note.kind for note in notes}
    assert kinds <= {"out of order", "session cut short"}
    assert ("out of order" in kinds) == (order != sorted(order))


def test_rows_outside_the_hours_of_trading_stand_until_they_are_sifted() -> None:
    night = FRAME.set_axis(TIMES[:3].append(TIMES[3:] + pd.Timedelta(hours=12)))
    made = columns(night)
    assert isnan(made["minute"][3])
    assert isnan(made["cost"][3])
    assert len(honest(made, NSE)[0]["at"]) == 3


def test_bars_are_as_long_as_most_of_them_are_apart_and_end_with_their_session() -> None:
    every = pd.date_range("2024-01-01 09:15", "2024-01-01 15:29", freq="7min", tz="Asia/Kolkata")
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), 10.0), index=every)
    stray = frame.set_axis([*every[:-3], every[-3] + pd.Timedelta(minutes=1), *every[-2:]])
    made = columns(stray)
    assert made["closes_at"][0] - made["at"][0] == 7 * MINUTE
    assert made["closes_at"][-1] == NSE.sessions_between(date(2024, 1, 1), date(2024, 1, 1))[0].close_at
    assert made["minutes"][0] == -(-375 // 7)


@pytest.mark.parametrize(
    ("frame", "field", "words"),
    [
        ([1, 2], "frame", "it is a list; give a pandas DataFrame"),
        (FRAME.drop(columns="Open"), "open", "there is no such column"),
        (FRAME.iloc[:0], "frame", "it has no row"),
        (FRAME.reset_index(drop=True), "index", "0 to 3 is no time since 1970"),
        (FRAME.assign(Open="ten"), "open", "not numbers"),
        (FRAME.assign(Open=1j), "open", "not numbers"),
        (FRAME.assign(OPEN=1.0), "open", "2 columns have that name"),
        (FRAME.assign(volume=pd.Series([{}, 1, 2, 3], TIMES, dtype=object)), "volume", "not numbers"),
        (None, "frame", "it is a NoneType"),
    ],
)
def test_a_frame_that_cannot_be_bars_is_refused_by_what_is_wrong(frame: Any, field: str, words: str) -> None:
    problem = refused(frame)
    assert problem.field == field
    assert words in str(problem)


def test_unknown_numbers_of_any_kind_are_unknown_and_sifted() -> None:
    frame = FRAME.astype({"Open": "Float64"}).assign(volume=pd.array([1, None, 3, 4], dtype="Int64"))
    frame.iloc[2, 0] = pd.NA
    made = columns(frame)
    assert np.isnan(made["open"]).tolist() == [False, False, True, False]
    assert np.isnan(made["volume"]).tolist() == [False, True, False, False]
    assert {note.kind: note.count for note in honest(made, NSE)[1]}["impossible"] == 1


def test_every_field_of_a_bar_is_there() -> None:
    assert tuple(columns(FRAME)) == Bar.__struct_fields__
