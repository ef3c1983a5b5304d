"""What every contract is worth now: marks, forwards, volatilities and Greeks, kept between beats.

Black-76 on the forward: the price of the future of the same expiry where one trades, else implied by put-call parity.
One volatility a strike and expiry, from its out-of-the-money side, for both rights (the in-the-money side's price holds
hardly any time value). A Greek that is not finite (a kink at expiry) is not known: NaN.

Rows that are no options: an index has delta 1; a future has F/S, the delta of its carry, per point of the spot like an
option's; their other Greeks are taken as 0. From its expiry on nothing moves an option any more: its Greeks are 0,
while its value stays unknown until the closing value comes.
"""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.desk.board import Board, Group
from sidecar.desk.smile import forward, smile, spread
from sidecar.desk.surfaces import Surfaces
from sidecar.domain.analytics import VolQuality
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Kind
from sidecar.pricing import curve
from sidecar.pricing.black import greeks
from sidecar.pricing.curve import ImpliedForward
from sidecar.pricing.daycount import years
from sidecar.pricing.forwards import forwards

Floats = NDArray[np.float64]

GREEKS = ("iv", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")
#: A future's price stands for the forward while it is no older than this.
_FUTURE_AGE = 60 * SECOND


class Summary(NamedTuple):
    """One expiry's summary.

    ``forward_error`` is 0 where a future gives the forward, NaN where it is spot and rate; ``known_by_itself`` where a
    future or the expiry's own options do, and not what is carried over from other expiries. ``pcr`` is puts' open
    interest over calls', ``max_pain`` the strike that pays out least.
    """

    forward: float
    forward_error: float
    atm_iv: float
    pcr: float
    max_pain: float
    expires_at: int
    known_by_itself: bool = False


_NOTHING = Summary(nan, nan, nan, nan, nan, 0)
_UNKNOWN = ImpliedForward(nan, nan, 0)


class Valuation:
    """Arrays by row of the board; ``update`` brings them up to a moment."""

    def __init__(self) -> None:
        self.mark: Floats = np.zeros(0)
        self.forward: Floats = np.zeros(0)
        self.vol_quality: NDArray[np.int8] = np.zeros(0, dtype=np.int8)
        self.values: dict[str, Floats] = {name: np.zeros(0) for name in GREEKS}
        self.curves: dict[tuple[str, str], Summary] = {}
        self.surfaces = Surfaces()
        self._valued_at: dict[tuple[str, str], int] = {}
        self._futures: dict[tuple[str, str], int] = {}

    def update(self, board: Board, changed: NDArray[np.intp], now: int, rates: curve.Curve) -> bool:
        """Bring marks and Greeks up to ``now``, given the rows of the board that changed since the last call.

        Returns whether any array may have changed.
        """
        moved = self._grow(board) or bool(changed.size)
        if changed.size:
            self.mark[changed] = _marks(board, changed)
            own = changed[np.isnan(board.strike[changed])]
            self.forward[own] = self.mark[own]
        fresh_rows = np.zeros(len(board.universe), dtype=bool)
        fresh_rows[changed] = True
        # An index or a future moves every expiry of its underlying, an option its own.
        touched = {board.universe.contracts[row].underlying for row in board.others if fresh_rows[row]}
        for (underlying, _), row in self._futures.items():
            if underlying in touched:
                delta = self.mark[row] / board.spot(underlying)
                self.values["delta"][row] = delta if np.isfinite(delta) else np.nan
        for group in board.groups:
            key = group.key
            fresh = group.underlying in touched or bool(fresh_rows[group.rows].any())
            if not fresh and now - self._valued_at.get(key, 0) < _patience(group.expires_at - now):
                continue
            self._valued_at[key] = now
            self.curves[key] = self._value(board, group, now, rates, fresh=fresh)
            moved = True
            if fresh:
                self.surfaces.touch(group.underlying)
        self.surfaces.refit(board, self.mark, self.curves, now, rates)
        return moved

    def nearest(self, underlying: str, now: int) -> tuple[str | None, Summary]:
        """The nearest live expiry of an underlying and its curve."""
        live = [
            (curve.expires_at, expiry, curve)
            for (name, expiry), curve in self.curves.items()
            if name == underlying and curve.expires_at > now
        ]
        if not live:
            return None, _NOTHING
        _, expiry, curve = min(live)
        return expiry, curve

    def _grow(self, board: Board) -> bool:
        extra = len(board.universe) - self.mark.size
        if extra <= 0:
            return False
        start = self.mark.size
        self.mark = np.concatenate([self.mark, np.full(extra, np.nan)])
        self.forward = np.concatenate([self.forward, np.full(extra, np.nan)])
        self.vol_quality = np.concatenate([self.vol_quality, np.full(extra, VolQuality.MISSING, dtype=np.int8)])
        for name in GREEKS:
            self.values[name] = np.concatenate([self.values[name], np.full(extra, np.nan)])
        for row in range(start, start + extra):
            contract = board.universe.contracts[row]
            if contract.kind is Kind.OPTION:
                continue
            for name in GREEKS[1:]:
                self.values[name][row] = 0.0
            self.values["delta"][row] = 1.0 if contract.kind is Kind.INDEX else np.nan
            if contract.kind is Kind.FUTURE:
                self._futures[contract.underlying, str(contract.expiry)] = row
        return True

    def _forward(
        self, board: Board, group: Group, now: int, spot: float, rate: float, discount: float
    ) -> tuple[ImpliedForward, bool]:
        """The price of the expiry's own future while it is fresh, else what its options say, else what others do.

        Whether it is known by itself comes with it.
        """
        row = self._futures.get(group.key)
        if row is not None and self.mark[row] > 0.0 and now - board.at[row] <= _FUTURE_AGE:
            return ImpliedForward(float(self.mark[row]), 0.0, 0), True
        implied = forward(board, self.mark, group, spot, discount)
        if implied.forward > 0.0:
            return implied, True
        return self._carried(group, now, spot, rate), False

    def _carried(self, group: Group, now: int, spot: float, rate: float) -> ImpliedForward:
        """What the carry of the underlying's other expiries says, else spot and rate."""
        others = {
            one.expires_at: ImpliedForward(one.forward, one.forward_error, 0)
            for (name, _), one in self.curves.items()
            if name == group.underlying and one.known_by_itself and one.expires_at > now
        }
        sources = sorted({**others, group.expires_at: _UNKNOWN}.items())
        found = forwards([years(now, at) for at, _ in sources], [one for _, one in sources], spot, rate=rate)
        place = [at for at, _ in sources].index(group.expires_at)
        return ImpliedForward(float(found.forward[place]), float(found.standard_error[place]), 0)

    def _value(self, board: Board, group: Group, now: int, rates: curve.Curve, *, fresh: bool) -> Summary:
        time = years(now, group.expires_at)
        spot = board.spot(group.underlying)
        key = group.key
        if time <= 0.0 or not spot > 0.0 or not group.strikes.size:
            for name in GREEKS:
                self.values[name][group.rows] = 0.0 if time <= 0.0 and name != "iv" else np.nan
            self.forward[group.rows] = np.nan
            self.vol_quality[group.rows] = VolQuality.MISSING
            return _NOTHING._replace(expires_at=group.expires_at)
        rate = float(rates.rate(time))
        discount = float(np.exp(-rate * time))
        old = None if fresh else self.curves.get(key)
        if old is None:
            found, by_itself = self._forward(board, group, now, spot, rate, discount)
            volatilities = smile(board, self.mark, group, found.forward, time, discount)
            fitted = self.surfaces.volatility(group.underlying, board.strike[group.rows], time)
            spread(self.values["iv"], self.vol_quality, board, group, volatilities, fitted)
        else:
            found, by_itself = ImpliedForward(old.forward, old.forward_error, 0), old.known_by_itself
        rows = group.rows
        self.forward[rows] = found.forward
        out = greeks(
            found.forward,
            board.strike[rows],
            time,
            self.values["iv"][rows],
            rate,
            call=board.is_call[rows],
            spot=spot,
        )
        for name in GREEKS[1:]:
            greek = getattr(out, name)
            self.values[name][rows] = np.where(np.isfinite(greek), greek, np.nan)
        if old is not None:
            return old  # only time has passed: volatilities and open interest are what they were
        interest = board.column("open_interest")
        calls, puts = interest[group.calls], interest[group.puts]
        return Summary(
            found.forward,
            found.standard_error,
            _at_the_money(group.strikes, self.values["iv"][group.calls], found.forward),
            _ratio(puts, calls),
            _max_pain(group.strikes, calls, puts),
            group.expires_at,
            by_itself,
        )


def _patience(left: int) -> int:
    """How long a still market keeps its Greeks: one part in two thousand of the time left, from one to ten seconds."""
    return min(max(left // 2_000, SECOND), 10 * SECOND)


def _marks(board: Board, rows: NDArray[np.intp]) -> Floats:
    """Mid of two sides; else the last trade held inside the side that is known; else that side. Elementwise `level`."""
    bid, ask, last = (board.column(name)[rows] for name in ("bid", "ask", "last"))
    single = np.fmin(np.fmax(last, bid), ask)
    mid = 0.5 * (bid + ask)
    return np.where(np.isnan(mid), single, mid)


def _at_the_money(strikes: Floats, smile: Floats, forward: float) -> float:
    known = ~np.isnan(smile)
    return float(np.interp(forward, strikes[known], smile[known])) if known.any() else float("nan")


def _ratio(puts: Floats, calls: Floats) -> float:
    """Puts' open interest over calls'; NaN where none is known of a side, which is not the same as none being open."""
    if np.isnan(puts).all() or np.isnan(calls).all():
        return float("nan")
    over = np.nansum(calls)
    return float(np.nansum(puts) / over) if over > 0.0 else float("nan")


def _max_pain(strikes: Floats, call_interest: Floats, put_interest: Floats) -> float:
    """The strike at which the options now open would pay their holders least; NaN where a side's is not known."""
    if np.isnan(call_interest).all() or np.isnan(put_interest).all():
        return float("nan")
    calls, puts = np.nan_to_num(call_interest), np.nan_to_num(put_interest)
    if not (calls.sum() + puts.sum()) > 0.0:
        return float("nan")
    gap = strikes[:, None] - strikes[None, :]
    pain = np.maximum(gap, 0.0) @ calls + np.maximum(-gap, 0.0) @ puts
    return float(strikes[int(np.argmin(pain))])
