from __future__ import annotations

import pytest

from sidecar.domain.models import Verdict
from sidecar.learning.intervals import Chance
from sidecar.learning.judging import Findings, judged
from sidecar.learning.plan import Plan
from sidecar.learning.scorecard import Canary, Interval
from sidecar.learning.scores import Scores

GOOD = Canary("noise features", True, 0.5, 0.6, "a model of noise alone scores 0.500; chance ends at 0.600")
ABOVE = Interval(0.001, 0.01)
SEEN = Canary("scrambled future", False, 2.0, 0.0, "2 features change when the bars after them do; none may")


def found(
    skill: Interval | None = ABOVE, auc: float = 0.55, side: float = 0.51, p: float = 0.01,
    canaries: tuple[Canary, ...] = (GOOD,), sessions: int = 40,
) -> Findings:  # fmt: skip
    chance = Chance(auc, 0.46, 0.54, p, 200)
    return Findings(Scores(5_000, auc=auc), skill, Interval(side, side + 0.04), chance, canaries, sessions)


@pytest.mark.parametrize(
    ("findings", "verdict", "why"),
    [
        (found(), Verdict.SKILL, "above 0"),
        (found(skill=Interval(-0.001, 0.01)), Verdict.NO_SKILL, "does not stand above 0"),
        (found(skill=Interval(1e-16, 1e-16)), Verdict.NO_SKILL, "does not stand above 0"),
        (found(skill=None), Verdict.NO_SKILL, "unknown"),
        (found(sessions=7), Verdict.NO_SKILL, "7 test sessions say nothing; 8 are needed"),
        (found(auc=0.66), Verdict.LEAK, "an AUC of 0.660 is above 0.65"),
        (found(auc=0.66, p=0.3), Verdict.SKILL, "above 0"),
        (found(side=0.549), Verdict.LEAK, "right in at least 54.9% is above 54.8%"),
        (found(canaries=(GOOD, SEEN)), Verdict.LEAK, "scrambled future: 2 features change"),
        (found(skill=Interval(-0.1, -0.01), canaries=(SEEN,)), Verdict.LEAK, "scrambled future"),
    ],
)
def test_a_verdict_and_its_reason(findings: Findings, verdict: Verdict, why: str) -> None:
    told, reason = judged(findings, Plan())

    assert told is verdict
    assert why in reason
