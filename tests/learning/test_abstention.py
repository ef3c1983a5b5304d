from __future__ import annotations

from math import nan

import pytest

from sidecar.learning.abstention import LEAST_OUTCOMES, MOST_DRIFTED, RULE, LiveRecord, drifted_share, reasons
from sidecar.learning.drift import SCORE, DriftLine


def line(name: str, alarm: bool = False) -> DriftLine:
    return DriftLine(name, 0.5 if alarm else 0.01, 0.1, alarm, 20, 20, True)


def test_a_record_that_keeps_its_promise_gives_no_reason() -> None:
    assert reasons(0.52, LiveRecord(0.48, 0.55, 200.0), [line("a"), line(SCORE)]) == ()


def test_a_record_below_what_was_promised_holds_the_signals_back() -> None:
    (found,) = reasons(0.55, LiveRecord(0.45, 0.53, 200.0))
    assert found == "live accuracy is 45.0% to 53.0%, validation promised 55.0%"


def test_a_record_above_what_was_promised_is_not_believed() -> None:
    (found,) = reasons(0.52, LiveRecord(0.60, 0.70, 200.0))
    assert found.endswith("better than can be honest")


@pytest.mark.parametrize(
    ("promised", "live"),
    [
        (None, LiveRecord(0.1, 0.2, 200.0)),
        (0.55, None),
        (0.55, LiveRecord(0.1, 0.2, LEAST_OUTCOMES - 1)),
        (0.55, LiveRecord(nan, nan, 200.0)),
    ],
)
def test_what_is_unknown_gives_no_reason(promised: float | None, live: LiveRecord | None) -> None:
    assert reasons(promised, live) == ()


def test_drift_counts_by_what_the_model_looks_at() -> None:
    lines = [line("a", alarm=True), line("b"), line("c"), line("d")]
    assert drifted_share(lines) == 0.25
    assert reasons(None, None, lines) == ()
    (found,) = reasons(None, None, lines, {"a": 0.5, "b": 0.5})
    assert found == "features of 50% of its gain have drifted: a"
    assert reasons(None, None, lines, {"b": 1.0}) == ()


def test_a_score_that_drifts_is_a_reason_and_no_feature() -> None:
    assert reasons(None, None, [line("a"), line(SCORE, alarm=True)]) == ("its score has drifted",)
    assert drifted_share([line(SCORE, alarm=True)]) == 0.0


def test_every_reason_is_given() -> None:
    lines = [line("a", alarm=True), line(SCORE, alarm=True)]
    assert len(reasons(0.55, LiveRecord(0.4, 0.5, 100.0), lines)) == 3


def test_the_rule_states_its_numbers() -> None:
    assert f"{LEAST_OUTCOMES:.0f} independent" in RULE
    assert f"{MOST_DRIFTED:.0%}" in RULE
