"""A hundred pairs of lengths of moving averages, for ours and theirs."""

from __future__ import annotations


def pairs() -> list[tuple[int, int]]:
    """Fast below slow."""
    return [(fast, slow) for fast in range(5, 55, 5) for slow in range(60, 160, 10)]
