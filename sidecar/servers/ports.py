"""What the servers need from the rest of the sidecar: callables that ``run.py`` passes in.

None of them may wait for long but the ones marked *reads*, which are called in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sidecar.domain.breaker import BreakerEvent
from sidecar.domain.commands import CommandEvent
from sidecar.domain.contracts import Contract
from sidecar.domain.orders import Fill, Order
from sidecar.domain.records import Audited
from sidecar.domain.report import Outcome, Published


@dataclass(frozen=True)
class PageQuery:
    """One page of a list, newest first.

    ``before`` is the (time, id) of the last item already seen, None for the newest page; the page holds the items whose
    (time, id) is smaller, at most ``limit`` of them. ``fund_id`` and ``strategy`` are empty for all.
    """

    limit: int
    before: tuple[int, str] | None = None
    fund_id: str = ""
    strategy: str = ""


@dataclass(frozen=True)
class SpanQuery(PageQuery):
    """One page of what happened from ``since`` (included) to ``until`` (not), microseconds UTC; None is unbounded."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Ports:
    """The desk as the servers see it. Times are microseconds UTC.

    ``submit`` resolves once the outcome's records are on disk, or fails with a ``DeskError``. ``order`` finds any order
    of the journal by its id. ``orders`` is keyed by (``created_at``, ``id``), ``fills`` by (``at``, ``id``).
    ``resolve`` raises ``UnknownContract``, ``limits`` an ``InputError`` for an unknown fund.
    """

    latest: Callable[[], Published | None]
    report_age_s: Callable[[], float]  # wall seconds since the newest report was published
    submit: Callable[[CommandEvent], Future[Outcome]]
    market_now: Callable[[], int]
    wall_now: Callable[[], int]
    resolve: Callable[[str], Contract]
    order: Callable[[str], Order | None]  # reads
    orders: Callable[[PageQuery], Sequence[Order]]  # reads
    fills: Callable[[PageQuery], Sequence[Fill]]  # reads
    breaker_history: Callable[[int], Sequence[BreakerEvent]]  # reads; at most that many, newest first
    limits: Callable[[str | None], dict[str, float]]
    limits_set: Callable[[], Mapping[str, Mapping[str, float]]]  # by scope, as text
    ready: Callable[[], tuple[str, ...]]  # what is not ready; empty is ready
    audit: Callable[[Audited], None]  # takes a refused attempt; never waits
    on_request: Callable[[str, str, int, float], None]  # endpoint template, method, status, seconds
    on_auth_failure: Callable[[str], None]  # reason: missing, wrong, role, malformed, url
    on_stop: Callable[[float], None]  # seconds from a stop's arrival to its halt on disk
    version: str
    record_failure: Callable[[], str] = lambda: ""  # why the record falls behind; empty when it does not


@dataclass(frozen=True)
class HttpSettings:
    """What can be set at the doors. Host names are without port; every port of them is taken."""

    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    max_body_bytes: int = 64 * 1024
    command_timeout_s: float = 5.0
    stop_timeout_s: float = 1.0
    settle_wait_s: float = 1.0
    report_stale_s: float = 5.0
    flatten_on_stop: bool = False
