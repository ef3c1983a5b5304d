"""What may go wrong between a desk and its venue, as a line of text that a person can write.

    reject=0.05 timeout=0.02 lose=0.02 delay=0.1@2s disconnect=60s@300s

A word with a share (0 to 1) is a fault and how many of the orders meet it; an order meets one at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from hashlib import blake2b
from math import fsum

import msgspec
from msgspec.structs import replace

from sidecar.domain.errors import ConfigurationError
from sidecar.domain.orders import Order

FIELD = "simulation.paper_faults"
_EXAMPLE = 'write it so: "reject=0.05 timeout=0.02 delay=0.1@2s disconnect=60s@300s"'


class Fault(StrEnum):
    """One thing that can happen to an order."""

    REJECT = "reject"  # the venue refuses it and says so
    UNSENT = "unsent"  # the request is lost on its way: the venue never has it
    TIMEOUT = "timeout"  # the venue has it, works it, and never says a word about it
    LOSE = "lose"  # one reply is lost: that it was accepted, or its first fill
    DUPLICATE = "duplicate"  # every reply comes twice
    PARTIAL = "partial"  # about half of it fills, then silence; the rest is gone
    LATE = "late"  # its fills are told after its cancel
    DELAY = "delay"  # every reply comes late
    DEAF = "deaf"  # its first three cancels are ignored
    STRANGER = "stranger"  # the venue also speaks of an order that the desk never sent


class Row(msgspec.Struct, frozen=True):
    """A fault of a script: for the ``nth`` order (from 1) or any, in ``symbol`` or any."""

    fault: Fault
    nth: int = 0
    symbol: str = ""

    def meets(self, order: Order, number: int) -> bool:
        """Whether this row is meant for an order, the ``number``-th that was sent."""
        return self.nth in (0, number) and self.symbol in ("", order.request.symbol)


class Faults(msgspec.Struct, frozen=True):
    """What goes wrong. The first row of ``script`` that is meant for an order decides; then the ``rates`` do.

    A delayed reply is ``delay_s`` late. After every ``outage_every_s`` the venue cannot be reached for ``outage_s``.
    """

    rates: tuple[tuple[Fault, float], ...] = ()
    script: tuple[Row, ...] = ()
    delay_s: float = 2.0
    outage_s: float = 0.0
    outage_every_s: float = 0.0

    def of(self, order: Order, number: int, seed: int) -> Fault | None:
        """The fault of an order, the ``number``-th sent: by the script, else by the seed and the order's id alone."""
        for row in self.script:
            if row.meets(order, number):
                return row.fault
        drawn, below = share(seed, "fault", order.id), 0.0
        for fault, rate in self.rates:
            below += rate
            if drawn < below:
                return fault
        return None

    def down(self, elapsed_s: float) -> bool:
        """Whether the venue cannot be reached so long after it was first heard of."""
        every = self.outage_every_s
        return every > 0.0 and elapsed_s >= every and elapsed_s % every < self.outage_s


def share(seed: int, *words: str) -> float:
    """A number from 0 up to 1 that depends on the seed and the words, and on nothing else."""
    digest = blake2b("|".join((str(seed), *words)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


_SHARE = r"(?P<share>\d*\.?\d+)"
_SECONDS = r"(?P<{}>\d*\.?\d+)s"
_RATE = re.compile(_SHARE)
_LATE = re.compile(_SHARE + "@" + _SECONDS.format("delay"))
_OUTAGE = re.compile(_SECONDS.format("outage") + "@" + _SECONDS.format("every"))


def parse(text: str) -> Faults:
    """The faults of a line of text; an empty one has none.

    :raises ConfigurationError: a word that is no fault, a share that is none, shares of more than 1 together.
    """
    rates: dict[Fault, float] = {}
    times: dict[str, float] = {}
    for word, value in _pairs(text.split()):
        if word == "disconnect":
            found = _read(_OUTAGE, word, value, "how long it lasts and how often it comes, as in disconnect=60s@300s")
            times |= {"outage_s": float(found["outage"]), "outage_every_s": float(found["every"])}
            continue
        try:
            fault = Fault(word)
        except ValueError:
            known = ", ".join((*Fault, "disconnect"))
            raise ConfigurationError(FIELD, f"{word[:40]!r} is no fault", f"use {known}") from None
        timed = fault is Fault.DELAY and "@" in value
        found = _read(_LATE if timed else _RATE, word, value, "a share of the orders, 0 to 1")
        rates[fault] = float(found["share"])
        if timed:
            times["delay_s"] = float(found["delay"])
    if not all(rate <= 1.0 for rate in rates.values()) or fsum(rates.values()) > 1.0:
        raise ConfigurationError(FIELD, f"the shares in {text[:80]!r} are more than 1", "an order meets one at most")
    if times.get("outage_s", 0.0) >= times.get("outage_every_s", 1.0):
        raise ConfigurationError(FIELD, "disconnect lasts as long as it takes to come again", _EXAMPLE)
    return replace(Faults(tuple(rates.items())), **times)


def _pairs(words: Iterable[str]) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not value:
            raise ConfigurationError(FIELD, f"{word[:40]!r} is not NAME=SHARE", _EXAMPLE)
        if name in found:
            raise ConfigurationError(FIELD, f"{name[:40]!r} is given twice", "give it once")
        found[name] = value
    return list(found.items())


def _read(pattern: re.Pattern[str], word: str, value: str, wanted: str) -> re.Match[str]:
    found = pattern.fullmatch(value)
    if found is None:
        raise ConfigurationError(FIELD, f"{word}={value[:40]} cannot be read", f"give {wanted}")
    return found
