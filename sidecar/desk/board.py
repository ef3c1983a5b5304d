"""The board: the last good quote of every listed contract, and the arrays that a valuation reads.

Applying a quote is one list write. A beat moves only the rows that changed into the arrays.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import nan
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Contract, Kind, Right, Universe
from sidecar.domain.events import Quote
from sidecar.domain.quotes import Defect, defect

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

#: The array columns, in the order in which a quote fills them.
COLUMNS = ("bid", "ask", "bid_size", "ask_size", "last", "volume", "open_interest")
_FIELDS = attrgetter(*COLUMNS)
_NEVER = 2**63 - 1
_DEFECTS = {defect.value: defect for defect in Defect}
#: A mark that moves by more than this factor and by more than this share of the spot waits for a second quote.
_JUMP_FACTOR = 4.0
_JUMP_SHARE = 0.01
#: An index that moves more between two quotes than the exchange's first market-wide halt (10 %) waits for a second one.
_INDEX_JUMP = 1.10
#: Within these multiples of the last level no kind of contract jumps: what nearly every quote is decided by.
_NARROW, _WIDE = 1 / _INDEX_JUMP, _INDEX_JUMP
#: A quote may be dated this much later than it was received; more is a wrong clock.
_AHEAD = MINUTE


class Group:
    """The options of one underlying and expiry: rows of calls and puts by strike, aligned where both are listed."""

    def __init__(
        self, underlying: str, contract: Contract, rows: Rows, strikes: Floats, calls: Rows, puts: Rows
    ) -> None:
        self.underlying = underlying
        self.expiry = contract.expiry
        self.key = (underlying, str(contract.expiry))
        self.expires_at = contract.expires_at or _NEVER
        self.rows = rows
        self.strikes = strikes
        self.calls = calls
        self.puts = puts


class Board:
    """Every listed contract's market. ``put`` is the hot path; ``refresh`` runs once a beat.

    ``others`` are the rows that are no options, ``futures`` those of them that trade; ``underlyings`` are what options
    or futures are listed on.
    """

    def __init__(self) -> None:
        self.universe = Universe()
        self.groups: tuple[Group, ...] = ()
        self.refused: Counter[str] = Counter()
        self.refused_by_symbol: defaultdict[str, Counter[Defect]] = defaultdict(Counter)
        self.updates: Counter[str] = Counter()
        self.quotes = 0
        self.underlyings: tuple[str, ...] = ()
        self.others: list[int] = []
        self.futures: list[int] = []
        self._last: list[Quote | None] = []
        self._at: list[int] = []
        self._level: list[float] = []
        self._underlying: list[str] = []
        self._suspect: dict[int, Quote] = {}
        self._expires: list[int] = []
        self._dirty: set[int] = set()
        self.at: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.columns: Floats = np.zeros((len(COLUMNS), 0))
        self.strike: Floats = np.zeros(0)
        self.is_call: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self.expires_at: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def list_contracts(self, contracts: Iterable[Contract]) -> None:
        """Give each new contract the next row; contracts that are already listed keep theirs."""
        before = len(self.universe)
        self.universe = self.universe.extended(contracts)
        added = self.universe.contracts[before:]
        if not added:
            return
        self._last += [None] * len(added)
        self._at += [0] * len(added)
        self._level += [nan] * len(added)
        self._underlying += [contract.underlying for contract in added]
        self._expires += [contract.expires_at or _NEVER for contract in added]
        self.at = np.concatenate([self.at, np.zeros(len(added), dtype=np.int64)])
        self.columns = np.concatenate([self.columns, np.full((len(COLUMNS), len(added)), np.nan)], axis=1)
        self.strike = np.array([np.nan if c.strike is None else c.strike for c in self.universe])
        self.is_call = np.array([c.right is Right.CALL for c in self.universe])
        self.expires_at = np.array(self._expires, dtype=np.int64)
        self.groups = _groups(self.universe)
        self.others = [row for row, one in enumerate(self.universe) if one.kind is not Kind.OPTION]
        self.futures = [row for row in self.others if self.universe.contracts[row].kind is Kind.FUTURE]
        traded = (self.universe.contracts[row].underlying for row in self.futures)
        self.underlyings = tuple(sorted({*traded, *(group.underlying for group in self.groups)}))

    def put(self, quote: Quote) -> Defect | None:
        """Apply a quote, or say why not; a refused quote is counted and the last good one stands."""
        row = self.universe.rows.get(quote.symbol)
        if row is None:
            return self.refuse(quote.symbol, Defect.UNKNOWN)
        fault = defect(quote)
        if fault is not None:
            return self.refuse(quote.symbol, fault)
        at, price = quote.at, level(quote)
        if at < self._at[row] or at >= self._expires[row] or at - quote.received_at > _AHEAD:
            return self.refuse(quote.symbol, self._misdated(row, quote))
        if at == self._at[row] and _same(self._last[row], quote):
            return self.refuse(quote.symbol, Defect.DUPLICATE)
        old = self._level[row]
        # A level never seen is NaN, and no first quote can be judged against it.
        if not _NARROW * old < price < _WIDE * old and old == old and self._slips(row, old, quote):
            return self.refuse(quote.symbol, Defect.JUMP)
        if self._suspect:
            self._suspect.pop(row, None)
        self._last[row] = quote
        self._at[row] = at
        self._level[row] = price
        self._dirty.add(row)
        self.quotes += 1
        return None

    def refuse(self, symbol: str, reason: str) -> Defect:
        """Count a message that cannot be applied. Unknown symbols share one count: a bad feed adds no labels."""
        row, found = self.universe.rows.get(symbol), _DEFECTS.get(reason, Defect.MALFORMED)
        self.refused[found] += 1
        self.refused_by_symbol["" if row is None else self.universe.contracts[row].underlying][found] += 1
        return found

    def last(self, symbol: str) -> Quote | None:
        """The last good quote of a contract."""
        row = self.universe.rows.get(symbol)
        return None if row is None else self._last[row]

    def refresh(self) -> Rows:
        """Move what changed into the arrays; returns the changed rows in ascending order."""
        rows = sorted(self._dirty)
        self._dirty.clear()
        changed = np.array(rows, dtype=np.intp)
        if rows:
            quotes = [quote for row in rows if (quote := self._last[row]) is not None]
            self.at[changed] = [quote.at for quote in quotes]
            self.columns[:, changed] = np.array([_FIELDS(quote) for quote in quotes]).T
            for row in rows:
                self.updates[self._underlying[row]] += 1
        return changed

    def column(self, name: str) -> Floats:
        """One column of the board, a view: copy it before it leaves the desk."""
        view: Floats = self.columns[COLUMNS.index(name)]
        return view

    def spot(self, underlying: str) -> float:
        """The last good value of an underlying's index, NaN if none was ever seen."""
        row = self.universe.rows.get(underlying)
        return nan if row is None else self._level[row]

    def _misdated(self, row: int, quote: Quote) -> Defect:
        if quote.at >= self._expires[row]:
            return Defect.EXPIRED
        # A time from the future would make every honest quote after it look old.
        return Defect.OUT_OF_ORDER if quote.at < self._at[row] else Defect.MALFORMED

    def _slips(self, row: int, old: float, quote: Quote) -> bool:
        """Whether a price that moved far is one slipped digit: two in a row that agree are a market that moved."""
        if not self._jumps(row, old, level(quote)):
            return False
        suspect = self._suspect.get(row)
        self._suspect[row] = quote
        return suspect is None or suspect.at == quote.at or self._jumps(row, level(suspect), level(quote))

    def _jumps(self, row: int, old: float, new: float) -> bool:
        contract = self.universe.contracts[row]
        if contract.kind is Kind.INDEX:
            return not 1 / _INDEX_JUMP < new / old < _INDEX_JUMP
        if old / _JUMP_FACTOR < new < old * _JUMP_FACTOR:
            return False
        return abs(new - old) > _JUMP_SHARE * self.spot(contract.underlying)


