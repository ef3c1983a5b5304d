"""What somebody should know of the models: a refused one, a live record that is not what was promised, drift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.models import ModelLine, ModelRole
from sidecar.learning.drift import DriftLine
from sidecar.learning.live_scores import FamilyScore, Flag

_FLAGS = {
    Flag.RED: (AlertLevel.ERROR, 4, "A model is better than an honest one can be: {}"),
    Flag.AMBER: (AlertLevel.WARNING, 3, "A model's live record is not what validation promised: {}"),
}
#: How many features one message names.
_NAMED = 8


class Drifted(Protocol):
    """The drift of one model."""

    @property
    def model_id(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def role(self) -> ModelRole: ...
    @property
    def lines(self) -> tuple[DriftLine, ...]: ...


class Noticing:
    """Remembers what was told, so that each finding is told when it is new or says something new, and once when it has
    ended. A model's findings that a run before may have left standing are ended by the first look that has none.
    """

    def __init__(self) -> None:
        self._told: dict[str, Finding] = {}
        self._before: set[str] = set()
        self._looked = False

    def take(self, found: Sequence[Finding], before: Sequence[str] = ()) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
        """What to tell: the findings that are new, and the fingerprints of those that are gone.

        ``before`` are the fingerprints that stood when this run began; only the first look needs them.
        """
        now = {finding.fingerprint: finding for finding in found}
        fresh = tuple(one for name, one in now.items() if name not in self._told or _new(one, self._told[name]))
        gone = set(self._told) - set(now)
        if not self._looked:
            gone |= set(before) - set(now)
        self._told, self._looked = now, True
        return fresh, tuple(sorted(gone))


def _new(now: Finding, told: Finding) -> bool:
    """Whether it says something new: the numbers in a message move with every look."""
    return (now.level, now.details) != (told.level, told.details)


def findings_of(
    models: Sequence[ModelLine], families: Sequence[FamilyScore], drift: Sequence[Drifted]
) -> tuple[Finding, ...]:
    """What to tell of the models now."""
    return (*_refused(models), *_flagged(families), *_drifted(drift))


def _refused(models: Sequence[ModelLine]) -> Iterator[Finding]:
    """A refused model stands as an alert until its family has a champion that was trained after it."""
    for one in models:
        if one.role is not ModelRole.REFUSED:
            continue
        champion = next((two for two in models if two.family == one.family and two.role is ModelRole.CHAMPION), None)
        if champion is not None and champion.trained_at > one.trained_at:
            continue
        instead = f"{champion.id} predicts instead" if champion else "nothing predicts in its place"
        title = f"A model is refused: {one.family}"
        yield Finding("model", "refused", one.id, AlertLevel.ERROR, 4, title, f"{one.reason}; {instead}")


def _flagged(families: Sequence[FamilyScore]) -> Iterator[Finding]:
    for one in families:
        if one.flag in _FLAGS:
            level, severity, title = _FLAGS[one.flag]
            details = {"model": one.champion, "flag": one.flag.value}
            yield Finding("model", "record", one.family, level, severity, title.format(one.family), one.says, details)


def _drifted(drift: Sequence[Drifted]) -> Iterator[Finding]:
    for one in drift:
        alarms = [line for line in one.lines if line.alarm]
        if not alarms or one.role is not ModelRole.CHAMPION:
            continue
        named = ", ".join(f"{line.name} {line.psi:.2f} over {line.threshold:.2f}" for line in alarms[:_NAMED])
        more = f" and {len(alarms) - _NAMED} more" if len(alarms) > _NAMED else ""
        title = f"A model sees other data than it learnt from: {one.family}"
        details = {"model": one.model_id, "features": str(len(alarms))}
        yield Finding("drift", "psi", one.family, AlertLevel.WARNING, 3, title, f"PSI of {named}{more}", details)
