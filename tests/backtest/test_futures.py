"""An index's bars as its nearest monthly future."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from sidecar.backtest.futures import future_series
from sidecar.backtest.series import Series
from sidecar.backtest.vectorised import Sizing, trade
from sidecar.domain.errors import DeskError, InputError, NotKnown
from tests.backtest.tapes import CALENDAR, REFERENCE, bars_of, walk

MINUTES = 20


def columns_of(first: date, last: date, **more: Any) -> dict[str, Any]:
    sessions = CALENDAR.sessions_between(first, last)
    return bars_of(sessions, walk(MINUTES * len(sessions), 3), MINUTES) | more


def future(columns: dict[str, Any], name: str = "NIFTY", slippage: float | None = None) -> Series:
    return future_series(columns, name, REFERENCE, slippage=slippage, commission=None)


def without(columns: dict[str, Any], gone: Any) -> dict[str, Any]:
    return {name: column[~gone] for name, column in columns.items()}


def test_each_day_trades_the_contract_that_is_its_month_s_last_with_its_own_lot() -> None:
    """Lots of 75 until the contracts of 2025, 65 from those of January 2026 on; the fees of April are other ones."""
    series = future(columns_of(date(2025, 12, 29), date(2026, 4, 2)))
    assert [(each.id, each.lot_size) for each in series.contracts] == [
        ("NIFTY-20251230-FUT", 75), ("NIFTY-20260127-FUT", 65), ("NIFTY-20260224-FUT", 65),
        ("NIFTY-20260330-FUT", 65), ("NIFTY-20260428-FUT", 65),
    ]  # fmt: skip
    assert series.contracts[0].expires_at == REFERENCE.expiry_close("NIFTY", date(2025, 12, 30))
    assert series.contracts[0].freeze_quantity == 1800
    assert [fees.stt_sell for fees in series.fees] == [Decimal("0.0002"), Decimal("0.0005")]
    ends = np.flatnonzero(np.diff(series.contract))
    assert series.settles.sum() == len(ends) == 4
    assert series.settles[ends].all()
    assert (series.settlement[ends] == np.round(series.underlying[ends], 2)).all()
    assert np.isnan(series.settlement[~series.settles]).all()
    assert (series.margin == 0.113).all()
    days = series.shut.reshape(-1, MINUTES)
    assert days[:, -1].all()
    assert not days[:, :-1].any()


def test_quotes_stand_a_tick_or_the_slippage_off_the_open() -> None:
    columns = columns_of(date(2026, 3, 2), date(2026, 3, 2)) | {"open": np.full(MINUTES, 24000.03)}
    tick, worse, none = future(columns), future(columns, slippage=0.0001), future(columns, slippage=0.0)
    assert (tick.bid[0], tick.middle[0], tick.ask[0]) == (480_000, 960_002, 480_002)
    assert (worse.bid[0], worse.middle[0], worse.ask[0]) == (479_952, 960_001, 480_049)
    assert (none.bid[0], none.ask[0]) == (480_000, 480_001)
    assert tick.close.tolist() == np.rint(columns["close"] * 20).tolist()


def test_a_session_that_breaks_off_does_not_lose_the_settlement() -> None:
    columns = columns_of(date(2026, 3, 27), date(2026, 4, 1))
    expiry = columns["session"] == date(2026, 3, 30).toordinal()
    short = future(without(columns, expiry & (np.cumsum(expiry) > 12)))
    assert np.flatnonzero(short.settles).tolist() == [MINUTES + 11]
    assert short.shut[MINUTES + 11]
    none = future(without(columns, expiry))
    assert np.flatnonzero(none.settles).tolist() == [MINUTES - 1]
    assert none.settlement[MINUTES - 1] == np.round(columns["close"][MINUTES - 1], 2)
    assert not future(columns_of(date(2026, 3, 2), date(2026, 3, 3))).settles.any()


def test_what_is_held_over_an_expiry_settles_and_is_bought_anew() -> None:
    series = future(columns_of(date(2026, 3, 27), date(2026, 4, 1)))
    run = trade(series, np.ones(len(series)), Sizing(1, Decimal(2_000_000)))
    assert [(fill.symbol, fill.quantity, fill.note) for fill in run.fills] == [
        ("NIFTY-20260330-FUT", 65, ""),
        ("NIFTY-20260330-FUT", -65, "settlement"),
        ("NIFTY-20260428-FUT", 65, ""),
    ]
    assert run.fills[1].at == series.closes_at[2 * MINUTES - 1]
    assert run.fills[2].at == series.at[2 * MINUTES + 1]


def test_a_commission_stands_in_place_of_the_tariff() -> None:
    columns = columns_of(date(2026, 3, 30), date(2026, 4, 1))
    series = future_series(columns, "NIFTY", REFERENCE, slippage=None, commission=0.0003)
    run = trade(series, np.ones(len(series)), Sizing(1, Decimal(2_000_000)))
    first = run.fills[0]
    assert len(series.fees) == 1
    assert first.fees == (first.quantity * first.price * Decimal("0.0003")).quantize(Decimal("0.0001"))
    assert run.fills[1].fees == 0


@pytest.mark.parametrize(
    ("change", "name", "problem", "says"),
    [
        ({}, "DAX", NotKnown, "exchange of DAX"),
        ({"session": np.full(MINUTES, np.nan)}, "NIFTY", InputError, "session"),
        ({"close": np.full(MINUTES, np.nan)}, "NIFTY", InputError, "close"),
        ({"open": np.full(MINUTES, -1.0)}, "NIFTY", InputError, "open"),
        ({"at": np.arange(MINUTES)[::-1]}, "NIFTY", InputError, "at"),
        ({"session": np.full(MINUTES, float(date(2031, 3, 2).toordinal()))}, "NIFTY", DeskError, "2031"),
        ({"session": np.full(MINUTES, float(date(2026, 12, 30).toordinal()))}, "NIFTY", InputError, "end_date"),
    ],
)
def test_what_the_tables_do_not_know_is_refused_by_name(
    change: dict[str, Any], name: str, problem: type[DeskError], says: str
) -> None:
    columns = columns_of(date(2026, 3, 2), date(2026, 3, 2)) | change
    with pytest.raises(problem, match=says):
        future(columns, name)


def test_a_slippage_in_per_cent_is_refused() -> None:
    with pytest.raises(InputError, match="slippage"):
        future(columns_of(date(2026, 3, 2), date(2026, 3, 2)), slippage=1.0)
