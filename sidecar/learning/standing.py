"""How the models stand: the live record and the drift of each, measured now and then by a thread of its own.

What it finds goes to the desk as alerts, what must not be signalled on to the forecaster, all of it to whoever asks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from threading import Event as Flag
from threading import Thread
from zoneinfo import ZoneInfo

import msgspec

from sidecar.domain.alerts import Finding
from sidecar.domain.clock import DAY, to_datetime
from sidecar.domain.errors import ModelRejected
from sidecar.domain.models import ModelLine, ModelRole
from sidecar.learning import drift
from sidecar.learning.abstention import LiveRecord, reasons
from sidecar.learning.accuracy import LEAST_SESSIONS
from sidecar.learning.drift import DriftLine
from sidecar.learning.lineage import lineage
from sidecar.learning.live_scores import FamilyScore
from sidecar.learning.manifest import Manifest
from sidecar.learning.noticing import Noticing, findings_of
from sidecar.learning.record import SPAN, Record, Vectors, family_of

log = logging.getLogger(__name__)

#: How often (seconds) it is looked whether a model has another place.
_LOOK_S = 1.0


class ModelDrift(msgspec.Struct, frozen=True):
    """The drift of one model that is in use; ``suspended`` says why its signals are held back, empty where not.

    ``rows`` is how many live vectors it rests on. ``worst`` is the feature of the greatest PSI over its threshold, None
    while no window is whole.
    """

    model_id: str
    family: str
    role: ModelRole
    rows: int
    suspended: tuple[str, ...]
    worst: DriftLine | None
    lines: tuple[DriftLine, ...]


@dataclass(frozen=True)
class Standing:
    """One measurement, at market time ``at``."""

    at: int = 0
    families: tuple[FamilyScore, ...] = ()
    drift: tuple[ModelDrift, ...] = ()
    suspended: Mapping[str, str] = field(default_factory=dict)


class Standings:
    """Measures every ``every_s`` (wall seconds) from ``start`` to ``stop``, and when a model has another place.

    ``latest`` is the newest measurement.

    ``notice`` is told what somebody should know, and the fingerprints of what has ended; ``on_job`` whether each
    measurement could be made. Neither may wait.
    """

    def __init__(
        self,
        record: Record,
        notice: Callable[[tuple[Finding, ...], tuple[str, ...]], None] = lambda _, __: None,
        on_job: Callable[[str, bool], None] = lambda _, __: None,
        every_s: float = 30.0,
    ) -> None:
        self.latest = Standing()
        self._record = record
        self._notice = notice
        self._on_job = on_job
        self._every_s = every_s
        self._noticing = Noticing()
        self._stopped = Flag()
        self._thread = Thread(target=self._run, name="standings", daemon=True)

    def start(self) -> None:
        """Begin; the first measurement is made a moment later, when the desk has reported."""
        self._thread.start()

    def stop(self) -> None:
        """End; a measurement that is under way is waited for, briefly."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5.0)

    def measure(self) -> Standing:
        """Measure now, and tell. For one thread alone."""
        self.latest = made = standing(self._record)
        lines = self._record.models()
        found, cleared = self._noticing.take(findings_of(lines, made.families, made.drift), self._record.alerts())
        if found or cleared:
            self._notice(found, cleared)
        return made

    def _run(self) -> None:
        self._stopped.wait(min(_LOOK_S, self._every_s))
        due, looked = -inf, tuple[ModelLine, ...]()
        while not self._stopped.is_set():
            try:
                lines = self._record.models()
                if lines is not looked or time.monotonic() >= due:
                    due, looked = time.monotonic() + self._every_s, lines
                    self.measure()
                    self._on_job("standings", True)
            except Exception:
                # Whatever one measurement fails of, the next is due all the same: silence would look like health.
                log.exception("the models' standing could not be measured")
                self._on_job("standings", False)
            self._stopped.wait(min(_LOOK_S, self._every_s))


def standing(record: Record) -> Standing:
    """How every model in use stands now."""
    now = record.now()
    lines = [one for one in record.models() if one.role in (ModelRole.CHAMPION, ModelRole.CHALLENGER)]
    known = {one.id: found for one in lines if (found := _manifest(record, one)) is not None}
    champions = {one.family: one for one in lines if one.role is ModelRole.CHAMPION and one.id in known}
    families = tuple(
        family_of(record, family, known[line.id], now - SPAN) for family, line in sorted(champions.items())
    )
    records = {one.champion: _record_of(one) for one in families}
    all_known = record.known()
    moved = tuple(
        _drift_of(record, one, known[one.id], record.vectors(lineage(one, all_known, record.spec), now - SPAN), records)
        for one in lines
        if one.id in known
    )
    held = {one.model_id: "; ".join(one.suspended) for one in moved if one.suspended}
    return Standing(now, families, moved, held)


def _drift_of(
    record: Record, line: ModelLine, manifest: Manifest, seen: Vectors, records: Mapping[str, LiveRecord | None]
) -> ModelDrift:
    at, values, score = seen
    days = (at + _offset(record.zone, int(at[-1]))) // DAY if len(at) else at
    lines = drift.drift(manifest.drift, values, days, score) if len(at) else ()
    why = reasons(manifest.scorecard.scores.accuracy, records.get(line.id), lines)
    worst = max((one for one in lines if one.enough), key=_strain, default=None)
    return ModelDrift(line.id, line.family, line.role, len(at), why, worst, lines)


def _strain(line: DriftLine) -> float:
    return line.psi / line.threshold if line.psi is not None and line.threshold else -1.0


def _offset(zone: ZoneInfo, at: int) -> int:
    """The zone's distance from UTC (microseconds): a session never spans its midnight."""
    shift = to_datetime(at).astimezone(zone).utcoffset()
    return int(shift.total_seconds() * 1_000_000) if shift is not None else 0


def _record_of(score: FamilyScore) -> LiveRecord | None:
    found = score.total.accuracy
    if found is None or score.total.sessions < LEAST_SESSIONS:
        return None
    return LiveRecord(found.low, found.high, score.total.effective_n)


def _manifest(record: Record, line: ModelLine) -> Manifest | None:
    try:
        return record.manifest(line)
    except ModelRejected:
        return None  # whoever scores with it says so
