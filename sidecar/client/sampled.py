"""What screens read of the desk's samples: volatility minute by minute, and the first open interest of the day."""

from __future__ import annotations

from sidecar.client.following import Json
from sidecar.client.querying import Querying

#: Minutes of each underlying that are asked for: more than a session has.
MINUTES = 400
#: Fixed texts: nothing that anybody typed is ever put into one.
_VOLATILITY = """
SELECT symbol, timestamp, closes_at, source, simulated, session, close, expiry, t1, t2, atm_iv, atm_iv2, rr25, bf25,
       vix, oi_put, oi_call, max_pain
FROM bars QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY timestamp DESC) <= 400 ORDER BY timestamp
"""
_OPENING = """
SELECT symbol, arg_min(open_interest, timestamp) AS open_interest, min(timestamp) AS timestamp
FROM quotes
WHERE open_interest IS NOT NULL AND timestamp >= (SELECT date_trunc('day', max(timestamp)) FROM reports)
GROUP BY symbol
"""
_MOST = 100_000


class Sampled(Querying):
    """What :class:`sidecar.client.Desk` reads of the desk's tables."""

    def volatility_history(self, underlying: str, bars: int = MINUTES) -> list[Json]:
        """The newest ``bars`` minutes on record of an underlying, at most 400, oldest first.

        Fractions a year, unknown is None. ``atm_iv`` and ``atm_iv2`` are at the money of the nearest two expiries
        (``t1``, ``t2`` years away); of the nearest, ``rr25`` is the volatility of the 25-delta call less that of the
        put, ``bf25`` their mean less ``atm_iv``. ``close`` is the underlying's, ``vix`` the index's.
        """
        rows: list[Json] = self.sql(_VOLATILITY, limit=_MOST).to_pylist()
        return [row for row in rows if row["symbol"] == underlying][-bars:]

    def opening_interest(self, underlying: str) -> list[Json]:
        """The first open interest on record today of each contract of an underlying, and when it was quoted."""
        rows: list[Json] = self.sql(_OPENING, limit=_MOST).to_pylist()
        return [row for row in rows if row["symbol"].startswith(f"{underlying}-")]
