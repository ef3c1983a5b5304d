"""A strategy of the user's own: one Python file on this machine, named by whoever starts the desk.

The file defines a class ``Strategy`` that answers to :class:`sidecar.strategies.protocol.Strategy` and is made with
``(fund_id, underlying)``. It runs with all the rights of the program; nothing is ever loaded from the network.
"""

from __future__ import annotations

import re
import sys
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

from sidecar.domain.errors import ConfigurationError
from sidecar.strategies.protocol import Strategy
from sidecar.strategies.table import strategies_named

SUFFIX = ".py"
_LABEL = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
_EXAMPLE = "def on_report(self, published) -> Iterable[Intent]"


def strategies_of(named: str, fund_id: str, underlying: str) -> tuple[Strategy, ...]:
    """The strategies of a name of the table, or the one of a file ``FILE.py``, for a fund and an underlying.

    :raises ConfigurationError: no such name, file or class, or the class is no strategy; in one line.
    """
    if not named.endswith(SUFFIX):
        return strategies_named(named, fund_id, underlying)
    path = Path(named)
    made = _made(path, fund_id, underlying)
    label = getattr(made, "name", None)
    if not isinstance(label, str) or not _LABEL.fullmatch(label):
        problem = f"{path.name}: its name is {str(label)[:60]!r}"
        raise ConfigurationError("strategy", problem, "give name 1 to 40 of A-Z a-z 0-9 _ . : -")
    if not callable(getattr(made, "on_report", None)):
        raise ConfigurationError("strategy", f"{path.name}: its Strategy has no on_report", f"write {_EXAMPLE}")
    strategy: Strategy = made
    return (strategy,)


def digest(named: str) -> str:
    """The SHA-256 of a strategy's file, in hexadecimal; empty for a strategy of the table."""
    return sha256(_source(Path(named))).hexdigest() if named.endswith(SUFFIX) else ""


def _made(path: Path, fund_id: str, underlying: str) -> Strategy:
    _source(path)
    try:
        module = _imported(path)
    except (Exception, SystemExit) as error:  # a user's code: whatever it raises, the desk says so in a line
        raise _broken(path, "cannot be imported", error) from error
    made = getattr(module, "Strategy", None)
    if not isinstance(made, type):
        raise ConfigurationError("strategy", f"{path.name} has no class Strategy", "define one")
    try:
        strategy: Strategy = made(fund_id, underlying)
    except (Exception, SystemExit) as error:  # likewise
        raise _broken(path, "its Strategy cannot be made with (fund_id, underlying)", error) from error
    return strategy


def _source(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError("strategy", f"{path}: {error.strerror}", "name a file, or demo or none") from None


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
