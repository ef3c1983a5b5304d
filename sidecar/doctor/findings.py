"""What a check comes to: well, worth a look, or a fault that wants its remedy."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How a thing is. A ``fault`` keeps a desk from running, or from being relied on."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


class Finding(msgspec.Struct, frozen=True):
    """One line of the doctor's: which check it is, what it ``says``, and what to do about it."""

    check: str
    level: Level
    says: str
    remedy: str = ""

    def __str__(self) -> str:
        return self.says + (f"; {self.remedy}" if self.remedy else "")


class Found(msgspec.Struct, frozen=True):
    """A finding before it has the name of its check."""

    level: Level
    says: str
    remedy: str = ""


def well(says: str) -> Found:
    """All is as it should be."""
    return Found(Level.OK, says)


def doubtful(says: str, remedy: str) -> Found:
    """A desk runs with it, and somebody should look."""
    return Found(Level.WARNING, says, remedy)


def faulty(says: str, remedy: str) -> Found:
    """A desk does not run with it, or cannot be relied on."""
    return Found(Level.FAULT, says, remedy)
