"""How the days of a backtest are parted: which a model learns from, which it is tested on, and no day tested twice.

All lengths are trading days of the exchange: 20 are about a month. Between the last day that a model learns from and
the first that it is tested on lies one whole session, the embargo: its labels do not reach so far (they end with their
session), but what the features of the first test bars remember does. What a label of the last training bars might still
share with the test is purged where the model is fitted: Lopez de Prado, *Advances in Financial Machine Learning*
(2018), chapter 7.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise

from msgspec.structs import replace

from sidecar.domain.backtest_result import Window
from sidecar.domain.backtests import BacktestRequest, Mode
from sidecar.domain.errors import InputError

#: Whole sessions between what is learnt from and what is tested.
EMBARGO = 1


def windows(days: Sequence[date], request: BacktestRequest, learns: bool) -> tuple[Window, ...]:
    """The test windows over ``days``, the trading days of the run that have data, ascending and each once.

    A strategy that does not learn (``learns`` False: rules, or a model that is given) is tested on every day, in
    windows of ``test_window_days`` for the table alone. One that learns gives up the first ``train_window_days`` and
    the embargo to its first model, and is tested on every day after:

    - ``walk_forward``: each window's model learns from the newest ``train_window_days`` before its embargo;
    - ``expanding_window``: from all days before its embargo;
    - ``fixed_window``: one model, of the first ``train_window_days``, is tested in every window.

    A new model comes every ``retrain_frequency_days``; where that is less than ``test_window_days`` the window ends
    there, so that each day is tested once, by the newest model of its time. The last window is what is left.

    :raises InputError: no day, days that are not in order, or too few for one training and one test.
    """
    if not days:
        raise InputError("start_date", "no trading day of the span has data", "give days that the data cover")
    if any(after <= before for before, after in pairwise(days)):
        raise InputError("days", "they are not in order, or one stands twice", "give each trading day once")
    if not learns:
        return _tested(days, 0, request.test_window_days)
    first = request.train_window_days + EMBARGO
    if first >= len(days):
        problem = f"{request.train_window_days} to learn from and {EMBARGO} between leave none of the {len(days)}"
        problem += f" trading days from {days[0]} to {days[-1]} to test"
        raise InputError("train_window_days", problem, "give fewer, or a longer span")
    fixed = request.mode is Mode.FIXED_WINDOW
    length = request.test_window_days if fixed else min(request.test_window_days, request.retrain_frequency_days)
    cut = f"cut to {length} days: a new model comes then" if length < request.test_window_days else ""
    number = {day: place for place, day in enumerate(days)}
    made = []
    for window in _tested(days, first, length):
        start, stop = _TRAINED[request.mode](number[window.test_from], request.train_window_days)
        note = window.note or cut
        made.append(replace(window, train_from=days[start], train_to=days[stop - 1], note=note))
    return tuple(made)


def _tested(days: Sequence[date], first: int, length: int) -> tuple[Window, ...]:
    """Windows of ``length`` days from the day number ``first`` on, the last of what is left."""
    made = []
    for start in range(first, len(days), length):
        held = days[start : start + length]
        short = f"{len(held)} of {length} days: the span ends" if len(held) < length else ""
        made.append(Window(held[0], held[-1], note=short))
    return tuple(made)


def _newest(test: int, train: int) -> tuple[int, int]:
    return test - EMBARGO - train, test - EMBARGO


def _all_before(test: int, train: int) -> tuple[int, int]:  # noqa: ARG001  the table names it
    return 0, test - EMBARGO


def _first(test: int, train: int) -> tuple[int, int]:  # noqa: ARG001  the table names it
    return 0, train


#: The days [start, stop) that are learnt from, by the number of the first test day and ``train_window_days``.
_TRAINED: dict[Mode, Callable[[int, int], tuple[int, int]]] = {
    Mode.WALK_FORWARD: _newest,
    Mode.EXPANDING_WINDOW: _all_before,
    Mode.FIXED_WINDOW: _first,
}
