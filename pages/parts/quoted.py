"""What the screens read of the market: chain, surface, and what the desk has on record of both."""

from __future__ import annotations

from collections import deque
from typing import Any

import streamlit as st

from pages.parts import reads
from pages.parts.visitor import visitor
from pages.parts.words import known

Row = dict[str, Any]
#: Seconds: chain and surface as they move; minutes on record; what does not change once it is known.
CHAIN_S, SURFACE_S, BARS_S, OPENING_S = 2.0, 4.0, 20.0, 300.0
#: Looks at a surface that the app remembers: an hour of them.
REMEMBERED = 900


def chain(underlying: str, expiry: str) -> tuple[Row | None, str]:
    """The chain of one expiry, with the future that expires with it, if one does."""
    return reads.shared().told(f"chain {underlying} {expiry}", CHAIN_S, lambda desk: desk.chain(underlying, expiry))


def expiries(underlying: str) -> list[str]:
    """The expiries that have options, the nearest first; none where the chain cannot be read."""
    found, _ = reads.shared().told(f"expiries {underlying}", 30.0, lambda desk: desk.chain(underlying))
    rows = (found or {}).get("contracts") or ()
    return sorted({str(row["expiry"]) for row in rows if row.get("option_type") and row.get("expiry")})


def opening(underlying: str) -> dict[str, float]:
    """The first open interest on record today by contract; empty where there is none."""
    found, _ = reads.shared().told(f"opening {underlying}", OPENING_S, lambda desk: desk.opening_interest(underlying))
    return {str(row["symbol"]): at for row in found or () if (at := known(row.get("open_interest"))) is not None}


def surface(underlying: str) -> tuple[Row | None, str]:
    """The fitted surface; each look at it is remembered."""

    def read(desk: Any) -> Row:
        found: Row = desk.surface(underlying)
        _remember(underlying, found)
        return found

    return reads.shared().told(f"surface {underlying}", SURFACE_S, read)


def bars(underlying: str) -> tuple[list[Row] | None, str]:
    """The minutes of the newest session on record, oldest first; none while the desk keeps no bars."""
    found, why = reads.shared().told(f"bars {underlying}", BARS_S, lambda desk: desk.volatility_history(underlying))
    return (None if found is None else newest_session(found)), why


def newest_session(rows: list[Row]) -> list[Row]:
    """The rows of the session that the last row is of."""
    return [row for row in rows if row.get("session") == rows[-1].get("session")]


def seen(underlying: str) -> list[Row]:
    """What this app saw of an underlying's nearest two expiries, oldest first; it forgets when it is restarted."""
    return list(_memory(underlying))


@st.cache_resource(show_spinner=False, max_entries=32)
def _remembered(*_: str) -> deque[Row]:
    return deque(maxlen=REMEMBERED)


def _memory(underlying: str) -> deque[Row]:
    return _remembered(reads.address(), visitor().key, underlying)


def _remember(underlying: str, found: Row) -> None:
    lines = list(found.get("expiries") or ())
    memory = _memory(underlying)
    if not lines or (memory and memory[-1]["timestamp"] == found.get("timestamp")):
        return
    market, near = found.get("market") or {}, lines[0]
    memory.append(
        {
            "timestamp": found.get("timestamp"),
            "atm_iv": near.get("atm_iv"),
            "atm_iv2": lines[1].get("atm_iv") if len(lines) > 1 else None,
            "skew_25": near.get("skew_25"),
            "vix": market.get("vix"),
            "close": market.get("spot_price"),
        }
    )
