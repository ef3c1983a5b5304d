"""The desk's loop: quotes a second, how long a quote waits for its report, and the share of a core that takes.

    python -m bench.loop

A chain of 500 and one of 2,000 contracts. First flat out: quotes through ``Drive.handle`` with a beat every 100 ms of
market time. Then live: a thread offers 2,000 quotes a second to the inbox, the loop's own thread takes them, and a
quote has arrived when a report's chain holds it. Beside it a desk that values its chain again on each quote, on the
same quotes in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from threading import Thread

import numpy as np

from sidecar.desk import loop
from sidecar.desk.config import DeskConfig
from sidecar.desk.inbox import Inbox
from sidecar.desk.revalue import revalue
from sidecar.desk.state import DeskState
from sidecar.domain.clock import SECOND, at_local
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.events import AnyEvent, Beat, Listed, Quote
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.pricing.black import price
from sidecar.pricing.daycount import years
from sidecar.reference import load_reference
from sidecar.risk.limits import defaults
from sidecar.venues.paper import PaperBroker

DAY = date(2026, 9, 7)
SPOT = 24_700.0
RATE = 2_000
LIVE_SECONDS = 4.0
BEAT = SECOND // 10
REFERENCE = load_reference()
CALENDAR = REFERENCE.calendar("NSE")
OPEN = at_local(DAY, 9, 15, CALENDAR.zone)

Row = tuple[str, ...]


def contracts(count: int) -> tuple[Contract, ...]:
    """An index and ``count`` options: strikes 50 points apart, both rights, four expiries."""
    expiries = REFERENCE.expiries("NIFTY", DAY, 4)
    lot = REFERENCE.lot_size("NIFTY", expiries[0], DAY)
    each = count // (2 * len(expiries))
    options = [
        Contract("NIFTY", Kind.OPTION, expiry, SPOT + 50.0 * (number - each // 2), right,
                 REFERENCE.expiry_close("NIFTY", expiry), lot, Decimal("0.05"))
        for expiry in expiries for number in range(each) for right in Right
    ]  # fmt: skip
    return (Contract("NIFTY", Kind.INDEX), *options)


def quotes(listed: Sequence[Contract], count: int, at: int, gap: int) -> list[Quote]:
    """``count`` quotes in turn, ``gap`` microseconds apart, a tick up and down round the model's price."""
    made = [Quote("NIFTY", at, at, last=SPOT)]
    middle = [worth(contract, at) for contract in listed[1:]]
    for number in range(1, count):
        when = at + number * gap
        place = number % len(listed)
        step = 0.05 * (number // len(listed) % 3)
        if place == 0:
            made.append(Quote("NIFTY", when, when, last=SPOT + step))
            continue
        mark = middle[place - 1]
        made.append(Quote(listed[place].id, when, when, mark + step, mark + step + 0.1, 650.0, 650.0, mark + step))
    return made


def worth(contract: Contract, at: int) -> float:
    """The model's price, never below two ticks."""
    time_left = years(at, contract.expires_at or 0)
    call = np.bool_(contract.right is Right.CALL)
    return max(float(price(SPOT, contract.strike or 0.0, time_left, 0.14, call=call)), 0.1)


def desk(listed: Sequence[Contract]) -> DeskState:
    config = DeskConfig({"main": Decimal(10_000_000)}, defaults())
    state = DeskState(config, REFERENCE, CALENDAR)
    Drive(state, PaperBroker(seed=1)).handle(Listed(OPEN, tuple(listed), "bench", True))
    return state


def flat_out(listed: Sequence[Contract]) -> Row:
    """As fast as it goes, with a beat every 100 ms of a market that quotes 20,000 times a second."""
    drive = Drive(desk(listed), PaperBroker(seed=1))
    made = quotes(listed, 40_000, OPEN + SECOND, 50)
    due = OPEN + SECOND + BEAT
    beats: list[float] = []
    began = time.perf_counter()
    for event in made:
        if event.at >= due:
            before = time.perf_counter()
            drive.handle(Beat(due))
            beats.append(time.perf_counter() - before)
            due += BEAT
        drive.handle(event)
    took = time.perf_counter() - began
    p50, p99 = np.percentile(beats, [50, 99]) * 1e3
    return f"{len(listed) - 1:,}", f"{len(made) / took:,.0f}", f"{p50:.2f}", f"{p99:.2f}"


def naive(listed: Sequence[Contract]) -> str:
    """Quotes a second of a desk that values everything again on each quote."""
    state = desk(listed)
    made = quotes(listed, 2 * len(listed), OPEN + SECOND, 500)
    for event in made[: len(listed)]:
        state.board.put(event)
    began, done = time.perf_counter(), 0
    for event in made[len(listed) :]:
        state.board.put(event)
        state.now = event.at
        revalue(state)
        done += 1
        if time.perf_counter() - began > 1.5:
            break
    return f"{done / (time.perf_counter() - began):,.0f}"


def live(listed: Sequence[Contract], *, each_quote: bool) -> Row:
    """The inbox and the loop's thread at 2,000 quotes a second: quote to report, and the share of a core."""
    state = desk(listed)
    inbox, waits = Inbox(), list[float]()
    offered: dict[int, float] = {}
    began = time.perf_counter()
    base = OPEN + SECOND

    def arrived(published: Published) -> None:
        moment = time.perf_counter()
        for at in published.chain.at[published.chain.at > 0].tolist():
            sent = offered.pop(at, None)
            if sent is not None:
                waits.append(moment - sent)

    drive = Drive(state, PaperBroker(seed=1), publish=arrived)

    def handle(event: AnyEvent) -> None:
        drive.handle(event)
        if each_quote and isinstance(event, Quote):
            drive.handle(Beat(event.at))

    def now() -> int:
        return base + int((time.perf_counter() - began) * SECOND)

    made = quotes(listed, int(RATE * LIVE_SECONDS), base, SECOND // RATE)
    feeder = Thread(target=offer, args=(made, inbox, offered, now))
    before = time.process_time()
    feeder.start()
    loop.run(inbox, handle, now, BEAT / SECOND)
    took = time.perf_counter() - began
    share = (time.process_time() - before) / took
    feeder.join()
    p50, p99 = np.percentile(waits, [50, 99]) * 1e3
    name = "on each quote" if each_quote else "on a beat"
    return f"{len(listed) - 1:,}", name, f"{p50:.1f}", f"{p99:.1f}", f"{share:.0%}", f"{inbox.conflated:,}"


def offer(made: Sequence[Quote], inbox: Inbox, offered: dict[int, float], now: Callable[[], int]) -> None:
    """Each quote at its time, in bunches of at most 2 ms; then the inbox is closed."""
    for event in made:
        ahead = (event.at - now()) / SECOND
        if ahead > 0.002:
            time.sleep(ahead)
        offered[event.at] = time.perf_counter()
        inbox.put(event)
    time.sleep(0.25)
    inbox.close()


def table(heads: Row, rows: Sequence[Row]) -> None:
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def main() -> None:
    chains = [contracts(500), contracts(2_000)]
    rows = [(*flat_out(listed), naive(listed)) for listed in chains]
    table(("contracts", "quotes/s", "beat p50 ms", "beat p99 ms", "quotes/s, valued on each"), rows)
    results = [live(listed, each_quote=each) for listed in chains for each in (False, True)]
    heads = (f"contracts, {RATE:,} quotes/s", "valued", "quote to report p50 ms", "p99 ms", "of a core", "conflated")
    table(heads, results)


if __name__ == "__main__":
    main()
