"""What a simulated day came to, or how it failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.simulation import options as families
from tests.simulation.options import Options


class Failed(AssertionError):
    """A day on which an invariant did not hold, or the core raised. Its text is all that is needed to see it again."""

    def __init__(self, seed: int, options: Options, invariant: str, detail: str, tail: Sequence[str]) -> None:
        last = "\n".join(f"  {line}" for line in tail)
        again = f"python -m bench.simulation --seed {seed} --options {families.told(options)}"
        super().__init__(f"seed={seed} options={families.told(options)}\n{detail}\nthe last events:\n{last}\n{again}")
        self.seed, self.options, self.invariant, self.detail = seed, options, invariant, detail


@dataclass
class Day:
    """What a simulated day came to."""

    seed: int
    options: Options
    events: int = 0
    reports: int = 0
    orders: int = 0
    fills: int = 0
    refused: int = 0
    stops: int = 0
    trips: int = 0
    crashes: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    digest: str = ""
