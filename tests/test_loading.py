"""A strategy of the user's own file: what is taken, and every way to be wrong in one line."""

import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from sidecar.domain.errors import ConfigurationError
from sidecar.loading import digest, rule_of, strategies_of
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.demo import Demo

GOOD = """
from __future__ import annotations
from dataclasses import dataclass
from sidecar.domain.report import Intent

@dataclass
class Strategy:
    fund_id: str
    underlying: str
    name: str = "mine-1"

    def on_report(self, published):
        return (Intent(cancel="O1"),)
"""
MANY = "class Strategy:\n    def __init__(self, fund_id, underlying): pass\n"
RULE = """
from sidecar.strategies.rules import stepped

class Rule:
    name = "higher"
    needs_model = False

    def stepper(self):
        return lambda bar: 1.0 if bar.close > 100.0 else 0.0

    batch = stepped
"""
ASKED = "    def on_report(self, published): return ()\n"


def written(folder: Path, text: str, name: str = "mine.py") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_a_file_gives_its_strategy_made_for_the_fund_and_underlying(tmp_path: Path) -> None:
    (mine,) = strategies_of(written(tmp_path, GOOD), "second", "BANKNIFTY")
    assert mine.name == "mine-1"
    assert (vars(mine)["fund_id"], vars(mine)["underlying"]) == ("second", "BANKNIFTY")


def test_a_file_of_a_rule_trades_as_a_strategy_and_is_a_rule_to_a_backtest(tmp_path: Path) -> None:
    named = written(tmp_path, RULE)
    (mine,) = strategies_of(named, "second", "BANKNIFTY")
    assert isinstance(mine, BarStrategy)
    assert mine.name == "higher"
    rule = rule_of(named)
    assert rule is not None
    bars = {"close": np.array([99.0, 101.0, 100.0]), "first": np.zeros(3)}
    assert rule.batch(bars).tolist() == [0.0, 1.0, 0.0]
    assert rule_of(written(tmp_path, GOOD)) is None


def test_a_name_of_the_table_is_a_rule_where_it_trades_on_bars() -> None:
    rule = rule_of("sma_cross", {"fast": 2.0, "slow": 3.0})
    assert rule is not None
    assert rule.batch({"close": np.array([1.0, 2.0, 3.0]), "first": np.zeros(3)}).tolist()[2] == 1.0
    assert rule_of("short_strangle") is rule_of("none") is rule_of("martingale") is None


def test_names_of_the_table_still_work() -> None:
    assert isinstance(strategies_of("demo", "main", "NIFTY")[0], Demo)
    assert strategies_of("none", "main", "NIFTY") == ()
    with pytest.raises(ConfigurationError, match="is not known"):
        strategies_of("martingale", "main", "NIFTY")


def test_what_runs_is_what_stands_in_the_file_and_no_cache_of_it(tmp_path: Path) -> None:
    for label in ("mine-1", "mine-2", "mine-3"):
        (mine,) = strategies_of(written(tmp_path, GOOD.replace("mine-1", label)), "main", "NIFTY")
        assert mine.name == label
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_the_digest_is_of_the_file_and_a_name_of_the_table_has_none(tmp_path: Path) -> None:
    assert digest(written(tmp_path, GOOD)) == sha256(GOOD.encode()).hexdigest()
    assert digest("demo") == digest("none") == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no class Strategy and no class Rule; define one of the two"),
        ("Strategy = 3", "has no class Strategy and no class Rule"),
        ("class Strategy: pass\nclass Rule: pass", "has both a Strategy and a Rule; define one of the two"),
        ("class Rule:\n    def __init__(self, size): pass", "its Rule cannot be made with () (TypeError"),
        ("class Rule:\n    name = 'a b'\n    needs_model = False", "its name is 'a b'"),
        ("class Rule:\n    name = 'mine'\n    needs_model = False", "its Rule has no stepper; write def stepper(self)"),
        (RULE.replace("needs_model = False", ""), "its Rule has no needs_model; write needs_model = False"),
        (RULE.replace("batch = stepped", ""), "its Rule has no batch; write def batch(self, bars)"),
        ("class Strategy(:", "cannot be imported (SyntaxError"),
        ("import no_such_module_of_mine", "cannot be imported (ModuleNotFoundError"),
        ("import math\nmath.Strategy", "AttributeError"),
        ("raise ValueError('one\\ntwo')", "cannot be imported (ValueError: one two)"),
        ("raise SystemExit(3)", "cannot be imported (SystemExit: 3)"),
        ("class Strategy: pass", "its Strategy cannot be made with (fund_id, underlying) (TypeError"),
        (MANY, "its name is 'None'"),
        (MANY + "    name = 5\n" + ASKED, "its name is '5'"),
        (MANY + "    name = ''\n" + ASKED, "its name is ''"),
        (MANY + "    name = 'a b'\n" + ASKED, "its name is 'a b'"),
        (MANY + "    name = 'mine\\n'\n" + ASKED, "its name is"),
        (MANY + f"    name = {'x' * 41!r}\n" + ASKED, "give name 1 to 40"),
        (MANY + "    name = 'mine'\n", "has no on_report"),
        (MANY + "    name = 'mine'\n    on_report = 1\n", "has no on_report"),
    ],
)
def test_a_file_that_holds_no_strategy_is_one_line_that_says_why(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        strategies_of(written(tmp_path, text, "broken.py"), "main", "NIFTY")
    line = str(caught.value)
    assert caught.value.field == "strategy"
    assert "\n" not in line
    assert told in line
    if "cannot be imported" in line:
        assert "deskwatch_strategy_broken" not in sys.modules


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"strategy: .*gone\.py: No such file"):
        strategies_of(str(tmp_path / "gone.py"), "main", "NIFTY")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ConfigurationError, match=r"strategy: .*folder\.py: Is a directory"):
        digest(str(tmp_path / "folder.py"))
