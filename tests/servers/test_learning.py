"""The shapes of models, predictions, outcomes and trainings, as REST and the topics show them."""

from __future__ import annotations

from sidecar.domain import wire
from sidecar.domain.clock import MINUTE
from sidecar.domain.training import JobState, TrainingJob
from sidecar.servers import learning
from tests.store.build import NOW
from tests.store.learnt import became, model, prediction

AT, LATER = "2026-08-18T03:45:00+00:00", "2026-08-18T04:00:00+00:00"


def test_a_model_has_its_times_as_text_and_its_unknowns_as_null() -> None:
    told = wire.builtins(learning.model(model()))
    assert (told["trained_at"], told["trained_from"]) == (AT, "2026-08-17T03:45:00+00:00")
    assert (told["role"], told["verdict"], told["auc"]) == ("champion", "no skill", None)


def test_a_prediction_has_its_probabilities_flat_and_not_the_vector_that_was_scored() -> None:
    told = wire.builtins(learning.prediction(prediction()))
    assert (told["timestamp"], told["bar_at"], told["due_at"]) == (AT, AT, LATER)
    assert (told["p_sell"], told["p_hold"], told["p_buy"], told["signal"]) == (0.2, 0.3, 0.5, "buy")
    assert (told["expected_value"], told["explained"]) == (None, [["ret_5", 0.25]])
    assert not {"features", "probabilities", "decided_at"} & set(told)


def test_an_outcome_has_the_name_of_its_prediction_and_says_null_where_it_can_never_be_known() -> None:
    unknown = became("P7", 2, NOW + 15 * MINUTE, label=None, move=None, correct=None, note="a gap")
    told = wire.builtins(learning.outcome(unknown))
    assert (told["id"], told["version"], told["timestamp"]) == ("P7", 2, LATER)
    assert (told["label"], told["move"], told["correct"], told["note"]) == (None, None, None, "a gap")


def test_a_training_says_null_of_what_has_not_come() -> None:
    told = learning.training(TrainingJob("T1", "asked", "ann", asked_at=NOW))
    assert (told["asked_at"], told["started_at"], told["ended_at"], told["seconds"]) == (AT, None, None, None)
    over = TrainingJob("T1", "asked", "ann", JobState.FAILED, started_at=NOW, ended_at=NOW, seconds=2.5)
    told = learning.training(over)
    assert (told["state"], told["ended_at"], told["seconds"]) == ("failed", AT, 2.5)
