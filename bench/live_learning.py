"""Whether features are the same live and in training, on a recorded day, and how long a bar's prediction takes.

    python -m bench.live_learning [FILE]

FILE is an option chain that ``python -m sidecar import`` takes; without one, the NIFTY expiry day of 2026-08-18 that
lies beside the repository. Its tape is played through the desk as ``python -m sidecar replay`` does. A forecaster is
shown every report; its bars go to a real database, and it is restarted from there at half of the day. Then every vector
that a prediction was made of is held against the batch over the bars on record: a bit that differs counts.

The latency is from the offer of the report that closes a bar to the hand-over of its predictions: chain, features, one
model of 100 trees a class, its reasons and the decision. The model knows nothing: it is fitted on noise.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import xgboost

from bench.explain import FILE
from bench.loop import table
from sidecar.desk.state import DeskState
from sidecar.domain.clock import to_datetime
from sidecar.domain.events import Forecast, Quote
from sidecar.domain.models import LabelKind, ModelLine, ModelRole, Prediction
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.features import labels, matrix
from sidecar.features.labels import LabelSpec
from sidecar.forecaster import cost_of
from sidecar.learning.bar_file import Columns
from sidecar.learning.live import Desk, Event, Forecaster
from sidecar.learning.registry import Registry
from sidecar.learning.watching import Watching
from sidecar.live import wall_now
from sidecar.markets import calendar_of, paper
from sidecar.reference import load_reference
from sidecar.replay import beaten, loosened, staleness
from sidecar.settings import Settings, desk_config, load_settings
from sidecar.store import tape
from sidecar.store.importing import run_import
from sidecar.store.reader import Reader
from sidecar.store.writer import Writer
from tests.learning import models, predicting

SYMBOL, HORIZON, TREES = "NIFTY", 15, 100


class Day:
    """One day with its forecaster; ``restart`` makes another from what is on record."""

    def __init__(self, folder: Path, settings: Settings, simulated: bool) -> None:
        self.settings, self.simulated = settings, simulated
        self.reference = load_reference()
        self.calendar = calendar_of(settings, self.reference)
        self.registry = Registry(folder / "models")
        self.line = noise_model(self.registry)
        self.writer = Writer.open(folder / "bars.duckdb", commit_s=0.01, now=wall_now())
        self.reader = Reader(self.writer.cursor)
        self.predictions: list[Prediction] = []
        self.latencies: list[float] = []
        self.now = 0
        self.forecaster = self.restart()

    def restart(self) -> Forecaster:
        given, name = self.settings, SYMBOL
        watching = Watching(
            name,
            self.calendar,
            cost_of(self.reference, name),
            volatility_index=given.desk.volatility_index,
            rate=given.desk.risk_free_rate,
            source="replay",
            simulated=self.simulated,
        )
        desk = Desk(
            put=self.put,
            keep=self.writer.offer_bars,
            now=lambda: self.now,
            history=lambda: self.reader.bars(name),
            load=self.registry.load,
            spec=lambda _: LabelSpec(LabelKind.FIXED_HORIZON, HORIZON),
            replayed=True,
            on_forecast=self.latencies.append,
        )
        self.forecaster = Forecaster(name, self.calendar, watching, desk)
        return self.forecaster

    def put(self, event: Event) -> None:
        if isinstance(event, Forecast):
            self.predictions += event.predictions

    def take(self, published: Published) -> None:
        report = msgspec.structs.replace(published.report, models=(self.line,))
        self.forecaster.take(Published(report, published.chain), time.perf_counter())


def noise_model(registry: Registry) -> ModelLine:
    """A champion of 100 trees a class that was fitted on noise, on disk."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(5_000, len(matrix.NAMES))).astype(np.float32)
    data = xgboost.DMatrix(x, rng.integers(0, 3, 5_000), feature_names=list(matrix.NAMES), nthread=1)
    asked = {"objective": "multi:softprob", "num_class": 3, "max_depth": 4, "nthread": 1, "seed": 1}
    booster = bytes(xgboost.train(asked, data, TREES).save_raw("json"))
    spec = LabelSpec(LabelKind.FIXED_HORIZON, HORIZON)
    origin = models.origin("noise", names=matrix.NAMES, feature_hash=matrix.FEATURE_HASH, spec=spec)
    line = registry.keep(predicting.trained()._replace(model=booster), origin)
    return msgspec.structs.replace(line, role=ModelRole.CHAMPION)


def played(path: Path, folder: Path) -> Day:
    """Import a file, replay its tape, and restart the forecaster at half of the day."""
    settings, reference = load_settings(data_dir=folder), load_reference()
    run_import([path], data_dir=folder, reference=reference)
    (made,) = sorted(folder.rglob("*.tape"))
    config = desk_config(settings)
    stale_s = staleness(made, config.limits["stale"])
    config = msgspec.structs.replace(config, limits=loosened(config.limits, stale_s))
    state = DeskState(config, reference, calendar_of(settings, reference))
    day = Day(folder, settings, simulated=False)
    drive = Drive(state, paper(settings, state.calendar, stale_s), (), publish=day.take)
    quoted = [event.at for event in tape.read(made) if isinstance(event, Quote)]
    middle, restarted = (quoted[0] + quoted[-1]) // 2, False
    for event in beaten(tape.read(made)):
        if not restarted and event.at >= middle:
            restarted = True
            _settled(day)
            day.restart()
        day.now = event.at
        drive.handle(event)
    _settled(day)
    return day


def _settled(day: Day) -> None:
    """Wait until every bar is on record."""
    newest = day.predictions[-1].bar_at if day.predictions else 0
    while not (day.reader.bars(SYMBOL)["closes_at"] >= newest).any():
        time.sleep(0.02)


def differing(predictions: Sequence[Prediction], bars: Columns) -> int:
    """How many vectors are not, bit by bit, the batch's over the bars on record."""
    whole = matrix.batch(matrix.rows_of(bars))
    rows = {int(at): row for row, at in enumerate(bars["closes_at"])}
    return sum(
        np.array([np.nan if v is None else v for v in one.features], dtype=np.float32).tobytes()
        != whole[rows[one.bar_at]].tobytes()
        for one in predictions
    )


def main() -> int:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    if not path.is_file():
        print(f"no file {path.name}: give one that python -m sidecar import takes")
        return 1
    matrix.warm()
    labels.warm()
    with TemporaryDirectory() as folder:
        day = played(path, Path(folder))
        bars = day.reader.bars(SYMBOL)
        day.writer.close()
    first, last = (to_datetime(int(bars["closes_at"][place])) for place in (0, -1))
    print(f"{SYMBOL}, bars that closed from {first:%Y-%m-%d %H:%M} to {last:%H:%M} UTC, one restart between them\n")
    known = np.isfinite(matrix.batch(matrix.rows_of(bars))[-1]).sum()
    wrong = differing(day.predictions, bars)
    p50, p99 = np.percentile(1e3 * np.array(day.latencies), [50, 99])
    heads = ("bars", "predictions", "features", "of them known at the end", "vectors that differ", "p50 ms", "p99 ms")
    numbers = (len(bars["at"]), len(day.predictions), len(matrix.NAMES), known, wrong)
    table(heads, [(*(f"{n:,}" for n in numbers), f"{p50:.2f}", f"{p99:.2f}")])
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
