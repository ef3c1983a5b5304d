"""Words that every answer shares: which report it was made from, and the market line of an underlying."""

from __future__ import annotations

from typing import Any

from sidecar.domain.report import DeskReport

Json = dict[str, Any]


def of(report: DeskReport) -> Json:
    """Which report an answer is made from, and whether the market behind it was alive: blind is no trusted marks."""
    return {
        "seq": report.seq,
        "timestamp": report.timestamp,
        "simulated": report.simulated,
        "source": report.source,
        "currency": report.currency,
        "feed_up": report.feed_up,
        "blind": report.blind,
    }


def market(report: DeskReport, underlying: str) -> Json:
    """The market line of an underlying that is listed."""
    return next(fields(line) for line in report.markets if line.symbol == underlying)


def fields(line: Any) -> Json:
    """The fields of a struct, as they are."""
    return {name: getattr(line, name) for name in line.__struct_fields__}
