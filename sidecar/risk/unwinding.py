"""The order in which positions are closed: no step may raise margin or worst loss, where there is such an order.

A search over what is left of each position, lot by lot, best first: by how much margin rises in all, by how much worst
loss does, how much money must be there in advance, then deepest first, so that a book with a clean way out is walked
straight through it. It is exact until ``tries`` states were looked at; then it goes on from the best of them without
looking back, and says so. Shorts are bought back before longs are sold where both would do, those that weigh most
first.

A step of several lots never passes a state that is worse than where it began: a part of it may be all that fills. One
lot at a time is always among the steps, so an order of single lots that raises nothing is found if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count, islice
from math import inf, isfinite
from typing import NamedTuple

import numpy as np

from sidecar.risk.legs import Floats

#: Rounding allowed when two amounts are compared, relative to their size.
_ROUNDING = 1e-9
#: What a step counts that cannot be measured and may lay a short bare.
_BLIND = 1e15

Left = tuple[int, ...]
Key = tuple[float, ...]
#: By how much margin and worst loss rise.
Rise = tuple[float, float]
#: Signed units left of each position, (k, n), to (k,).
Measure = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be unwound. All but the measures are one entry a position.

    ``held``: signed units now. ``target``: what is to be left; ``lot``: units of a lot; ``most``: units of the largest
    step. ``group``: positions that hedge each other. ``option``: whose price bounds what a short of it can gain, so
    that to buy it back raises nothing by more. ``stays``: a position that should go and cannot now; while its group
    has one, nothing else of the group may go that raises anything but a short option. ``margin``, ``worst``: what may
    not rise, at states (k, n). ``short``: money that is lacking in states with those margins, 0 or less where none is.
    """

    held: Left
    target: Left
    lot: Left
    most: Left
    group: tuple[str, ...]
    option: tuple[bool, ...]
    stays: tuple[bool, ...]
    margin: Measure
    worst: Measure
    short: Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class Step:
    """Close ``units`` (positive) of the position at ``leg``; margin and worst loss are those after it.

    ``dearer``: by how much margin rises, at most, while it fills; ``worse``: by how much worst loss does.
    """

    leg: int
    units: int
    margin: float
    worst: float
    dearer: float
    worse: float

    @property
    def rise(self) -> float:
        """Both."""
        return self.dearer + self.worse


@dataclass(frozen=True)
class Way:
    """Steps in order. ``dearer`` and ``worse``: by how much margin and worst loss rise over all, in account currency.

    ``thorough``: in no other order margin rises less, or as much and worst loss less. ``blind``: margin or worst loss
    is unknown, so longs only follow shorts.
    """

    margin: float
    worst: float
    steps: tuple[Step, ...]
    dearer: float
    worse: float
    thorough: bool
    blind: bool

    @property
    def rise(self) -> float:
        """Both."""
        return self.dearer + self.worse


@dataclass(frozen=True)
class _Node:
    left: Left
    margin: float
    worst: float
    dearer: float
    worse: float
    short: float
    bumps: int
    step: Step | None
    before: _Node | None
    depth: int

    @property
    def steps(self) -> tuple[Step, ...]:
        found: list[Step] = []
        node: _Node | None = self
        while node is not None and node.step is not None:
            found.append(node.step)
            node = node.before
        return tuple(reversed(found))


def way(task: Task, tries: int, *, first: Sequence[int] | None = None, most: Rise = (inf, inf)) -> Way:
    """The best order of steps; it ends short of the target where the rest may not go now.

    ``first``: the positions that the first step may close, by default any. ``most``: no steps where every order is
    dearer than its first, or as dear and worse than its second.
    """
    start = _measured(task, task.held)
    heap: list[tuple[Key, int, _Node]] = [((), 0, start)]
    serial, seen, looked = count(1), set[Left](), 0
    best, thorough = start, True
    while heap:
        _, _, node = heappop(heap)
        if node.left in seen and thorough:
            continue
        if rises(most[0], node.dearer) or (rises(most[1], node.worse) and not rises(node.dearer, most[0])):
            best = start
            break
        seen.add(node.left)
        if _to_go(task, node.left) < _to_go(task, best.left):
            best = node
        if node.left == task.target:
            break
        if looked >= tries:
            thorough = False
            heap.clear()
        looked += 1
        legs = range(len(task.held)) if first is None or node.depth else first
        for key, child in _children(task, node, legs):
            heappush(heap, (key, next(serial), child))
    blind = not isfinite(start.margin + start.worst)
    return Way(start.margin, start.worst, best.steps, best.dearer, best.worse, thorough, blind)


