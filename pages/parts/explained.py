"""The P&L explain as the screens read it: lines by scope, what each part added, what is left over, and the alarm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pages.parts import reads
from pages.parts.tables import Columns
from pages.parts.words import known, money, percent, plain

Row = dict[str, Any]
EVERY_S, ALARMS_EVERY_S = 2.0, 3.0
ALL = "*"
#: Wire name, word and what it is, in the order of the waterfall; they sum to the total.
PARTS: tuple[tuple[str, str, str], ...] = (
    ("delta", "delta", "moves of the spot, and of the basis, times delta"),
    ("gamma", "gamma", "half of gamma times the move squared"),
    ("theta", "theta", "calendar time that passed"),
    ("vega", "vega", "moves of implied volatility"),
    ("vanna", "vanna", "moves of spot and volatility together"),
    ("volga", "volga", "volatility's own curvature"),
    ("fees", "fees", "charges and taxes"),
    ("trades", "new trades", "what was dealt today, by its own price against the marks"),
    ("unexplained", "unexplained", "the books' P&L less all parts: a wrong Greek, mark or quantity ends here"),
)
LINE: Columns = {
    "symbol": ("Leg", "text", "the contract; * is a total"),
    "strategy": ("Strategy", "text", "* is all of them"),
    "fund_id": ("Fund", "text", "* is the whole desk"),
    "total": ("Total", "%+,.2f", "the books' P&L of the day, account currency"),
    **{name: (word.capitalize(), "%+,.2f", f"{note}; account currency") for name, word, note in PARTS},
    "unpriced": ("Of it unpriced", "%+,.2f", "unexplained while a mark, a forward or a volatility was unknown"),
}
#: How many of fund, strategy and contract are totals in a line of each level.
LEVELS = {"legs": 0, "strategies": 1, "funds": 2}
RULE = (
    "The alarm sets each leg, once a second, against a minute before. It allows what bid and ask, the series' own "
    "error and a tenth of what moved the leg can make, and 0.001 % of the fund's capital; it speaks after "
    "five seconds in a row."
)


class Step(NamedTuple):
    """One bar of the waterfall: from ``start`` by ``value``; an unknown one moves nothing."""

    name: str
    start: float
    value: float | None


class Ledger(NamedTuple):
    """A line as a sum. ``gap`` is the total less the known parts: zero but for rounding where all parts are known."""

    steps: tuple[Step, ...]
    total: float | None
    gap: float | None
    unknown: tuple[str, ...]

    @property
    def sums(self) -> bool:
        """Whether the parts that are known make the total, to the paisa a part."""
        return self.gap is not None and abs(self.gap) < 0.005 * (len(self.steps) + 1)


def ledger(line: Row) -> Ledger:
    """The parts of a line, one upon the other."""
    steps, level = [], 0.0
    for name, word, _ in PARTS:
        value = known(line.get(name))
        steps.append(Step(word, level, value))
        level += value or 0.0
    total = known(line.get("total"))
    unknown = tuple(step.name for step in steps if step.value is None)
    return Ledger(tuple(steps), total, None if total is None else total - level, unknown)


def told() -> tuple[Row | None, str]:
    """The whole day's explain."""
    return reads.shared().told("explain", EVERY_S, lambda desk: desk.explain())


def alarms() -> tuple[list[Row] | None, str]:
    """Standing alerts of the explain."""
    return reads.shared().told("explain alarms", ALARMS_EVERY_S, lambda desk: desk.alerts(source="pnl")["alerts"])


def within(lines: Sequence[Row], scope: str) -> list[Row]:
    """The lines of a fund, totals first; all of them for the whole desk (``*``)."""
    found = [line for line in lines if scope in (ALL, line.get("fund_id"))]
    return sorted(found, key=lambda line: (-_stars(line), str(line.get("id"))))


def at_level(lines: Sequence[Row], level: str, of: Row) -> list[Row]:
    """The lines of a level inside the line ``of``, the largest total first; an unknown total is before all."""
    found = [
        line
        for line in lines
        if _stars(line) == LEVELS[level]
        and all(of.get(name) in (ALL, line.get(name)) for name in ("fund_id", "strategy", "symbol"))
    ]
    return sorted(found, key=lambda line: (known(line.get("total")) is not None, -abs(known(line.get("total")) or 0.0)))


def title(line: Row) -> str:
    """What a line is of, in words."""
    fund, strategy, symbol = (str(line.get(name)) for name in ("fund_id", "strategy", "symbol"))
    words = ("Whole desk", f"Fund {fund}", f"{fund} / {strategy}", f"{fund} / {strategy} / {symbol}")
    return words[3 - min(_stars(line), 3)]


def _stars(line: Row) -> int:
    return sum(line.get(name) == ALL for name in ("fund_id", "strategy", "symbol"))


def residual(line: Row, currency: str) -> str:
    """What is left over, in words."""
    left = known(line.get("unexplained"))
    if left is None:
        return "What is unexplained is **unknown**: the total, or one of the parts, is."
    sizes = sum(abs(known(line.get(name)) or 0.0) for name, _, _ in PARTS)
    share = f"{percent(abs(left) / sizes, 2)} of the parts' sizes added up" if sizes else "nothing moved"
    said = f"Unexplained: **{plain(money(left, currency, 2, signed=True))}**, {plain(share)}."
    unpriced = known(line.get("unpriced"))
    if unpriced:
        said += (
            f" {plain(money(unpriced, currency, 2, signed=True))} of it came while a mark or volatility was unknown."
        )
    return said


def verdict(found: Ledger, currency: str) -> tuple[bool, str]:
    """Whether the waterfall sums, and the sentence that says so."""
    if found.total is None:
        return False, "The total is unknown: what follows are the parts that are known, and no sum."
    if found.unknown:
        gap = money(found.gap, currency, 2, signed=True)
        names = ", ".join(found.unknown)
        return False, f"Unknown: {names}. Together they are {gap}, the total less what is known."
    parts = money(found.total - (found.gap or 0.0), currency, 2, signed=True)
    total = money(found.total, currency, 2, signed=True)
    if found.sums:
        return True, f"The parts sum to the total: {parts} = {total}."
    return False, f"The parts do NOT sum to the total: they make {parts}, the books say {total}."
