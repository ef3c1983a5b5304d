"""The market as the report tells it: one line an underlying, and the market's condition."""

from __future__ import annotations

from datetime import date
from math import nan

from sidecar.desk.session import is_open
from sidecar.desk.state import DeskState
from sidecar.domain import clock
from sidecar.domain.clock import DAY, SECOND
from sidecar.domain.report import Condition, MarketLine, Quality

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


def _quality(state: DeskState, age: float) -> Quality:
    if age != age:
        return Quality.MISSING
    return Quality.STALE if is_open(state) and age >= state.limits[None]["stale"] else Quality.LIVE
