"""One fit of boosted trees and its margins: XGBoost's native interface, the same bytes for the same task.

T. Chen and C. Guestrin, *XGBoost* (2016). Trees are shallow because deep ones, tried on weak signals, end up worse than
the base rate while they still order rows well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import xgboost
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Parameters = Mapping[str, float]

#: What is the same in every fit. ``nthread``, ``seed`` and ``num_class`` are the task's.
_FIXED: Mapping[str, str | float] = {
    "objective": "multi:softprob",
    "eval_metric": "mlogloss",
    "tree_method": "hist",
    "verbosity": 0,
}
#: The classes that a model of two tells apart, by their place among three: a trade loses or wins.
_OF_TWO = (0, 2)


class Material(NamedTuple):
    """What fits are made from: ``x`` (n, F) float32, ``y`` (n,) int8 in 0..2, ``weights`` (n,), the columns' names."""

    x: NDArray[np.float32]
    y: NDArray[np.int8]
    weights: NDArray[np.float64]
    names: tuple[str, ...]


class Task(NamedTuple):
    """One fit on the rows ``fit``; it stops by the rows ``stop``, or after ``rounds`` where there are none."""

    fit: Indices
    stop: Indices
    parameters: Parameters
    classes: int
    rounds: int
    patience: int
    seed: int
    threads: int


class Fitted(NamedTuple):
    """A fit: XGBoost's JSON cut to its best ``rounds``, and its log-loss there on the rows that it stopped by."""

    model: bytes
    rounds: int
    loss: float


class Runner(Protocol):
    """Where fits are run: here, or on a cluster."""

    def fits(self, material: Material, tasks: Sequence[Task]) -> Iterator[Fitted]:
        """Each task's fit, in the order of the tasks."""
        ...

    def last(self, material: Material, task: Task) -> Fitted:
        """The fit that goes live."""
        ...


class Here:
    """Runs fits one after the other in this process."""

    def fits(self, material: Material, tasks: Sequence[Task]) -> Iterator[Fitted]:
        return (boosted(material, task) for task in tasks)

    def last(self, material: Material, task: Task) -> Fitted:
        return boosted(material, task)


def settings_of(task: Task) -> dict[str, str | float]:
    """The task as XGBoost's parameters."""
    return {**_FIXED, **task.parameters, "num_class": task.classes, "seed": task.seed, "nthread": task.threads}


def coded(y: NDArray[np.int8], classes: int) -> NDArray[np.int8]:
    """Labels 0..2 as the model counts its classes: with two of them a winner is 1."""
    return np.searchsorted(_OF_TWO, y).astype(np.int8) if classes == len(_OF_TWO) else y


def boosted(material: Material, task: Task) -> Fitted:
    """Fit ``task``; the best round is the first with the least log-loss on the rows it stops by."""
    train = _matrix(material, task.fit, task)
    if not task.stop.size:
        booster = xgboost.train(settings_of(task), train, task.rounds)
        return Fitted(raw(booster), task.rounds, float("nan"))
    watch = [(_matrix(material, task.stop, task, train), "stop")]
    booster = xgboost.train(
        settings_of(task), train, task.rounds, evals=watch, early_stopping_rounds=task.patience, verbose_eval=False
    )
    rounds = int(booster.best_iteration) + 1
    return Fitted(raw(booster[:rounds]), rounds, float(booster.best_score))


def raw(booster: xgboost.Booster) -> bytes:
    """The booster as XGBoost's JSON."""
    return bytes(booster.save_raw("json"))


def margins(model: bytes, x: NDArray[np.float32], threads: int = 1) -> NDArray[np.float64]:
    """Raw margins (n, 3) of ``x`` (n, F); those of a class that the model does not know are −∞."""
    booster = xgboost.Booster({"nthread": threads}, model_file=bytearray(model))
    return widened(booster.inplace_predict(x, predict_type="margin"))


def widened(found: NDArray[np.float32]) -> NDArray[np.float64]:
    """Margins (n, 2) of loser and winner, or (n, 3), as (n, 3)."""
    if found.shape[1] != len(_OF_TWO):
        return np.asarray(found, np.float64)
    wide = np.full((len(found), 3), -np.inf)
    wide[:, _OF_TWO] = found
    return wide


def _matrix(
    material: Material, rows: Indices, task: Task, like: xgboost.QuantileDMatrix | None = None
) -> xgboost.QuantileDMatrix:
    return xgboost.QuantileDMatrix(
        material.x[rows],
        coded(material.y[rows], task.classes),
        weight=material.weights[rows],
        feature_names=list(material.names),
        nthread=task.threads,
        max_bin=int(task.parameters["max_bin"]),
        ref=like,
    )
