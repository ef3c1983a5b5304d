from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from sidecar.backtest.report_words import asked, looked_ahead, selected, summary
from sidecar.domain.backtest_result import BacktestResult, Lookahead, Selection
from sidecar.domain.backtests import BacktestRequest, Instrument, Mode
from tests.backtest.results import result
from tests.backtest.runs import ZONE, run_of


def told(windows: bool = False, bars: int = 300, **fields: object) -> str:
    """What is said of a request; windows that learnt from something are those of the result."""
    made: BacktestResult = result(run_of(equity=[1_000_000.0]))
    request = BacktestRequest(("NIFTY",), "sma_cross", date(2024, 1, 1), date(2024, 3, 1), Decimal(1_000_000))
    made = msgspec.structs.replace(
        made, config=msgspec.structs.replace(request, **fields), bars=bars, windows=made.windows if windows else ()
    )
    return asked(made)


def test_the_request_is_told_in_words() -> None:
    text = told()
    assert "<b>sma_cross</b> on <b>NIFTY</b>, from <b>2024-01-01</b> to <b>2024-03-01</b>," in text
    assert "1,000,000.00" in text
    assert "nearest monthly future" in text
    assert "It learns nothing." in text
    assert "tariff of each day" in text
    assert "Seed 7." in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"commission": 0.0003}, "0.03 % of each fill"),
        ({"slippage": 0.001}, "0.1 % worse on both sides"),
        ({"instrument": Instrument.ATM_OPTIONS}, "options at the money"),
        ({"model_id": "m-1"}, "Walk forward: before each window of 20 days it learns from the newest 60"),
        ({"model_id": "m-1", "mode": Mode.FIXED_WINDOW}, "it learns once, from 60 days"),
        ({"windows": True, "mode": Mode.EXPANDING_WINDOW}, "learns from all that came before"),
        ({"sweep": {"fast": (5.0, 10.0)}}, "Tried: fast: 5, 10."),
        ({"parameters": {"<b>": 1.0}}, "&lt;b&gt; 1"),
    ],
)
def test_what_differs_from_the_usual_is_told(fields: dict[str, object], words: str) -> None:
    assert words in told(**fields)  # type: ignore[arg-type]


def test_what_trades_no_bars_is_not_said_to_trade_a_future() -> None:
    assert "future" not in told(bars=0)


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(1, 0.99), "above 0 with a chance of <b>99.00 %</b>, which is evidence of skill"),
        (Selection(1, 0.5), "<b>no evidence of skill</b>"),
        (Selection(9, 0.2, 0.6), "what the best of 9 worthless ones would have"),
        (Selection(9, 0.2, 0.6), "in <b>60.00 %</b> of the ways to halve it"),
        (Selection(1, None, None, "fewer than 20 sessions"), "cannot be told. Fewer than 20 sessions."),
    ],
)
def test_what_is_left_of_the_ratio_is_told(selection: Selection, words: str) -> None:
    assert words in selected(selection)


def test_one_trial_is_not_explained_twice() -> None:
    assert selected(Selection(1, 0.5, None, "one trial: said already")).count("trial") == 0
    assert selected(Selection(3, 0.5, None, "overfitting needs more")).endswith("Overfitting needs more.")


def test_the_verdict_on_looking_ahead_is_plain() -> None:
    assert "No sign of it" in looked_ahead(Lookahead(20))
    cheat = looked_ahead(Lookahead(20, 3, "2024-01-02 <order>"))
    assert "knows the future" in cheat
    assert "&lt;order&gt;" in cheat
    assert looked_ahead(Lookahead(note="asked not to")) == "<b>Not examined.</b> asked not to"


def test_the_equity_is_told_for_who_cannot_see_it() -> None:
    assert "Equity from" in summary(result(), ZONE)
    assert "not one mark" in summary(result(run_of()), ZONE)
