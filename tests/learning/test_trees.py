from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost

from sidecar.learning.trees import fault
from tests.learning.models import NAMES, booster_bytes, rows

Change = Callable[[dict[str, Any]], None]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "settings",
    [{}, {"gamma": 50.0}, {"max_depth": 7, "min_child_weight": 1}, {"subsample": 0.5, "grow_policy": "lossguide"}],
)
def test_what_a_training_gives_is_sound(classes: int, settings: dict[str, Any]) -> None:
    x, y = rows()
    y = np.minimum(y, classes - 1)
    fixed = {"objective": "multi:softprob", "num_class": classes, "tree_method": "hist", "nthread": 1}
    made = xgboost.train({**fixed, **settings}, xgboost.DMatrix(x, y, feature_names=list(NAMES)), 6)
    assert fault(bytes(made.save_raw("json")), NAMES, (2, 3)) == ""
    assert fault(bytes(made[:3].save_raw("json")), NAMES, (2, 3)) == ""


def tree(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["learner"]["gradient_booster"]["model"]["trees"][0]
    return found


def model(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["learner"]["gradient_booster"]["model"]
    return found


def put(name: str, place: int, value: object) -> Change:
    return lambda document: tree(document)[name].__setitem__(place, value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (put("left_children", 0, 1_000_000), "tree 0 has a branch to nowhere"),
        (put("left_children", 0, -7), "tree 0 has a branch to nowhere"),
        (put("left_children", 1, 0), "tree 0 has a branch to nowhere"),  # round and round
        (put("left_children", 0, 3), "tree 0 has a branch that leads elsewhere"),
        (put("right_children", 0, -1), "tree 0 has a branch to nowhere"),
        (put("split_indices", 0, 3), "tree 0 splits by a column that is not there"),
        (put("split_indices", 0, -1), "tree 0 splits by a column that is not there"),
        (put("split_type", 0, 1), "tree 0 splits by category"),
        (put("split_conditions", 0, "a"), "float"),
        (put("parents", 1, 2), "tree 0 has a branch that leads elsewhere"),
        (lambda d: tree(d)["base_weights"].pop(), "tree 0 has not the nodes that it says"),
        (lambda d: tree(d)["tree_param"].update(num_nodes="9"), "tree 0 has not the nodes that it says"),
        (lambda d: model(d)["trees"].pop(), "the number of its trees is not what it says"),
        (lambda d: model(d)["tree_info"].__setitem__(0, 2), "not in rounds of one a class"),
        (lambda d: model(d)["iteration_indptr"].pop(), "not in rounds of one a class"),
        (lambda d: d["learner"]["feature_names"].reverse(), "its columns are not the manifest's"),
        (lambda d: d["learner"]["learner_model_param"].update(num_class="4"), "does not tell the classes apart"),
        (lambda d: d["learner"]["objective"].update(name="reg:squarederror"), "does not tell the classes apart"),
        (lambda d: d["learner"].pop("gradient_booster"), "missing required field"),
    ],
)
def test_what_would_be_read_from_elsewhere_is_found(change: Change, problem: str) -> None:
    document = json.loads(booster_bytes())
    change(document)
    assert problem in fault(json.dumps(document).encode(), NAMES, (2, 3))


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_model_at_all_is_said_to_be_none(data: bytes) -> None:
    assert fault(data, NAMES, (2, 3))
