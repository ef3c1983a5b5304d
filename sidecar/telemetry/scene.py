"""What one scrape looks at: the newest report, what was told, and facts that are at hand without asking a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Protocol

from sidecar.domain.report import DeskReport, Published
from sidecar.telemetry.measured import Telemetry
from sidecar.telemetry.trips import Trips


class StreamCounts(Protocol):
    """What the sockets' hub has done."""

    @property
    def connections(self) -> int: ...
    @property
    def sent(self) -> Mapping[str, int]: ...
    @property
    def conflated(self) -> Mapping[str, int]: ...
    @property
    def slow(self) -> int: ...


class NoticeCounts(Protocol):
    """What the notifier owes its channels now, and what became of its attempts since the start."""

    @property
    def owed(self) -> int: ...
    @property
    def sent(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def given_up(self) -> int: ...


@dataclass(frozen=True)
class StoreFacts:
    """What the store's writer knows of itself without asking the database."""

    queue_depth: int
    size_bytes: int
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelFacts:
    """The live record of one family, and the greatest PSI of its champion's features; NaN is unknown."""

    family: str
    accuracy: float
    auc: float
    brier: float
    psi: float


@dataclass(frozen=True)
class Facts:
    """Where a scrape finds what it reads; each callable answers at once. ``config`` is a digest of the settings.

    ``free_bytes`` are those of the disk that holds journal and database. ``ready`` is what readiness says.
    """

    version: str
    config: str
    latest: Callable[[], Published | None]
    report_age_s: Callable[[], float]
    uptime_s: Callable[[], float]
    streams: Callable[[], StreamCounts] | None = None
    store: Callable[[], StoreFacts] | None = None
    audit_head: Callable[[], int] | None = None
    trips: Trips | None = None
    system: Mapping[str, str] = field(default_factory=dict)
    report_stale_s: float = 5.0
    models: Callable[[], Sequence[ModelFacts]] = tuple
    notices: Callable[[], NoticeCounts] | None = None
    free_bytes: Callable[[], float] = lambda: nan
    threads: Callable[[], float] = lambda: nan
    ready: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Scene:
    """All that one scrape looks at, of one moment. ``report`` is None when there is none or the desk is silent."""

    facts: Facts
    told: Telemetry
    report: DeskReport | None
    streams: StreamCounts | None
    store: StoreFacts | None


def scene(facts: Facts, told: Telemetry) -> Scene:
    """What there is to see now."""
    published = facts.latest()
    heard = published is not None and facts.report_age_s() <= facts.report_stale_s
    return Scene(
        facts,
        told,
        published.report if published is not None and heard else None,
        facts.streams() if facts.streams else None,
        facts.store() if facts.store else None,
    )
