"""The verdict of a backtest: the gravest first, and no certainty that is not there."""

from __future__ import annotations

from pages.parts.backtest_words import side_by_side, verdict
from tests.pages.proved import result


def kinds(**changes: object) -> list[str]:
    return [one.kind for one in verdict(result(**changes), "INR")]


def test_luck_is_not_called_skill() -> None:
    sure = {"uncertainty": {"sharpe_ratio": {"value": 2.0, "low": 0.4, "high": 3.0}}}
    selection = {"trials": 40, "deflated_sharpe": 0.2, "overfitting_probability": 0.6, "note": ""}
    assert kinds()[1] == "careful"  # the interval holds 0
    assert kinds(**sure, selection=selection)[1] == "careful"
    assert kinds(**sure, selection={**selection, "deflated_sharpe": 0.99})[1] == "good"
    assert kinds(uncertainty={"sharpe_ratio": {"low": -3.0, "high": -0.1}})[1] == "bad"


def test_a_look_ahead_that_was_not_looked_for_is_not_called_absent() -> None:
    *_, said = verdict(result(lookahead={"cuts": 0, "changed": 0, "first": "", "note": "too few bars"}), "INR")
    assert said.kind == "careful"
    assert "was not looked at: too few bars" in said.text


def test_what_is_unknown_is_said_to_be() -> None:
    told = verdict(result(performance_metrics={}, total_return=None, uncertainty={}, selection={}), "INR")
    assert "**Unknown –" in told[0].text
    assert "its interval is unknown" in told[1].text


def test_figures_stand_beside_one_another_with_their_intervals() -> None:
    rows = {row["figure"]: row for row in side_by_side({"a": result(), "b": result(sharpe_ratio=None, uncertainty={})})}
    assert rows["Sharpe"] == {"figure": "Sharpe", "a": "−0.80 (−4.10 to 2.60)", "b": "–"}
