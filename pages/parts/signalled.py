"""What the screens read of signals: the newest of them, filtered, and how often they were right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pages.parts import reads
from pages.parts.model_figures import Measured
from pages.parts.words import known, number
from sidecar.client import Desk
from sidecar.domain.rates import wilson

Row = dict[str, Any]
Told = tuple[list[Row] | None, str]
ALL = "all"
#: Signals that a page asks for at most, and seconds between two readings.
MOST, EVERY_S = 500, 3.0
STATES = (ALL, "open", "scored", "unscored")
TYPES = (ALL, "buy", "sell", "hold")
ARROWS = {"buy": "▲ buy", "sell": "▼ sell", "hold": "■ hold"}
#: Where the bins of confidence begin, in per cent.
_BINS = tuple(range(0, 100, 10))


class Wanted(NamedTuple):
    """The filters; :data:`ALL` is none."""

    symbol: str = ALL
    strategy: str = ALL
    status: str = ALL
    kind: str = ALL


def newest(wanted: Wanted) -> Told:
    """The newest signals that pass the filters of the desk and the type."""
    name = f"signals of {wanted.symbol} by {wanted.strategy}, {wanted.status}"
    found, why = reads.shared().told(name, EVERY_S, lambda desk: _page(desk, wanted))
    if found is None or wanted.kind == ALL:
        return found, why
    return [row for row in found if row.get("signal_type") == wanted.kind], why


def _page(desk: Desk, wanted: Wanted) -> list[Row]:
    symbol, strategy = ("" if one == ALL else one for one in (wanted.symbol, wanted.strategy))
    return list(desk.signals(limit=MOST, symbol=symbol, strategy=strategy, status=wanted.status)["signals"])


def scores() -> Told:
    """How often the signals of each strategy were right, after the line of all (``*``)."""
    return reads.shared().told("signal scores", EVERY_S, lambda desk: desk.signal_scores())


def measured(line: Row) -> Measured:
    """A strategy's hit rate with its interval."""
    name = "all" if line.get("strategy") == "*" else str(line.get("strategy"))
    note = f"{number(line.get('correct'), 0)} of {number(line.get('directional'), 0)}"
    rate, low, high = (known(line.get(f"hit_rate{end}")) for end in ("", "_low", "_high"))
    return Measured(name, rate, low, high, note)


def by_confidence(rows: Sequence[Row]) -> list[Measured]:
    """The hit rate of the scored signals that named a direction, by how sure they were, with its interval."""
    found = []
    for low in _BINS:
        mine = [row for row in rows if isinstance(row.get("correct"), bool) and _within(row, low)]
        if mine:
            hits = sum(bool(row["correct"]) for row in mine)
            bottom, top = wilson(hits, len(mine))
            name = f"{low} to {low + 10} % sure"
            found.append(Measured(name, hits / len(mine), bottom, top, f"{hits} of {len(mine)}"))
    return found


def _within(row: Row, low: int) -> bool:
    sure = known(row.get("confidence"))
    return sure is not None and min(int(sure * 10), 9) * 10 == low


def judged(row: Row) -> str:
    """Whether a signal that was scored was right, in words."""
    correct = row.get("correct")
    return "right" if correct is True else "wrong" if correct is False else "named no direction"


def shown(row: Row) -> Row:
    """A signal with its direction as word and arrow, and what came of it in words."""
    status = str(row.get("status"))
    if status == "open":
        came = "waits"
    elif status == "unscored":
        came = f"no score: {row.get('note') or 'no reason'}"
    else:
        came = judged(row)
    moved = known(row.get("outcome_return"))
    return {
        **row,
        "says": ARROWS.get(str(row.get("signal_type")), str(row.get("signal_type"))),
        "came": came,
        "moved": None if moved is None else 100 * moved,
        "quantity": row.get("quantity") or None,
    }
