"""The notifier: a thread a channel, which sends what the channel is owed. Nothing ever waits for it."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import astuple, dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.clock import SECOND
from sidecar.domain.records import AlertRecorded, Entry, NoticeRecorded
from sidecar.notices.channels import Channel
from sidecar.notices.owed import Notice, Owed
from sidecar.notices.wording import MOST_LINES, message

log = logging.getLogger(__name__)

#: Failures in a row from which a channel counts as failing.
FAILING = 2
_JOIN_S = 0.5


@dataclass(frozen=True)
class Rules:
    """What is told and how patiently.

    A message leaves ``group_s`` after the first alert that it tells of. A failure is tried again after ``retry_s``,
    then twice as long each time up to ``retry_most_s``, with jitter. A notice older than ``give_up_s`` is given up.
    """

    least: AlertLevel = AlertLevel.WARNING
    group_s: float = 1.0
    retry_s: float = 2.0
    retry_most_s: float = 300.0
    give_up_s: float = 86_400.0


@dataclass(frozen=True)
class Desk:
    """What the notifier needs of the desk. None of these may wait.

    ``keep`` puts records into the journal; ``found`` takes findings, and the fingerprints of those that are over;
    ``now`` is the desk's time and ``wall`` the wall clock, microseconds UTC; ``name`` heads every message.
    """

    keep: Callable[[Sequence[NoticeRecorded]], object]
    found: Callable[[tuple[Finding, ...], tuple[str, ...]], object]
    now: Callable[[], int]
    wall: Callable[[], int]
    name: str = "Deskwatch"


@dataclass(frozen=True)
class Counts:
    """What all channels are owed now; notices sent and given up, and attempts that failed, since the start."""

    owed: int = 0
    sent: int = 0
    failed: int = 0
    given_up: int = 0


class Notices:
    """The notifier of a data directory: ``fold`` the journal, ``start``, ``take`` what is kept from then on, ``stop``.

    :param channels: what there is to send by, once it is loaded; without any (None), nothing is done.
    """

    def __init__(self, channels: Future[tuple[Channel, ...]] | None, rules: Rules) -> None:
        self._channels = channels
        self._rules = rules
        self._lock = Lock()
        self._before: list[Entry] | None = None if channels is None else []
        self._senders: tuple[Sender, ...] = ()

    def fold(self, entries: Iterable[Entry]) -> None:
        """Take up the journal as it is at the start. :raises ConfigurationError: a channel's address cannot be used."""
        if self._channels is not None and self._before is not None:
            self._channels.result()
            self._before += (entry for entry in entries if _concerns(entry))

    def start(self, desk: Desk) -> None:
        """Begin to send."""
        if self._channels is None:
            return
        senders = tuple(Sender(channel, self._rules, desk) for channel in self._channels.result())
        with self._lock:
            before, self._before = self._before or [], None
            self._senders = senders
        for sender in senders:
            sender.start(before)

    def take(self, first_seq: int, entries: Sequence[Entry]) -> None:  # noqa: ARG002 - as everybody is told
        """Entries that are on disk now; the first of them has that number. Never waits."""
        mine = [entry for entry in entries if _concerns(entry)]
        with self._lock:
            if self._before is not None:
                self._before += mine
            for sender in self._senders:
                for entry in mine:
                    sender.put(entry)

    def counts(self) -> Counts:
        """What its channels are owed and what it has done, for whoever watches it. Never waits."""
        each = [sender.counts() for sender in self._senders]
        return Counts(*(sum(parts) for parts in zip(*map(astuple, each), strict=True))) if each else Counts()

    def stop(self) -> None:
        """End; what is on its way to a slow service is left to itself, and sent again after the next start."""
        for sender in self._senders:
            sender.put(None)
        until = time.monotonic() + _JOIN_S
        for sender in self._senders:
            sender.join(max(0.0, until - time.monotonic()))


