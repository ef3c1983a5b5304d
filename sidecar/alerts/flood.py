"""How many alerts people are shown: a few in a while, the most important first, and one word about the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from sidecar.alerts.kinds import FLOOD
from sidecar.alerts.policy import Policy
from sidecar.domain.alerts import Alert, AlertLevel, Finding
from sidecar.domain.clock import SECOND


class Budget:
    """The last times at which an alert was shown. One place of :attr:`Policy.shown` is the summary's."""

    def __init__(self, policy: Policy) -> None:
        self._window = round(policy.window_s * SECOND)
        self._times: deque[int] = deque(maxlen=max(policy.shown - 1, 1))

    def has_room(self, now: int) -> bool:
        """Whether one more may be shown now; a critical one need not ask."""
        return self.free_at() <= now

    def free_at(self) -> int:
        """From when on there is room (microseconds), 0 if there is."""
        return self._times[0] + self._window if len(self._times) == self._times.maxlen else 0

    def spend(self, now: int) -> None:
        """One more is shown."""
        self._times.append(now)

    @property
    def times(self) -> tuple[int, ...]:
        """When the last ones were shown, oldest first."""
        return tuple(self._times)


def summary(held: Iterable[Alert]) -> Finding:
    """What is said of the alerts that are held back: how many, and of which sources."""
    sources: dict[str, int] = {}
    for alert in held:
        sources[alert.source] = sources.get(alert.source, 0) + 1
    n = sum(sources.values())
    told = ", ".join(f"{source} {count}" for source, count in sorted(sources.items()))
    title = f"{n} more alert{' is' if n == 1 else 's are'} held back" if n else "No more alerts are held back"
    source, kind, subject = FLOOD.split(":", 2)
    return Finding(source, kind, subject, AlertLevel.WARNING, 3, title, told, {"held": str(n), "sources": told})
