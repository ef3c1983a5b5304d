"""Pictures of a validation: folds beside the commonest class, proofs that held and proofs that failed."""

from __future__ import annotations

from pages.parts import training_figures


def test_folds_stand_beside_the_commonest_class_and_an_unknown_one_is_left_out() -> None:
    rows = [{"fold": 1, "scores": {"accuracy": 0.4}, "trained_rows": 100, "rounds": 9}, {"fold": 2, "scores": {}}]
    figure = training_figures.folds(rows, 0.35)
    (line,) = figure.data
    assert list(line.y) == [40.0]
    assert figure.layout.shapes[0].y0 == 35.0


def test_the_least_log_loss_is_on_top() -> None:
    rows = [{"name": "the model", "scores": {"log_loss": 0.9}}, {"name": "<i>", "scores": {"log_loss": 1.1}}]
    (dots,) = training_figures.beside(rows).data
    assert list(dots.y) == ["&lt;i&gt;", "the model"]
    assert dots.marker.symbol[1] == "circle"


def test_a_proof_that_failed_is_told_by_its_mark_too() -> None:
    rows = [{"name": "a", "passed": True, "value": 0.5, "limit": 0.6}, {"name": "b", "passed": False, "value": 0.9}]
    held, failed, bound = training_figures.canaries(rows).data
    assert (list(held.y), list(failed.y)) == (["a"], ["b"])
    assert held.marker.symbol != failed.marker.symbol
    assert list(bound.x) == [None, 0.6]


def test_a_fold_whose_size_is_unknown_is_not_said_to_have_learnt_from_nothing() -> None:
    rows = [{"fold": 1, "scores": {"accuracy": 0.4}, "trained_rows": 12_000, "rounds": None}]
    (line,) = training_figures.folds(rows, None).data
    assert list(line.customdata[0]) == ["12,000", "–"]
