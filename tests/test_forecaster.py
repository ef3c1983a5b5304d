"""The forecaster of a running sidecar: on record before the outcome, matured after it, live as in training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sidecar import scored
from sidecar.domain.events import ModelOffered
from sidecar.domain.models import CLASSES, ModelLine
from sidecar.domain.report import Published
from sidecar.features import labels, matrix
from sidecar.forecaster import Beside, Forecasting, cost_of, forecaster_of
from sidecar.learning.registry import MODEL_FILE, Registry
from sidecar.run import Sidecar
from sidecar.tariff import round_trip
from tests.learning.predicting import kept
from tests.learning.watched import DAY, REFERENCE
from tests.wiring import small, started, until

SPEED = 240.0


class Predicting(Sidecar):
    """A sidecar without its own learning, and a forecaster of the test's beside it."""

    forecasting: Forecasting | None = None

    def _publish(self, published: Published) -> None:
        super()._publish(published)
        if self.forecasting is not None:
            self.forecasting.offer(published)


@contextmanager
def predicting(folder: Path) -> Iterator[tuple[Predicting, Forecasting]]:
    """A started sidecar whose market runs four minutes a second."""
    matrix.warm()
    labels.warm()
    with Predicting(small(folder, speed=SPEED, learning={"enabled": False})) as sidecar:
        live, state = sidecar.live, sidecar.state
        parts = (live.inbox.put, live.now, lambda: live.latest, sidecar.writer, sidecar.reader)
        registry = Registry(folder / "models")
        beside = Beside(*parts, registry, state.reference, state.calendar, simulated=True, replayed=False)
        made = forecaster_of(small(folder, learning={"enabled": True}), beside)
        assert made is not None
        sidecar.forecasting = made
        started(sidecar)
        made.start()
        try:
            yield sidecar, made
        finally:
            made.stop()


def offered(sidecar: Predicting, folder: Path, model_id: str = "m1") -> ModelLine:
    """A new champion of a label of two bars."""
    line = kept(folder / "models", model_id)
    sidecar.live.inbox.put(ModelOffered(sidecar.live.now(), line))
    return line


def test_predictions_are_on_record_before_their_outcome_and_live_equals_the_batch(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with predicting(folder) as (sidecar, made):
        offered(sidecar, folder)
        reader = sidecar.reader
        until(lambda: len(reader.scored()["id"]) >= 4, what="four outcomes")
        made.forecaster.stop()
        last = until(lambda: reader.predictions(1), what="predictions")[0][0].bar_at
        until(lambda: (reader.bars("NIFTY")["closes_at"] >= last).any(), what="the newest bar on record")
        judged, bars = reader.predictions(100), reader.bars("NIFTY")
        standing = made.standings.measure()
    for one, became in judged:
        assert one.bar_at <= one.known_at <= one.decided_at < one.due_at
        assert became is None or became.matured_at >= one.due_at
        assert one.simulated
        assert not one.replayed
    _equal_to_the_batch([one for one, _ in judged], bars)
    spec_labels = labels.labels_of(labels.LabelSpec("fixed_horizon", 2), bars)  # type: ignore[arg-type]
    rows = {int(at): row for row, at in enumerate(bars["closes_at"])}
    for one, became in judged:
        if became is not None:
            assert became.label is CLASSES[spec_labels.y[rows[one.bar_at]]]
    assert standing.families[0].total.matured >= 4
    assert standing.families[0].says.startswith("No evidence of skill")
    assert made.forecaster.dropped == 0


def _equal_to_the_batch(predictions: Any, bars: dict[str, Any]) -> None:
    """Every vector on record is the batch's over the bars on record, bit by bit."""
    whole = matrix.batch(matrix.rows_of(bars))
    rows = {int(at): row for row, at in enumerate(bars["closes_at"])}
    for one in predictions:
        vector = np.array([np.nan if value is None else value for value in one.features], dtype=np.float32)
        assert vector.tobytes() == whole[rows[one.bar_at]].tobytes()


def test_a_champion_whose_file_is_damaged_is_refused_and_the_one_before_predicts_on(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with predicting(folder) as (sidecar, _):
        offered(sidecar, folder)
        until(lambda: sidecar.reader.predictions(1), what="a prediction")
        path = folder / "models" / "m2" / MODEL_FILE
        line = kept(folder / "models", "m2")
        path.write_bytes(b"{}" + path.read_bytes()[2:])
        sidecar.live.inbox.put(ModelOffered(sidecar.live.now(), line))
        until(lambda: _roles(sidecar).get("m2") == "refused", what="the refusal")
        assert _roles(sidecar)["m1"] == "champion"
        before = sidecar.reader.predictions(1)[0][0].bar_at
        until(lambda: sidecar.reader.predictions(1)[0][0].bar_at > before, what="another prediction")
        assert {one.model_id for one, _ in sidecar.reader.predictions(50)} == {"m1"}
        problem = scored.models_of(sidecar.reader, Registry(folder / "models")).problem
        assert "SHA-256" in problem(line)
        assert problem(msgspec.structs.replace(line, id="none")) != ""


def _roles(sidecar: Sidecar) -> dict[str, str]:
    return {one.id: one.role for one in sidecar.live.latest.report.models} if sidecar.live.latest else {}


def test_learning_that_is_turned_off_predicts_nothing(tmp_path: Path) -> None:
    assert forecaster_of(small(tmp_path, learning={"enabled": False}), None) is None  # type: ignore[arg-type]


def test_a_cost_is_the_tariffs_of_the_day_and_unknown_where_no_table_knows_it() -> None:
    cost = cost_of(REFERENCE, "NIFTY")
    assert cost(DAY, 26_000.0) == round_trip(REFERENCE, "NIFTY", DAY, 26_000.0)
    assert np.isnan(cost(DAY, float("nan")))
    assert np.isnan(cost(DAY.replace(year=1990), 26_000.0))


def test_every_feature_is_told_with_its_formula() -> None:
    rows = scored.feature_rows()
    assert [row["name"] for row in rows] == list(matrix.NAMES)
    assert all(row["formula"] and row["unit"] and row["rule"] and row["clock"] for row in rows)


def test_what_has_not_been_measured_has_no_number(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with predicting(folder) as (sidecar, made):
        assert scored.facts_of(made.standings) == []
        offered(sidecar, folder)
        until(lambda: sidecar.reader.predictions(1), what="a prediction")
        made.standings.measure()
        (facts,) = scored.facts_of(made.standings)
        learnt = scored.learnt_of(sidecar.reader, made.record, made.standings)
        assert facts.family == "NIFTY fixed_horizon 2"
        assert np.isnan(facts.psi)  # one session is no window
        assert [one.family for one in learnt.accuracy("", "", None)] == [facts.family]
        assert [one.family for one in learnt.accuracy("", "hour", None)] == [facts.family]
        assert learnt.accuracy("none", "", None) == []
        at, drift = learnt.drift()
        assert (at, [one.model_id for one in drift]) == (made.standings.latest.at, ["m1"])
