"""The strategies that can be asked for by name. Add one to the catalogue."""

from __future__ import annotations

from sidecar.domain.errors import ConfigurationError
from sidecar.strategies.catalogue import CATALOGUE
from sidecar.strategies.protocol import Strategy

#: Trades nothing; no more is to be said of it.
NONE = "none"


def strategies_named(name: str, fund_id: str, underlying: str) -> tuple[Strategy, ...]:
    """The strategies of a name, for a fund and an underlying. :raises ConfigurationError: there is none."""
    if name == NONE:
        return ()
    if name not in CATALOGUE:
        known = ", ".join((*CATALOGUE, NONE))
        raise ConfigurationError("strategy", f"{name[:40]!r} is not known", f"use {known} or a FILE.py")
    return CATALOGUE[name].make(fund_id, underlying, {})
