"""The desk's tail: what one unit of each held contract loses in every move and stress, kept for a second.

A book's losses are linear in its quantities, so a fund, the desk, and an order that asks to leave are all sums of the
same vectors: the gate needs no further valuation for what is already held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import nan

import numpy as np

from sidecar.domain.analytics import TailLine
from sidecar.domain.clock import SECOND
from sidecar.domain.report import Chain, PositionLine
from sidecar.pricing.curve import Curve
from sidecar.risk.legs import Floats, legs_of
from sidecar.risk.shocks import Shocks, implied
from sidecar.risk.tail import measure, unit_vectors

#: How long a contract's losses stand: the market moves them far less in a second than a day's move does.
_KEPT = SECOND
#: The stress grid, at once and in full: moves of every spot together, and relative changes of every volatility.
SPOT_MOVES = (-0.15, -0.10, -0.075, -0.05, -0.025, 0.0, 0.025, 0.05, 0.075, 0.10, 0.15)
VOL_CHANGES = (-0.3, 0.0, 0.5)
STRESSES = tuple((spot, vol) for spot in SPOT_MOVES for vol in VOL_CHANGES)

_UNIT_LEVEL = 1.0
_UNIT = implied({"": _UNIT_LEVEL})
_STRESS_SPOT = np.log1p([spot for spot, _ in STRESSES])
_STRESS_VOL = np.array([vol for _, vol in STRESSES])


class Tails:
    """Loss vectors by contract: first the one-day moves, then the stresses; and the lines made of them.

    ``history`` are the moves to use where it knows every underlying; else a model's moves at today's implied
    volatility stand in.
    """

    def __init__(self, history: Shocks | None = None) -> None:
        self._history = history
        self._chain: Chain | None = None
        self._now = 0
        self._rates = Curve.flat(0.0)
        self._gains: dict[str, Floats] = {}
        self._valued_at = 0
        self._lacking = False  # something is not known, which the next market may know
        self._moves = _UNIT
        self._lines: tuple[TailLine, ...] = ()
        self._of: tuple[object, ...] = ()

    def look(self, chain: Chain, now: int, rates: Curve, levels: Mapping[str, float]) -> None:
        """Take in the market of ``now``: its chain, and the at-the-money volatility of each underlying."""
        self._chain, self._now, self._rates = chain, now, rates
        if self._lacking or not 0 <= now - self._valued_at < _KEPT:
            self._lacking = False
            self._gains.clear()
            self._valued_at = now
            self._moves = self._today(levels)

    @property
    def moves(self) -> int:
        """How many of a vector's losses are one-day moves; the stresses follow them."""
        return self._moves.moves

    def losses(self, holdings: Mapping[str, float]) -> Floats:
        """What a book of ``holdings`` (instrument id to signed units) loses in each move and stress; NaN if unknown.

        A contract that has expired loses nothing more.
        """
        held = {symbol: units for symbol, units in holdings.items() if units}
        self._value(held)
        total = np.zeros(self._moves.moves + len(STRESSES))
        for symbol, units in held.items():
            total = total - units * self._gains[symbol]
        return total

    def line(self, fund_id: str, losses: Floats) -> TailLine:
        """The tail of one book, of the vector that :meth:`losses` gave."""
        moves, stresses = losses[: self._moves.moves], losses[self._moves.moves :]
        tail = measure(moves, self._moves.method)
        known = bool(np.isfinite(stresses).all())
        at = int(np.argmax(stresses)) if known else -1
        worst = float(stresses[at]) if known else nan
        return TailLine(
            fund_id,
            *tail[:6],
            method=tail.method,
            days=tail.days,
            worst=max(worst, 0.0) if known else nan,
            worst_case=_words(*STRESSES[at]) if known and worst > 0 else "",
        )

    def lines(self, funds: Sequence[str], positions: Sequence[PositionLine]) -> tuple[TailLine, ...]:
        """One line a fund, in their order, and the desk's (``*``) last; new when the book moves, or each second."""
        key = (self._valued_at, *((line.fund_id, line.symbol, line.quantity) for line in positions))
        if key != self._of:
            self._of = key
            self._lines = tuple(self.line(fund, self.losses(holdings(positions, fund))) for fund in (*funds, "*"))
        return self._lines

    def _value(self, held: Iterable[str]) -> None:
        """Value what is held and not yet known."""
        new = [symbol for symbol in held if symbol not in self._gains]
        width = self._moves.moves + len(STRESSES)
        alive = []
        for symbol in new:
            row = self._chain.rows.get(symbol) if self._chain else None
            contract = self._chain.contracts[row] if self._chain and row is not None else None
            gone = contract is not None and contract.expires_at is not None and contract.expires_at <= self._now
            self._gains[symbol] = np.full(width, 0.0 if gone else nan)
            if contract is not None and not gone:
                alive.append(symbol)
        if alive and self._chain is not None:
            legs = legs_of([(symbol, 1.0) for symbol in alive], self._chain, self._rates, self._now)
            names = self._moves.underlyings
            spot, vol = np.tile(_STRESS_SPOT, (len(names), 1)), np.tile(_STRESS_VOL, (len(names), 1))
            stresses = Shocks(names, spot, vol, "implied")
            gains = np.hstack([unit_vectors(legs, self._moves), unit_vectors(legs, stresses, days=0.0)])
            self._gains.update(zip(alive, gains, strict=True))
        self._lacking |= any(bool(np.isnan(self._gains[symbol]).any()) for symbol in new)

    def _today(self, levels: Mapping[str, float]) -> Shocks:
        if self._history is not None and set(levels) <= set(self._history.underlyings):
            return self._history
        level = np.array(list(levels.values()), dtype=np.float64)
        usable = np.where(np.isfinite(level) & (level > 0), level, nan)
        spot = np.multiply.outer(usable / _UNIT_LEVEL, _UNIT.spot[0])
        return Shocks(tuple(levels), spot, np.tile(_UNIT.vol[0], (level.size, 1)), "implied")


def holdings(positions: Iterable[PositionLine], fund_id: str = "*") -> dict[str, float]:
    """Signed units by instrument id of one fund's positions, or of all (``*``)."""
    held: dict[str, float] = {}
    for line in positions:
        if fund_id in ("*", line.fund_id):
            held[line.symbol] = held.get(line.symbol, 0.0) + line.quantity
    return held


def _words(spot: float, vol: float) -> str:
    return f"spot {spot:+.1%}, volatility {vol:+.0%}"
