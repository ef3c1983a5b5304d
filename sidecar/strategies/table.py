"""The strategies that can be asked for by name. Add one here."""

from __future__ import annotations

from collections.abc import Callable

from sidecar.domain.errors import ConfigurationError
from sidecar.strategies.demo import Demo
from sidecar.strategies.protocol import Strategy

#: (fund, underlying) to the strategies that run.
STRATEGIES: dict[str, Callable[[str, str], tuple[Strategy, ...]]] = {
    "demo": lambda fund_id, underlying: (Demo(fund_id, underlying),),
    "none": lambda *_: (),
}


def strategies_named(name: str, fund_id: str, underlying: str) -> tuple[Strategy, ...]:
    """The strategies of a name, for a fund and an underlying. :raises ConfigurationError: there is none."""
    if name not in STRATEGIES:
        raise ConfigurationError(
            "strategy", f"{name[:40]!r} is not known", "use " + ", ".join(STRATEGIES) + " or a FILE.py"
        )
    return STRATEGIES[name](fund_id, underlying)
