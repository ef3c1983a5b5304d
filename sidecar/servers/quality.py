"""How good the market data is, as ``/emergency/data-quality`` tells it."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

from sidecar.domain.report import DeskReport, Quality


def data_quality(report: DeskReport) -> dict[str, Any]:
    """``report`` of ``/emergency/data-quality``; overall is the worst symbol, since a mean hides the one bad one.

    ``streaming_health`` is measured: ``down`` when the feed says so, ``silent`` when it claims to be up and no
    underlying is heard of in a session, ``degraded`` when one is not, or when messages were missed in the last minute,
    else ``up``.
    """
    scores = [line.score for line in report.data_quality]
    return {
        "timestamp": report.timestamp,
        "overall_quality": (nan if not all(map(isfinite, scores)) else min(scores)) if scores else None,
        "symbols": {line.symbol: line for line in report.data_quality},
        "streaming_health": _health(report),
        "total_symbols": len(report.data_quality),
        "stale_count": sum(line.quality is not Quality.LIVE for line in report.markets),
        "refused": dict(report.counters.quotes_refused),
        "feed_gaps": report.counters.feed_gaps,
        "simulated": report.simulated,
    }


def _health(report: DeskReport) -> str:
    heard = [line.quality is Quality.LIVE for line in report.markets]
    checks = (
        (not report.feed_up, "down"),
        (report.session_open and bool(heard) and not any(heard), "silent"),
        (not all(heard) or any(line.missed for line in report.data_quality), "degraded"),
    )
    return next((word for found, word in checks if found), "up")
