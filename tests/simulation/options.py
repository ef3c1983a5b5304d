"""What may go wrong in a simulated day: families of faults, each of which the seed switches on or off."""

from __future__ import annotations

from random import Random

#: Every family, and what it brings.
FAMILIES: dict[str, str] = {
    "ticks": "quotes that are NaN, infinite, negative, zero, crossed, ten times too high, of no contract",
    "order": "quotes twice, out of order, dated in the past or an hour ahead",
    "gaps": "minutes without a quote, a feed that says it is down, messages missed",
    "shocks": "spot and volatility that jump",
    "halts": "the exchange halts all trading, and trades again",
    "expiry": "the day on which the nearer options expire and settle",
    "venue": "rejects, timeouts, lost and late replies, duplicates, partial fills, fills after a cancel",
    "strangers": "answers about orders that the desk never sent",
    "away": "a venue that cannot be reached for a minute",
    "slow": "a disk that answers late",
    "disk": "a disk that refuses",
    "crash": "the process dies in the middle of anything, with what was on its way to the disk cut anywhere",
    "damage": "what a crash left on the disk has a wrong byte",
    "survives": "a venue that keeps its own account when the desk dies, and trades on meanwhile",
    "people": "stops, resets, overrides, limits, closes, cancels: at any moment, in any order",
    "fools": "orders that no desk should take",
    "raising": "strategies that trade at random, and raise",
    "clients": "programs with a dead man's switch that they forget",
    "funds": "two funds",
    "overnight": "the open of the next day",
    "flatten": "a stop that flattens at the end of the day, in a market that has come to rest",
}

Options = frozenset[str]


def drawn(seed: int) -> Options:
    """The families that a seed switches on: most of them, now and then few."""
    random = Random(f"{seed}/options")
    share = random.choice((0.25, 0.6, 0.6, 0.8))
    return frozenset(name for name in FAMILIES if random.random() < share)


def parse(text: str) -> Options:
    """The families of a comma-separated list; ``none`` is a calm day.

    :raises ValueError: one of them is none.
    """
    names = frozenset(filter(None, text.split(","))) - {"none"}
    if unknown := sorted(names - FAMILIES.keys()):
        raise ValueError(f"{unknown[0]!r} is no family of faults; write some of {','.join(FAMILIES)}")
    return names


def told(options: Options) -> str:
    """The list that :func:`parse` reads."""
    return ",".join(name for name in FAMILIES if name in options) or "none"
