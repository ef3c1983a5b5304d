"""What the desk is told once, at the start. Frozen; the same values replay to the same bytes."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class DeskConfig(msgspec.Struct, frozen=True):
    """Rates are continuous and a year; ``_s`` is seconds; shares and margins are fractions.

    ``stale_s`` and ``stale_warn_s`` come from the limits; ``confirmations`` is how many trusted valuations in a row a
    breach on marks needs before it trips; after ``blind_s`` without trusted marks nothing may be added.
    """

    capital: dict[str, Decimal]
    limits: dict[str, float]
    exchange: str = "NSE"
    currency: str = "INR"
    volatility_index: str = "INDIAVIX"
    risk_free_rate: float = 0.065
    confirmations: int = 3
    blind_s: float = 60.0
    option_margin_rate: float = 0.12
    future_margin_rate: float = 0.12
    mark_record_s: int = 60
    closing_band: float = 0.02
    closing_retry_s: float = 2.0
