"""What a validation found: every number with its interval, its baselines and the proofs that it could have failed."""

from __future__ import annotations

import msgspec

from sidecar.domain.models import Verdict
from sidecar.learning.scores import ReliabilityBin, Scores


class Interval(msgspec.Struct, frozen=True):
    """A 95 % interval: of a number that was measured, or of what chance alone gives."""

    low: float
    high: float


class Part(msgspec.Struct, frozen=True):
    """The scores of one named part of the test rows (``10:00``), or of one rule on all of them (``majority``)."""

    name: str
    scores: Scores


class FoldScore(msgspec.Struct, frozen=True):
    """One step of the walk forward: what it learnt from, where it was tried, at how many ``rounds`` it stopped.

    Times are bars' closes, microseconds UTC. ``sell``, ``hold`` and ``buy`` are the shares of the classes that it
    learnt from: the base rate that the test is held against.
    """

    fold: int
    trained_from: int
    trained_to: int
    tested_from: int
    tested_to: int
    trained_rows: int
    rounds: int
    base: tuple[float, float, float]
    scores: Scores


class Canary(msgspec.Struct, frozen=True):
    """A proof that the scorecard can see: ``value`` must be at most ``limit``, or beyond it where ``seen`` is wanted.

    ``shuffled labels`` and ``noise features`` must score at chance; ``leaked label`` and ``future feature`` are planted
    and must be found; ``scrambled future`` counts the features that change when bars after them do: none may.
    """

    name: str
    passed: bool
    value: float | None
    limit: float
    says: str


class Money(msgspec.Struct, frozen=True):
    """What the signals would have made out of sample after costs, a fraction of the price per session, unit size.

    A position is held for the label's span; ``signals`` counts them. ``sharpe`` is per session (not a year's),
    ``deflated_sharpe`` the probability that it is above what the best of ``trials`` without skill would show, None
    where there are too few sessions. ``overfitting`` is the probability of backtest overfitting over the search.
    """

    signals: int
    net: float
    sharpe: float | None
    deflated_sharpe: float | None
    overfitting: float | None


class Scorecard(msgspec.Struct, frozen=True):
    """A model's validation, pooled over the test rows of every fold; None is unknown.

    ``accuracy`` is the likeliest class against the label, ``direction`` the likelier side where the label is not
    hold; their intervals rest on an effective number of rows because labels overlap. ``skill`` is the interval of
    ``scores.direction_brier_skill`` by a bootstrap of sessions: its low end above 0 is what makes a verdict of skill.
    ``chance`` is where the AUC of a model without skill would lie, by labels shifted by whole sessions, and
    ``chance_p`` how often that reaches this one's. ``required`` is how many independent outcomes it takes to tell the
    expected edge from a coin. ``trials`` counts every fit that saw the data.
    """

    verdict: Verdict
    why: str
    scores: Scores
    sessions: int
    base: tuple[float, float, float]
    accuracy: Interval | None
    effective_rows: float | None
    direction_accuracy: float | None
    direction: Interval | None
    skill: Interval | None
    chance: Interval | None
    chance_p: float | None
    expected_edge: float
    required: int
    trials: int
    money: Money
    folds: tuple[FoldScore, ...]
    hours: tuple[Part, ...]
    baselines: tuple[Part, ...]
    reliability: tuple[ReliabilityBin, ...]
    canaries: tuple[Canary, ...]
