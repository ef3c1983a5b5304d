from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.domain.errors import (
    ModelDamaged,
    ModelMissing,
    ModelNotKept,
    ModelOfOtherFeatures,
    ModelRejected,
    ModelUnreadable,
)
from sidecar.domain.models import ModelLine, ModelRole
from sidecar.features.matrix import FEATURE_HASH as PROGRAM_HASH
from sidecar.features.matrix import NAMES as PROGRAM_NAMES
from sidecar.learning.manifest import decode, digest, encode
from sidecar.learning.registry import MANIFEST_FILE, MODEL_FILE, Registry
from tests.learning.models import FEATURE_HASH, NAMES, booster_bytes, origin, rows, trained


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models", names=NAMES, feature_hash=FEATURE_HASH)


@pytest.fixture
def line(registry: Registry) -> ModelLine:
    return registry.keep(trained(), origin())


def test_what_is_kept_is_loaded_and_scores_bit_for_bit_alike(registry: Registry, line: ModelLine) -> None:
    assert line.role is ModelRole.CANDIDATE
    assert sorted(p.name for p in (registry.folder / line.id).iterdir()) == [MANIFEST_FILE, MODEL_FILE]
    assert [p.name for p in registry.folder.iterdir()] == [line.id]
    model = registry.load(line)
    again = Registry(registry.folder, names=NAMES, feature_hash=FEATURE_HASH).load(line)
    x = rows()[0][:20]
    assert np.array_equal(model.probabilities(x), again.probabilities(x))
    assert (registry.folder / line.id / MODEL_FILE).read_bytes() == booster_bytes()
    assert registry.manifest(line) == model.manifest


def test_the_role_is_the_records_not_the_files(registry: Registry, line: ModelLine) -> None:
    promoted = msgspec.structs.replace(line, role=ModelRole.CHAMPION, reason="asked")
    assert registry.load(promoted).line is promoted


def test_a_model_is_found_by_its_id_without_a_record(registry: Registry, line: ModelLine) -> None:
    assert registry.found(line.id) == line
    for name in ("", "..", "nobody"):
        with pytest.raises(ModelMissing):
            registry.found(name)
    (registry.folder / line.id / MANIFEST_FILE).write_text("{}")
    with pytest.raises(ModelUnreadable):
        registry.found(line.id)


def test_a_model_is_never_written_over(registry: Registry, line: ModelLine) -> None:
    with pytest.raises(ModelNotKept, match="there already"):
        registry.keep(trained(2), origin())
    registry.load(line)


@pytest.mark.parametrize("name", ["", ".", "..", "../models", "a/b", "a.unfinished", "a b", "/etc", "x" * 101, "a\n"])
def test_an_id_that_is_no_folders_name_reaches_no_file(registry: Registry, line: ModelLine, name: str) -> None:
    with pytest.raises(ModelMissing):
        registry.load(msgspec.structs.replace(line, id=name))
    with pytest.raises(ModelRejected):
        registry.keep(trained(), origin(name))
    assert [p.name for p in registry.folder.iterdir()] == [line.id]


@pytest.mark.parametrize("name", [MODEL_FILE, MANIFEST_FILE])
def test_a_missing_file_is_said_to_be_missing(registry: Registry, line: ModelLine, name: str) -> None:
    path = registry.folder / line.id / name
    path.unlink()
    with pytest.raises(ModelMissing, match=name):
        registry.load(line)
    os.mkfifo(path)  # which nobody will ever write to
    with pytest.raises(ModelMissing, match=name):
        registry.load(line)


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """One flipped bit, a cut, a piece twice, a piece lost, or other bytes altogether."""
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 400))
    kind = int(rng.integers(5))
    if kind == 0:
        return data[:at] + bytes([data[at] ^ (1 << int(rng.integers(8)))]) + data[at + 1 :]
    piece = data[at : at + length]
    return (data[:at], data[:at] + piece + data[at:], data[:at] + data[at + length :], rng.bytes(length))[kind - 1]


def test_three_hundred_mutations_are_each_refused_by_hash(registry: Registry, line: ModelLine) -> None:
    rng = np.random.default_rng(300)
    tried = 0
    for name in (MODEL_FILE, MANIFEST_FILE):
        path = registry.folder / line.id / name
        whole = path.read_bytes()
        for _ in range(150):
            if (damaged := mutated(whole, rng)) == whole:
                continue
            path.write_bytes(damaged)
            with pytest.raises(ModelDamaged, match="SHA-256") as caught:
                registry.load(line)
            assert caught.value.remedy in str(caught.value)
            tried += 1
        path.write_bytes(whole)
    assert tried >= 299
    registry.load(line)


def test_swapped_models_are_refused(registry: Registry, line: ModelLine) -> None:
    other = registry.keep(trained(2), origin("nifty-2"))
    mine, theirs = registry.folder / line.id, registry.folder / other.id
    mine.rename(registry.folder / "aside")
    theirs.rename(mine)
    with pytest.raises(ModelDamaged):
        registry.load(line)
    with pytest.raises(ModelMissing):
        registry.load(other)


