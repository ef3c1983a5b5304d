"""Who armed a dead man's switch, and whether the desk noticed that nothing was heard: kept beside the desk."""

from __future__ import annotations

from sidecar.domain.clock import SECOND
from sidecar.domain.commands import Heartbeat
from sidecar.domain.events import AnyEvent, Beat
from tests.simulation.checks import Broken

#: A desk may notice a beat late.
_GRACE = 2 * SECOND


class Clients:
    """The armed clients of one life of the desk, and when each was last heard, by the desk's own running time."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[int | None, float]] = {}
        self._ran = 0

    def hear(self, event: AnyEvent) -> None:
        """Take a sign of life, or a goodbye."""
        if isinstance(event, Heartbeat):
            self._heard.pop(event.client, None)
            if not event.goodbye:
                self._heard[event.client] = (self._ran or None, event.expires_in_s)
        elif isinstance(event, Beat):
            self._ran = event.ran or event.at

    def check(self, event: AnyEvent | None, *, lost: bool) -> None:
        """After a beat: nobody may be silent for longer than was agreed without a trip."""
        if not isinstance(event, Beat):
            return
        for client, (heard, expires) in sorted(self._heard.items()):
            since = self._ran if heard is None else heard
            if heard is None:
                self._heard[client] = (since, expires)
            if self._ran - since <= expires * SECOND:
                continue
            if not lost and self._ran - since > expires * SECOND + _GRACE:
                raise Broken("INV4", f"nothing was heard of {client} for {(self._ran - since) / SECOND:g} s")
            del self._heard[client]
