"""What the screens read of models: each reading by itself, with the reason where it could not be had."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pages.parts import reads
from pages.parts.kept import kept
from pages.parts.words import known, number
from sidecar.client import Desk

Row = dict[str, Any]
Told = tuple[list[Row] | None, str]
#: Seconds: what changes with each bar, and what changes with each training.
OFTEN_S, SELDOM_S = 3.0, 10.0
#: Predictions that a screen shows: two hours of them.
SHOWN = 120
#: Predictions whose reasons are kept in memory.
_KEPT = 32
#: Seconds: the record in parts is read anew.
PARTED_S = 20.0
#: Spans whose records are held beside one another.
SPANS = {
    "the last day": timedelta(days=1),
    "the last 5 days": timedelta(days=5),
    "the last 20 days": timedelta(days=20),
    "the last 100 days": timedelta(days=100),
}


def families() -> Told:
    """The live record of each family that has a champion."""
    return reads.shared().told("accuracy", OFTEN_S, lambda desk: list(desk.accuracy()["families"]))


def predictions() -> Told:
    """The newest predictions, newest first, with what became of them."""
    found, why = reads.shared().told("predictions", OFTEN_S, lambda desk: list(desk.predictions(SHOWN)["predictions"]))
    return (None if found is None else [_told(row) for row in found]), why


def prediction(prediction_id: str) -> tuple[Row | None, str]:
    """One prediction with its reasons and all that it looked at; it settles when its outcome is on record."""
    return kept("predictions", _KEPT).of(
        reads.shared().desk,
        prediction_id,
        lambda desk: desk.prediction(prediction_id),
        lambda found: found.get("outcome") is not None,
    )


def features() -> dict[str, Row]:
    """What models look at, by name; empty where it cannot be read."""
    found, _ = reads.shared().told("features", 300.0, lambda desk: list(desk.features()["features"]))
    return {str(row.get("name")): row for row in found or ()}


def parted(by: str) -> Told:
    """The live record of each family, parted by hour, model or regime."""
    return reads.shared().told(f"accuracy {by}", PARTED_S, lambda desk: list(desk.accuracy(by=by)["families"]))


def over_time(now: datetime) -> list[tuple[str, list[Row] | None, str]]:
    """The live record of ever longer spans that end now: what they are called, each family's, and why not."""
    return [
        (word, *reads.shared().told(f"accuracy of {word}", PARTED_S, _since(now - span)))
        for word, span in SPANS.items()
    ]


def _since(at: datetime) -> Callable[[Desk], list[Row]]:
    return lambda desk: list(desk.accuracy(since=at)["families"])


def models() -> Told:
    """Every model on record, the one trained last first."""
    return reads.shared().told("models", SELDOM_S, lambda desk: list(desk.models()["models"]))


def manifest(model_id: str) -> tuple[Row | None, str]:
    """One model with its manifest and what is wrong with its files, if anything is."""
    return reads.shared().told(f"model {model_id}", 60.0, lambda desk: desk.model(model_id))


def drifts() -> Told:
    """The drift of each model in use."""
    return reads.shared().told("drift", SELDOM_S, lambda desk: list(desk.drift()["models"]))


def trainings() -> Told:
    """Trainings, newest first; in front of them the one that runs."""
    return reads.shared().told("trainings", 1.0, lambda desk: list(desk.jobs(limit=20)["jobs"]))


def running(jobs: list[Row] | None) -> Row | None:
    """The training that is queued or runs now."""
    return next((job for job in jobs or () if job.get("state") in ("queued", "running")), None)


def _told(row: Row) -> Row:
    """A prediction with what became of it, and why it was made, in words."""
    outcome = row.get("outcome") or {}
    came = outcome.get("label") or (f"unknown: {outcome.get('note')}" if outcome else "waits")
    right = {"True": "yes", "False": "no"}.get(str(outcome.get("correct")), "")
    why = ", ".join(f"{name} {number(value, 3, signed=True)}" for name, value in (row.get("explained") or ())[:3])
    return {**row, "came": came, "right": right, "why": why}


def of_strategies(rows: list[Row], jobs: list[Row] | None) -> list[Row]:
    """Models with whose trades they learnt from, as far as the trainings at hand tell."""
    runs = {str(job.get("model_id")): job.get("strategy") for job in jobs or () if job.get("model_id")}
    return [{**row, "strategy": _learns_of(row, runs)} for row in rows]


def _learns_of(row: Row, runs: dict[str, Any]) -> str | None:
    return "the market" if row.get("label") != "trade_outcome" else runs.get(str(row.get("id"))) or None


def held(canary: Row) -> Row:
    """A canary in words."""
    return {**canary, "held": "yes" if canary.get("passed") else "NO"}


def drifted(line: Row) -> Row:
    """A feature's drift in words: what cannot be told yet is not called calm."""
    said = "DRIFTED" if line.get("alarm") else "as in training"
    if not line.get("enough") or known(line.get("psi")) is None:
        said = "too few sessions to tell"
    return {**line, "said": said}
