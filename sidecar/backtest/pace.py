"""The desk's settings brought to the pace of a past, and what stands in for what it does not hold; all of it said.

A desk that is quoted every second trips when nothing comes for ten. Bars of a minute would trip it always, and no limit
would have been tried. Only what counts seconds between data is loosened here; every other limit holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.desk.config import DeskConfig, History
from sidecar.domain.clock import DAY, MINUTE, SECOND
from sidecar.risk.shocks import SESSIONS, implied
from sidecar.venues.matching import PaperSettings

#: How many of the usual gaps between data are still not stale.
PATIENCE = 5
#: Volatility a year of an underlying of which too little past is known.
USUAL_VOLATILITY = 0.15
#: Sessions that a volatility is measured over, and the fewest that measure one.
_OVER, _FEWEST = 250, 20


def paced(config: DeskConfig, seconds_between: float, orders_each: int = 1) -> tuple[DeskConfig, tuple[str, ...]]:
    """The settings for data that comes every ``seconds_between``, and what was loosened, a sentence each.

    ``orders_each`` is how many orders a strategy may send at each of them. Nothing is ever tightened.
    """
    limits = dict(config.limits)
    stale = max(limits["stale"], PATIENCE * seconds_between)
    wanted = {
        "stale": stale,
        "stale_warn": max(limits["stale_warn"], stale / 2) if stale > limits["stale"] else limits["stale_warn"],
        "order_rate": max(limits["order_rate"], float(np.ceil(orders_each * MINUTE / SECOND / seconds_between))),
        "duplicate_order": min(limits["duplicate_order"], seconds_between),
    }
    said = tuple(
        f"the limit {name} is {value:g}, not {limits[name]:g}: the data comes every {seconds_between:g} s"
        for name, value in wanted.items()
        if value != limits[name]
    )
    return replace(config, limits=limits | wanted), said


def patient(paper: PaperSettings, seconds_between: float, *, at_once: bool = False) -> PaperSettings:
    """The venue for data that comes so often: an order waits for the next of it, and not for a quote of ten seconds.

    ``at_once``: for bars, where an order has no latency and meets the next bar's open however far off it is, as the
    vectorised engine has it; a session's end ends it.
    """
    if at_once:
        return replace(paper, stale_after_us=DAY, latency_us=0)
    return replace(paper, stale_after_us=max(paper.stale_after_us, round(PATIENCE * seconds_between * SECOND)))


def chainless(config: DeskConfig, volatilities: Mapping[str, float]) -> tuple[DeskConfig, tuple[str, ...]]:
    """The settings for a past without options, and what they assume.

    The value at risk of the gate is of the settings' own history of moves, else of a model's at today's implied
    volatility. Where there is neither it is not known, and the gate lets nothing pass that it does not know. So the
    model gets these ``volatilities`` (fractions a year, by underlying) instead.
    """
    if config.history is not None and set(volatilities) <= set(config.history.underlyings):
        return config, ()
    told = ", ".join(f"{name} at {value:.1%}" for name, value in volatilities.items())
    said = f"no option is in the data: value at risk is a model's for a fixed volatility a year, {told}"
    return replace(config, history=History.of(implied(dict(volatilities)))), (said,)


def volatility(closes: Iterable[float]) -> float:
    """The volatility a year of an underlying's session closes, of the last 250 at most; 15 % of fewer than 20 moves.

    Give it the sessions before the run, so that nothing of the run is known beforehand.
    """
    known: NDArray[np.float64] = np.array([close for close in closes if isfinite(close) and close > 0.0])[-_OVER - 1 :]
    if len(known) <= _FEWEST:
        return USUAL_VOLATILITY
    found = float(np.sqrt(np.mean(np.diff(np.log(known)) ** 2) * SESSIONS))
    return found if found > 0.0 else USUAL_VOLATILITY
