"""Which rows of the reports are new since the last sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from sidecar.domain.bars import Bar
from sidecar.domain.contracts import Contract
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.report import Chain, Published
from sidecar.domain.system import SystemLine
from sidecar.store.columns import Row, tabulate
from sidecar.store.projection import instrument, performance_row, quote_table, report_rows, system_row


class Bars(NamedTuple):
    """Bars that were offered together."""

    rows: tuple[Bar, ...]


Sample = Published | SystemLine | Bars


class Sampler:
    """Turns samples into tables; it remembers what quotes, contracts and performance it has seen.

    ``quotes``: keep quotes too.
    """

    def __init__(self, *, quotes: bool) -> None:
        self._quotes = quotes
        self._contracts: tuple[Contract, ...] = ()
        self._symbols = pa.array([], pa.string())
        self._since = np.zeros(0, np.int64)
        self._performance: tuple[PerformanceLine, ...] = ()

    def tables(self, samples: Sequence[Sample]) -> dict[str, pa.Table]:
        """The rows of ``samples`` in order, by table: reports, lines, changed quotes, new contracts, new performance.

        A measurement of the system is a row of ``system_status``, a bar one of ``bars``.
        """
        rows: dict[str, list[Row]] = {}
        instruments: dict[str, Row] = {}
        quotes: list[pa.Table] = []
        for sample in samples:
            if isinstance(sample, Bars):
                rows.setdefault("bars", []).extend(map(msgspec.structs.astuple, sample.rows))
                continue
            if isinstance(sample, SystemLine):
                rows.setdefault("system_status", []).append(system_row(sample))
                continue
            if sample.report.performance is not self._performance:
                self._performance = sample.report.performance
                rows.setdefault("performance", []).extend(map(performance_row, self._performance))
            for table, row in report_rows(sample.report):
                rows.setdefault(table, []).append(row)
            for contract in self._listed(sample.chain):
                instruments[contract.id] = instrument(contract)
            if self._quotes:
                quotes.append(quote_table(sample.chain, self._symbols, self._since))
                self._since = sample.chain.at
        if instruments:
            rows["instruments"] = list(instruments.values())
        made = {table: tabulate(table, found) for table, found in rows.items()}
        return made | ({"quotes": pa.concat_tables(quotes)} if quotes else {})

    def forget(self) -> None:
        """Takes every contract, quote and performance for new: what was made of the last samples was not kept."""
        self._contracts, self._since, self._performance = (), np.zeros(0, np.int64), ()

    def _listed(self, chain: Chain) -> tuple[Contract, ...]:
        """The contracts that were not there at the last sample."""
        if chain.contracts is self._contracts:
            return ()
        known = len(self._contracts)
        if chain.contracts[:known] != self._contracts:
            known, self._since = 0, self._since[:0]  # another market: rows mean other contracts now
        self._contracts = chain.contracts
        self._symbols = pa.array([contract.id for contract in chain.contracts], pa.string())
        return chain.contracts[known:]
