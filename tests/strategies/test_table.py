"""The strategies that have a name."""

import pytest

from sidecar.domain.errors import ConfigurationError
from sidecar.strategies.demo import Demo
from sidecar.strategies.table import STRATEGIES, strategies_named


def test_the_demonstration_trades_the_fund_and_underlying_it_is_given() -> None:
    (demo,) = strategies_named("demo", "second", "BANKNIFTY")
    assert isinstance(demo, Demo)
    assert (demo.fund_id, demo.underlying) == ("second", "BANKNIFTY")


def test_none_is_no_strategy() -> None:
    assert strategies_named("none", "main", "NIFTY") == ()


@pytest.mark.parametrize("name", ["", "martingale", "Demo"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^strategy: .* is not known; use demo, none or a FILE\.py$"):
        strategies_named(name, "main", "NIFTY")
    assert name not in STRATEGIES