def test_another_feature_set_is_refused_and_nothing_is_reordered(registry: Registry, line: ModelLine) -> None:
    newer = Registry(registry.folder, names=NAMES, feature_hash="e" * 64)
    with pytest.raises(ModelOfOtherFeatures, match="ffffffffffff, this program's eeeeeeeeeeee"):
        newer.load(line)
    reordered = Registry(registry.folder, names=NAMES[::-1], feature_hash=FEATURE_HASH)
    with pytest.raises(ModelOfOtherFeatures, match="in another order"):
        reordered.load(line)
    assert newer.manifest(line).features == NAMES  # and yet it can be read about


def test_a_model_of_other_features_is_not_even_kept(tmp_path: Path) -> None:
    programs = Registry(tmp_path / "models")
    assert len(PROGRAM_NAMES) >= 40
    with pytest.raises(ModelOfOtherFeatures):
        programs.keep(trained(), origin())
    with pytest.raises(ModelOfOtherFeatures):
        programs.keep(trained(), origin(feature_hash=PROGRAM_HASH))
    assert not (tmp_path / "models").exists()


def rehashed(registry: Registry, line: ModelLine, model: bytes | None = None, **manifest: Any) -> ModelLine:
    """The files changed, and a record that says they should be so: what no accident does."""
    folder = registry.folder / line.id
    made = decode((folder / MANIFEST_FILE).read_bytes())
    if model is not None:
        (folder / MODEL_FILE).write_bytes(model)
        manifest["model_hash"] = digest(model)
    (folder / MANIFEST_FILE).write_bytes(encode(msgspec.structs.replace(made, **manifest)))
    return msgspec.structs.replace(
        line,
        model_hash=digest((folder / MODEL_FILE).read_bytes()),
        manifest_hash=digest((folder / MANIFEST_FILE).read_bytes()),
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"classes": ("buy", "hold", "sell")}, "classes"),
        ({"dtype": "float64"}, "number type"),
        ({"id": "another"}, "that of another"),
        ({"model_hash": "0" * 64}, "that of nifty-1"),
    ],
)
def test_a_manifest_that_contradicts_is_refused(
    registry: Registry, line: ModelLine, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ModelUnreadable, match=problem):
        registry.load(rehashed(registry, line, **changes))


def test_bytes_that_no_one_can_parse_are_refused_though_their_hash_is_right(
    registry: Registry, line: ModelLine
) -> None:
    with pytest.raises(ModelUnreadable, match=r"model\.json is no model"):
        registry.load(rehashed(registry, line, model=b""))
    (registry.folder / line.id / MANIFEST_FILE).write_bytes(b"{}")
    with pytest.raises(ModelUnreadable, match=r"manifest\.json"):
        registry.load(msgspec.structs.replace(line, model_hash=digest(b""), manifest_hash=digest(b"{}")))


def test_what_could_not_be_loaded_again_is_not_kept(registry: Registry) -> None:
    with pytest.raises(ModelUnreadable):
        registry.keep(trained()._replace(model=b"{}"), origin())
    endless = trained()._replace(base=(0.3, float("inf"), 0.3))
    with pytest.raises(ModelUnreadable):
        registry.keep(endless, origin())
    assert not registry.folder.exists()


def test_a_pickle_in_the_folder_is_never_opened(registry: Registry, line: ModelLine, tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (Path.touch, (tmp_path / "opened",))

    for name in ("model.pkl", "model.json.pkl", "calibration.joblib"):
        (registry.folder / line.id / name).write_bytes(pickle.dumps(Malicious()))
    registry.load(line)
    with pytest.raises(ModelUnreadable):
        registry.load(rehashed(registry, line, model=pickle.dumps(Malicious())))
    assert not (tmp_path / "opened").exists()


def test_no_line_of_the_program_can_unpickle(repository: Path) -> None:
    forbidden = re.compile(r"\b(?:import|from) (?:pickle|joblib|dill|cloudpickle|marshal|shelve)\b|allow_pickle=True")
    for path in (repository / "sidecar" / "learning").glob("*.py"):
        assert not forbidden.search(path.read_text()), path


def test_the_unfinished_is_removed_and_named(registry: Registry, line: ModelLine) -> None:
    left = registry.folder / "nifty-2.unfinished"
    left.mkdir()
    (left / MODEL_FILE).write_bytes(b"half")
    assert registry.tidy() == ("nifty-2.unfinished",)
    assert registry.tidy() == ()
    assert [p.name for p in registry.folder.iterdir()] == [line.id]
    assert Registry(registry.folder / "none", names=NAMES, feature_hash=FEATURE_HASH).tidy() == ()


def test_the_unfinished_is_in_the_way_of_none(registry: Registry) -> None:
    (registry.folder / "nifty-1.unfinished").mkdir(parents=True)
    (registry.folder / "nifty-1.unfinished" / "other").write_bytes(b"half")
    registry.load(registry.keep(trained(), origin()))
