from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.backtest.stamps import epochs, instants
from sidecar.domain.errors import InputError

#: 2024-01-01 09:15 and 09:16 in Mumbai.
AT = [1_704_080_700_000_000, 1_704_080_760_000_000]
TIMES = pd.DatetimeIndex(["2024-01-01 09:15", "2024-01-01 09:16"])
KOLKATA = "Asia/Kolkata"

AWARE: dict[str, pd.Index[Any]] = {
    "the exchange's zone": TIMES.tz_localize(KOLKATA),
    "UTC": TIMES.tz_localize(KOLKATA).tz_convert("UTC"),
    "a fixed offset": TIMES.tz_localize(timezone(timedelta(hours=5, minutes=30))),
    "whole seconds": TIMES.tz_localize(KOLKATA).as_unit("s"),
    "texts with an offset": pd.Index(["2024-01-01T09:15:00+05:30", "2024-01-01 09:16+05:30"]),
    "texts in UTC": pd.Index(["2024-01-01T03:45:00Z", "2024-01-01T03:46:00.000Z"]),
    "texts of two offsets": pd.Index(["2024-01-01T03:45:00+00:00", "2024-01-01T09:16:00+05:30"]),
    "texts as categories": pd.CategoricalIndex(["2024-01-01T03:45:00Z", "2024-01-01T03:46:00Z"]),
    "datetimes": pd.Index([datetime(2024, 1, 1, 3, 45 + k, tzinfo=UTC) for k in (0, 1)], dtype=object),
    "datetimes of two zones": pd.Index(
        [datetime(2024, 1, 1, 3, 45, tzinfo=UTC), datetime(2024, 1, 1, 9, 16, tzinfo=ZoneInfo(KOLKATA))], dtype=object
    ),
    "seconds": pd.Index([at // 10**6 for at in AT]),
    "seconds as floats": pd.Index([at / 10**6 for at in AT]),
    "milliseconds": pd.Index([at // 10**3 for at in AT]),
    "microseconds": pd.Index(AT),
    "nanoseconds": pd.Index([at * 10**3 for at in AT]),
    "unsigned": pd.Index([at * 10**3 for at in AT], dtype="uint64"),
}
NAIVE: dict[str, pd.Index[Any]] = {
    "times": TIMES,
    "texts": pd.Index(["2024-01-01 09:15", "2024-01-01T09:16:00"]),
    "a day and a time": pd.Index(["20240101 09:15", "20240101 09:16"]),
    "datetimes": pd.Index([datetime(2024, 1, 1, 9, 15 + k) for k in (0, 1)], dtype=object),  # noqa: DTZ001
}


@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("form", AWARE)
def test_every_form_that_says_its_zone_is_the_same_instant(form: str, zone: str | None) -> None:
    assert instants(AWARE[form], "index", zone).tolist() == AT


@pytest.mark.parametrize("form", NAIVE)
def test_a_time_without_a_zone_is_refused_unless_one_is_named(form: str) -> None:
    with pytest.raises(InputError, match="has no time zone; give times with an offset") as refused:
        instants(NAIVE[form], "index")
    assert refused.value.field == "index"
    assert instants(NAIVE[form], "index", KOLKATA).tolist() == AT


@pytest.mark.parametrize("form", [*AWARE, *NAIVE])
def test_their_order_is_left_as_it_is(form: str) -> None:
    stamps = {**AWARE, **{name: stamps for name, stamps in NAIVE.items() if name not in AWARE}}[form]
    assert instants(stamps[::-1], "index", KOLKATA).tolist() == AT[::-1]


NO_TIMES: dict[str, tuple[pd.Index[Any], str]] = {
    "row numbers": (pd.RangeIndex(5), "0 to 4 is no time since 1970"),
    "days as numbers": (pd.Index([20240101, 20240102]), "20240101 to 20240102 is no time since 1970"),
    "two units": (pd.Index([AT[0] // 10**6, AT[0]]), "is no time since 1970"),
    "seconds of the seventies": (pd.Index([10**8]), "is no time since 1970"),
    "a number that is none": (pd.Index([1.7e9, np.inf]), "a number of it is no time"),
    "true": (pd.Index([True, False]), "no times"),
    "complex": (pd.Index([1.7e9 + 1j]), "a number of it is no time"),
    "days": (pd.Index([date(2024, 1, 1)], dtype=object), "is a day, not a time"),
    "days as texts": (pd.Index(["2024-01-01"]), "'2024-01-01' is not a time in ISO 8601"),
    "the day first": (pd.Index(["01/02/2024 09:15"]), "is not a time in ISO 8601"),
    "words": (pd.Index(["yesterday"]), "'yesterday' is not a time in ISO 8601"),
    "an hour that is none": (pd.Index(["2024-01-01T25:00:00Z"]), "index: "),
    "a day that is none": (pd.Index(["2024-02-30T09:15:00Z"]), "index: "),
    "an offset beside none": (pd.Index(["2024-01-01T09:15:00Z", "2024-01-01T09:16:00"]), "has no time zone"),
    "things": (pd.Index([object(), "2024-01-01T09:15:00Z"], dtype=object), "object, str are no times"),
    "periods": (pd.period_range("2024-01-01 09:15", periods=2, freq="min"), "Period are no times"),
    "spans": (pd.to_timedelta(["1min"]), "index: "),
    "levels": (pd.MultiIndex.from_product([[1], [2]]), "it has several levels"),
    "an unknown": (pd.DatetimeIndex(["2024-01-01", None], tz="UTC"), "row 1 has no time"),
    "another century": (pd.DatetimeIndex(["1677-09-22"], tz="UTC"), "is not between 1980 and 2100"),
}


@pytest.mark.parametrize("form", NO_TIMES)
def test_what_is_no_time_is_refused_and_never_becomes_1970(form: str) -> None:
    stamps, words = NO_TIMES[form]
    for zone in (None, KOLKATA):
        if form == "an offset beside none" or zone is None or "zone" not in words:
            with pytest.raises(InputError) as refused:
                instants(stamps, "index", zone)
            assert words in str(refused.value)
            assert "\n" not in str(refused.value)


def test_an_hour_that_the_clock_had_twice_or_left_out_is_refused() -> None:
    for text in ("2024-11-03 01:30", "2024-03-10 02:30"):
        for stamps in (pd.DatetimeIndex([text]), pd.Index([text])):
            with pytest.raises(InputError, match="index"):
                instants(stamps, "index", "America/New_York")


def test_a_zone_that_is_not_there_is_refused_by_its_own_name() -> None:
    for name in ("Mars/Olympus", "../etc/passwd", "x\0y"):
        with pytest.raises(InputError, match="there is no time zone") as refused:
            instants(TIMES, "index", name)
        assert refused.value.field == "zone"


@given(st.integers(315_532_800, 4_102_444_799), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_the_size_of_a_number_says_its_unit(second: int, each: int) -> None:
    assert epochs(np.array([second * each]), "time").tolist() == [second * 10**6]


anything: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.dates(), st.datetimes(),
    st.datetimes(timezones=st.just(UTC)), st.timedeltas(), st.binary(max_size=3), st.tuples(),
)  # fmt: skip


@settings(max_examples=120)
@given(st.lists(anything, max_size=4), st.sampled_from([None, KOLKATA]))
def test_anything_is_a_time_or_is_refused_and_fails_in_no_other_way(values: list[Any], zone: str | None) -> None:
    with suppress(InputError):
        instants(pd.Index(values, dtype=object), "index", zone)
    with suppress(InputError, TypeError, ValueError, OverflowError):
        made = pd.Index(values)  # what pandas itself makes nothing of is not ours to take
        with suppress(InputError):
            at = instants(made, "index", zone)
            assert len(at) == len(values)
