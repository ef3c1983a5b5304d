"""Stopping beside a loop that does not answer: record, cancels and answer, without a turn of the desk's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Thread

from msgspec.structs import replace

from sidecar.domain.breaker import BreakerState
from sidecar.domain.commands import Stop
from sidecar.domain.errors import JournalFailed
from sidecar.domain.events import AnyEvent
from sidecar.domain.orders import WORKING, Order
from sidecar.domain.records import AnyRecord, Halted
from sidecar.domain.report import DeskReport, Outcome, OutcomeStatus
from sidecar.latch import Latched
from sidecar.risk import breaker

log = logging.getLogger(__name__)

#: Who a record made here names as its source.
SOURCE = "watchman"
#: How long (seconds) the desk's thread may stay inside the broker before the cancels go without it.
_BROKER_WAIT_S = 0.1


class Beside:
    """Does what of a stop needs no desk. The desk takes the same stop from its inbox when it returns.

    :param keep: puts records on disk; may be called on any thread.
    :param report: the newest report, or None.
    :param standing: the breaker as the desk last had it.
    :param put: leaves the broker's answers for the desk.
    :param show: told the breaker's state that holds from now on, so that readers see it before the desk does.
    """

    def __init__(
        self,
        broker: Latched,
        *,
        keep: Callable[[Sequence[AnyRecord]], Future[int]],
        report: Callable[[], DeskReport | None],
        standing: Callable[[], BreakerState],
        now: Callable[[], int],
        put: Callable[[AnyEvent], None],
        show: Callable[[BreakerState], None],
        answer: Callable[[Outcome, JournalFailed | None], None],
    ) -> None:
        self._broker = broker
        self._keep = keep
        self._report = report
        self._standing = standing
        self._now = now
        self._put = put
        self._show = show
        self._answer = answer

    def halt(self, stops: Sequence[Stop]) -> None:
        """Put ``stops`` through, in a thread of its own: not even a venue that hangs holds up the next one."""
        Thread(target=self._halt, args=(tuple(stops),), name="beside", daemon=True).start()

    def _halt(self, stops: Sequence[Stop]) -> None:
        now = self._now()
        after = self._standing()
        for stop in stops:
            after, _ = breaker.stop(after, now, stop.actor, stop.reason)
        kept = self._keep([Halted(now, stop.actor, stop.reason, SOURCE) for stop in stops])
        self._show(after)
        report = self._report()
        working = tuple(order for order in report.orders if order.state in WORKING) if report is not None else ()
        cancelled = self._broker.cancel_beside(working, now, _BROKER_WAIT_S)
        asked: tuple[Order, ...] = ()
        said = "no cancel asked, for the loop is at the venue"
        if cancelled is not None:
            asked = cancelled.asked
            said = f"{len(asked)} of {len(working)} cancels asked"
            for event in cancelled.answers:
                self._put(event)
        kept.add_done_callback(lambda done: self._tell(done, stops, after, asked, said))
        log.critical("stopped beside the loop", extra={"detail": f"{len(stops)} stops; {said}"})

    def _tell(
        self, done: Future[int], stops: Sequence[Stop], after: BreakerState, asked: tuple[Order, ...], said: str
    ) -> None:
        failure = done.exception()
        refused = failure if isinstance(failure, JournalFailed) or failure is None else JournalFailed(str(failure))
        for stop in stops:
            closing = "; positions are closed once it does" if stop.flatten else ""
            message = f"stopped beside the desk's loop, which does not answer; {said}{closing}"
            outcome = Outcome(stop.request_id, OutcomeStatus.DONE, message, after, orders=asked)
            self._answer(outcome, refused)


def shown(report: DeskReport, after: BreakerState) -> DeskReport:
    """A report whose breaker is the one that holds since: the rest of it is as old as its time says."""
    note = "stopped beside the desk's loop, which does not answer: all else here is as of this report's time"
    return replace(report, breaker=after, notes=(*report.notes, note))
