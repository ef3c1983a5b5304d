"""What the screens read of backtests: which strategies and bars there are, the runs, and what came of each."""

from __future__ import annotations

from typing import Any

from pages.parts import reads
from pages.parts.kept import kept
from pages.parts.words import clock, one_line

Row = dict[str, Any]
Told = tuple[list[Row] | None, str]
STANDING = ("queued", "running")
#: Results of some megabytes each that are kept in memory, for all who look with the same key.
KEPT = 8


def told(job_id: str) -> tuple[Row | None, str]:
    """One backtest with its result, or None and why not. What came of it never changes once it is over."""
    return kept("backtests", KEPT).of(
        reads.shared().desk,
        job_id,
        lambda desk: desk.backtest_job(job_id),
        lambda found: found["job"].get("state") not in STANDING,
    )


def strategies() -> Told:
    """What can be tested."""
    return reads.shared().told("strategies", 60.0, lambda desk: desk.strategies())


def runs() -> Told:
    """The newest hundred backtests, in front of them those that wait or run."""
    return reads.shared().told("backtests", 1.0, lambda desk: list(desk.backtests()["backtests"]))


def held() -> Told:
    """The bars on record, a row a symbol."""
    return reads.shared().told("bars held", 30.0, lambda desk: desk.bars_held())


def standing(rows: list[Row] | None) -> list[Row]:
    """Those that wait or run."""
    return [row for row in rows or () if row.get("state") in STANDING]


def name(job: Row) -> str:
    """One backtest in a line that never changes: what, on what, over which days, and when it was asked for."""
    asked = job.get("request") or {}
    symbols = ", ".join(str(one) for one in asked.get("symbols") or ())
    span = f"{asked.get('start_date')} to {asked.get('end_date')}"
    return one_line(f"{asked.get('strategy')} · {symbols} · {span} · asked {clock(job.get('asked_at'), day=True)}", 140)
