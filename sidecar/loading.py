"""A strategy of the user's own: one Python file on this machine, named by whoever starts the desk or a backtest.

The file defines one of two classes. ``Rule`` answers to :class:`sidecar.strategies.rules.Rule` and is made with
nothing: what to hold after each closed bar, traded in the nearest future, on both engines of a backtest. ``Strategy``
answers to :class:`sidecar.strategies.protocol.Strategy` and is made with ``(fund_id, underlying)``: it reads whole
reports and wants orders. A rule in ten lines (``docs/example_rule.py`` is a longer one)::

    from sidecar.strategies.rules import stepped

    class Rule:
        name, needs_model = "higher", False

        def stepper(self):
            seen = []

            def step(bar):
                seen.append(bar.close)
                return 1.0 if bar.close > seen[0] else 0.0

            return step

        batch = stepped

It runs with all the rights of the program; nothing is ever loaded from the network.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from sidecar.domain.errors import ConfigurationError
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.catalogue import CATALOGUE
from sidecar.strategies.protocol import Strategy
from sidecar.strategies.rules import Rule
from sidecar.strategies.table import strategies_named

SUFFIX = ".py"
_LABEL = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
#: What each class must be able to, and how that is written.
_ABLE = {
    "Strategy": {"on_report": "def on_report(self, published) -> Iterable[Intent]"},
    "Rule": {"stepper": "def stepper(self) -> Stepper", "batch": "def batch(self, bars) -> Targets"},
}


def strategies_of(named: str, fund_id: str, underlying: str) -> tuple[Strategy, ...]:
    """The strategies of a name of the table, or the one of a file ``FILE.py``, for a fund and an underlying.

    :raises ConfigurationError: no such name, file or class, or the class is none that can trade; in one line.
    """
    if not named.endswith(SUFFIX):
        return strategies_named(named, fund_id, underlying)
    path = Path(named)
    word, kind = _class(path)
    if word == "Rule":
        rule = _rule(path, kind)
        return (BarStrategy(rule, rule.name, fund_id, underlying),)
    strategy: Strategy = _made(path, word, kind, fund_id, underlying)
    return (strategy,)


def rule_of(named: str, parameters: Mapping[str, float] = {}) -> Rule | None:
    """The rule on bars of a name of the table, with its parameters, or of a file; None where it is no rule.

    :raises ConfigurationError: no such file or class, or the class is no rule; in one line.
    :raises InputError: a parameter that the strategy of the table does not take.
    """
    if not named.endswith(SUFFIX):
        make = CATALOGUE[named].rule if named in CATALOGUE else None
        return make(parameters) if make is not None else None
    path = Path(named)
    word, kind = _class(path)
    return _rule(path, kind) if word == "Rule" else None


def digest(named: str) -> str:
    """The SHA-256 of a strategy's file, in hexadecimal; empty for a strategy of the table."""
    return sha256(_source(Path(named))).hexdigest() if named.endswith(SUFFIX) else ""


def _class(path: Path) -> tuple[str, type]:
    """The one class of the file that can trade, after its name."""
    _source(path)
    try:
        module = _imported(path)
    except (Exception, SystemExit) as error:  # a user's code: whatever it raises, the desk says so in a line
        raise _broken(path, "cannot be imported", error) from error
    own = {name: getattr(module, name, None) for name in _ABLE}
    found = {name: each for name, each in own.items() if isinstance(each, type)}
    if len(found) != 1:
        problem = "has no class Strategy and no class Rule" if not found else "has both a Strategy and a Rule"
        raise ConfigurationError("strategy", f"{path.name} {problem}", "define one of the two")
    return next(iter(found.items()))


def _rule(path: Path, kind: type) -> Rule:
    rule: Rule = _made(path, "Rule", kind)
    if not isinstance(getattr(rule, "needs_model", None), bool):
        raise ConfigurationError("strategy", f"{path.name}: its Rule has no needs_model", "write needs_model = False")
    return rule


def _made(path: Path, word: str, kind: type, *given: str) -> Any:
    try:
        made = kind(*given)
    except (Exception, SystemExit) as error:  # likewise
        told = "(fund_id, underlying)" if given else "()"
        raise _broken(path, f"its {word} cannot be made with {told}", error) from error
    label = getattr(made, "name", None)
    if not isinstance(label, str) or not _LABEL.fullmatch(label):
        problem = f"{path.name}: its name is {str(label)[:60]!r}"
        raise ConfigurationError("strategy", problem, "give name 1 to 40 of A-Z a-z 0-9 _ . : -")
    for name, example in _ABLE[word].items():
        if not callable(getattr(made, name, None)):
            raise ConfigurationError("strategy", f"{path.name}: its {word} has no {name}", f"write {example}")
    return made


def _source(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            "strategy", f"{path}: {error.strerror}", "name a file, or a strategy of the table"
        ) from None


class _Fresh(SourceFileLoader):
    """Compiles what stands in the file, so that what runs is what :func:`digest` hashed and no cache of it."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  importlib names the parameter
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def _imported(path: Path) -> ModuleType:
    name = f"deskwatch_strategy_{path.stem}"
    loader = _Fresh(name, str(path))
    spec = spec_from_loader(name, loader)
    if spec is None:
        raise ImportError(f"no module can be made of {path.name}")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and structs look their module up
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _broken(path: Path, problem: str, error: BaseException) -> ConfigurationError:
    told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return ConfigurationError("strategy", f"{path.name}: {problem} ({told})", "mend the file")
