"""Figures of smile, term structure and session."""

from __future__ import annotations

from typing import Any

import pytest

from pages.parts import volatility_figures

QUOTES: list[dict[str, Any]] = [
    {"strike": 24_500.0, "bid_iv": 0.120, "iv": 0.121, "ask_iv": 0.123, "fitted_iv": 0.122},
    {"strike": 24_600.0, "bid_iv": 0.110, "iv": 0.111, "ask_iv": 0.112, "fitted_iv": 0.115},
    {"strike": 24_700.0, "bid_iv": None, "iv": 0.113, "ask_iv": 0.115, "fitted_iv": 0.114},
]
NEAR: dict[str, Any] = {"expiry": "2026-09-08", "forward": 25_000.0, "years": 0.01, "atm_iv": 0.2, "skew_25": 0.03,
                        "quotes": QUOTES}  # fmt: skip
FAR: dict[str, Any] = {"expiry": "<b>x</b>", "forward": None, "years": 0.04, "atm_iv": None, "quotes": QUOTES}


def test_a_quote_has_a_bar_from_its_bid_to_its_ask_and_a_symbol_for_the_fit() -> None:
    curve, quoted = volatility_figures.smiles([NEAR], "strike", "a").data
    assert list(quoted.x) == [24_500.0, 24_600.0, 24_700.0]
    assert list(quoted.error_y.array) == pytest.approx([0.2, 0.1, 0.2])
    assert list(quoted.error_y.arrayminus)[:2] == pytest.approx([0.1, 0.1])
    assert quoted.error_y.arrayminus[2] is None
    assert list(quoted.marker.symbol) == ["circle", "x", "diamond-open"]
    assert list(curve.y) == pytest.approx([12.2, 11.5, 11.4])


def test_moneyness_is_measured_from_the_forward_and_unknown_without_one() -> None:
    figure = volatility_figures.smiles([NEAR, FAR], "moneyness", "a")
    assert list(figure.data[0].x) == pytest.approx([-2.0, -1.6, -1.2])
    assert list(figure.data[2].x) == [None, None, None]
    assert "% of the forward" in figure.layout.xaxis.title.text
    assert "<b>" not in figure.data[2].name
    assert figure.data[0].line.dash != figure.data[2].line.dash


def test_the_term_structure_is_by_days_with_gaps_for_what_is_unknown() -> None:
    level, skew = volatility_figures.term([NEAR, FAR], "a").data
    assert list(level.x) == pytest.approx([3.65, 14.6])
    assert list(level.y) == [20.0, None]
    assert list(skew.y) == [3.0, None]


def test_the_session_draws_only_what_was_ever_known_and_the_index_in_its_own_points() -> None:
    rows: list[dict[str, Any]] = [{"timestamp": "2026-09-07T03:45:00+00:00", "atm_iv": 0.2, "vix": 14.0, "rr25": -0.03},
            {"timestamp": "2026-09-07T03:46:00+00:00", "atm_iv": None, "vix": 14.1}]  # fmt: skip
    traces = {trace.name: list(trace.y) for trace in volatility_figures.session(rows, "a").data}
    assert traces["at the money, nearest expiry"] == [20.0, None]
    assert traces["volatility index"] == [14.0, 14.1]
    assert traces["25-delta call less put"] == [-3.0, None]
    assert len(traces) == 3
    assert not volatility_figures.session([], "a").data
