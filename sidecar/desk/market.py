"""The market as the report tells it: one line an underlying, its data's quality, and the market's condition."""

from __future__ import annotations

from datetime import date
from math import nan

import numpy as np

from sidecar.desk.session import is_open
from sidecar.desk.state import DeskState
from sidecar.domain import clock
from sidecar.domain.clock import DAY, SECOND
from sidecar.domain.report import Condition, MarketLine, Quality, QualityLine

#: Upper bounds of the volatility index by condition (CONTRACT section 4).
_CONDITIONS = ((25.0, Condition.NORMAL), (40.0, Condition.ELEVATED), (60.0, Condition.HIGH_STRESS))


def conditions(vix: float, *, halted: bool = False) -> Condition:
    """The market's condition by its volatility index, in points; unknown where none was seen, halted while it is.

    >>> conditions(25.0)
    <Condition.ELEVATED: 'elevated'>
    """
    if halted:
        return Condition.HALTED
    if vix != vix:
        return Condition.UNKNOWN
    return next((name for bound, name in _CONDITIONS if vix < bound), Condition.EXTREME)


def levels(state: DeskState) -> dict[str, float]:
    """At-the-money volatility of the nearest expiry of each underlying."""
    return {name: state.valuation.nearest(name, state.now)[1].atm_iv for name in state.board.underlyings}


def markets(state: DeskState, condition: Condition) -> tuple[MarketLine, ...]:
    """One line an underlying, sorted; what was never seen is NaN with quality ``missing``."""
    lines = []
    vix = state.board.spot(state.config.volatility_index)
    for underlying in state.board.underlyings:
        expiry, curve = state.valuation.nearest(underlying, state.now)
        quote = state.board.last(underlying)
        age = max(0.0, (state.now - quote.at) / SECOND) if quote else nan
        lines.append(
            MarketLine(
                symbol=underlying,
                spot_price=state.board.spot(underlying),
                forward=curve.forward,
                expiry=date.fromisoformat(expiry) if expiry else None,
                days_to_expiry=(curve.expires_at - state.now) / DAY if expiry else nan,
                atm_iv=curve.atm_iv,
                pcr=curve.pcr,
                max_pain=curve.max_pain,
                vix=vix,
                condition=condition,
                timestamp=clock.to_datetime(quote.at) if quote else None,
                age_s=age,
                quality=_quality(state, age),
            )
        )
    return tuple(lines)


def qualities(state: DeskState) -> tuple[QualityLine, ...]:
    """Per underlying: how many live contracts are fresh, stale, never seen. Once a second; the counts change slowly."""
    if state.now - state.qualities_at < SECOND and state.quality_lines:
        return state.quality_lines
    state.qualities_at = state.now
    limit = state.limits[None]["stale"] * SECOND
    lines = []
    for underlying in state.board.underlyings:
        rows = np.concatenate(
            [
                group.rows
                for group in state.board.groups
                if group.underlying == underlying and group.expires_at > state.now
            ]
            or [np.zeros(0, dtype=np.intp)]
        )
        at = state.board.at[rows]
        missing = int((at == 0).sum())
        old = (state.now - at >= limit) & (at > 0) if is_open(state) else np.zeros(at.size, dtype=bool)
        stale = int(old.sum())
        live = int(rows.size) - missing - stale
        quote = state.board.last(underlying)
        lines.append(
            QualityLine(
                symbol=underlying,
                contracts=int(rows.size),
                live=live,
                stale=stale,
                missing=missing,
                updates=state.board.updates[underlying],
                refused=state.board.refused_by_symbol[underlying],
                age_s=(state.now - quote.at) / SECOND if quote else nan,
                score=live / rows.size if rows.size else nan,
            )
        )
    state.quality_lines = tuple(lines)
    return state.quality_lines


def _quality(state: DeskState, age: float) -> Quality:
    if age != age:
        return Quality.MISSING
    return Quality.STALE if is_open(state) and age >= state.limits[None]["stale"] else Quality.LIVE
