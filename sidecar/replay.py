"""A tape through the desk, offline and as fast as it goes: the same desk, gate, book and paper matching as live.

A tape of a market alone is traded by a strategy on the paper account; a tape that a desk recorded holds the venue's
answers and the commands too, and only the desk runs. Either way the same tape gives the same reports, byte for byte.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import median

import msgspec

from sidecar.desk.config import DeskConfig
from sidecar.desk.state import DeskState
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.errors import FileRefused, InputError
from sidecar.domain.events import AnyEvent, Beat, MarketEvent, Quote, VenueBook, VenueEvent
from sidecar.domain.orders import Order
from sidecar.domain.reference import Reference
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.risk.limits import validate
from sidecar.store import tape
from sidecar.strategies.protocol import Strategy
from sidecar.venues.port import Broker

#: Market time between beats on a tape that has none of its own.
BEAT = SECOND
#: How many of a tape's usual gaps between index values are still not stale.
_PATIENCE = 5

_encoder = msgspec.json.Encoder(order="deterministic")


class Result(msgspec.Struct, frozen=True):
    """What a replay came to. ``report_hash`` is SHA-256 over every report in order, as JSON."""

    tape: str
    simulated: bool
    events: int
    quotes: int
    refused: int
    reports: int
    report_hash: str
    seconds: float
    equity: float
    daily_pnl: float
    realized_pnl: Decimal
    unrealized_pnl: float
    fees: Decimal
    trades: int
    orders: int
    orders_refused: int
    settlements: int
    open_positions: int
    breaker: str
    stale_s: float
    notes: tuple[str, ...]


class Silent:
    """The broker of a tape that holds the venue's answers already: it adds none."""

    name = "recorded"

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]:  # noqa: ARG002  the port names it
        return ()

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:  # noqa: ARG002  the port names it
        return ()

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]:  # noqa: ARG002  the port names it
        return ()

    def on_time(self, at: int) -> tuple[VenueEvent, ...]:  # noqa: ARG002  the port names it
        return ()

    def book(self, at: int, orders: Sequence[Order] = ()) -> VenueBook | None:  # noqa: ARG002  the port names it
        return None

    def restore(self, positions: Mapping[str, int]) -> None:  # noqa: ARG002  the port names it
        return


def replay(
    path: Path,
    config: DeskConfig,
    reference: Reference,
    calendar: Calendar,
    *,
    broker: Callable[[float], Broker],
    strategies: Sequence[Strategy] = (),
    on_progress: Callable[[int], None] = lambda _: None,
) -> Result:
    """Run a whole tape; the desk starts flat. ``broker`` makes the venue, given the oldest quote (seconds)
    that it may fill on. ``on_progress`` is told the events done, every few thousand.

    :raises FileRefused: the tape is damaged, with the row where it breaks.
    """
    header = tape.read_header(path)
    by_desk = header.recorded == "desk"
    if by_desk:
        config = _recorded_config(path, header)
        stale_s = config.limits["stale"]
    else:
        stale_s = staleness(path, config.limits["stale"])
        config = msgspec.structs.replace(config, limits=loosened(config.limits, stale_s))
    state = DeskState(config, reference, calendar)
    state.notes = header.notes if by_desk else ()
    stream = ReportHash()
    drive = Drive(state, Silent() if by_desk else broker(stale_s), () if by_desk else strategies, publish=stream.add)
    events = 0
    started = time.perf_counter()
    source: Iterable[AnyEvent] = tape.read(path)
    for events, event in enumerate(source if by_desk else beaten(source), start=1):
        drive.handle(event)
        if events % 5_000 == 0:
            on_progress(events)
    on_progress(events)
    return _result(path, header, state, stream, events, time.perf_counter() - started, stale_s)


def _recorded_config(path: Path, header: tape.TapeHeader) -> DeskConfig:
    try:
        config = msgspec.json.decode(header.config, type=DeskConfig)
        return msgspec.structs.replace(config, limits=validate(config.limits))
    except (msgspec.DecodeError, InputError) as problem:
        raise FileRefused(str(path), f"carries settings that cannot be used ({problem})") from None


def loosened(limits: Mapping[str, float], stale_s: float) -> dict[str, float]:
    """The limits with staleness at ``stale_s``, warned of at half of it, where that is looser than what is set."""
    if stale_s <= limits["stale"]:
        return dict(limits)
    return {**limits, "stale": stale_s, "stale_warn": max(limits["stale_warn"], stale_s / 2)}


class ReportHash:
    """SHA-256 over a stream of reports; keeps the last of them."""

    def __init__(self) -> None:
        self._total = sha256()
        self.count = 0
        self.last: Published | None = None

    def add(self, published: Published) -> None:
        """Take the next report."""
        self._total.update(_encoder.encode(published.report))
        self.count += 1
        self.last = published

    @property
    def hex(self) -> str:
        return self._total.hexdigest()


def beaten(events: Iterable[AnyEvent], every: int = BEAT) -> Iterator[AnyEvent]:
    """The events with a ``Beat`` at every multiple of ``every`` between them, and two after the last."""
    due = 0
    for event in events:
        if not due:
            due = (event.at // every + 1) * every
        while event.at >= due:
            yield Beat(due)
            due += every
        yield event
    if due:
        yield Beat(due)
        yield Beat(due + every)


def staleness(path: Path, least: float) -> float:
    """Seconds after which this tape's index is stale: five of its usual gaps, and never less than the limit set.

    A tape of snapshots two and a half minutes apart would otherwise be stale nearly always.
    """
    header = tape.read_header(path)
    indices = {contract.id for contract in header.contracts if contract.kind is Kind.INDEX}
    seen: dict[str, list[int]] = {}
    for event in tape.read(path):
        if isinstance(event, Quote) and event.symbol in indices:
            seen.setdefault(event.symbol, []).append(event.at)
    usual = [median(b - a for a, b in pairwise(times)) / SECOND for times in seen.values() if len(times) > 1]
    return max([least, *(_PATIENCE * gap for gap in usual)])


def _result(
    path: Path,
    header: tape.TapeHeader,
    state: DeskState,
    stream: ReportHash,
    events: int,
    seconds: float,
    stale_s: float,
) -> Result:
    nan = float("nan")
    total = stream.last.report.total if stream.last else None
    return Result(
        tape=path.name,
        simulated=header.simulated,
        events=events,
        quotes=state.board.quotes,
        refused=sum(state.board.refused.values()),
        reports=stream.count,
        report_hash=stream.hex,
        seconds=seconds,
        equity=total.portfolio_value if total else nan,
        daily_pnl=total.daily_pnl if total else nan,
        realized_pnl=state.book.realized(),
        unrealized_pnl=total.unrealized_pnl if total else nan,
        fees=state.book.fees(),
        trades=total.trades if total else 0,
        orders=state.counters["orders_submitted"],
        orders_refused=sum(state.refused.values()),
        settlements=state.counters["settlements"],
        open_positions=len(state.book.open_positions()),
        breaker=str(state.breaker.status),
        stale_s=stale_s,
        notes=header.notes,
    )
