"""How the models stand, measured from the record."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.domain.clock import DAY, MINUTE
from sidecar.domain.errors import StoreError
from sidecar.domain.models import ModelLine, ModelRole
from sidecar.features.matrix import NAMES
from sidecar.learning.registry import MANIFEST_FILE
from sidecar.learning.standing import Standings, standing
from tests.learning.predicting import kept
from tests.learning.recorded import FAMILY, N, columns, record
from tests.learning.watched import minute
from tests.wiring import until


def test_each_family_with_a_champion_is_measured_beside_its_promise_and_each_model_in_use_for_drift(
    tmp_path: Path,
) -> None:
    lines = (kept(tmp_path), kept(tmp_path, "m2", role=ModelRole.CHALLENGER), kept(tmp_path, "m3", role="retired"))  # type: ignore[arg-type]
    found = standing(record(tmp_path, *lines))
    assert [(one.family, one.champion, one.pending, one.horizon) for one in found.families] == [(FAMILY, "m1", 3, 2)]
    assert found.families[0].promised is not None
    assert found.families[0].promised.accuracy == 0.52
    assert [(one.model_id, one.rows, len(one.lines)) for one in found.drift] == [
        ("m1", N, len(NAMES) + 1), ("m2", N, len(NAMES) + 1),
    ]  # fmt: skip
    assert all(one.worst is None for one in found.drift)  # one session is no window
    assert found.at == minute(200)


def test_a_record_that_is_surely_not_what_was_promised_suspends_the_champion_and_no_challenger(tmp_path: Path) -> None:
    lines = (kept(tmp_path), kept(tmp_path, "m2", role=ModelRole.CHALLENGER))
    scored = columns(2_000, right=False)
    scored["bar_at"] = scored["bar_at"] + np.arange(2_000) // 300 * DAY
    scored["p_buy"], scored["p_sell"] = scored["p_buy"].copy(), scored["p_sell"].copy()
    rng = np.random.default_rng(2)
    scored["label"] = rng.choice([0, 2], size=2_000, p=[0.9, 0.1]).astype(np.int8)
    found = standing(record(tmp_path, *lines, scored=lambda since, family: scored))
    assert list(found.suspended) == ["m1"]
    assert "validation promised 52.0%" in found.suspended["m1"]
    scored["bar_at"] = np.sort(minute(1) + np.arange(2_000) % 300 * MINUTE)  # of one session it says nothing
    assert not standing(record(tmp_path, *lines, scored=lambda since, family: scored)).suspended


def test_a_champion_that_is_refreshed_every_evening_keeps_its_record_and_what_it_has_seen(tmp_path: Path) -> None:
    before, now = kept(tmp_path, "m1", role=ModelRole.RETIRED), kept(tmp_path, "m9")
    asked: list[tuple[str, ...]] = []
    empty = (np.zeros(0, np.int64), np.empty((0, 0)), np.zeros(0))

    def vectors(model_ids: Any, since: int) -> Any:
        asked.append(tuple(model_ids))
        return empty

    made = record(tmp_path, now, known=lambda: (before, now), vectors=vectors)
    (family,) = standing(made).families
    assert (family.champion, family.total.matured) == ("m9", N)  # all of them m1's
    assert asked == [("m1", "m9")]
    other = dataclasses.replace(made, spec=lambda line: line.id)
    assert standing(other).families[0].total.matured == 0
    assert asked[-1] == ("m9",)


def test_a_model_whose_manifest_is_damaged_is_left_out(tmp_path: Path) -> None:
    line = kept(tmp_path)
    (tmp_path / "m1" / MANIFEST_FILE).write_bytes(b"{}")
    assert standing(record(tmp_path, line)).families == ()


def test_it_measures_until_it_is_stopped_and_tells_what_it_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line = msgspec.structs.replace(kept(tmp_path), role=ModelRole.REFUSED, reason="damaged")
    told: list[Any] = []
    jobs: list[tuple[str, bool]] = []
    broken = [True]

    def models() -> tuple[ModelLine, ...]:
        if broken:
            broken.clear()
            raise StoreError("the database cannot answer")
        return (line,)

    made = record(tmp_path, models=models, alerts=lambda: ["drift:psi:GONE"])
    standings = Standings(made, lambda *found: told.append(found), lambda *job: jobs.append(job), every_s=0.01)
    standings.start()
    try:
        until(lambda: told and len(jobs) > 2, what="a finding")
    finally:
        standings.stop()
    ((found, cleared),) = told
    assert [one.fingerprint for one in found] == ["model:refused:m1"]
    assert cleared == ("drift:psi:GONE",)
    assert jobs[:2] == [("standings", False), ("standings", True)]
    assert "could not be measured" in caplog.text
