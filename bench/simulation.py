"""Virtual trading days with faults drawn from seeds: ``python -m bench.simulation [--seeds N | --seed N --options A]``.

Without ``--seed``: so many days, one table of what was lived through, and one of planted bugs and the day that finds
each. With ``--seed``: that day again; a failing one is shrunk to the families of faults that it needs.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation import options as families
from tests.simulation.day import Day, Failed
from tests.simulation.options import FAMILIES, Options
from tests.simulation.planted import PLANTED, found
from tests.simulation.run import simulate

#: A planted bug that so many days do not show counts as not found.
_SOON = 50


def main() -> int:
    """Live the days, print the tables; 1 if an invariant broke or a planted bug was not found."""
    asked = argparse.ArgumentParser(prog="python -m bench.simulation", description=__doc__)
    asked.add_argument("--seeds", type=int, default=200, help="how many days (200)")
    asked.add_argument("--first", type=int, default=0, help="the first seed (0)")
    asked.add_argument("--seed", type=int, help="one day again")
    asked.add_argument("--options", help=f"its families of faults, comma-separated: {','.join(FAMILIES)}")
    given = asked.parse_args()
    logging.disable(logging.CRITICAL)  # the days are full of failures that the desk rightly logs
    if given.seed is not None:
        options = families.parse(given.options) if given.options is not None else families.drawn(given.seed)
        return one(given.seed, options)
    return many(range(given.first, given.first + given.seeds))


def one(seed: int, options: Options) -> int:
    """One day; one that fails is tried again without each family of faults in turn."""
    try:
        print(simulate(seed, options))
    except Failed as failure:
        print(failure)
        print(f"needs: --seed {seed} --options {families.told(shrunk(failure))}")
        return 1
    return 0


def shrunk(failure: Failed) -> Options:
    """The families without which the day does not fail by the same invariant."""
    left = failure.options
    for family in FAMILIES:
        if family not in left:
            continue
        try:
            simulate(failure.seed, left - {family})
        except Failed as again:
            if again.invariant == failure.invariant:
                left = again.options
    return left


def lived(seed: int) -> Day | str:
    logging.disable(logging.CRITICAL)
    try:
        return simulate(seed)
    except Failed as failure:
        return str(failure)


def planted(name: str) -> tuple[str, int | None, str]:
    """A bug, the seed that finds it, and the invariant that tells."""
    logging.disable(logging.CRITICAL)
    told = found(PLANTED[name][0], range(_SOON), simulate)
    return (name, told[0], told[1].invariant) if told else (name, None, "")


def many(seeds: range) -> int:
    began = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        told = list(pool.map(lived, seeds, chunksize=4))
        took = time.perf_counter() - began
        bugs = list(pool.map(planted, PLANTED))
    days = [day for day in told if isinstance(day, Day)]
    failures = [day for day in told if isinstance(day, str)]
    for row in _table(days, failures, took):
        print(row)
    faults = sum((day.faults for day in days), Counter[str]())
    print("\n| fault | drawn |\n| --- | --- |")
    for name, count in sorted(faults.items(), key=lambda one: (-one[1], one[0])):
        print(f"| {name} | {count:,} |")
    print("\n| planted bug | found at seed | by |\n| --- | --- | --- |")
    for name, seed, invariant in bugs:
        print(f"| {name} | {'not found' if seed is None else seed} | {invariant} |")
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures or any(seed is None for _, seed, _ in bugs) else 0


def _table(days: list[Day], failures: list[str], took: float) -> Iterator[str]:
    counted = ("events", "reports", "orders", "refused", "fills", "stops", "trips", "crashes")
    sums = [sum(getattr(day, name) for day in days) for name in counted]
    heads = ("seeds", "virtual days", *counted, "failures", "seconds")
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    numbers = (len(days) + len(failures), len(days), *sums, len(failures))
    yield "| " + " | ".join([*(f"{number:,}" for number in numbers), f"{took:.0f}"]) + " |"


if __name__ == "__main__":
    raise SystemExit(main())
