"""Which place a new model takes: a rule that is stated before any run and never looks at a single number twice.

"Promote if better" swaps models of equal skill on every second day; this rule does so less than once in a year.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from sidecar.domain.models import ModelRole, Verdict
from sidecar.learning.manifest import Manifest
from sidecar.learning.pairing import Paired

#: A refresh may be this much worse in mean log-loss, by the upper 95 % bound, and still follow the champion.
MOST_INCREASE = 0.002
#: Sessions that a refresh must have in common with the champion.
REFRESH_SESSIONS = 10
#: Sessions that a challenger must have predicted beside the champion, and the level of its paired test.
SHADOW_SESSIONS = 20
LEVEL = 0.001

RULE = (
    "A model whose validation looks like a leak, or of which a canary fails, is kept and never scored with. "
    "The first sound model of a family is its champion, whatever its verdict: one without skill predicts and abstains. "
    "A refresh (same label, features and parameters) follows the champion if it is not worse: over at least "
    f"{REFRESH_SESSIONS} sessions that neither learnt from, the upper 95 % bound of its mean log-loss increase is "
    f"below {MOST_INCREASE}. Any other model is a challenger: it predicts beside the champion and gives no signal. It "
    f"is promoted if, over at least {SHADOW_SESSIONS} live sessions, its log-loss is less by a paired t-test of the "
    f"sessions at {LEVEL:.1%}, and its direction Brier skill is above 0. A model of simulated data never follows one "
    "of recorded data; a sound one of recorded data follows one of simulated data at once."
)


class Facts(NamedTuple):
    """What the rule looks at. ``faults`` are the gates that are not green, empty where all are; ``brier_skill`` is the
    validation's for the direction, None where unknown.
    """

    spec_hash: str
    feature_hash: str
    simulated: bool
    verdict: Verdict
    faults: tuple[str, ...]
    brier_skill: float | None


class Decision(NamedTuple):
    """The place that a model takes, and why, in one line for the record."""

    role: ModelRole
    reason: str


def facts_of(manifest: Manifest) -> Facts:
    """The facts of a model by its manifest."""
    card = manifest.scorecard
    faults = tuple(f"canary {canary.name}: {canary.says}" for canary in card.canaries if not canary.passed)
    if card.verdict is Verdict.LEAK:
        faults = (f"a leak is suspected: {card.why}", *faults)
    return Facts(
        manifest.spec_hash,
        manifest.feature_hash,
        manifest.simulated,
        card.verdict,
        faults,
        card.scores.direction_brier_skill,
    )


def place(candidate: Facts, champion: Facts | None, paired: Paired | None) -> Decision:
    """The place of ``candidate``. Where its ``spec_hash`` is the champion's, ``paired`` are the sessions of both
    validations (``paired_sessions``); where it is another, the live record of that spec's challengers against that of
    the champions since they began (``paired``). None where there are none.
    """
    if candidate.faults:
        return Decision(ModelRole.CANDIDATE, "kept, never scored with: " + "; ".join(candidate.faults))
    if champion is None:
        return Decision(ModelRole.CHAMPION, f"the first sound model of its family; {candidate.verdict.value}")
    if champion.feature_hash != candidate.feature_hash:
        return Decision(ModelRole.CHAMPION, "the champion's features are no longer computed")
    if candidate.simulated != champion.simulated:
        return _of_other_data(candidate)
    if candidate.spec_hash == champion.spec_hash:
        return _refresh(paired)
    return _challenge(candidate, paired)


def upper_bound(paired: Paired) -> float:
    """The upper 95 % bound (one-sided, Student) of the mean increase by session; needs two sessions."""
    mean, error = _mean_and_error(paired)
    return mean + float(stdtrit(len(paired.increase) - 1, 0.95)) * error


def p_value(paired: Paired) -> float:
    """The chance of a decrease as clear as this one between equals: one-sided paired t-test of the sessions."""
    mean, error = _mean_and_error(paired)
    return float(stdtr(len(paired.increase) - 1, mean / error)) if error > 0.0 else float(mean >= 0.0)


def _mean_and_error(paired: Paired) -> tuple[float, float]:
    error = np.std(paired.increase, ddof=1) / np.sqrt(len(paired.increase))
    return float(np.mean(paired.increase)), float(error)


def _of_other_data(candidate: Facts) -> Decision:
    if candidate.simulated:
        return Decision(ModelRole.CANDIDATE, "of simulated data, and the champion is of recorded data")
    return Decision(ModelRole.CHAMPION, "the first sound model of recorded data; the champion's was simulated")


def _refresh(paired: Paired | None) -> Decision:
    k = 0 if paired is None else len(paired.sessions)
    if paired is None or k < REFRESH_SESSIONS:
        return Decision(
            ModelRole.CANDIDATE, f"{k} sessions to compare with the champion, {REFRESH_SESSIONS} are needed"
        )
    bound = upper_bound(paired)
    found = f"log-loss {np.mean(paired.increase):+.4f}, at most {bound:+.4f} over {k} sessions"
    if bound < MOST_INCREASE:
        return Decision(ModelRole.CHAMPION, f"a refresh, not worse than the champion: {found}")
    return Decision(ModelRole.CANDIDATE, f"a refresh that may be worse than the champion: {found}")


def _challenge(candidate: Facts, paired: Paired | None) -> Decision:
    k = 0 if paired is None else len(paired.sessions)
    if paired is None or k < SHADOW_SESSIONS:
        return Decision(
            ModelRole.CHALLENGER, f"another spec, {k} of {SHADOW_SESSIONS} live sessions beside the champion"
        )
    p = p_value(paired)
    found = f"log-loss {np.mean(paired.increase):+.4f} over {k} live sessions, p = {p:.2g}"
    if p >= LEVEL:
        return Decision(ModelRole.CHALLENGER, f"another spec, not clearly better: {found}")
    if candidate.brier_skill is None or candidate.brier_skill <= 0.0:
        return Decision(ModelRole.CHALLENGER, f"another spec without Brier skill in validation: {found}")
    return Decision(ModelRole.CHAMPION, f"a challenger that is clearly better: {found}")