def _same(previous: Quote | None, quote: Quote) -> bool:
    """Whether two quotes say the same; unknown (NaN) is the same as unknown."""
    if previous is None:
        return False
    pairs = zip(_FIELDS(previous), _FIELDS(quote), strict=True)
    return all(one == two or (one != one and two != two) for one, two in pairs)


def level(quote: Quote) -> float:
    """The price a quote stands for: the mid of two sides, else the last trade held inside the side that is known.

    A bid above the last trade, or an ask below it, is newer news than the trade.
    """
    bid, ask, last = quote.bid, quote.ask, quote.last
    if bid == bid and ask == ask:
        return 0.5 * (bid + ask)
    if last != last:
        return bid if bid == bid else ask
    if bid == bid:
        return max(bid, last)
    return min(ask, last) if ask == ask else last


def _groups(universe: Universe) -> tuple[Group, ...]:
    members: dict[tuple[str, str], list[int]] = {}
    for row, contract in enumerate(universe):
        if contract.kind is Kind.OPTION:
            members.setdefault((contract.underlying, str(contract.expiry)), []).append(row)
    groups = []
    for underlying, expiry in sorted(members):
        rows = members[underlying, expiry]
        by_right = {
            right: {universe.contracts[r].strike: r for r in rows if universe.contracts[r].right is right}
            for right in Right
        }
        both = sorted(k for k in by_right[Right.CALL] if k is not None and k in by_right[Right.PUT])
        groups.append(
            Group(
                underlying,
                universe.contracts[rows[0]],
                np.array(rows, dtype=np.intp),
                np.array(both, dtype=np.float64),
                np.array([by_right[Right.CALL][k] for k in both], dtype=np.intp),
                np.array([by_right[Right.PUT][k] for k in both], dtype=np.intp),
            )
        )
    return tuple(groups)
