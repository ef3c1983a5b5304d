"""Models in use: what one prediction costs, what drift's limits let through, how often equals are promoted.

    python -m bench.models

One row is scored again and again by models of this program's features, as the forecaster does: probabilities, margins
and the exact SHAP reasons. Beside it XGBoost's two ways to score without reasons, quiet and while another process
trains at low priority. Drift is measured on stationary features whose sessions share nothing, half or all of their
variance, and again when their mean has moved by a standard deviation; beside it the usual limit of 0.25.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import xgboost
from numpy.typing import NDArray

from bench.loop import table
from sidecar.features.matrix import FEATURE_HASH, NAMES
from sidecar.learning.calibration import Calibration
from sidecar.learning.drift import drift, reference
from sidecar.learning.model import Model
from sidecar.learning.promotion import LEVEL
from sidecar.learning.registry import Registry
from tests.learning.models import origin, trained
from tests.learning.test_drift import BARS, days, feature
from tests.learning.test_promotion import promotions

ROWS, CALLS = 20_000, 300
SHAPES = ((100, 3), (300, 6))
TRAINS = """
import os, numpy as np, xgboost
os.nice(19)
x = np.random.default_rng(1).normal(size=(200_000, 40)).astype(np.float32)
data = xgboost.QuantileDMatrix(x, (x[:, 0] > 0).astype(int), nthread=1)
print("ready", flush=True)
xgboost.train({"max_depth": 6, "nthread": 1, "objective": "binary:logistic"}, data, 1_000_000)
"""


def fitted(rounds: int, depth: int) -> bytes:
    """A model of three classes on rows that say little."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(ROWS, len(NAMES))).astype(np.float32)
    y = np.digitize(x[:, 0] + 5 * rng.normal(size=ROWS), [-2, 2])
    data = xgboost.QuantileDMatrix(x, y, feature_names=list(NAMES), nthread=1)
    settings = {"objective": "multi:softprob", "num_class": 3, "max_depth": depth, "eta": 0.05, "nthread": 1}
    return bytes(xgboost.train(settings, data, rounds).save_raw("json"))


def kept(folder: Path, rounds: int, depth: int) -> tuple[Model, str, str]:
    """The model out of its registry, and how long it took to keep and to load it, in milliseconds."""
    registry = Registry(folder)
    values = np.random.default_rng(2).normal(size=(7_500, len(NAMES))).astype(np.float32)
    made = trained()._replace(
        model=fitted(rounds, depth),
        calibration=Calibration(0.9, (0.1, 0.0, -0.1)),
        drift=reference(values, np.repeat(np.arange(100), 75), NAMES),
    )
    began = time.perf_counter()
    line = registry.keep(made, origin(f"m-{rounds}", names=NAMES, feature_hash=FEATURE_HASH))
    written = time.perf_counter()
    model = registry.load(line)
    loaded = time.perf_counter()
    return model, f"{1e3 * (written - began):.0f}", f"{1e3 * (loaded - written):.0f}"


def timed(call: Callable[[], object]) -> str:
    """Median and 99th percentile of ``CALLS`` calls, in microseconds."""
    spent = np.empty(CALLS)
    for i in range(CALLS):
        began = time.perf_counter()
        call()
        spent[i] = time.perf_counter() - began
    return f"{1e6 * np.median(spent):.0f} ({1e6 * np.quantile(spent, 0.99):.0f})"


def inference(folder: Path) -> None:
    rows = []
    for rounds, depth in SHAPES:
        model, keep, load = kept(folder, rounds, depth)
        booster = xgboost.Booster(model_file=str(folder / model.line.id / "model.json"))
        booster.set_param({"nthread": 1})
        vector = np.random.default_rng(3).normal(size=len(NAMES)).astype(np.float32)
        ways = (
            lambda model=model, vector=vector: model.score(vector),
            lambda model=model, vector=vector: model.score(vector, explain=False),
            lambda booster=booster, row=vector[None, :]: booster.inplace_predict(row),
            lambda booster=booster, row=vector[None, :]: booster.predict(
                xgboost.DMatrix(row, feature_names=list(NAMES), nthread=1)
            ),
        )
        quiet = [timed(way) for way in ways]
        with subprocess.Popen([sys.executable, "-c", TRAINS], stdout=subprocess.PIPE) as other:
            assert other.stdout
            other.stdout.readline()
            busy = timed(ways[0])
            other.kill()
        size = (folder / model.line.id / "model.json").stat().st_size
        rows.append((f"3 × {rounds}, depth {depth}", *quiet, busy, f"{size / 1e6:.2f}", keep, load))
    heads = (
        "trees", "**`Model.score`**", "without reasons", "inplace_predict", "predict(DMatrix)", "score, another trains",
        "MB", "keep ms", "load ms",
    )  # fmt: skip
    table(("one row, p50 (p99) µs", *heads[1:]), rows)


def alarms(number: int, daily: float, seeds: int = 12) -> tuple[str, ...]:
    """Shares of windows that alarm: by their own limit, by 0.25, and by their own when the mean has moved."""
    found: list[tuple[bool, bool, bool]] = []
    windows = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        made = reference(feature(rng, number, daily)[:, None], days(0, number), ("f",))
        windows.append(made.features[0].window)
        live: NDArray[np.float64] = feature(rng, 400, daily)[:, None]
        for end in range(windows[-1], 401, 20):
            still, sessions = drift(made, live[: end * BARS], days(number, end))[0], days(number, end)
            moved = drift(made, live[: end * BARS] + 1.0, sessions)[0]
            found.append((still.alarm, (still.psi or 0.0) > 0.25, moved.alarm))
    return str(int(np.median(windows))), *(f"{share:.1%}" for share in np.mean(found, axis=0))


def drifting() -> None:
    rows = [
        (f"{number} sessions, {daily:.0%} a session's own", *alarms(number, daily))
        for number in (100, 250, 500)
        for daily in (0.0, 0.5, 1.0)
    ]
    table(("training, a feature's variance", "window", "alarm without drift", "PSI > 0.25", "alarm, mean + 1 sd"), rows)
    values = np.random.default_rng(5).normal(size=(500 * 375, len(NAMES))).astype(np.float32)
    sessions = np.repeat(np.arange(500), 375)
    began = time.perf_counter()
    made = reference(values, sessions, NAMES)
    learnt = time.perf_counter()
    drift(made, values[-60 * 375 :], sessions[-60 * 375 :])
    spent = time.perf_counter()
    size = len(msgspec.json.encode(made)) / 1e3
    table(
        (f"{len(NAMES)} features", "reference of 500 sessions s", "drift of 60 sessions ms", "reference kB"),
        [("", f"{learnt - began:.2f}", f"{1e3 * (spent - learnt):.0f}", f"{size:.0f}")],
    )


def promoting() -> None:
    rows = [
        (name, f"{np.mean([promotions(seed, 250, level) for seed in range(seeds)]):.2f}")
        for name, level, seeds in (
            (f"paired t-test at {LEVEL:.1%} (the rule)", LEVEL, 100),
            ("at 5 %", 0.05, 100),
            ("whenever it is better", 0.5, 100),
        )
    ]
    table(("equal challengers, after 20 sessions each", "promotions in 250 sessions"), rows)


def main() -> None:
    with TemporaryDirectory() as folder:
        inference(Path(folder))
    drifting()
    promoting()


if __name__ == "__main__":
    main()
