from __future__ import annotations

import msgspec
import numpy as np
import pytest
import xgboost

from sidecar.domain.errors import InputError, ModelUnreadable
from sidecar.domain.models import CLASSES
from sidecar.domain.signals import SignalType
from sidecar.learning.manifest import Manifest, line_of, manifest_of
from sidecar.learning.model import REASONS, Model, contributions_of, margins_of, opened
from tests.learning.models import NAMES, booster_bytes, origin, rows, trained


def model(classes: int = 3, **changes: object) -> Model:
    manifest = msgspec.structs.replace(manifest_of(trained(classes), origin()), **changes)
    return opened(line_of(manifest, "0" * 64), manifest, booster_bytes(classes))


def test_a_certain_third_class_is_buy() -> None:
    found = model().score(np.array([3.0, 0.0, 0.0], dtype=np.float32))
    assert CLASSES[int(np.argmax(found.probabilities))] is SignalType.BUY
    assert found.probabilities[2] > 0.8
    assert CLASSES[int(np.argmax(model().score(np.array([-3, 0, 0], np.float32)).probabilities))] is SignalType.SELL


def test_probabilities_are_the_calibrated_margins_and_sum_to_one() -> None:
    opened_model, row = model(), rows()[0][0]
    found = opened_model.score(row)
    calibrated = opened_model.manifest.calibration.apply(np.array([found.margins]))
    assert found.probabilities == tuple(calibrated[0])
    assert sum(found.probabilities) == pytest.approx(1.0, abs=1e-12)


def test_one_row_and_many_are_scored_bit_for_bit_alike() -> None:
    opened_model, x = model(), rows()[0][:50]
    singly = [opened_model.score(row).probabilities for row in x]
    assert np.array_equal(np.array(singly), opened_model.probabilities(x))


def test_a_round_trip_through_the_file_changes_no_bit() -> None:
    x, y = rows()
    made = xgboost.train(
        {"objective": "multi:softprob", "num_class": 3, "max_depth": 4, "nthread": 1},
        xgboost.DMatrix(x, y, feature_names=list(NAMES), nthread=1),
        30,
    )
    back = xgboost.Booster(model_file=bytearray(made.save_raw("json")))
    assert np.array_equal(margins_of(made, x), margins_of(back, x))
    assert np.array_equal(contributions_of(made, x), contributions_of(back, x))
    assert bytes(made.save_raw("json")) == bytes(back.save_raw("json"))


def test_an_unknown_feature_is_missing_and_not_zero() -> None:
    opened_model = model()
    unknown = opened_model.score(np.full(3, np.nan, dtype=np.float32))
    zero = opened_model.score(np.zeros(3, dtype=np.float32))
    assert all(0.0 < p < 1.0 for p in unknown.probabilities)
    assert unknown.probabilities != zero.probabilities


def test_a_model_of_two_classes_gives_hold_no_chance() -> None:
    found = model(2).score(np.array([3.0, 0.0, 0.0], dtype=np.float32))
    assert found.probabilities[1] == 0.0
    assert found.margins[1] == -np.inf
    assert found.probabilities[2] > 0.8
    assert found.explained[0][0] == "ret_1"


def test_reasons_come_greatest_first_and_towards_the_side_that_they_favour() -> None:
    up = model().score(np.array([3.0, 0.1, 0.1], dtype=np.float32)).explained
    down = model().score(np.array([-3.0, 0.1, 0.1], dtype=np.float32)).explained
    assert up[0][0] == down[0][0] == "ret_1"
    assert up[0][1] > 0.5
    assert down[0][1] < -0.5
    assert [abs(pull) for _, pull in up] == sorted((abs(pull) for _, pull in up), reverse=True)
    assert len(up) <= REASONS


@pytest.mark.parametrize("classes", [2, 3])
def test_reasons_and_the_bias_add_up_to_the_margins(classes: int) -> None:
    x = rows()[0]
    booster = xgboost.Booster(model_file=bytearray(booster_bytes(classes)))
    margins = margins_of(booster, x)
    rest = margins[:, 2] - margins[:, 0] - contributions_of(booster, x).sum(axis=1)
    assert np.ptp(rest) < 1e-5


def test_reasons_may_be_left_out_and_change_no_probability() -> None:
    row = rows()[0][0]
    bare = model().score(row, explain=False)
    assert bare.explained == ()
    assert bare[:2] == model().score(row)[:2]


def test_without_a_slope_there_is_no_reason() -> None:
    manifest = manifest_of(trained(), origin())
    flat = msgspec.structs.replace(manifest.calibration, slope=0.0)
    found = model(calibration=flat).score(rows()[0][0])
    assert found.explained == ()
    assert found.probabilities == model(calibration=flat).score(rows()[0][9]).probabilities


def test_importance_is_shares_of_the_gain() -> None:
    shares = model().importance
    assert tuple(shares) == NAMES
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["ret_1"] > 0.9


@pytest.mark.parametrize(
    ("vector", "problem"),
    [
        (np.zeros(2, dtype=np.float32), r"\(2,\)"),
        (np.zeros((1, 3), dtype=np.float32), r"\(1, 3\)"),
        (np.zeros(3), "float64"),
        (np.array([0, np.inf, 0], dtype=np.float32), "infinite"),
    ],
)
def test_a_row_that_is_not_the_models_is_refused(vector: np.ndarray, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        model().score(vector)


def refused(data: bytes, **changes: object) -> str:
    manifest: Manifest = msgspec.structs.replace(manifest_of(trained(), origin()), **changes)
    with pytest.raises(ModelUnreadable) as caught:
        opened(line_of(manifest, "0" * 64), manifest, data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bytes_that_are_no_model_are_refused_in_one_line() -> None:
    for data in (b"", b"{}", b"[1,2", b"not json", b"\x80\x04\x95", booster_bytes()[:-200]):
        assert "model.json is no model: " in refused(data)


def test_a_model_of_other_columns_is_refused() -> None:
    assert "its columns are not the manifest's" in refused(booster_bytes(), features=("ret_1", "gap", "rv_15"))
    assert "its columns are not the manifest's" in refused(booster_bytes(), features=("ret_1", "rv_15"))
