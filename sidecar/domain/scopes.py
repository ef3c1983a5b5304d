"""Scopes: the desk, a fund, a strategy of it, an underlying of either. Limits, breaches and halts each have one."""

from __future__ import annotations

from typing import Self

import msgspec

from sidecar.domain.errors import InputError

ANY = "*"
_SHAPE = "write fund, fund/strategy, fund/strategy/underlying or fund/*/underlying; * is the desk"


class Scope(msgspec.Struct, frozen=True):
    """A node of the tree desk → fund → strategy → underlying; ``*`` in a place stands for all of them.

    >>> Scope.parse("main/*/NIFTY").covers("main", "demo", "NIFTY")
    True
    >>> str(Scope("main", "demo")), str(Scope())
    ('main/demo', '*')
    """

    fund: str = ANY
    strategy: str = ANY
    underlying: str = ANY

    @classmethod
    def parse(cls, text: str) -> Self:
        """The scope of its text. :raises InputError: it is none: a part is empty, or the desk has a strategy."""
        parts = text.split("/")
        if len(parts) > 3 or not all(parts) or (parts[0] == ANY and len(parts) > 1):
            raise InputError("scope", f"{text[:80]!r} is no scope", _SHAPE)
        return cls(*parts)

    def covers(self, fund: str, strategy: str, underlying: str) -> bool:
        """Whether what one strategy of a fund does in one underlying is in this scope."""
        return self.fund in (ANY, fund) and self.strategy in (ANY, strategy) and self.underlying in (ANY, underlying)

    def within(self, other: Scope) -> bool:
        """Whether all of this scope lies in ``other``."""
        return other.covers(self.fund, self.strategy, self.underlying)

    def __str__(self) -> str:
        parts = [self.fund, self.strategy, self.underlying]
        while len(parts) > 1 and parts[-1] == ANY:
            parts.pop()
        return "/".join(parts)


DESK = Scope()
