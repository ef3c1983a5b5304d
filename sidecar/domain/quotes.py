"""What is wrong with a quote by itself. Bad data is refused with a reason and counted; the last good quote stands."""

from __future__ import annotations

from enum import StrEnum
from math import inf

from sidecar.domain.events import Quote


class Defect(StrEnum):
    """Why a quote was refused; also the label of ``trading_ticks_rejected_total``."""

    NOT_FINITE = "not_finite"
    NOT_POSITIVE = "not_positive"
    CROSSED = "crossed"
    EMPTY = "empty"
    NEGATIVE_SIZE = "negative_size"
    UNKNOWN = "unknown_contract"
    EXPIRED = "expired"
    OUT_OF_ORDER = "out_of_order"
    DUPLICATE = "duplicate"
    JUMP = "jump"
    MALFORMED = "malformed"


def defect(quote: Quote) -> Defect | None:
    """The first structural defect of a quote, or ``None``.

    NaN means unknown and is no defect; at least one of bid, ask and last must be known. Locked (bid = ask) is legal.
    """
    bid, ask, last = quote.bid, quote.ask, quote.last
    sizes = (quote.bid_size, quote.ask_size, quote.volume, quote.open_interest)
    if 0.0 < bid <= ask < inf and 0.0 < last < inf and min(sizes) >= 0.0 and sum(sizes) < inf:
        return None
    for price in (bid, ask, last):
        if price in (inf, -inf):
            return Defect.NOT_FINITE
        if price <= 0.0:
            return Defect.NOT_POSITIVE
    if bid > ask:
        return Defect.CROSSED
    if bid != bid and ask != ask and last != last:
        return Defect.EMPTY
    for size in sizes:
        if size in (inf, -inf):
            return Defect.NOT_FINITE
        if size < 0.0:
            return Defect.NEGATIVE_SIZE
    return None
