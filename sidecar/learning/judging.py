"""From the rows that a walk forward was tried on to the scorecard and its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.domain.models import LabelKind, Verdict
from sidecar.learning.canaries import LEAK_AUC
from sidecar.learning.dataset import Dataset
from sidecar.learning.intervals import Chance, accuracy_interval, circular_shifts, required_n, session_bootstrap
from sidecar.learning.money import Nets, money, nets
from sidecar.learning.plan import Plan
from sidecar.learning.scorecard import Canary, FoldScore, Interval, Money, Part, Scorecard
from sidecar.learning.scores import HOLD, Scores, auc, direction, hits, reliability, scores
from sidecar.learning.validation import Tried

Floats = NDArray[np.float64]

#: A bootstrap of fewer sessions than this says nothing.
LEAST_SESSIONS = 8
#: Skill must stand above this: a model that never splits is the base rate, and its skill is a rounding error.
LEAST_SKILL = 1e-4
#: A verdict of leak wants an AUC that chance does not reach either.
_BEYOND_CHANCE = 0.05


class Pooled(NamedTuple):
    """The test rows of all folds: ``rows`` of the dataset, ``p`` and ``base`` (n, 3) with each fold's own base rate."""

    rows: NDArray[np.int64]
    p: Floats
    base: Floats
    y: NDArray[np.int8]
    sessions: NDArray[np.int64]


class Findings(NamedTuple):
    """What the verdict rests on."""

    scores: Scores
    skill: Interval | None
    direction: Interval | None
    chance: Chance
    canaries: Sequence[Canary]
    sessions: int


def pooled(dataset: Dataset, tried: Sequence[Tried]) -> Pooled:
    """The folds' tests after each other."""
    rows = np.concatenate([each.rows for each in tried])
    base = np.concatenate([np.tile(each.base, (each.rows.size, 1)) for each in tried])
    p = np.concatenate([each.p for each in tried])
    return Pooled(rows, p, base, dataset.y[rows], dataset.sessions[rows])


def scorecard(
    dataset: Dataset, tried: Sequence[Tried], canaries: tuple[Canary, ...], inner: Floats, trials: int, plan: Plan
) -> Scorecard:
    """The whole of it; deterministic in ``plan.seed``."""
    all_rows = pooled(dataset, tried)
    span = dataset.spec.horizon if dataset.spec.kind is not LabelKind.TRADE_OUTCOME else 1
    way = direction(all_rows.y, all_rows.p)
    right = (way.q > 0.5) == (way.up > 0)
    side_low, side_high, _ = accuracy_interval(right, span)
    right_class = hits(all_rows.y, all_rows.p)
    low, high, worth = accuracy_interval(right_class, span)
    findings = Findings(
        _scored(all_rows, all_rows.p), _skill(all_rows, plan), Interval(side_low, side_high) if right.size else None,
        _chance(all_rows, plan), canaries, int(np.unique(all_rows.sessions).size),
    )  # fmt: skip
    verdict, why = judged(findings, plan)
    known = np.isfinite(findings.chance.low)
    return Scorecard(
        verdict=verdict, why=why, scores=findings.scores, sessions=findings.sessions,
        base=_shares(all_rows.base), accuracy=Interval(low, high), effective_rows=worth,
        direction_accuracy=float(right.mean()) if right.size else None, direction=findings.direction,
        skill=findings.skill, chance=Interval(findings.chance.low, findings.chance.high) if known else None,
        chance_p=findings.chance.p_value if known else None, expected_edge=plan.expected_edge,
        required=required_n(plan.expected_edge), trials=trials, money=_money(dataset, tried, inner, trials),
        folds=tuple(_fold(dataset, k, each) for k, each in enumerate(tried, 1)), hours=_hours(dataset, all_rows),
        baselines=_baselines(all_rows, tried), reliability=reliability(all_rows.y, all_rows.p, horizon=span),
        canaries=canaries,
    )  # fmt: skip


