"""Model accuracy: a record with its interval beside what was promised, or the plain word that there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import Shown, words
from tests.pages.drawn import charts
from tests.servers.learnt import OUTCOME, PREDICTION


def opened(app: Shown, view: str, **query: str) -> AppTest:
    at = AppTest.from_file(str(app.root / "pages" / "model_accuracy.py"), default_timeout=30)
    at.query_params.update({"ma_view": view, **query})
    return at.run()


def test_without_a_model_the_page_says_so_and_where_to_look(shown: Callable[..., Shown]) -> None:
    at = shown().open("model_accuracy")
    assert not at.exception
    assert "There is no model yet" in words(at)


def test_while_the_first_training_runs_its_progress_is_shown(shown: Callable[..., Shown]) -> None:
    app = shown()
    app.learnt.trainings.begin("first")
    at = app.open("model_accuracy")
    assert "There is no model yet" not in words(at)
    assert at.main.children


def test_the_record_stands_with_its_interval_beside_what_was_promised(shown: Callable[..., Shown]) -> None:
    app = shown()
    app.learnt.learn()
    told = words(app.open("model_accuracy"))
    assert "No evidence of skill" in told
    assert "Accuracy live 55.1 % 47.1 % to 62.9 %" in told
    assert "Accuracy promised 56.2 % 53.1 % to 59.2 %" in told
    assert "Matured 412 15 wait" in told
    assert "Its signals are held back: its score has drifted" in told


@pytest.mark.parametrize(("flag", "word"), [("red", "look for a leak"), ("amber", "does not do what"), ("odd", "")])
def test_a_flag_is_told_in_words_too(shown: Callable[..., Shown], flag: str, word: str) -> None:
    app = shown()
    app.learnt.learn()["flag"] = flag
    at = app.open("model_accuracy")
    assert not at.exception
    assert word in words(at)


def test_what_is_unknown_is_a_dash_and_never_a_zero(shown: Callable[..., Shown]) -> None:
    app = shown()
    row: dict[str, Any] = app.learnt.learn()
    row["promised"] = None
    row["total"] |= {"matured": 0, "accuracy": None, "skill": None, "reliability": [], "baselines": []}
    row["total"]["scores"] = {"n": 0, "accuracy": None, "auc": None, "direction_brier_skill": None}
    at = app.open("model_accuracy")
    assert not at.exception
    told = words(at)
    assert "Accuracy live – no interval yet" in told
    assert "Accuracy promised – no interval yet" in told
    assert "Nothing has matured yet" in told


def test_a_simulated_market_is_said_to_be_one(shown: Callable[..., Shown]) -> None:
    assert "Simulated market: nothing here" in words(shown().open("model_accuracy"))


def test_one_prediction_is_explained_by_its_id(shown: Callable[..., Shown]) -> None:
    app = shown()
    app.learnt.learn()
    at = opened(app, "Why", prediction=PREDICTION.id)
    assert not at.exception
    told = words(at)
    assert "it gave sell 20.0 %, hold 50.0 %, buy 30.0 %, and said **hold**" in told
    assert "It held back: no skill" in told
    assert "It came to **hold**, a move of +0.020 %: the likeliest class came true" in told
    assert "by **+0.200**" in told
    assert "sell 22.0 %, hold 56.0 %, buy 22.0 %" in told
    table = at.dataframe[-1].value
    assert table["formula"].to_list() == ["ln(C / C[t-1])", "f"]
    assert table["value"].isna().to_list() == [False, True]  # an unknown feature is no zero
    assert "This prediction is unknown" in words(opened(app, "Why", prediction="P0-unknown"))


def test_what_cannot_be_known_is_not_called_wrong(shown: Callable[..., Shown]) -> None:
    app = shown()
    app.learnt.learn()
    never = msgspec.structs.replace(OUTCOME, label=None, correct=None, move=None, note="the session ended")
    app.learnt.judged = [(PREDICTION, never)]
    told = words(opened(app, "Why"))
    assert "can never be known: the session ended" in told
    assert "did not come true" not in told


@pytest.mark.parametrize("by", ["hour", "time", "horizon"])
def test_the_record_is_told_in_parts_each_with_its_interval(shown: Callable[..., Shown], by: str) -> None:
    app = shown()
    app.learnt.learn()
    at = opened(app, "When", ma_by=by)
    assert not at.exception
    assert len(charts(at)) == 1
    assert "Where intervals overlap, no difference was shown" in words(at)


def test_without_the_right_to_read_the_page_says_why(shown: Callable[..., Shown]) -> None:
    assert "The record is unknown" in words(shown(role=None).open("model_accuracy"))
