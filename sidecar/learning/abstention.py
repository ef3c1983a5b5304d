"""When a champion's signals are held back: it goes on predicting, so that its record can clear it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

import msgspec

from sidecar.learning.drift import SCORE, DriftLine

#: Independent live outcomes below which a record says nothing.
LEAST_OUTCOMES = 30.0
#: The share of what a model looks at (its gain) that may have drifted.
MOST_DRIFTED = 0.25

RULE = (
    f"A champion's signals are held back while, over at least {LEAST_OUTCOMES:.0f} independent live outcomes, the 95 % "
    "interval of its live accuracy lies wholly below or above what validation promised, or while features that make "
    f"more than {MOST_DRIFTED:.0%} of its gain, or its own score, have drifted."
)


class LiveRecord(msgspec.Struct, frozen=True):
    """A model's live accuracy: the 95 % interval that overlapping labels allow, worth ``effective`` outcomes."""

    low: float
    high: float
    effective: float


def reasons(
    promised: float | None,
    live: LiveRecord | None,
    drift: Sequence[DriftLine] = (),
    importance: Mapping[str, float] | None = None,
) -> tuple[str, ...]:
    """Why a champion's signals are to be held back now; none where they are not.

    ``promised`` is validation's accuracy. ``importance`` is each feature's share of the model's gain, in sum 1;
    without it every feature counts the same. What is unknown gives no reason.
    """
    return (*_by_record(promised, live), *_by_drift(drift, importance))


def drifted_share(drift: Sequence[DriftLine], importance: Mapping[str, float] | None = None) -> float:
    """The share of the gain that alarming features make; 0 without lines."""
    lines = [line for line in drift if line.name != SCORE]
    weights = [1.0 if importance is None else importance.get(line.name, 0.0) for line in lines]
    total = sum(weights)
    return sum(w for w, line in zip(weights, lines, strict=True) if line.alarm) / total if total > 0.0 else 0.0


def _by_record(promised: float | None, live: LiveRecord | None) -> tuple[str, ...]:
    if promised is None or live is None or live.effective < LEAST_OUTCOMES or not isfinite(live.low + live.high):
        return ()
    within = f"live accuracy is {live.low:.1%} to {live.high:.1%}, validation promised {promised:.1%}"
    if live.high < promised:
        return (within,)
    if live.low > promised:
        return (f"{within}: better than can be honest",)
    return ()


def _by_drift(drift: Sequence[DriftLine], importance: Mapping[str, float] | None) -> tuple[str, ...]:
    found = []
    share = drifted_share(drift, importance)
    if share > MOST_DRIFTED:
        names = ", ".join(line.name for line in drift if line.alarm and line.name != SCORE)
        found.append(f"features of {share:.0%} of its gain have drifted: {names}"[:200])
    if any(line.alarm for line in drift if line.name == SCORE):
        found.append("its score has drifted")
    return tuple(found)
