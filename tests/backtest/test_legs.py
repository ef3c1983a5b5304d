"""Series as the kernel's arrays: not copied without need, and refused where whole numbers cannot hold them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.backtest import kernel
from sidecar.backtest.costs import flat
from sidecar.backtest.legs import fee_row, laid_out, money
from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import InputError
from tests.backtest.tapes import CALL, FUTURE, MARCH, OPTIONS, PUT, changed, series_of

FLAT = [100.0] * 6


def test_one_series_is_a_view_and_two_share_the_tables() -> None:
    series = series_of(FLAT)
    assert np.shares_memory(laid_out((series,)).close, series.close)
    call, put = (series_of(FLAT, contract=each, fees=(OPTIONS, MARCH)) for each in (CALL, PUT))
    both = laid_out((call, put))
    assert both.contracts == (CALL, PUT)
    assert both.quotes.contract.tolist() == [[0] * 6, [1] * 6]
    assert both.quotes.fee.tolist() == [[0] * 6, [2] * 6]
    assert both.terms[:, kernel.RIGHT].tolist() == [kernel.CALL, kernel.PUT]
    assert both.terms[0].tolist() == [75, 500, 1800, 240_000_000, 1]


def test_what_may_not_be_written_to_is_copied() -> None:
    series = series_of(FLAT)
    series.close.setflags(write=False)
    assert laid_out((series,)).close.flags.writeable


def test_rates_are_billionths_and_money_ten_thousandths() -> None:
    row = fee_row(MARCH)
    assert row[kernel.BROKERAGE] == 200_000
    assert row[kernel.STT_SELL] == 200_000
    assert row[kernel.EXCHANGE] == 17_300
    assert row[kernel.ON_SETTLEMENT] == 0
    assert fee_row(replace(MARCH, stt_exercise_base="settlement"))[kernel.ON_SETTLEMENT] == 1
    assert money(Decimal("24212.8"), "price") == 242_128_000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fees": (flat(0.00012345678),)}, "commission"),
        ({"fees": (replace(MARCH, stt_sell=Decimal(2)),)}, "commission"),
        ({"contracts": (replace(FUTURE, tick_size=Decimal("0.00005")),)}, "tick_size"),
        ({"settles": np.ones(6, np.bool_), "settlement": np.full(6, 100.00001)}, "settlement"),
        ({"settles": np.ones(6, np.bool_), "settlement": np.full(6, np.inf)}, "settlement"),
        ({"contract": np.arange(6, dtype=np.int32), "contracts": (FUTURE,) * 6}, "series"),
    ],
)
def test_what_whole_numbers_do_not_hold_is_refused_by_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as problem:
        laid_out((changed(series_of(FLAT), **change),))
    assert problem.value.field == field


def test_two_series_of_different_bars_are_refused() -> None:
    series = series_of(FLAT)
    with pytest.raises(InputError, match="different bars"):
        laid_out((series, changed(series, at=series.at + MINUTE)))
