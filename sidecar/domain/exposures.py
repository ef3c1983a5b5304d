"""What the desk is exposed to, cut by leg, strategy, fund, underlying and expiry. Unknown numbers are NaN."""

from __future__ import annotations

import msgspec

from sidecar.domain.report import Quality


class ExposureLine(msgspec.Struct, frozen=True):
    """Position Greeks of all that has one ``key`` in the table ``by``, in one ``underlying`` or in all (``*``).

    ``delta`` and ``gamma`` are in units of one underlying, so over several (``*``) they have no meaning and are NaN.
    The rest is in account currency and adds up: ``delta_cash`` is delta x spot, ``gamma_cash`` gamma x spot² / 100,
    the change of the delta cash as the spot moves by 1 %; ``gamma_pnl`` half of gamma x (0.01 x spot)², what gamma adds
    to the P&L of that move either way; ``vega`` per volatility point, ``theta`` per calendar day, ``rho`` per
    percentage point. ``legs`` counts positions; ``quality`` is that of the worst.
    """

    by: str
    key: str
    underlying: str
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    delta_cash: float
    gamma_cash: float
    gamma_pnl: float
    legs: int
    quality: Quality
