"""The tree of limits: what was set at the desk, at a fund, at a strategy of it, at an underlying of either.

The tightest of a scope's own limits and of those of every scope above it binds. The desk has all limits; below a fund
there are only those that can be measured there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sidecar.domain.errors import InputError
from sidecar.domain.scopes import ANY, DESK, Scope
from sidecar.risk.limits import BY_NAME, LIMITS, Reach, tightest, validate

_NONE: Mapping[str, float] = MappingProxyType({})


def scope_of(where: Scope | str | None) -> Scope:
    """The scope that ``where`` means: None is the desk, a text a scope's.

    :raises InputError: the text is none.
    """
    return where if isinstance(where, Scope) else DESK if where is None else Scope.parse(where)


def below_fund(scope: Scope) -> bool:
    """Whether a scope is a part of a fund."""
    return (scope.strategy, scope.underlying) != (ANY, ANY)


def measurable(scope: Scope) -> tuple[str, ...]:
    """The names of the limits that can be set in a scope, because what they limit can be measured there."""
    reached = {Reach.ANY}
    if not below_fund(scope):
        reached |= {Reach.FUND, Reach.STRATEGY}
    elif scope.underlying == ANY:
        reached.add(Reach.STRATEGY)
    return tuple(row.name for row in LIMITS if row.reach in reached)


class Tree:
    """The limits as they were set, by scope, and the ones that bind in each."""

    def __init__(self, desk: Mapping[str, float]) -> None:
        self._set: dict[str, Mapping[str, float]] = {ANY: MappingProxyType(dict(desk))}
        self._bound: dict[str, Mapping[str, float]] = {}

    def __getitem__(self, where: Scope | str | None) -> Mapping[str, float]:
        """The limits that were set in a scope itself; those of the desk are all there are."""
        return self._set[str(where or ANY)]

    def __setitem__(self, where: Scope | str | None, limits: Mapping[str, float]) -> None:
        """Let these be all that is set in a scope; none at all takes it out of the tree."""
        scope = str(where or ANY)
        if limits:
            self._set[scope] = MappingProxyType(dict(limits))
        else:
            self._set.pop(scope, None)
        self._bound.clear()

    def __contains__(self, scope: Scope) -> bool:
        return str(scope) in self._set

    def get(self, where: Scope | str | None) -> Mapping[str, float]:
        """The limits that were set in a scope itself, none where nothing was."""
        return self._set.get(str(where or ANY), _NONE)

    def as_set(self) -> dict[str, dict[str, float]]:
        """Every scope in which something is set, the desk first, and its limits."""
        return {scope: dict(self._set[scope]) for scope in sorted(self._set)}

    def parts(self) -> tuple[Scope, ...]:
        """The scopes below a fund in which something is set, sorted."""
        return tuple(scope for text in sorted(self._set) if below_fund(scope := Scope.parse(text)))

    def of(self, where: Scope | str | None) -> Mapping[str, float]:
        """The limits that bind in a scope: of its own and of those of every scope above it, the tightest of each."""
        text = str(where or ANY)
        if text not in self._bound:
            scope = scope_of(where)
            bound = self._set[ANY]
            for above, own in self._set.items():
                if above != ANY and scope.within(Scope.parse(above)):
                    bound = tightest(bound, own)
            self._bound[text] = MappingProxyType(dict(bound))
        return self._bound[text]

    def watched(self, scope: Scope) -> Mapping[str, float]:
        """The limits that a scope is judged by on its own: the desk and a fund by all, a part by what is set there."""
        bound = self.of(scope)
        own = self._set.get(str(scope), _NONE)
        return {name: value for name, value in bound.items() if name in own} if below_fund(scope) else bound


def changed(before: Mapping[str, float], changes: Mapping[str, float | None], scope: Scope) -> dict[str, float]:
    """The limits of a scope after ``changes`` to those ``before``; None takes one away, where it was set below the
    desk.

    :raises InputError: a limit is unknown, cannot be measured in that scope, has an impossible value, or is the desk's
        and would be taken away.
    """
    measured = measurable(scope)
    for name, value in changes.items():
        if name in BY_NAME and name not in measured:
            raise InputError(name, f"cannot be measured in {scope}", "use one of " + ", ".join(measured))
        if value is None and scope == DESK:
            raise InputError(name, "is a limit of the desk, which has all", "loosen it, if you must, but knowingly")
        if value is None and name not in before:
            known = "set there are " + ", ".join(before) if before else "nothing is set there"
            raise InputError(name[:40], f"is not set in {scope}", known)
    after = {name: value for name, value in {**before, **changes}.items() if value is not None}
    return validate(after, whole=scope == DESK) if after else {}
