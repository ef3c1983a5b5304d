"""The forecaster beside the desk: a prediction a bar, none twice, none without an end, and the old model until a new
one is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.domain.bars import Bar
from sidecar.domain.clock import DAY, MINUTE
from sidecar.domain.errors import StoreError
from sidecar.domain.events import Forecast, Matured, ModelRefused
from sidecar.domain.models import ModelLine, ModelRole, Prediction
from sidecar.domain.report import Published
from sidecar.features.labels import LabelSpec
from sidecar.features.matrix import batch, rows_of
from sidecar.learning import live
from sidecar.learning.bar_file import columns_of
from sidecar.learning.live import Desk, Forecaster
from sidecar.learning.registry import MODEL_FILE, Registry
from tests.learning.predicting import kept
from tests.learning.watched import CALENDAR, CLOSE, OPEN, SPOT, minute, said, seen, watching
from tests.wiring import until


class Stand:
    """A forecaster with a desk that keeps what it is told. ``stored`` are the bars on record."""

    def __init__(self, folder: Path, stored: list[Bar] | None = None, **changes: Any) -> None:
        self.registry = Registry(folder)
        self.stored = stored if stored is not None else []
        self.events: list[live.Event] = []
        self.now = 0
        self.changes = changes
        self.open: dict[str, Prediction] = {}
        self.ever: dict[str, Prediction] = {}
        self.forecaster = self.begun()

    def begun(self) -> Forecaster:
        """A forecaster as a start makes it."""
        given = {
            "put": self.put,
            "keep": self.stored.extend,
            "now": lambda: self.now,
            "history": lambda: columns_of(self.stored),
            "load": self.registry.load,
            "spec": lambda model_id: LabelSpec("fixed_horizon", 2),  # type: ignore[arg-type]
        }
        return Forecaster("NIFTY", CALENDAR, watching(), Desk(**{**given, **self.changes}))

    def put(self, event: live.Event) -> None:
        self.events.append(event)
        if isinstance(event, Forecast):
            for one in event.predictions:
                name = f"P{len(self.ever)}"
                self.open[name] = self.ever[name] = msgspec.structs.replace(one, id=name)
        elif isinstance(event, Matured):
            for became in event.outcomes:
                del self.open[became.prediction_id]

    def reports(self, first: int, last: int, *models: ModelLine) -> Iterator[Published]:
        """Two reports a minute of a market that moves."""
        lines = tuple(models)
        for half in range(2 * first, 2 * last):
            self.now = minute(0, 30 * half + 1)
            spot = SPOT + 10.0 * np.sin(half / 3.0)
            yield seen(self.now, spot, said(self.now, lines, tuple(self.open.values())), volume=75.0 * half)

    def play(self, first: int, last: int, *models: ModelLine) -> None:
        for one in self.reports(first, last, *models):
            self.forecaster.take(one)

    def predictions(self) -> list[Prediction]:
        return [one for event in self.events if isinstance(event, Forecast) for one in event.predictions]

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def test_each_closed_bar_is_predicted_once_and_matures_when_its_horizon_has_ended(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.play(0, 8, kept(tmp_path))
    made = stand.predictions()
    assert [one.bar_at for one in made] == [minute(n) for n in range(2, 8)]
    assert all(one.bar_at <= one.known_at < one.due_at == one.bar_at + 2 * MINUTE for one in made)
    outcomes = [one for event in stand.told(Matured) for one in event.outcomes]
    assert [one.prediction_id for one in outcomes] == ["P0", "P1", "P2", "P3"]
    assert all(one.label is not None for one in outcomes)
    told_at = {one.prediction_id: event.at for event in stand.told(Matured) for one in event.outcomes}
    assert all(told_at[name] >= stand.ever[name].due_at for name in told_at)


def test_live_vectors_are_those_of_the_batch_over_the_stored_bars_bit_by_bit(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.play(0, 40, kept(tmp_path))
    stored = batch(rows_of(columns_of(stand.stored)))
    places = {bar.closes_at: row for row, bar in enumerate(stand.stored)}
    made = stand.predictions()
    assert len(made) == 38
    for one in made:
        vector = np.array([np.nan if value is None else value for value in one.features], dtype=np.float32)
        assert vector.tobytes() == stored[places[one.bar_at]].tobytes()


def test_a_bar_whose_horizon_leaves_the_session_is_kept_and_not_predicted(tmp_path: Path) -> None:
    stand, line = Stand(tmp_path), kept(tmp_path)
    minutes = (CLOSE - OPEN) // MINUTE
    stand.play(minutes - 5, minutes + 1, line)
    assert [bar.closes_at for bar in stand.stored] == [CLOSE - n * MINUTE for n in (3, 2, 1, 0)]
    assert [one.due_at for one in stand.predictions()] == [CLOSE - MINUTE, CLOSE]


def test_a_restart_goes_on_where_it_was_drops_the_bar_that_had_begun_and_matures_what_was_open(tmp_path: Path) -> None:
    stand, line = Stand(tmp_path), kept(tmp_path)
    stand.play(0, 10, line)
    before = len(stand.stored)
    assert len(stand.open) == 2
    stand.forecaster = stand.begun()
    stand.play(10, 11, line)  # the tenth minute's first half was seen by the one before
    stand.play(11, 16, line)
    times = [one.bar_at for one in stand.predictions()]
    assert len(times) == len(set(times))
    assert [bar.at for bar in stand.stored[before:]] == [minute(n) for n in range(11, 15)]
    gone = [one for event in stand.told(Matured) for one in event.outcomes if one.label is None]
    assert [one.prediction_id for one in gone] == ["P6", "P7"]
    assert all("bars of its horizon are on record" in one.note for one in gone)


def test_a_past_that_comes_after_the_start_is_taken_up(tmp_path: Path) -> None:
    stand, line = Stand(tmp_path), kept(tmp_path)
    stand.play(0, 4)
    assert not stand.predictions()
    early = [msgspec.structs.replace(bar, at=bar.at - DAY, closes_at=bar.closes_at - DAY, session=bar.session - 1)
             for bar in stand.stored]  # fmt: skip
    stand.stored[:0] = early
    stand.play(4, 6, line)
    stored = batch(rows_of(columns_of(stand.stored)))
    vector = np.array([np.nan if value is None else value for value in stand.predictions()[-1].features], np.float32)
    assert vector.tobytes() == stored[-1].tobytes()


def test_champion_and_challengers_predict_and_a_new_champion_predicts_the_next_bar(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    one, two = kept(tmp_path), kept(tmp_path, "m2", role=ModelRole.CHALLENGER)
    stand.play(0, 3, one, two)
    assert {(made.model_id, made.role) for made in stand.predictions()} == {("m1", "champion"), ("m2", "challenger")}
    after = msgspec.structs.replace(two, role=ModelRole.CHAMPION)
    stand.play(3, 5, msgspec.structs.replace(one, role=ModelRole.RETIRED), after)
    newest = [made for made in stand.predictions() if made.bar_at >= minute(4)]
    assert {(made.model_id, made.role) for made in newest} == {("m2", "champion")}


def test_a_damaged_champion_is_refused_once_and_the_old_one_goes_on(tmp_path: Path) -> None:
    stand, one, two = Stand(tmp_path), kept(tmp_path), kept(tmp_path, "m2")
    stand.play(0, 3, one)
    path = tmp_path / "m2" / MODEL_FILE
    path.write_bytes(path.read_bytes()[:-40])
    for first in (3, 4, 5):
        stand.play(first, first + 1, msgspec.structs.replace(one, role=ModelRole.RETIRED), two)
    (refused,) = stand.told(ModelRefused)
    assert refused.model_id == "m2"
    assert "SHA-256" in refused.reason
    assert {made.model_id for made in stand.predictions()} == {"m1"}
    assert stand.predictions()[-1].bar_at == minute(5)


def test_what_is_suspended_holds_and_what_is_replayed_says_so(tmp_path: Path) -> None:
    stand = Stand(tmp_path, suspended=lambda: {"m1": "its score has drifted"}, replayed=True)
    stand.play(0, 5, kept(tmp_path))
    assert {(one.signal, one.abstained) for one in stand.predictions()} == {("hold", "its score has drifted")}
    assert all(one.replayed for one in stand.predictions())


def test_models_of_another_symbol_or_of_trades_are_left_alone(tmp_path: Path) -> None:
    stand, line = Stand(tmp_path), kept(tmp_path)
    stand.play(0, 3, msgspec.structs.replace(line, symbol="BANKNIFTY"))
    stand.play(3, 5, msgspec.structs.replace(line, label="trade_outcome"))
    assert stand.predictions() == []
    assert stand.told(ModelRefused) == []


def test_an_offer_never_waits_and_what_is_too_much_is_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_WAITING", 4)
    stand = Stand(tmp_path)
    reports = list(stand.reports(0, 5, kept(tmp_path)))
    for one in reports:
        stand.forecaster.offer(one)  # its thread has not begun
    assert stand.forecaster.dropped == 6
    assert stand.forecaster.p99_s() is None


def test_its_thread_looks_at_what_is_offered_measures_itself_and_survives_a_store_that_cannot_be_read(
    tmp_path: Path,
) -> None:
    failing = [True]

    def history() -> Any:
        if failing:
            failing.clear()
            raise StoreError("the database cannot answer")
        return columns_of([])

    told: list[float] = []
    stand = Stand(tmp_path, history=history, on_forecast=told.append)
    reports = list(stand.reports(0, 6, kept(tmp_path)))
    stand.forecaster.start()
    try:
        for one in reports:
            stand.forecaster.offer(one)
        until(lambda: len(stand.predictions()) == 4, what="four predictions")
    finally:
        stand.forecaster.stop()
    assert told == list(stand.forecaster.latencies_s)
    assert (stand.forecaster.p99_s() or 0.0) > 0.0
    assert len(stand.predictions()) == 4
    assert stand.forecaster.problem == ""
