"""JSON on every wire."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain import wire
from sidecar.domain.orders import OrderRequest, Side


@given(st.lists(st.floats()))
def test_json_never_holds_nan_or_infinity_and_keeps_every_other_number(values: list[float]) -> None:
    read = json.loads(wire.encode(values), parse_constant=pytest.fail)
    assert read == [value if np.isfinite(value) else None for value in values]
    assert json.loads(wire.encode(np.array(values, dtype=np.float64)), parse_constant=pytest.fail) == read


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


def test_the_same_value_is_the_same_bytes_in_whatever_order_it_was_built() -> None:
    assert wire.encode({"b": 1, "a": 2}) == wire.encode({"a": 2, "b": 1})


def test_what_has_no_json_form_is_an_error_and_no_guess() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        wire.encode(object())
