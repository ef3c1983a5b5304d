"""Bugs put into the desk on purpose: each undoes one thing that keeps it safe. The simulation has to find them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from sidecar.book.positions import Book
from sidecar.desk import recovery
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerState
from sidecar.domain.orders import OrderRequest
from sidecar.domain.records import AnyRecord
from sidecar.risk import gate
from sidecar.risk.gate import GateView, Verdict
from tests.simulation.day import Failed

Plant = Callable[[], AbstractContextManager[object]]


class Forgetful(set[str]):
    """A set that does not remember what was put into it."""

    def __contains__(self, _: object) -> bool:
        return False


def gate_unwired() -> AbstractContextManager[object]:
    """The gate lets everything pass that could be an order at all; what it calls reducing is as it was."""
    judge = gate.check

    def check(request: OrderRequest, view: GateView) -> Verdict:
        verdict = judge(request, view)
        sound = view.contract is not None and request.price is not None and view.session_open
        return Verdict(True, verdict.reduces_only, None, verdict.checked) if sound else verdict

    return patch.object(gate, "check", check)


@contextmanager
def side_test() -> Iterator[None]:
    """Reduce-only by the side: whatever is against the position reduces, however large and whatever else works."""

    def only_reduces(request: OrderRequest, view: GateView) -> bool:
        return request.signed * view.position < 0

    named = [
        name for name, module in sys.modules.items() if name.startswith("sidecar.") and hasattr(module, "only_reduces")
    ]
    patches = [patch(f"{name}.only_reduces", only_reduces) for name in sorted(named)]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def fills_not_idempotent() -> AbstractContextManager[object]:
    """A fill that is told twice is booked twice."""
    begin = Book.__init__

    def forgetful(book: Book) -> None:
        begin(book)
        book.seen = Forgetful()

    return patch.object(Book, "__init__", forgetful)


def breaker_not_restored() -> AbstractContextManager[object]:
    """A restart begins armed, whatever stood before."""
    restore = recovery.restore

    def armed(state: DeskState, records: Iterable[AnyRecord]) -> int:
        count = restore(state, records)
        state.breaker = BreakerState(halt_seq=state.breaker.halt_seq)
        return count

    return patch.object(recovery, "restore", armed)


#: The bug, and the invariant that must tell of it.
PLANTED: dict[str, tuple[Plant, str]] = {
    "gate unwired": (gate_unwired, "INV4"),
    "reduce-only by side test": (side_test, "INV4"),
    "fills not idempotent": (fills_not_idempotent, "INV3"),
    "breaker not restored": (breaker_not_restored, "INV5"),
}


def found(plant: Plant, seeds: Sequence[int], live: Callable[[int], object]) -> tuple[int, Any] | None:
    """The first of ``seeds`` whose day shows the bug, and how it failed."""
    with plant():
        for seed in seeds:
            try:
                live(seed)
            except Failed as failure:
                return seed, failure
    return None
