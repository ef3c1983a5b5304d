"""The strategy that a backtest asks for: of the catalogue by its name, or of a file by its owner's leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from sidecar.backtest.watched_rule import WatchedRule
from sidecar.domain.backtests import Engine, StrategyLine
from sidecar.domain.errors import ConfigurationError, InputError
from sidecar.loading import SUFFIX, rule_of, strategies_of
from sidecar.strategies.catalogue import CATALOGUE, parameters_of
from sidecar.strategies.protocol import Strategy
from sidecar.strategies.rules import Rule

Numbers = Mapping[str, float]


class Chosen(NamedTuple):
    """A strategy and what it takes. ``rule`` makes a fresh rule of parameters, None where it is none on bars; ``make``
    its strategies for a fund and an underlying.
    """

    line: StrategyLine
    rule: Callable[[Numbers], Rule] | None
    make: Callable[[str, str, Numbers], tuple[Strategy, ...]]

    def lots(self, given: Numbers) -> int:
        """The whole size; what is no parameter of the strategy is one lot."""
        return int(self._all(given).get("lots", 1))

    def _all(self, given: Numbers) -> Numbers:
        return parameters_of(self.line.name, given) if self.line.name in CATALOGUE else given


def lines() -> dict[str, StrategyLine]:
    """Every strategy that can be asked for by name."""
    return {name: entry.line for name, entry in CATALOGUE.items()}


def chosen_of(named: str, file: str = "", seconds: float = 0.0) -> Chosen:
    """The strategy of a name; ``file`` is where one that ends in ``.py`` stands, empty where none may be given, and
    ``seconds`` the real time that one call of its rule may take, 0 for as long as it likes.

    :raises InputError: ``strategy``: there is none of that name, or its file cannot be used.
    """
    if named in CATALOGUE:
        entry = CATALOGUE[named]
        return Chosen(entry.line, entry.rule, entry.make)
    if not named.endswith(SUFFIX) or not file:
        raise InputError("strategy", f"{named[:40]!r} is not known", "use " + ", ".join(CATALOGUE))
    return _own(file, seconds)


def _own(file: str, seconds: float) -> Chosen:
    """What a file defines; it is read here once, so that what is wrong with it is told before anything runs."""
    try:
        made = rule_of(file)
        if made is None:
            strategies_of(file, "main", "")
    except ConfigurationError as problem:
        raise InputError(problem.field, problem.problem, problem.remedy) from None
    name = Path(file).name

    def make(fund: str, underlying: str, _: Numbers) -> tuple[Strategy, ...]:
        return strategies_of(file, fund, underlying)

    if made is None:
        line = StrategyLine(name, name, "A file's Strategy.", (Engine.EVENT,), {})
        return Chosen(line, None, make)
    line = StrategyLine(name, made.name, "A file's Rule.", (Engine.VECTORISED, Engine.EVENT), {}, made.needs_model)
    return Chosen(line, lambda _: WatchedRule(_rule(file), seconds), make)


def _rule(file: str) -> Rule:
    found = rule_of(file)
    if found is None:
        raise InputError("strategy", "its file has changed meanwhile and defines no Rule", "ask again")
    return found
