"""Closing random books by plan against a venue that rejects, fills partly and loses replies; and a real condor's plan.

Every book is closed by a real desk: an emergency stop with flatten, then beats until nothing is left to close and the
venue says so. After each fill margin and worst loss are compared with those of the book before it, at one market; where
one rose an exhaustive search says whether an order of the rest existed in which neither does.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from time import perf_counter

import msgspec
import numpy as np

from bench.loop import table
from sidecar.book.positions import Position
from sidecar.desk import unwinding
from sidecar.desk.fills import take_fill
from sidecar.desk.holdings import mark_of
from sidecar.desk.step import step
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import Stop
from sidecar.domain.contracts import Contract
from sidecar.domain.events import (
    AnyEvent,
    Beat,
    MarketEvent,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    VenueBook,
    VenueEvent,
)
from sidecar.domain.orders import Fill, Order
from sidecar.domain.records import CloseRecorded, FillRecorded
from sidecar.domain.report import Published, SendOrder
from sidecar.drive import Drive
from sidecar.risk import flatten
from sidecar.risk.unwinding import rises, way
from sidecar.venues.faults import parse
from sidecar.venues.faulty import FaultyBroker
from tests.desk.world import FUTURE, LISTED, LOT, OPEN, OPTIONS, chain, fresh, quote

FAULTS = "reject=0.06 unsent=0.03 timeout=0.04 lose=0.06 duplicate=0.03 partial=0.06 late=0.03 delay=0.04@0.3s"
BEAT, LONGEST_S = SECOND // 5, 300
#: Books that one desk closes one after the other, and states that the search for a better order may look at.
_SHARED, _SEARCHED = 40, 5_000
_HELD = (*OPTIONS, FUTURE)


class Pit:
    """A venue that fills at once, at the limit, as much as its seed says: all, a part in lots, or nothing."""

    name = "pit"

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.positions: dict[str, int] = {}
        self.fills: dict[str, list[OrderFilled]] = {}
        self.drawn: Counter[str] = Counter()

    def restore(self, positions: Mapping[str, int]) -> None:
        self.positions = dict(positions)

    def send(self, order: Order, contract: Contract, at: int) -> tuple[VenueEvent, ...]:
        lots = order.request.quantity // contract.lot_size
        share = self.draw.random()
        filled = (lots if share < 0.7 else self.draw.randrange(lots) if share < 0.9 else 0) * contract.lot_size
        told: list[VenueEvent] = [OrderAccepted(at, order.id, f"P{order.id}")]
        if filled:
            name, price = f"F{order.id}", str(order.request.price)
            self.fills[order.id] = [OrderFilled(at, order.id, name, filled, price)]
            told += self.fills[order.id]
            held = self.positions.pop(contract.id, 0) + order.request.side.sign * filled
            self.positions |= {contract.id: held} if held else {}
        if filled < order.request.quantity:
            self.drawn["part" if filled else "no match"] += 1
            told.append(OrderCancelled(at, order.id, "immediate or cancel: the rest found no match"))
        return tuple(told)

    def cancel(self, order: Order, at: int) -> tuple[VenueEvent, ...]:  # noqa: ARG002  the port names it
        return ()

    def on_market(self, event: MarketEvent) -> tuple[VenueEvent, ...]:  # noqa: ARG002  the port names it
        return ()

    def on_time(self, at: int) -> tuple[VenueEvent, ...]:  # noqa: ARG002  the port names it
        return ()

    def book(self, at: int, orders: Sequence[Order] = ()) -> VenueBook:
        return VenueBook(
            at, dict(self.positions), (), tuple(fill for one in orders for fill in self.fills.get(one.id, ()))
        )


class Rig:
    """One desk with its venue, and what was seen of the laws."""

    def __init__(self, seed: int, count: Counter[str]) -> None:
        self.count = count
        self.pit = Pit(seed)
        self.venue = FaultyBroker(self.pit, parse(FAULTS), seed=seed)
        self.state = fresh(order_timeout_s=1.0, ask_every_s=0.5)
        self.drive = Drive(self.state, self.venue, publish=self.look)
        self.at = OPEN + SECOND
        self.sent: list[int] = []
        self.before: list[Position] = []
        step(self.state, msgspec.structs.replace(LISTED, contracts=(*LISTED.contracts, FUTURE)))
        self.trade()

    def take(self, *events: AnyEvent) -> None:
        for event in events:
            self.drive.handle(event)

    def trade(self) -> None:
        """A second later everything is quoted anew, at the same prices."""
        self.at += SECOND
        self.take(*chain(self.at), quote(FUTURE, self.at), Beat(self.at))

    def hold(self, draw: random.Random) -> None:
        """A random book, bought at prices round the marks; the venue holds the same."""
        for number, contract in enumerate(draw.sample(_HELD, draw.randint(1, 5))):
            lots = draw.choice((-1, 1)) * draw.choice((1, 1, 2, 3, 5, 8, 12))
            mark = mark_of(self.state, contract.id)
            price = Decimal(str(max(round(mark * draw.uniform(0.7, 1.4), 2), 0.05)))
            name = f"B{self.count['books']}-{number}"
            strategy = draw.choice(("one", "two"))
            fill = Fill(name, "", contract.id, "main", strategy, lots * LOT, price, Decimal(0), self.at)
            self.state.contracts.setdefault(contract.id, contract)
            take_fill(self.state, fill)
        self.pit.restore({one.symbol: one.quantity for one in self.state.book.open_positions()})
        self.before = self.state.book.open_positions()

    def close(self) -> bool:
        """Stop with flatten, and beat until no wish stands; whether it came to that."""
        self.take(Stop(at=self.at, request_id="s", actor="bench", reason="bench", flatten=True))
        for number in range(LONGEST_S * SECOND // BEAT):
            if not self.state.closing:
                return True
            self.at += BEAT
            self.take(Beat(self.at))
            if number % 20 == 19:
                self.trade()
        return False

    def look(self, published: Published) -> None:
        """Every report: what left, what filled, what is said to be flat."""
        report = published.report
        for action in report.actions:
            if isinstance(action, SendOrder):
                self.count["orders"] += 1
                self.sent = [at for at in self.sent if at >= self.state.now - SECOND] + [self.state.now]
                self.count["beyond the cap"] += len(self.sent) > 10
        if any(isinstance(record, FillRecorded) for record in report.records):
            self._stepped()
        for record in report.records:
            if isinstance(record, CloseRecorded) and not record.wanted and record.reason.startswith("flat"):
                self.count["said flat"] += 1
                symbol = record.position_id.rpartition("/")[2]
                self.count["false flat"] += self.pit.positions.get(symbol, 0) != 0

    def _stepped(self) -> None:
        self.count["fills"] += 1
        state, before = self.state, self.before
        self.before = state.book.open_positions()
        left = np.array([state.book.positions[one.id].quantity for one in before], dtype=np.float64)
        if not before:
            return
        for one, now in zip(before, left.tolist(), strict=True):
            self.count["new shorts"] += now < min(one.quantity, 0) or now > max(one.quantity, 0)
        book = unwinding.states(state, before)
        both = np.stack([book.quantity, left])
        rose = [rises(*measure(both).tolist()) for measure in (book.margin, book.worst)]
        if not any(rose):
            return
        legs = [self._leg(one) for one in before]
        task = flatten.task(legs, book, float("nan"))
        for name, rise, most in (("margin", rose[0], (0.0, math.inf)), ("margin or worst loss", any(rose), (0.0, 0.0))):
            if rise:
                better = way(task, _SEARCHED, most=most)
                self.count["not searched to the end"] += not better.thorough
                self.count[f"{name} rose, needlessly"] += bool(better.steps)
                self.count[f"{name} rose, as in every order"] += not better.steps

    def _leg(self, one: Position) -> flatten.Leg:
        found = unwinding.ready(self.state, "main", {one.id}).legs
        kept = {leg.position_id: leg for leg in found}.get(one.id)
        blank = flatten.Leg(
            one.id, one.symbol, "NIFTY", "main", one.strategy, one.quantity, 0, LOT, 5 * LOT, Decimal("0.05"), 0.05,
            True, 1.0, 1.0, 1.0, 1.0,
        )  # fmt: skip
        return msgspec.structs.replace(kept or blank, quantity=one.quantity, target=0, out="")


def run(books: int, seed: int, seconds: float = math.inf) -> Counter[str]:
    """Close so many random books, or as many as fit into the seconds; what happened, by name."""
    until = perf_counter() + seconds
    count: Counter[str] = Counter()
    draw = random.Random(seed)
    rig = Rig(seed, count)
    for number in range(books):
        if perf_counter() > until:
            break
        if number % _SHARED == 0 or rig.state.closing:
            count.update({f"drawn: {name}": n for name, n in (rig.venue.drawn + rig.pit.drawn).items()})
            rig = Rig(seed + number, count)
        count["books"] += 1
        rig.hold(draw)
        if not rig.close():
            count["not flat at the end"] += 1
            for wish in rig.state.closing.values():
                count[f"not flat: {wish.detail[:60]}"] += 1
        held = bool(rig.state.book.open_positions() or rig.pit.positions)
        count["false flat"] += held and not rig.state.closing
    count.update({f"drawn: {name}": n for name, n in (rig.venue.drawn + rig.pit.drawn).items()})
    return count


def main() -> None:
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    if "--real" in sys.argv:
        from bench.flatten_real import show

        show(Path(__file__).resolve().parents[2] / "shared" / "data")
        return
    books, seed, seconds = (float(word) for word in (*words, *("10000", "1", "inf")[len(words) :]))
    began = perf_counter()
    count = run(int(books), int(seed), seconds)
    table(("what", "count"), [(name, f"{count[name]:,}") for name in _ROWS])
    for prefix in ("drawn: ", "not flat: "):
        rows = [(name.removeprefix(prefix), f"{n:,}") for name, n in sorted(count.items()) if name.startswith(prefix)]
        table((prefix.strip(": "), "count"), rows)
    print(f"{perf_counter() - began:.0f} s, seed {seed:.0f}")


_ROWS = (
    "books", "orders", "fills", "margin rose, needlessly", "margin rose, as in every order",
    "margin or worst loss rose, needlessly", "margin or worst loss rose, as in every order", "not searched to the end",
    "new shorts", "said flat", "false flat", "beyond the cap", "not flat at the end",
)  # fmt: skip

if __name__ == "__main__":
    main()