def rises(before: float, after: float) -> bool:
    """Whether an amount rises, rounding apart; False where either is unknown or infinite."""
    return after - before > _ROUNDING * (abs(before) + abs(after) + 1.0)


def _to_go(task: Task, left: Left) -> int:
    return sum(abs(now - then) for now, then in zip(left, task.target, strict=True))


def _measured(task: Task, left: Left) -> _Node:
    at = np.array([left], dtype=np.float64)
    margin = task.margin(at)
    return _Node(left, float(margin[0]), float(task.worst(at)[0]), 0.0, 0.0, 0.0, 0, None, None, 0)


def _children(task: Task, node: _Node, legs: Sequence[int]) -> list[tuple[Key, _Node]]:
    """Every step from a state: of each position one lot, as many as nothing rises for, and the largest."""
    runs = [(leg, run) for leg in legs if (run := _run(task, node.left, leg))]
    if not runs:
        return []
    states = np.array([_after(node.left, leg, units) for leg, run in runs for units in run], dtype=np.float64)
    margins = task.margin(states)
    rows = zip(margins.tolist(), task.worst(states).tolist(), task.short(states, margins).tolist(), strict=True)
    return [child for leg, run in runs for child in _of_leg(task, node, leg, run, list(islice(rows, len(run))))]


def _run(task: Task, left: Left, leg: int) -> range:
    """Units of one step, by lots."""
    lot, to_go = task.lot[leg], abs(left[leg] - task.target[leg])
    return range(lot, min(to_go, task.most[leg]) + 1, lot)


def _after(left: Left, leg: int, units: int) -> Left:
    sign = 1 if left[leg] > 0 else -1
    return (*left[:leg], left[leg] - sign * units, *left[leg + 1 :])


def _of_leg(
    task: Task, node: _Node, leg: int, run: range, rows: Sequence[tuple[float, float, float]]
) -> list[tuple[Key, _Node]]:
    """The steps of one position: ``rows`` are margin, worst loss and what is lacking after each number of lots."""
    buys = node.left[leg] < 0
    fixed = any(stays and group == task.group[leg] for stays, group in zip(task.stays, task.group, strict=True))
    steps: list[_Reach] = []
    before = _Reach(node.margin, node.worst, 0.0, 0.0, node.short, smooth=True)
    for margin, worst, short in rows:
        smooth = before.smooth and not rises(before.margin, margin) and not rises(before.worst, worst)
        dearer = max(before.dearer, margin - node.margin if rises(node.margin, margin) else 0.0)
        worse = max(before.worse, worst - node.worst if rises(node.worst, worst) else 0.0)
        lacking = max(before.short, short) if short == short else before.short
        before = _Reach(margin, worst, dearer, worse, lacking, smooth)
        steps.append(before)
    clean = [number for number, one in enumerate(steps) if one.smooth]
    found: list[tuple[Key, _Node]] = []
    for number in dict.fromkeys((0, clean[-1] if clean else 0, len(run) - 1)):
        one = steps[number]
        known = isfinite(node.margin + node.worst + one.margin + one.worst)
        dearer, worse = (one.dearer, one.worse) if known else (_unknown(task, node, leg), 0.0)
        if fixed and dearer + worse > 0 and not (buys and task.option[leg]):
            continue
        step = Step(leg, run[number], one.margin, one.worst, dearer, worse)
        child = _Node(
            _after(node.left, leg, run[number]), one.margin, one.worst, node.dearer + dearer, node.worse + worse,
            one.short, node.bumps + (not one.smooth), step, node, node.depth + 1,
        )  # fmt: skip
        relief = node.margin - one.margin + node.worst - one.worst if known else 0.0
        key = (child.dearer, child.worse, child.short, child.bumps, -child.depth, not buys, -relief, -run[number])
        found.append((key, child))
    return found


class _Reach(NamedTuple):
    """After so many lots: the state, by how much its highest point on the way stands above the start, what is lacking
    at most, and whether nothing rose from lot to lot.
    """

    margin: float
    worst: float
    dearer: float
    worse: float
    short: float
    smooth: bool


def _unknown(task: Task, node: _Node, leg: int) -> float:
    """What a step counts whose effect is not known: a long that may cover a short comes last."""
    shorts = (group for units, group in zip(node.left, task.group, strict=True) if units < 0)
    return _BLIND if node.left[leg] > 0 and task.group[leg] in shorts else 0.0
