"""What the client sends."""

from __future__ import annotations

import json
from decimal import Decimal
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from sidecar.client import Desk
from sidecar.client.sending import body_of
from sidecar.domain.errors import InputError


def test_what_is_asked_is_json_with_money_as_text_and_numpys_numbers_as_numbers() -> None:
    asked = {
        "price": Decimal("80.05"),
        "bid": np.float64(1.5),
        "n": np.int64(75),
        "spots": np.array([0.1, 0.2]),
        "x": None,
    }
    assert json.loads(body_of(asked)) == {"price": "80.05", "bid": 1.5, "n": 75, "spots": [0.1, 0.2], "x": None}


@pytest.mark.parametrize("value", [nan, inf, -inf, np.float64(nan), Decimal("NaN"), Decimal("Infinity")])
def test_a_number_that_is_none_never_leaves_as_no_value(value: Any) -> None:
    with pytest.raises(InputError, match=r"^limits\.vix: .* is not a number"):
        body_of({"limits": {"vix": value}})
    with pytest.raises(InputError, match=r"^orders\[0\]\.price: "):
        body_of({"orders": [{"price": value}]})
    with pytest.raises(InputError, match=r"^spots\[1\]: "):
        body_of({"spots": np.array([0.0, float(value)])})


def test_a_limit_that_is_no_number_is_refused_before_anything_is_asked() -> None:
    with Desk("http://127.0.0.1:9") as desk, pytest.raises(InputError, match=r"limits\.vix"):
        desk.set_limits({"vix": nan}, "a slip", fund_id="main", strategy="demo")
