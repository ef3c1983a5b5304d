"""What a strategy is: it reads reports and says what it wants. It holds no money, sends no order, asks no clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sidecar.domain.report import Intent, Published


class Strategy(Protocol):
    """One strategy. ``name`` is its label on orders, positions and metrics.

    An order whose ``reason`` begins with ``stop:`` closes a position because it has lost enough, and is counted so.
    """

    name: str

    def on_report(self, published: Published) -> Iterable[Intent]:
        """What it wants after this report: perhaps nothing. Must not wait, and must not change what it is given."""
        ...