def judged(found: Findings, plan: Plan) -> tuple[Verdict, str]:
    """Skill only with evidence; a leak where it is better than an honest model's can be, or where a canary failed."""
    for canary in found.canaries:
        if not canary.passed:
            return Verdict.LEAK, f"{canary.name}: {canary.says}"
    limit = 0.5 + 3 * plan.expected_edge
    area = found.scores.auc
    if area is not None and area > LEAK_AUC and found.chance.p_value <= _BEYOND_CHANCE:
        return Verdict.LEAK, f"an AUC of {area:.3f} is above {LEAK_AUC}, which no honest model of this kind has"
    if found.direction is not None and found.direction.low > limit:
        return Verdict.LEAK, f"a direction right in at least {found.direction.low:.1%} is above {limit:.1%}"
    if found.sessions < LEAST_SESSIONS:
        return Verdict.NO_SKILL, f"{found.sessions} test sessions say nothing; {LEAST_SESSIONS} are needed"
    if found.skill is None:
        return Verdict.NO_SKILL, "the Brier skill of its direction is unknown"
    told = f"Brier skill of direction {found.skill.low:+.4f} to {found.skill.high:+.4f} (95 %)"
    if found.skill.low > LEAST_SKILL:
        return Verdict.SKILL, f"{told}, above 0"
    return Verdict.NO_SKILL, f"{told}, which does not stand above 0"


def _scored(rows: Pooled, p: Floats) -> Scores:
    """Pooled scores whose skills hold each row against its own fold's base rate, as their intervals do."""
    found = scores(rows.y, p, _shares(rows.base))
    eye = np.eye(3)[rows.y]
    theirs = float(np.sum((rows.base - eye) ** 2))
    ours, base = _direction_errors(rows, p)
    return msgspec.structs.replace(
        found,
        brier_skill=1 - float(np.sum((p - eye) ** 2)) / theirs if theirs > 0 else None,
        direction_brier_skill=1 - float(ours.sum()) / float(base.sum()) if base.sum() > 0 else None,
    )


def _direction_errors(rows: Pooled, p: Floats) -> tuple[Floats, Floats]:
    """Squared errors of q and of the base rate's q on the rows that moved."""
    way, base = direction(rows.y, p), direction(rows.y, rows.base)
    return (way.q - way.up) ** 2, (base.q - way.up) ** 2


def _skill(rows: Pooled, plan: Plan) -> Interval | None:
    ours, theirs = _direction_errors(rows, rows.p)

    def skill(drawn: NDArray[np.int64]) -> float:
        base = float(theirs[drawn].sum())
        return 1 - float(ours[drawn].sum()) / base if base > 0 else float("nan")

    sided = rows.sessions[rows.y != HOLD]
    low, high = session_bootstrap(skill, sided, plan.seed, plan.draws)
    return Interval(low, high) if np.isfinite(low) else None


def _chance(rows: Pooled, plan: Plan) -> Chance:
    def area(order: NDArray[np.int64]) -> float:
        way = direction(rows.y[order], rows.p)
        return auc(way.q, way.up)

    return circular_shifts(area, rows.sessions, plan.seed, max(50, plan.draws // 2))


def _money(dataset: Dataset, tried: Sequence[Tried], inner: Floats, trials: int) -> Money:
    parts = [nets(dataset, each.rows, each.p, each.moves) for each in tried]
    every = Nets(
        np.concatenate([part.sessions for part in parts]),
        np.concatenate([part.net for part in parts]),
        sum(part.signals for part in parts),
    )
    return money(every, inner, trials)


def _fold(dataset: Dataset, number: int, tried: Tried) -> FoldScore:
    past = np.concatenate([tried.fold.fit, tried.fold.stop, tried.fold.calibrate])
    return FoldScore(
        number, int(dataset.begins[past[0]]), int(dataset.begins[past[-1]]), int(dataset.begins[tried.rows[0]]),
        int(dataset.begins[tried.rows[-1]]), int(past.size), tried.rounds, tried.base,
        scores(dataset.y[tried.rows], tried.p, tried.base),
    )  # fmt: skip


def _hours(dataset: Dataset, rows: Pooled) -> tuple[Part, ...]:
    """By the hour of the session, counted from its first bar."""
    hour = dataset.hours[rows.rows]
    parts = []
    for each in np.unique(hour):
        at = hour == each
        of_hour = Pooled(rows.rows[at], rows.p[at], rows.base[at], rows.y[at], rows.sessions[at])
        parts.append(Part(f"{60 * each}-{60 * (each + 1)} min", _scored(of_hour, of_hour.p)))
    return tuple(parts)


def _baselines(rows: Pooled, tried: Sequence[Tried]) -> tuple[Part, ...]:
    names = tried[0].beside
    return tuple(Part(name, _scored(rows, np.concatenate([each.beside[name] for each in tried]))) for name in names)


def _shares(base: Floats) -> tuple[float, float, float]:
    sell, hold, buy = base.mean(axis=0).tolist()
    return sell, hold, buy
