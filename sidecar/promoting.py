"""Challengers of a running desk: judged after each session by what they said beforehand, placed by the stated rule."""

from __future__ import annotations

import logging
import secrets

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.calendar import Calendar
from sidecar.domain.commands import ChangeModel
from sidecar.domain.errors import DeskError, ModelRejected
from sidecar.domain.models import ModelAction, ModelLine
from sidecar.learning.registry import Registry
from sidecar.learning.shadow import Change, changes
from sidecar.live import Live
from sidecar.store.reader import Reader

log = logging.getLogger(__name__)


def promote(live: Live, reader: Reader, registry: Registry, calendar: Calendar) -> None:
    """Ask the desk for what the promotion rule says of the challengers now; nothing where the record cannot be read."""

    def days(at: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.array([calendar.local_date(int(one)).toordinal() for one in at], np.int64)

    try:
        known = {one.id: one for one in reader.models()}
        known |= {one.id: one for one in (live.latest.report.models if live.latest else ())}
        found = changes(tuple(known.values()), registry.manifest, lambda family: reader.scored(family=family), days)
    except DeskError:
        # The next session judges them again; until then each keeps its place.
        log.exception("the challengers could not be judged")
        return
    for change in found:
        if change.action is not ModelAction.PROMOTE or _sound(registry, known[change.model_id]):
            _ask(live, change)


def _sound(registry: Registry, line: ModelLine) -> bool:
    """Whether a model that is to be promoted can be scored with."""
    try:
        registry.load(line)
    except ModelRejected as problem:
        log.warning("a challenger cannot be promoted", extra={"model": line.id, "reason": str(problem)})
        return False
    return True


def _ask(live: Live, change: Change) -> None:
    command = ChangeModel(
        at=live.now(),
        request_id=f"training-{secrets.token_hex(6)}",
        actor="training",
        model_id=change.model_id,
        action=change.action,
        reason=change.reason,
    )
    live.submit(command).add_done_callback(lambda done: done.exception())
