"""How a training is to run, and what it says while it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec


class Plan(msgspec.Struct, frozen=True):
    """The settings of one training; the same plan, data and libraries give the same model bytes.

    ``folds`` walk forward with ``embargo`` sessions between a fold's training and its test. A fit stops after
    ``patience`` rounds without gain on the block set aside for that, at ``rounds`` at the latest. ``search`` is how
    many parameter sets are tried, 1 being the first of the grid alone. ``draws`` are the bootstrap's and the chance
    band's. ``expected_edge`` is what an honest model may hope to add to an accuracy of one half (a correlation of 0.05
    with what comes, the best that is published for a day ahead, is 0.016); three times that is taken for a leak.
    ``threads`` change the time and nothing else.
    """

    seed: int = 7
    folds: int = 5
    embargo: int = 1
    rounds: int = 300
    patience: int = 25
    search: int = 1
    threads: int = 1
    draws: int = 400
    expected_edge: float = 0.016


class Progress(NamedTuple):
    """Where a training is: ``done`` of ``total`` steps, the last of them named ``step``; ``note`` says how it went."""

    step: str
    done: int
    total: int
    note: str = ""


#: Is told of every step as it ends.
Tell = Callable[[Progress], None]