class Sender:
    """One channel's thread. What is owed lives in it alone; others put entries into its queue."""

    def __init__(self, channel: Channel, rules: Rules, desk: Desk) -> None:
        self.fingerprint = f"notices:channel:{channel.digest}"
        self._channel = channel
        self._rules = rules
        self._desk = desk
        self._owed = Owed(channel.digest, rules.least, self.fingerprint)
        self._queue: SimpleQueue[Entry | None] = SimpleQueue()
        self._due = float("inf")
        self._failures = 0
        self._sent = self._failed = self._given_up = 0
        self._unproved = True
        self._thread = Thread(target=self._run, name=f"notices-{channel.digest[:6]}", daemon=True)

    def start(self, before: Iterable[Entry]) -> None:
        """Fold the journal, begin on record if this channel is new, and run."""
        for entry in before:
            self._owed.take(entry)
        if (begun := self._owed.begin(self._desk.now(), self._desk.wall())) is not None:
            self._desk.keep([begun])
        self._thread.start()

    def put(self, entry: Entry | None) -> None:
        """An entry that is on disk, or None to end."""
        self._queue.put(entry)

    def counts(self) -> Counts:
        """What this channel is owed, and what was done; each number is written by the sender's thread alone."""
        return Counts(len(self._owed), self._sent, self._failed, self._given_up)

    def join(self, seconds: float) -> None:
        """Wait a little for the thread to end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        self._plan()
        while True:
            try:
                entry = self._queue.get(timeout=self._wait_s())
            except Empty:
                self._deliver()
                continue
            if entry is None:
                return
            self._owed.take(entry)
            self._plan()

    def _wait_s(self) -> float | None:
        return None if self._due == float("inf") else max(0.0, self._due - time.monotonic())

    def _plan(self) -> None:
        """See to it that what is owed has a time at which it leaves."""
        if not self._owed:
            self._due = float("inf")
        elif self._due == float("inf"):
            self._due = time.monotonic() + self._rules.group_s

    def _deliver(self) -> None:
        """Send one message of the gravest that is owed."""
        self._give_up()
        if batch := self._owed.batch(MOST_LINES):
            if self._send(batch):
                self._sent += len(batch)
                self._keep(self._owed.settle(batch, self._desk.now(), delivered=True))
                self._due = time.monotonic()
            else:
                self._due = time.monotonic() + self._pause_s()
        self._plan()

    def _send(self, batch: Sequence[Notice]) -> bool:
        try:
            taken = self._channel.send(message(batch, self._desk.name))
        except Exception as error:  # noqa: BLE001
            # A service's code may raise anything, and its words may hold the address: a channel that raises failed.
            log.warning(
                "a notice could not be sent", extra={"channel": self._channel.name, "error": type(error).__name__}
            )
            taken = False
        self._failures = 0 if taken else self._failures + 1
        self._failed += not taken
        if taken and self._unproved:
            self._unproved = False
            self._desk.found((), (self.fingerprint,))
        elif self._failures == FAILING:
            self._unproved = True
            self._desk.found((self._failing(),), ())
        return taken

    def _failing(self) -> Finding:
        title = f"{self._channel.name} takes no notices"
        text = f"{self._failures} attempts in a row failed; it is tried again for {self._rules.give_up_s:g} s an alert"
        details = {"channel": self._channel.digest, "service": self._channel.service}
        return Finding("notices", "channel", self._channel.digest, AlertLevel.ERROR, 4, title, text, details)

    def _give_up(self) -> None:
        late = self._owed.older(self._desk.wall() - round(self._rules.give_up_s * SECOND))
        if late:
            log.error("notices were given up", extra={"channel": self._channel.name, "notices": len(late)})
            self._given_up += len(late)
            why = f"not taken within {self._rules.give_up_s:g} s"
            self._keep(self._owed.settle(late, self._desk.now(), delivered=False, detail=why))

    def _keep(self, records: Sequence[NoticeRecorded]) -> None:
        self._desk.keep(records)

    def _pause_s(self) -> float:
        longest: float = min(self._rules.retry_most_s, self._rules.retry_s * 2.0 ** min(self._failures - 1, 16))
        return longest * random.uniform(0.5, 1.0)


def _concerns(entry: Entry) -> bool:
    return isinstance(entry.record, AlertRecorded | NoticeRecorded)
