"""What a fund blocks and can lose at each of many states of its book: how much is left of each of its positions.

The book's own rules (:mod:`sidecar.risk.portfolio` for the margin, the stresses of :mod:`sidecar.risk.losses` for the
worst loss), taken at k states in one go. A position that is closed in part keeps its share of the premium, as in
:func:`sidecar.book.capital.moved`. Nothing works beside: a plan says what is after each step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sidecar.risk.legs import Floats
from sidecar.risk.margin_units import SCENARIOS, Numbers, Units
from sidecar.risk.portfolio import terms

_SUMS = 2 * (SCENARIOS + 2)
#: The sums that the calendar charge is added to: all but those of nothing.
_CHARGED = np.arange(_SUMS) % (_SUMS // 2) < _SUMS // 2 - 1


@dataclass(frozen=True, eq=False)
class States:
    """A fund's n positions in m contracts.

    ``one`` and ``rows`` (m,): the contracts' margin units; ``contract`` (n,): which of the m each position is in;
    ``quantity`` (n,): signed units now, none 0; ``premium`` (n,): what they hold now (paid above 0); ``losses`` (m, s):
    what one unit loses in each stress; ``profit`` (n,): what closing all of a position at its mark would realise, less
    a future's unrealised loss, which is not available already. NaN where unknown.
    """

    one: Units
    rows: Numbers
    contract: Numbers
    quantity: Floats
    premium: Floats
    losses: Floats
    profit: Floats

    def margin(self, left: Floats) -> Floats:
        """What the fund blocks with ``left`` (k, n) signed units of each position: (k,)."""
        sums, delta = self._sums(left)
        total = np.zeros(len(left))
        for members, expiries, rate in self._pools:
            pool = sums[:, members].sum(axis=1)
            if len(expiries) > 1:
                pool += _charge(np.stack([delta[:, one].sum(axis=1) for one in expiries], axis=1), rate)
            total += pool.max(axis=1)
        return total

    def worst(self, left: Floats) -> Floats:
        """The largest stress loss with ``left`` (k, n) signed units of each position, never below 0: (k,)."""
        losses = self.losses[self.contract]
        unknown = np.flatnonzero(np.isnan(losses).any(axis=1))
        most: Floats = (left @ np.nan_to_num(losses)).max(axis=1, initial=0.0)
        most[(left[:, unknown] != 0).any(axis=1)] = np.nan
        return most

    def freed(self, left: Floats, margin: Floats) -> Floats:
        """By how much more is available than now with ``left`` (k, n), which blocks ``margin`` (k,): (k,).

        Everything is closed at its mark, and without fees. Below 0: money that must be there before the closing begins.
        """
        gone = 1.0 - left / self.quantity
        profit = np.where(gone == 0, 0.0, gone * self.profit).sum(axis=1)
        freed: Floats = profit - (margin - self._now)
        return freed

    @cached_property
    def _now(self) -> float:
        return float(self.margin(self.quantity[None])[0])

    @cached_property
    def _pools(self) -> tuple[tuple[Numbers, tuple[Numbers, ...], float], ...]:
        """Of each pool: its contracts, the same by expiry, and its calendar charge a delta."""
        numbers, expiry = self.one.pool_number[self.rows], self.one.expiry[self.rows]
        found = []
        for pool in dict.fromkeys(numbers.tolist()):
            own = np.flatnonzero(numbers == pool)
            ends = dict.fromkeys(expiry[own].tolist())
            by_expiry = tuple(own[expiry[own] == end] for end in ends)
            found.append((own, by_expiry, float(self.one.calendar[self.rows[own[0]]])))
        return tuple(found)

    @cached_property
    def _whole(self) -> Floats | None:
        """What each position adds to the 36 sums now, (n, 36), where that is in proportion to what is left of it.

        It is, unless two positions in one contract are on different sides, or a price is unknown.
        """
        rows = self.rows[self.contract]
        own: Floats = terms(self.one, rows, self.quantity[:, None], self.premium[:, None])[:, 0]
        signs = [*zip(self.contract.tolist(), np.sign(self.quantity).tolist(), strict=True)]
        agree = len(set(signs)) == len({contract for contract, _ in signs})
        return own if agree and np.isfinite(own).all() else None

    def _sums(self, left: Floats) -> tuple[Floats, Floats]:
        """By contract: the 36 sums (k, m, 36), and the deltas (k, m)."""
        units = left @ self._in
        delta = np.where(units == 0, 0.0, units * self.one.delta[self.rows])
        share = left / self.quantity
        if self._whole is not None and len(self.rows) == len(self.contract):
            return share[:, self._of_contract, None] * self._whole[self._of_contract], delta
        premium = np.where(left == 0, 0.0, share * self.premium) @ self._in
        return terms(self.one, self.rows, units.T, premium.T).transpose(1, 0, 2), delta

    @cached_property
    def _in(self) -> Floats:
        """Which contract each position is in, (n, m) of 0 and 1."""
        return np.equal(self.contract[:, None], np.arange(len(self.rows))).astype(np.float64)

    @cached_property
    def _of_contract(self) -> Numbers:
        """The position in each contract, where there is one in each."""
        return np.argsort(self.contract)


def _charge(delta: Floats, rate: float) -> Floats:
    """The calendar charge on what the deltas of each expiry (k, e) offset of the others, on the sums: (k, 36)."""
    offset = np.minimum(np.maximum(delta, 0.0).sum(axis=1), np.maximum(-delta, 0.0).sum(axis=1))
    charge: Floats = rate * offset[:, None] * _CHARGED
    return charge
