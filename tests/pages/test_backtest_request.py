"""A form's fields as a request, and the desk's refusals back at their fields."""

from __future__ import annotations

from typing import Any

from pages.parts.backtest_request import asked, differences, refused, trials

FIELDS: dict[str, Any] = {
    "strategy": "sma_cross", "symbols": ["NIFTY"], "start_date": "2026-06-15", "end_date": "2026-09-04",
    "commission": 0.03, "slippage": None, "seed": 7.0, "mode": "walk_forward", "model_id": "",
}  # fmt: skip


def test_per_cent_become_fractions_and_what_is_empty_is_left_to_the_desk() -> None:
    request, errors = asked(FIELDS, {"fast": "10", "slow": ""}, needs_model=False)
    assert not errors
    assert request["commission"] == 0.0003
    assert request["parameters"] == {"fast": 10.0}
    assert not {"slippage", "mode", "model_id", "sweep"} & set(request)
    assert asked(FIELDS, {}, needs_model=True).request["mode"] == "walk_forward"


def test_several_values_are_a_sweep_and_every_combination_a_trial() -> None:
    request = asked(FIELDS, {"fast": "5, 10", "slow": "30 40 50"}, needs_model=False).request
    assert request["sweep"] == {"fast": [5.0, 10.0], "slow": [30.0, 40.0, 50.0]}
    assert trials(request) == 6


def test_what_is_missing_or_no_number_is_told_by_its_field() -> None:
    errors = asked({**FIELDS, "symbols": [], "end_date": None}, {"fast": "nan"}, needs_model=False).errors
    assert set(errors) == {"symbols", "end_date", "parameters.fast"}


def test_a_refusal_stands_at_its_field_with_its_remedy() -> None:
    document = {"detail": "sweep.fast: a value stands twice; name each once",
                "errors": [{"field": "sweep.fast", "problem": "a value stands twice"}]}  # fmt: skip
    assert refused(document, "422") == {"parameters.fast": "a value stands twice; name each once"}
    assert refused({}, "429 too many wait") == {"": "429 too many wait"}
    both = {"errors": [{"field": "seed", "problem": "a"}, {"field": "symbols.0", "problem": "b"}]}
    assert refused(both, "") == {"seed": "a", "symbols": "b"}


def test_only_what_was_asked_differently_is_told() -> None:
    rows = differences({"a": {"seed": 7, "sweep": {"fast": [1, 2]}}, "b": {"seed": 7, "sweep": {}}})
    assert rows == [{"field": "sweep.fast", "a": "[1, 2]", "b": "–"}]
