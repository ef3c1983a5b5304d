"""From probabilities to buy, sell or hold, and why it holds where a side may look likelier.

The rule is stated before any outcome is seen, and every line of it can only turn a side into a hold. A side is given
where what it is expected to move by is worth more than it costs, where it is not too near the base rate, and where its
probability's lower end is above how often that side comes anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import NamedTuple

from sidecar.domain.models import CLASSES, Verdict
from sidecar.domain.signals import SignalType
from sidecar.learning.intervals import wilson
from sidecar.learning.scorecard import Scorecard
from sidecar.learning.scores import HOLD, ReliabilityBin, upward

#: How near p(buy) / (p(buy) + p(sell)) may be to the base rate's, either way, and still name no side.
BAND = 0.02
#: The share of features that may be unknown.
MOST_UNKNOWN = 0.20
#: How many sessions may lie between a model's last bar and today.
OLDEST_SESSIONS = 2

Probabilities = tuple[float, float, float]


class Basis(NamedTuple):
    """What of a model's training a decision rests on: the classes' shares and mean moves, and what validation said.

    ``moves`` are fractions, NaN for a class never seen. ``effective_rows`` is how many independent rows the validation
    was worth. ``suspended`` is why the model's signals are held back now, empty where they are not.
    """

    base: Probabilities
    moves: Probabilities
    verdict: Verdict
    reliability: tuple[ReliabilityBin, ...]
    effective_rows: float
    suspended: str = ""


class Moment(NamedTuple):
    """What is known when a model decides: ``cost`` of a round trip, a fraction; ``unknown`` is the share of features
    that are; ``sessions_old`` counts the sessions from the model's last bar to this one.
    """

    cost: float
    unknown: float
    sessions_old: int


class Decision(NamedTuple):
    """``confidence`` is the probability of ``signal``'s class. ``expected_value`` is the better side's after costs, a
    fraction, None where unknown. ``abstained`` is why it holds although a side may look likelier.
    """

    signal: SignalType
    confidence: float
    expected_value: float | None
    abstained: str


class _Case(NamedTuple):
    """One decision under way: the better side's class, what it is worth before costs, and all it rests on."""

    p: Probabilities
    side: int
    gross: float
    basis: Basis
    at: Moment

    @property
    def net(self) -> float:
        return self.gross - self.at.cost


def basis_of(card: Scorecard, base: Probabilities, moves: Probabilities, suspended: str = "") -> Basis:
    """The basis of a model by its scorecard, and the shares and mean moves of its classes in training."""
    return Basis(base, moves, card.verdict, card.reliability, card.effective_rows or 0.0, suspended)


def decide(p: Probabilities, basis: Basis, at: Moment) -> Decision:
    """What to signal on calibrated probabilities ``p``, in the order of ``domain.models.CLASSES``.

    >>> basis = Basis((0.3, 0.4, 0.3), (-0.002, 0.0, 0.002), Verdict.NO_SKILL, (), 900.0)
    >>> decide((0.1, 0.2, 0.7), basis, Moment(0.0006, 0.0, 1)).abstained
    'validation found no evidence of skill'
    """
    gross = sum(share * move for share, move in zip(p, basis.moves, strict=True) if share > 0.0 and isfinite(move))
    side = 2 if gross > 0.0 or (gross == 0.0 and p[2] >= p[0]) else 0
    case = _Case(p, side, abs(gross), basis, at)
    why = next(_reasons(case), None)
    signal = CLASSES[HOLD if why is not None else side]
    value = case.net if isfinite(case.net) else None
    return Decision(signal, p[CLASSES.index(signal)], value, why or "")


def _reasons(case: _Case) -> Iterator[str]:
    """Why it holds; an empty reason where the model itself would: it abstains from nothing."""
    for found in (rule(case) for rule in _OF_THE_MODEL):
        if found:
            yield found
    leaning = max(case.p) > case.p[HOLD]
    for found in (rule(case) for rule in _OF_THE_MOMENT):
        if found:
            yield found if leaning else ""


def _unknown(case: _Case) -> str:
    share = case.at.unknown
    return f"{share:.0%} of the features are unknown" if share > MOST_UNKNOWN else ""


def _stale(case: _Case) -> str:
    old = case.at.sessions_old
    return f"the model's last bar is {old} sessions old" if old > OLDEST_SESSIONS else ""


def _unskilled(case: _Case) -> str:
    return _VERDICTS.get(case.basis.verdict, "")


def _suspended(case: _Case) -> str:
    return case.basis.suspended


def _costless(case: _Case) -> str:
    return "" if isfinite(case.net) else "the cost of a trade is unknown"


def _close(case: _Case) -> str:
    sell, _, buy = case.p
    q = buy / (buy + sell) if buy + sell > 0.0 else 0.5
    return "both sides are about as likely as ever" if abs(q - upward(case.basis.base)) < BAND else ""


def _worthless(case: _Case) -> str:
    # Not net > 0: what is not known to be worth it is not.
    return "" if case.net > 0.0 else f"no side is worth its cost of {1e4 * case.at.cost:.1f} basis points"


def _unproven(case: _Case) -> str:
    base = case.basis.base[case.side]
    low = lower_bound(case.p[case.side], max(case.p), case.basis)
    return "" if low > base else f"it may be no likelier than its base rate of {base:.0%}"


def lower_bound(probability: float, confidence: float, basis: Basis) -> float:
    """The lower end (95 %) of a probability: Wilson's, on as many independent rows of the validation as were as sure.

    0 where validation was never as sure as ``confidence``, the greatest of the three.
    """
    rows = sum(one.n for one in basis.reliability)
    alike = sum(one.n for one in basis.reliability if one.low < confidence <= one.high)
    worth = basis.effective_rows * alike / rows if rows else 0.0
    return wilson(probability * worth, worth)[0]


_VERDICTS = {
    Verdict.NO_SKILL: "validation found no evidence of skill",
    Verdict.LEAK: "validation is better than an honest model's can be: a leak is suspected",
}
_Rule = Callable[[_Case], str]
_OF_THE_MODEL: tuple[_Rule, ...] = (_suspended, _unknown, _stale, _unskilled)
_OF_THE_MOMENT: tuple[_Rule, ...] = (_costless, _close, _worthless, _unproven)
