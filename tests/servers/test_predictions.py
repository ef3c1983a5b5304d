"""Predictions and their scores over REST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.domain.clock import SECOND, iso
from sidecar.servers import examples_models as e
from sidecar.servers.keys import Role
from sidecar.servers.shapes import plain
from tests.servers.desk import T0
from tests.servers.learnt import FAMILY, OUTCOME, PREDICTION, LearntDesk

PATHS = ("predictions", f"predictions/{PREDICTION.id}", "accuracy", "drift", "features", "models", "models/m1")


@pytest.fixture
def desk(tmp_path: Path) -> LearntDesk:
    return LearntDesk(tmp_path)


def many(desk: LearntDesk, n: int) -> None:
    desk.judged = [
        (msgspec.structs.replace(PREDICTION, id=f"P{k}", decided_at=T0 + k * SECOND, model_id=f"m{k % 2}"), None)
        for k in range(n)
    ]


def test_a_viewer_reads_and_a_stranger_does_not(desk: LearntDesk) -> None:
    for path in PATHS:
        assert [desk.ask("GET", path, role=role).status_code for role in (None, *Role)] == [401, 200, 200, 200]


def test_a_prediction_is_told_with_what_became_of_it(desk: LearntDesk) -> None:
    (row,) = desk.told("predictions")["predictions"]
    assert (row["timestamp"], row["p_buy"], row["signal"]) == (iso(T0 + SECOND), 0.3, "hold")
    assert row["abstained"] == "no skill"
    assert (row["outcome"]["label"], row["outcome"]["correct"], row["outcome"]["version"]) == ("hold", True, 1)
    assert "features" not in row
    desk.judged = [(PREDICTION, None)]
    assert desk.told("predictions")["predictions"][0]["outcome"] is None
    desk.judged = [(PREDICTION, msgspec.structs.replace(OUTCOME, label=None, correct=None, note="a gap"))]
    assert desk.told("predictions")["predictions"][0]["outcome"]["label"] is None


def test_pages_hold_every_prediction_once(desk: LearntDesk) -> None:
    many(desk, 7)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        told = desk.told(f"predictions?limit=3&cursor={cursor}")
        seen += [row["id"] for row in told["predictions"]]
        cursor = told["next_cursor"]
    assert seen == [f"P{k}" for k in range(6, -1, -1)]
    assert [row["id"] for row in desk.told("predictions?model_id=m1")["predictions"]] == ["P5", "P3", "P1"]


def test_the_span_is_handed_on_and_a_bad_one_refused(desk: LearntDesk) -> None:
    desk.told("predictions?from=2025-11-24T06:30:00%2B00:00&to=2025-11-24T07:30:00%2B00:00")
    assert desk.asked[-1][3:] == (T0, T0 + 3_600 * SECOND)
    for bad in ("from=yesterday", "cursor=x", "limit=0", "model_id=a/b", "what=1"):
        assert desk.ask("GET", f"predictions?{bad}").status_code == 422


def test_one_prediction_is_explained_with_every_feature_by_name(desk: LearntDesk) -> None:
    told = desk.told(f"predictions/{PREDICTION.id}")
    assert told["features"] == {"ret_1": 0.1, "rv_60": None}
    assert told["explained"] == [["ret_1", 0.2]]
    desk.judged = [(msgspec.structs.replace(PREDICTION, features=(0.5,)), None)]
    assert desk.told(f"predictions/{PREDICTION.id}")["features"] == {"feature 0": 0.5}
    assert desk.ask("GET", "predictions/P9").status_code == 404


def test_accuracy_is_asked_by_family_part_and_time(desk: LearntDesk) -> None:
    told = desk.told("accuracy")
    assert list(desk.asked[-1]) == ["", "", None]
    assert told["families"][0]["total"]["accuracy"] is None
    desk.told(f"accuracy?family={FAMILY}&by=hour&from=2025-11-24T06:30:00Z")
    assert list(desk.asked[-1]) == [FAMILY, "hour", T0]
    assert desk.ask("GET", "accuracy?by=weather").status_code == 422


def test_drift_is_told_with_its_rule_and_when_it_was_measured(desk: LearntDesk) -> None:
    told = desk.told("drift")
    assert [told["rule"], told["as_of"], told["count"]] == ["a rule", iso(T0), 1]
    assert told["models"][0]["lines"][0]["psi"] is None


def test_features_come_in_the_vectors_order(desk: LearntDesk) -> None:
    told = desk.told("features")
    assert [row["name"] for row in told["features"]] == ["ret_1", "rv_60"]
    assert told["feature_hash"] == "f" * 64


@pytest.mark.parametrize(
    ("path", "example"),
    [("predictions", e.PREDICTIONS), (f"predictions/{PREDICTION.id}", e.EXPLAINED), ("models", e.MODELS)],
)
def test_every_example_has_the_fields_that_are_told(desk: LearntDesk, path: str, example: Any) -> None:
    def keys(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: keys(one) for name, one in value.items() if name != "features"}
        return [keys(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None

    assert keys(desk.told(path)) == keys(plain(example))
