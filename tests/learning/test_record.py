"""A family's record: the exchange's hours and days, and parts by the volatility of the training."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from sidecar.domain.clock import MINUTE
from sidecar.learning.record import family_of, outcomes_of
from tests.learning.predicting import kept
from tests.learning.recorded import FAMILY, N, columns, record
from tests.learning.watched import CALENDAR, OPEN


def test_the_hour_and_the_day_are_the_exchanges_and_a_bar_belongs_to_the_hour_that_it_spans() -> None:
    given = columns(60)
    given["bar_at"] = np.array([OPEN + MINUTE * n for n in range(1, 61)], dtype=np.int64)
    rows = outcomes_of(given, CALENDAR.zone)
    assert rows.hour.tolist() == [9] * 45 + [10] * 15  # from 09:15
    assert len(set(rows.session.tolist())) == 1


def test_a_record_is_parted_by_the_volatility_of_the_training(tmp_path: Path) -> None:
    line = kept(tmp_path)
    made = record(tmp_path, line)
    parts = {one.name: one.matured for one in family_of(made, FAMILY, made.manifest(line), 0, "regime").parts}
    assert list(parts) == ["calm", "usual", "rough"]
    assert sum(parts.values()) == N
    assert parts["usual"] > max(parts["calm"], 10)
    blind = dataclasses.replace(
        made, vectors=lambda model_ids, since: (np.zeros(0, int), np.empty((0, 0)), np.zeros(0))
    )
    assert [one.name for one in family_of(blind, FAMILY, made.manifest(line), 0, "regime").parts] == ["unknown"]


def test_without_a_champion_a_family_has_a_record_and_no_promise(tmp_path: Path) -> None:
    found = family_of(record(tmp_path), FAMILY, None, 0)
    assert (found.promised, found.champion, found.total.matured, found.horizon) == (None, "", N, 2)
