"""Training: what runs, what came of it, whose place is whose, what stands behind a model, and giving it a place."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace
from streamlit.testing.v1 import AppTest

from sidecar.domain.models import ModelRole
from sidecar.domain.training import JobState
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, click, words
from tests.servers.learnt import LINE

Show = Callable[..., Shown]


def opened(app: Shown, view: str) -> AppTest:
    at = AppTest.from_file(str(app.root / "pages" / "training.py"), default_timeout=30)
    at.query_params["tr_view"] = view
    return at.run()


def test_an_empty_desk_says_when_the_first_training_comes(shown: Show) -> None:
    at = opened(shown(), "Trainings")
    assert not at.exception
    assert "None yet: the first begins when the desk does" in words(at)


def test_train_now_asks_the_desk_for_one_as_it_was_typed(shown: Show) -> None:
    app = shown()
    at = opened(app, "Trainings")
    at.number_input(key="train-search").set_value(5)
    at.text_input(key="train-strategy").set_value("demo")
    click(at, "train")
    standing = app.learnt.trainings.standing()
    assert standing is not None
    assert (standing.kind, standing.search, standing.strategy) == ("asked", 5, "demo")
    assert f"{standing.id} is queued".replace("-", "\\-") in at.toast[0].value


def test_who_may_not_train_is_told_so(shown: Show) -> None:
    button = opened(shown(role=Role.VIEWER), "Trainings").button(key="train")
    assert button.disabled
    assert button.help == "Needs a trader's key"


def test_a_failure_is_called_a_failure_with_its_reason(shown: Show) -> None:
    app = shown()
    job = app.learnt.trainings.begin("first")
    app.learnt.trainings.tell(replace(job, state=JobState.FAILED, reason="the disk is full", ended_at=1))
    app.learnt.trainings.begin("asked")
    at = opened(app, "Trainings")
    assert not at.exception


def test_behind_a_model_stand_its_data_its_fits_and_its_proofs(shown: Show) -> None:
    app = shown()
    app.learnt.learn()
    app.learnt.problem = "model m1: model.json is not what was written"
    at = opened(app, "Models")
    told = words(at)
    assert "Behind m1" in told
    assert "22,500 bars of 60 sessions of a SIMULATED market; 12 fits saw the data" in told
    assert "the model 56.2 % (log-loss 0.9400) · majority 56.1 % (log-loss 0.9400)" in told
    assert "is not what was written" in told
    assert f"**Manifest SHA-256**: {'b' * 64}" in told
    row = at.dataframe[0].value.iloc[0]
    assert (row["accuracy"], row["strategy"], row["before"]) == (50.0, "the market", "m0")


def two(app: Shown) -> None:
    app.learnt.learn()
    candidate = msgspec.structs.replace(
        LINE, id="m2", role=ModelRole.CANDIDATE, reason="a refresh that may be worse", before="m1", accuracy=0.4
    )
    app.learnt.models = [candidate, LINE]


def test_before_a_promotion_stands_whose_place_it_is_and_that_the_rule_was_not_met(shown: Show) -> None:
    app = shown()
    two(app)
    at = opened(app, "Give a place")
    told = words(at)
    assert "**m2** becomes the champion" in told
    assert "**m1** has the place now; it is retired" in told
    assert "The stated rule was NOT met; you overrule it.** It left this model a candidate: a refresh that may" in told
    at.text_input(key="place-key").set_value(app.stand.secrets[Role.ADMIN])
    at.text_input(key="place-reason").set_value("twenty quiet sessions")
    place(at)
    (asked,) = app.learnt.placed
    assert (asked.model_id, asked.action, asked.reason) == ("m2", "promote", "twenty quiet sessions")
    assert "as asked: m2 is now champion" in words(at)
    assert at.text_input(key="place-key").value == ""


def test_without_a_reason_or_with_a_key_that_may_not_nothing_changes(shown: Show) -> None:
    app = shown()
    two(app)
    at = opened(app, "Give a place")
    at.text_input(key="place-key").set_value(app.stand.secrets[Role.TRADER])
    place(at)
    assert "Nothing was sent" in words(at)
    at.text_input(key="place-key").set_value(app.stand.secrets[Role.TRADER])
    at.text_input(key="place-reason").set_value("because")
    place(at)
    assert "Refused, nothing was changed" in words(at)
    assert not app.learnt.placed


def place(at: AppTest) -> None:
    """Press the form's one button."""
    (button,) = [one for one in at.button if one.label in ("Promote", "Roll back", "Retire", "Let it challenge")]
    button.click()
    at.run()
