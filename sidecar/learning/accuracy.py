"""The live scorecard: what became of predictions that were on record before, held against what validation promised.

Labels overlap, so n of them are worth fewer: every interval rests on an effective number of rows (Bartlett's window of
two horizons), and the skill's and the AUC's on a bootstrap of whole sessions. Numbers that are better than an honest
model's can be are an alarm, not a success.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from sidecar.learning.baselines import Persistence
from sidecar.learning.intervals import Statistic, accuracy_interval, required_n, session_bootstrap
from sidecar.learning.live_scores import FamilyScore, Flag, LiveScore, Outcomes, Promise
from sidecar.learning.manifest import Manifest
from sidecar.learning.scorecard import Interval, Part
from sidecar.learning.scores import Base, Scores, auc, direction, direction_skill, hits, reliability, scores, upward

#: An AUC above this is no honest model's, nor a share of right sides above one half and three times the expected edge.
MOST_AUC = 0.65
MOST_EDGES = 3.0
#: A record of fewer sessions is compared with nothing: its intervals were found to cover from so many on, and within
#: one session every label shares the same trend.
LEAST_SESSIONS = 5
_DRAWS = 200
_SEED = 7
_EDGE = 0.016


def promise_of(manifest: Manifest) -> Promise:
    """What a model's validation promised."""
    card = manifest.scorecard
    return Promise(
        manifest.id,
        card.verdict,
        card.scores.accuracy,
        card.accuracy.low if card.accuracy else None,
        card.accuracy.high if card.accuracy else None,
        card.direction_accuracy,
        card.scores.auc,
        card.scores.direction_brier_skill,
        manifest.base,
        card.expected_edge,
    )


def live_score(name: str, rows: Outcomes, horizon: int, base: Base) -> LiveScore:
    """The scores of ``rows``, whose labels span ``horizon`` bars, against ``base``, the training's class shares."""
    known = rows.of(rows.y >= 0)
    n = len(known.y)
    unknowable = len(rows.y) - n
    if not n:
        return LiveScore(name, 0, unknowable, 0.0, Scores(0))
    low, high, worth = accuracy_interval(hits(known.y, known.p), horizon)
    way = direction(known.y, known.p)
    sides = (way.q > 0.5) == (way.up > 0.5)
    bounds = accuracy_interval(sides, horizon)
    upper = upward(base)
    return LiveScore(
        name=name,
        matured=n,
        unknowable=unknowable,
        effective_n=worth,
        scores=scores(known.y, known.p, base),
        sessions=len(np.unique(known.session)),
        accuracy=Interval(low, high),
        direction_accuracy=float(np.mean(sides)) if sides.size else None,
        direction=Interval(bounds[0], bounds[1]) if sides.size else None,
        skill=_bootstrapped(lambda at: direction_skill(way.q[at], way.up[at], upper), known.session[way.rows]),
        auc=_bootstrapped(lambda at: auc(way.q[at], way.up[at]), known.session[way.rows]),
        baselines=tuple(_baselines(known, base)),
        reliability=reliability(known.y, known.p, horizon=horizon),
    )


def family_score(
    family: str,
    horizon: int,
    rows: Outcomes,
    pending: int,
    promised: Promise | None,
    by: str = "",
    kin: Sequence[str] = (),
) -> FamilyScore:
    """The live record of one family; ``by`` parts it by ``hour``, ``model`` or ``regime``, or not at all.

    With a promise, the total is of the model that it is of and of its ``kin``, the ids of what it is a refresh of; the
    parts by model are of all that ever predicted.
    """
    base = promised.base if promised else _shares(rows.y)
    mine = rows.of(np.isin(rows.model_id.astype(str), [promised.model_id, *kin])) if promised else rows
    total = live_score("*", mine, horizon, base)
    flag, why = flagged(total, promised)
    parts = (rows if by == "model" else mine, *_PARTS[by]) if by else None
    return FamilyScore(
        family=family,
        horizon=horizon,
        champion=promised.model_id if promised else "",
        pending=pending,
        required=required_n(promised.expected_edge if promised else _EDGE),
        flag=flag,
        says=f"{sentence(total)} {why}".strip(),
        total=total,
        parts=tuple(_parted(*parts, horizon, base)) if parts else (),
        promised=promised,
    )


def sentence(total: LiveScore) -> str:
    """Whether there is evidence of skill, in words: only an interval that lies above 0 is."""
    if not total.matured:
        return "Nothing has matured yet."
    skill = total.skill
    if skill is None:
        return "No evidence of skill: there are too few sessions for an interval."
    if skill.low > 0.0:
        return f"Skill: the direction's Brier skill is between {skill.low:.3f} and {skill.high:.3f}."
    return f"No evidence of skill: the direction's Brier skill is between {skill.low:.3f} and {skill.high:.3f}."


def flagged(total: LiveScore, promised: Promise | None) -> tuple[Flag, str]:
    """The flag of a live record against what was promised, and why; red outranks amber."""
    if promised is None or total.accuracy is None:
        return Flag.UNKNOWN, ""
    if total.sessions < LEAST_SESSIONS:
        return Flag.UNKNOWN, f"It takes {LEAST_SESSIONS} sessions to compare it with its promise."
    most = 0.5 + MOST_EDGES * promised.expected_edge
    if total.direction is not None and total.direction.low > most:
        return Flag.RED, f"Sides are right more often than {most:.1%}, which no honest model is: look for a leak."
    if total.auc is not None and total.auc.low > MOST_AUC:
        return Flag.RED, f"The AUC is above {MOST_AUC}, which no honest model's is: look for a leak."
    if promised.accuracy is None:
        return Flag.UNKNOWN, ""
    low, high = total.accuracy.low, total.accuracy.high
    if not low <= promised.accuracy <= high:
        side = "below" if high < promised.accuracy else "above"
        return Flag.AMBER, f"The accuracy ({low:.1%} to {high:.1%}) is {side} the promised {promised.accuracy:.1%}."
    return Flag.GREEN, ""


def _parted(rows: Outcomes, column: str, keys: Sequence[str], horizon: int, base: Base) -> Iterator[LiveScore]:
    values = getattr(rows, column)
    for value in keys or sorted(set(values.tolist())):
        chosen = rows.of(values == value)
        if len(chosen.y):
            yield live_score(f"{value:02d}:00" if column == "hour" else str(value), chosen, horizon, base)


#: How a record is parted: the column, and the order of its values where it is not their own.
_PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "hour": ("hour", ()),
    "model": ("model_id", ()),
    "regime": ("regime", ("calm", "usual", "rough", "unknown")),
}


def _baselines(known: Outcomes, base: Base) -> Iterator[Part]:
    """Majority by the training's shares; persistence at even odds, since it is fitted on nothing here."""
    yield Part("majority", scores(known.y, np.tile(np.array(base), (len(known.y), 1)), base))
    if np.isfinite(known.last).any():
        told = np.isfinite(known.last) & (known.last != 0.0)
        side = Persistence(base, _SURE).probabilities(known.last)[told]
        yield Part("persistence", scores(known.y[told], side, base))


#: How often persistence is taken to be right: enough to name its side, and no more.
_SURE = 0.51


def _bootstrapped(statistic: Statistic, sessions: NDArray[np.int64]) -> Interval | None:
    low, high = session_bootstrap(statistic, sessions, _SEED, _DRAWS)
    return Interval(low, high) if isfinite(low) and isfinite(high) else None


def _shares(y: NDArray[np.int8]) -> Base:
    known = y[y >= 0]
    count = np.bincount(known, minlength=3) + 1.0
    sell, hold, buy = (count / count.sum()).tolist()
    return sell, hold, buy
