"""JSON on every wire."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from math import copysign, inf, isfinite, nan
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sidecar.domain import wire
from sidecar.domain.orders import OrderRequest, Side


class Colour(StrEnum):
    RED = "red"


class Step(Enum):
    TWO = 2


class Line(msgspec.Struct):
    """A row of anything."""

    name: str
    value: Any
    more: tuple[Any, ...] = ()


def boxed(values: list[Any]) -> Any:
    """An array of objects."""
    made = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        made[place] = value
    return made


NAIVE = datetime.fromisoformat("2026-08-18T10:00:00.000005")
LARGEST = Decimal(repr(1.7e308))
KINDS: Any = st.sampled_from(("f2", "f4", "f8", "i1", "i8", "u8", "?", "U3", "S3"))
ARRAYS: Any = KINDS.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, max_side=3)))
NUMBERS: Any = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.decimals(), st.floats().map(np.float64),
    st.floats(width=32).map(np.float32), st.integers(-(2**63), 2**63 - 1).map(np.int64), st.booleans().map(np.bool_),
)  # fmt: skip
ZONES: Any = st.sampled_from((UTC, ZoneInfo("Asia/Kolkata"), timezone(timedelta(hours=-9, minutes=-30))))
TIMES: Any = st.datetimes(NAIVE.replace(year=1900), NAIVE.replace(year=2200), timezones=ZONES)
OTHERS: Any = st.one_of(
    TIMES, st.dates(), st.uuids(), st.binary(max_size=9), st.text(), st.none(), st.sampled_from((Colour.RED, Step.TWO)),
    st.sampled_from(("NaN", "Infinity", "1E+999", "2025-11-24T06:30:00", "T10:00:00+05:30")),
)  # fmt: skip
VALUES: Any = st.recursive(
    st.one_of(NUMBERS, OTHERS, ARRAYS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text() | st.just(Colour.RED), inner, max_size=4),
        st.builds(Line, st.text(), inner, st.tuples(inner)),
        st.lists(inner, max_size=3).map(boxed),
    ),
    max_leaves=12,
)


def read(raw: bytes) -> Any:
    """What a strict reader sees: every number exact, no constant that JSON has not."""
    return json.loads(raw, parse_float=Decimal, parse_constant=lambda name: pytest.fail(f"{name} on the wire"))


def beyond(value: Any) -> bool:
    """Whether a number in it is larger than readers hold."""
    match value:
        case Decimal():
            return value.is_finite() and abs(value) > LARGEST
        case np.ndarray():
            return any(beyond(one) for one in value.ravel()) if value.dtype == object else False
        case dict():
            return any(beyond(one) for one in value.values())
        case list() | tuple():
            return any(beyond(one) for one in value)
        case Line():
            return beyond((value.value, value.more))
    return False


def same(seen: Any, value: Any) -> bool:
    """Whether what was read is the value, exactly."""
    match value:
        case np.ndarray() | np.generic():
            return same(seen, value.tolist())
        case bool() | None | str():
            return bool(seen == value and type(seen) in (bool, str, type(None)))
        case float():
            same_sign = seen is not None and copysign(1.0, float(seen)) == copysign(1.0, value)
            return seen is None if not isfinite(value) else same_sign and float(seen) == value
        case Decimal():
            return seen is None if not value.is_finite() else Decimal(seen) == value
        case int():
            return type(seen) is int and seen == value
        case datetime():
            moment = datetime.fromisoformat(seen)
            return moment == value and moment.utcoffset() is not None
        case dict():
            return set(seen) == set(value) and all(same(seen[name], one) for name, one in value.items())
        case list() | tuple():
            return len(seen) == len(value) and all(same(*pair) for pair in zip(seen, value, strict=True))
        case Line():
            return same(seen, {"name": value.name, "value": value.value, "more": value.more})
    return bool(seen == _TEXTS[type(value)](value))


_TEXTS: dict[type, Callable[[Any], Any]] = {
    date: date.isoformat,
    UUID: str,
    bytes: lambda raw: base64.b64encode(raw).decode(),
    Step: lambda step: step.value,
}


@settings(max_examples=300)
@given(VALUES)
def test_whatever_is_told_is_read_as_it_was_every_number_exact_and_none_that_is_no_number(value: Any) -> None:
    if beyond(value):
        with pytest.raises(ValueError, match="beyond what a JSON reader holds"):
            wire.encode(value)
        return
    raw = wire.encode(value)
    assert same(read(raw), value)
    assert wire.encode(value) == raw
    wire.builtins(value)


@given(st.lists(st.floats()))
def test_json_never_holds_nan_or_infinity_and_keeps_every_other_number(values: list[float]) -> None:
    read_back = json.loads(wire.encode(values), parse_constant=pytest.fail)
    assert read_back == [value if np.isfinite(value) else None for value in values]
    assert json.loads(wire.encode(np.array(values, dtype=np.float64)), parse_constant=pytest.fail) == read_back


def test_money_is_a_number_times_carry_an_offset_and_structs_are_objects() -> None:
    told = wire.builtins(
        {
            "money": Decimal("1234.5600"),
            "at": datetime(2026, 8, 18, 10, tzinfo=UTC),
            "day": date(2026, 8, 18),
            "order": OrderRequest("NIFTY", Side.BUY, 75, Decimal("80.05")),
            "numpy": (np.float64(nan), np.int64(3), np.bool_(True)),
            "inf": -inf,
        }
    )
    assert told["money"] == 1234.56
    assert told["at"].endswith(("Z", "+00:00"))
    assert (told["day"], told["inf"], told["numpy"]) == ("2026-08-18", None, [None, 3, True])
    assert told["order"]["side"] == "buy"


@pytest.mark.parametrize("text", ["NaN", "sNaN", "-NaN123", "Infinity", "-Infinity"])
def test_money_that_is_no_number_is_null_wherever_it_stands(text: str) -> None:
    bad = Decimal(text)
    assert wire.encode({"a": [bad], "b": Line("x", bad)}) == b'{"a":[null],"b":{"name":"x","value":null,"more":[]}}'
    assert wire.encode(boxed([bad])) == b"[null]"


def test_the_second_look_changes_nothing_but_what_it_is_for() -> None:
    """A text that looks like what is mended takes the slow road: the bytes must be those of the fast one."""
    plain = {"z": Line("NIFTY", np.array([1.5, nan])), "a": Decimal("1.10"), "at": datetime(2026, 8, 18, tzinfo=UTC)}
    fast = wire.encode({**plain, "text": "nothing"})
    assert wire.encode({**plain, "text": "NaN"}) == fast.replace(b"nothing", b"NaN")


@pytest.mark.parametrize(
    "value",
    [
        NAIVE,
        [{"at": NAIVE.replace(microsecond=0)}],
        Line("x", NAIVE),
        boxed([NAIVE]),
    ],
)
def test_a_time_without_an_offset_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="has no offset"):
        wire.encode(value)


def test_an_offset_of_seconds_is_not_cut_to_minutes() -> None:
    odd = datetime(2026, 8, 18, 10, tzinfo=timezone(timedelta(hours=5, minutes=53, seconds=28)))
    assert datetime.fromisoformat(wire.builtins(odd)) == odd


@pytest.mark.parametrize(
    "value",
    [
        np.datetime64("2026-08-18T10:00"), np.array(["2026-08-18"], "M8[ns]"), np.timedelta64(3, "ns"),
        np.longdouble("0.1"), np.complex128(1j), np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]), 1j, object(),
        iter([1]),
    ],
)  # fmt: skip
def test_what_has_no_exact_json_form_is_an_error_and_no_guess(value: Any) -> None:
    with pytest.raises(TypeError, match="has no JSON form"):
        wire.encode({"value": [value]})


@pytest.mark.parametrize("key", [1, 1.5, None, (1, 2), np.int64(1), date(2026, 8, 18), nan])
def test_a_key_that_is_no_text_is_refused(key: Any) -> None:
    with pytest.raises(TypeError):
        wire.encode({key: 1})


def test_a_numpy_day_is_a_date_and_what_is_masked_is_unknown() -> None:
    assert wire.encode(np.array(["2026-08-18", "NaT"], "M8[D]")) == b'["2026-08-18",null]'
    assert wire.encode(np.ma.masked_array([1.0, 2.0], mask=[False, True])) == b"[1.0,null]"


def test_a_read_only_mapping_is_an_object_too() -> None:
    assert wire.encode(MappingProxyType({"b": nan, "a": Decimal("NaN")})) == b'{"a":null,"b":null}'


def test_the_same_value_is_the_same_bytes_in_whatever_order_it_was_built() -> None:
    assert wire.encode({"b": 1, "a": 2}) == wire.encode({"a": 2, "b": 1})
    assert wire.encode({"x", "y", "z"}) == wire.encode({"z", "y", "x"})
