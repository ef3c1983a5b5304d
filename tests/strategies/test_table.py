"""The strategies that have a name."""

import pytest

from sidecar.domain.errors import ConfigurationError
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.catalogue import CATALOGUE
from sidecar.strategies.demo import Demo
from sidecar.strategies.table import strategies_named


def test_the_demonstration_trades_the_fund_and_underlying_it_is_given() -> None:
    (demo,) = strategies_named("demo", "second", "BANKNIFTY")
    assert isinstance(demo, Demo)
    assert (demo.fund_id, demo.underlying) == ("second", "BANKNIFTY")


def test_every_name_of_the_catalogue_can_be_asked_for() -> None:
    for name in CATALOGUE:
        (made,) = strategies_named(name, "main", "NIFTY")
        assert made.name == name
    assert isinstance(strategies_named("sma_cross", "main", "NIFTY")[0], BarStrategy)


def test_none_is_no_strategy() -> None:
    assert strategies_named("none", "main", "NIFTY") == ()


@pytest.mark.parametrize("name", ["", "martingale", "Demo"])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    told = r"^strategy: .* is not known; use demo, ml_only, .*, buy_and_hold, none or a FILE\.py$"
    with pytest.raises(ConfigurationError, match=told):
        strategies_named(name, "main", "NIFTY")
