from __future__ import annotations

from decimal import Decimal
from math import inf, nan

import pytest

from sidecar.backtest.wording import abbreviation, change, count, earned, moment, money, number, percent, plain, plural
from tests.backtest.runs import ZONE, open_at


@pytest.mark.parametrize("written", [number, percent, change, money, earned, count])
@pytest.mark.parametrize("unknown", [None, nan, inf, Decimal("NaN")])
def test_an_unknown_number_is_a_dash(written: object, unknown: object) -> None:
    assert callable(written)
    assert written(unknown) == "–"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (number(Decimal("-1234567.891")), "−1,234,567.89"),
        (number(-0.001), "0.00"),
        (number(2, 0, signed=True), "+2"),
        (percent(0.12345), "12.35 %"),
        (change(-0.5), "−50.00 %"),
        (earned(Decimal("12.5")), "▲ +12.50"),
        (earned(-3), "▼ −3.00"),
        (earned(0), "0.00"),
        (plural(1, "trade"), "1 trade"),
        (plural(1234, "trade"), "1,234 trades"),
        (plural(2, "set was", "sets were"), "2 sets were"),
    ],
)
def test_a_number_is_written_for_people(text: str, wanted: str) -> None:
    assert text == wanted


def test_text_of_others_is_escaped_in_elements_and_attributes_and_cut() -> None:
    assert plain("<a href=\"x\" title='y'>&") == "&lt;a href=&quot;x&quot; title=&#x27;y&#x27;&gt;&amp;"
    assert len(plain("x" * 10_000)) == 400


def test_an_instant_is_told_in_the_exchanges_time() -> None:
    assert (moment(open_at(0), ZONE), abbreviation(open_at(0), ZONE)) == ("2024-01-01 09:15:00", "IST")
