"""Refreshes of one another: by family and spec, never by a file that cannot be trusted."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from sidecar.domain.models import ModelLine
from sidecar.learning.lineage import lineage, specs_of
from sidecar.learning.manifest import Manifest
from sidecar.learning.registry import MANIFEST_FILE, Registry
from tests.learning.predicting import kept


def test_models_of_one_family_and_spec_are_kin_and_others_are_not(tmp_path: Path) -> None:
    one, two, other = kept(tmp_path, "m1"), kept(tmp_path, "m2"), kept(tmp_path, "m3", horizon=5)
    spec = specs_of(Registry(tmp_path).manifest)
    assert lineage(one, (one, two, other), spec) == ("m1", "m2")
    assert lineage(other, (one, two, other), spec) == ("m3",)
    assert lineage(one, (one, replace(two, family="BANKNIFTY fixed_horizon 2")), spec) == ("m1",)


def test_a_model_whose_files_cannot_be_trusted_is_kin_of_none(tmp_path: Path) -> None:
    one, two = kept(tmp_path, "m1"), kept(tmp_path, "m2")
    (tmp_path / "m2" / MANIFEST_FILE).write_bytes(b"{}")
    spec = specs_of(Registry(tmp_path).manifest)
    assert lineage(one, (one, two), spec) == ("m1",)
    assert lineage(two, (one, two), spec) == ("m2",)


def test_a_manifest_is_read_once(tmp_path: Path) -> None:
    line, read = kept(tmp_path, "m1"), list[str]()

    def manifest(asked: ModelLine) -> Manifest:
        read.append(asked.id)
        return Registry(tmp_path).manifest(asked)

    spec = specs_of(manifest)
    assert spec(line) == spec(line)
    assert read == ["m1"]
