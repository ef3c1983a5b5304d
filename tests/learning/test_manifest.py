from __future__ import annotations

from math import nan

import msgspec
import pytest

from sidecar.domain.models import LabelKind, ModelRole, Verdict
from sidecar.features.labels import LabelSpec
from sidecar.learning.manifest import CLASS_NAMES, decode, digest, encode, line_of, manifest_of, spec_hash
from tests.learning.models import FEATURE_HASH, NAMES, NOW, booster_bytes, card, origin, trained

SPEC = LabelSpec(LabelKind.FIXED_HORIZON, 15)


def test_a_manifest_survives_its_file() -> None:
    made = manifest_of(trained(), origin())
    assert decode(encode(made)) == made
    assert encode(decode(encode(made))) == encode(made)


def test_it_names_the_bytes_the_features_and_the_classes_in_order() -> None:
    made = manifest_of(trained(), origin())
    assert made.model_hash == digest(booster_bytes())
    assert (made.features, made.feature_hash, made.dtype) == (NAMES, FEATURE_HASH, "float32")
    assert made.classes == CLASS_NAMES == ("sell", "hold", "buy")
    assert made.spec == SPEC
    assert made.family == "NIFTY fixed_horizon 15"


def test_the_move_of_a_class_never_seen_is_unknown() -> None:
    assert manifest_of(trained(), origin()).moves == (-0.001, None, 0.001)
    whole = trained()._replace(moves=(nan, 0.0, nan))
    assert decode(encode(manifest_of(whole, origin()))).moves == (None, 0.0, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"rows": 600', '"rows": "600"', 1),
        lambda text: text.replace('"horizon": 15', '"horizon": 15.5', 1),
        lambda text: text.replace('"symbol"', '"symbols"', 1),
        lambda text: text.replace("{", '{"added": 1,', 1),
        lambda text: text.replace('"verdict": "no skill"', '"verdict": "skilled"', 1),
        lambda text: text.replace('"simulated": true', '"simulated": 1', 1),
        lambda text: text[:-10],
    ],
)
def test_what_is_not_this_versions_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    text = encode(manifest_of(trained(), origin())).decode()
    assert change(text) != text
    with pytest.raises(msgspec.DecodeError):
        decode(change(text).encode())


def test_a_line_tells_what_the_scorecard_found() -> None:
    made = manifest_of(trained(), origin(before="nifty-0"))
    line = line_of(made, "a" * 64, ModelRole.CHAMPION, "the first")
    assert (line.id, line.family, line.role, line.reason) == ("nifty-1", made.family, ModelRole.CHAMPION, "the first")
    assert (line.accuracy, line.accuracy_low, line.accuracy_high, line.majority_accuracy) == (0.52, 0.49, 0.55, 0.45)
    assert (line.auc, line.brier_skill, line.log_loss, line.verdict) == (0.53, 0.01, 1.05, Verdict.NO_SKILL)
    assert (line.model_hash, line.manifest_hash, line.feature_hash) == (made.model_hash, "a" * 64, FEATURE_HASH)
    assert (line.trained_at, line.simulated, line.before) == (NOW, True, "nifty-0")


def test_what_validation_could_not_say_stays_unknown() -> None:
    bare = msgspec.structs.replace(card(brier_skill=None), accuracy=None, baselines=())
    line = line_of(manifest_of(trained(scorecard=bare), origin()), "a" * 64)
    assert (line.accuracy_low, line.accuracy_high, line.majority_accuracy, line.brier_skill) == (None,) * 4


def test_label_features_and_parameters_make_the_spec() -> None:
    parameters = {"max_depth": 3, "eta": 0.1}
    same = spec_hash(SPEC, FEATURE_HASH, 1, parameters)
    others = [
        spec_hash(LabelSpec(LabelKind.FIXED_HORIZON, 30), FEATURE_HASH, 1, parameters),
        spec_hash(LabelSpec(LabelKind.TRIPLE_BARRIER, 15), FEATURE_HASH, 1, parameters),
        spec_hash(SPEC, "e" * 64, 1, parameters),
        spec_hash(SPEC, FEATURE_HASH, 1, {**parameters, "max_depth": 4}),
        spec_hash(SPEC, FEATURE_HASH, 20, parameters),
    ]
    assert len({same, *others}) == 6
    assert same == spec_hash(SPEC, FEATURE_HASH, 1, dict(reversed(parameters.items())))


def test_a_search_stands_for_the_set_that_it_ends_on() -> None:
    assert spec_hash(SPEC, FEATURE_HASH, 20, {"eta": 0.1}) == spec_hash(SPEC, FEATURE_HASH, 20, {"eta": 0.3})
