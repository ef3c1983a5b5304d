"""How wide options are quoted: every few market seconds, those quotes that are newer than the last look."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.report import Chain

_EVERY = 5 * SECOND


class Spreads:
    """Tells ``observe(value, symbol)`` of each spread over its mid; one-sided and crossed markets have none."""

    def __init__(self, observe: Callable[[NDArray[np.float64], str], None]) -> None:
        self._observe = observe
        self._looked = 0
        self._contracts: tuple[Contract, ...] = ()
        self._options: dict[str, NDArray[np.intp]] = {}

    def take(self, chain: Chain, now: int) -> None:
        """Look at the chain of the report of ``now`` (microseconds UTC), if it is time."""
        if 0 <= now - self._looked < _EVERY:
            return
        since, self._looked = self._looked, now
        for symbol, rows in self._by_underlying(chain.contracts).items():
            bid, ask = chain.bid[rows], chain.ask[rows]
            two_sided = (bid > 0.0) & (ask >= bid) & np.isfinite(ask) & (chain.at[rows] > since)
            if two_sided.any():
                low, high = bid[two_sided], ask[two_sided]
                self._observe(2.0 * (high - low) / (high + low), symbol)

    def _by_underlying(self, contracts: tuple[Contract, ...]) -> dict[str, NDArray[np.intp]]:
        if contracts is not self._contracts:
            found: dict[str, list[int]] = {}
            for row, contract in enumerate(contracts):
                if contract.kind is Kind.OPTION:
                    found.setdefault(contract.underlying, []).append(row)
            self._contracts = contracts
            self._options = {symbol: np.array(rows, np.intp) for symbol, rows in found.items()}
        return self._options
