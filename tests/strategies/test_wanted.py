"""What a strategy gives back is looked at before the desk takes it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Intent
from sidecar.strategies.wanted import whole

ORDER = OrderRequest("NIFTY-20260929-FUT", Side.BUY, 65, Decimal(24_700))


def test_intents_come_back_as_they_are_whatever_they_came_in() -> None:
    intents = (Intent(place=ORDER), Intent(cancel="O-1"))
    assert whole(intents) == whole(list(intents)) == whole(one for one in intents) == intents
    assert whole(()) == ()


def test_a_price_of_no_number_is_the_gates_to_refuse() -> None:
    absurd = Intent(place=OrderRequest("NONE", Side.SELL, -1, Decimal("NaN")))
    assert whole([absurd]) == (absurd,)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "on_report gave None, not intents; give () where nothing is wanted"),
        ([ORDER], "on_report gave a OrderRequest among its intents; wrap an order in Intent(place=…)"),
        ([Intent(cancel=7)], "Intent.cancel is a int (7), not str or None"),  # type: ignore[arg-type]
        ([Intent(place="buy")], "Intent.place is a str (buy), not OrderRequest or None"),  # type: ignore[arg-type]
        (
            [Intent(place=OrderRequest("X", Side.BUY, 1, 0.5))],  # type: ignore[arg-type]
            "OrderRequest.price is a float (0.5), not Decimal or None",
        ),
        (
            [Intent(place=OrderRequest("X", Side.BUY, "1"))],  # type: ignore[arg-type]
            "OrderRequest.quantity is a str (1), not int",
        ),
    ],
)
def test_what_the_desk_could_not_take_is_told_to_who_wrote_it(given: Any, told: str) -> None:
    with pytest.raises(TypeError) as refused:
        whole(given)
    assert str(refused.value) == told
