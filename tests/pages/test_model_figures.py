"""Pictures of models: what is uncertain shows its interval, what is unknown is not drawn."""

from __future__ import annotations

from typing import Any

from pages.parts import model_figures
from pages.parts.model_figures import Measured

PREDICTIONS = [
    {"bar_at": "2026-09-07T04:01:00+00:00", "p_sell": 0.2, "p_hold": 0.5, "p_buy": 0.3, "outcome": {"correct": True}},
    {"bar_at": "2026-09-07T04:00:00+00:00", "p_sell": 0.4, "p_hold": 0.4, "p_buy": 0.2, "outcome": {"correct": False}},
    {"bar_at": "2026-09-07T04:02:00+00:00", "p_sell": 0.3, "p_hold": 0.4, "p_buy": None, "outcome": None},
]


def test_an_accuracy_stands_with_its_interval_and_a_baseline_without() -> None:
    rows = [Measured("live", 0.52, 0.47, 0.58, "310 matured"), Measured("majority", 0.5, None, None, "baseline")]
    majority, live = model_figures.accuracies(rows).data
    assert list(live.x) == [52.0]
    assert [round(live.error_x.array[0], 9), round(live.error_x.arrayminus[0], 9)] == [6.0, 5.0]
    assert majority.error_x.array is None
    assert majority.marker.symbol != live.marker.symbol


def test_an_accuracy_that_nobody_knows_is_not_drawn_as_zero() -> None:
    assert not model_figures.accuracies([Measured("live", None, None, None, "0 matured")]).data


def test_the_reliability_of_a_bin_carries_its_interval_and_its_count() -> None:
    bins: list[dict[str, Any]] = [
        {"confidence": 0.4, "hits": 0.5, "hits_low": 0.3, "hits_high": 0.7, "n": 12},
        {"confidence": 0.6, "hits": None, "hits_low": None, "hits_high": None, "n": 0},
    ]
    (drawn,) = model_figures.reliability(bins, "live").data
    assert (list(drawn.x), list(drawn.y)) == ([40.0], [50.0])
    assert [round(drawn.error_y.array[0], 9), round(drawn.error_y.arrayminus[0], 9)] == [20.0, 20.0]
    assert list(drawn.customdata) == [12]


def test_predictions_stand_in_the_order_of_their_bars_with_what_became_of_them() -> None:
    sell, hold, buy, right, wrong = model_figures.probabilities(PREDICTIONS).data
    assert list(sell.y) == [40.0, 20.0, 30.0]
    assert list(hold.y) == [40.0, 50.0, 40.0]
    assert list(buy.y) == [20.0, 30.0, None]
    assert [moment.strftime("%H:%M") for moment in right.x] == ["09:31"]
    assert [moment.strftime("%H:%M") for moment in wrong.x] == ["09:30"]
    assert len({trace.marker.pattern.shape for trace in (sell, hold, buy)}) == 3


def test_drift_is_shown_against_each_features_own_bound_furthest_on_top() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "ret_1", "psi": 0.01, "threshold": 0.02},
        {"name": "vix", "psi": 0.9, "threshold": 0.3},
        {"name": "gap", "psi": None, "threshold": 0.3},
    ]
    (bars,) = model_figures.drifts(rows).data
    assert list(bars.y) == ["ret_1", "vix"]
    assert list(bars.x) == [0.5, 3.0]
    assert list(bars.marker.pattern.shape) == ["", "x"]


def test_contributions_point_to_buy_or_sell_and_say_what_each_feature_was() -> None:
    pairs = [("vix", -0.2), ("<b>", 0.1)]
    meanings = {"vix": {"unit": "points", "formula": "the index"}}
    (bars,) = model_figures.contributions(pairs, {"vix": 15.25, "<b>": None}, meanings).data
    assert list(bars.x) == [0.1, -0.2]
    assert list(bars.y) == ["&lt;b&gt; = unknown", "vix = 15.25 points"]
    assert list(bars.text) == ["+0.100 buy", "-0.200 sell"]
    assert list(bars.customdata) == ["meaning unknown", "the index"]
