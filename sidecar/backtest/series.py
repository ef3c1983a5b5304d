"""What a rule on bars trades, bar by bar, in whole ticks: the vectorised engine's input, and the event engine's quotes.

Both engines are made of the same arrays, so what they disagree on can only be rules.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.contracts import Contract
from sidecar.domain.reference import FeeSchedule


class Series(NamedTuple):
    """One traded instrument over n bars, in order of time. Prices are ticks of the bar's contract, 0 where unknown.

    ``at`` and ``closes_at`` (n,) are microseconds UTC; a bar's ``closes_at`` may be the next one's ``at``.
    ``contract`` (n,) is the place in ``contracts`` of what is traded in that bar. ``bid`` and ``ask`` (n,) is the quote
    at which an order fills at the bar's open, slippage included, and ``middle`` (n,) the sum of the two, 0 where one is
    unknown; ``close`` (n,) is the bar's last price, which marks. ``shut`` (n,) says that an order which is decided at
    this bar's close cannot be sent: the session or the contract's life ends there. ``settles`` (n,) that the contract
    settles at this bar's end, at ``settlement`` (n,) as the exchange prints it, NaN elsewhere: a future at that value,
    an option at what that value leaves it worth. ``rolls`` (n,) that a night or another contract follows without
    settlement: what is held goes at this bar's open at the latest, at any price. ``fees`` are the schedules, ``fee``
    (n,) which one holds. ``margin`` (n,) is the share of its value that a position asks of the account: 1 where it is
    paid in full. ``underlying`` (n,) is what the rule sees of the bar: its close. ``bid_size`` and ``ask_size`` (n,)
    are units shown at the open's quote; None where any number may trade.
    """

    at: NDArray[np.int64]
    closes_at: NDArray[np.int64]
    contract: NDArray[np.int32]
    bid: NDArray[np.int64]
    ask: NDArray[np.int64]
    middle: NDArray[np.int64]
    close: NDArray[np.int64]
    shut: NDArray[np.bool_]
    settles: NDArray[np.bool_]
    settlement: NDArray[np.float64]
    rolls: NDArray[np.bool_]
    fee: NDArray[np.int32]
    margin: NDArray[np.float64]
    contracts: tuple[Contract, ...]
    fees: tuple[FeeSchedule, ...]
    underlying: NDArray[np.float64]
    bid_size: NDArray[np.int64] | None = None
    ask_size: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.at)
