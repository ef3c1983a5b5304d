"""The strategy that is asked for: a name of the catalogue, or a file by its owner's leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.domain.backtests import Engine
from sidecar.domain.errors import InputError
from sidecar.proving.chosen import chosen_of, lines

STRATEGY = """
class Strategy:
    name = "quiet"
    def __init__(self, fund_id, underlying): ...
    def on_report(self, published): return ()
"""


def test_every_name_that_is_told_can_be_chosen() -> None:
    assert len(lines()) == 10
    for name, line in lines().items():
        chosen = chosen_of(name)
        assert chosen.line == line
        assert (chosen.rule is not None) == (Engine.VECTORISED in line.engines)
        assert chosen.lots({"lots": 3.0}) == 3
        assert chosen.make("main", "NIFTY", {})


@pytest.mark.parametrize("name", ["get_rich", "", "mine.py", "../mine.py"])
def test_what_is_not_known_is_refused_and_the_names_are_told(name: str) -> None:
    with pytest.raises(InputError, match="is not known; use demo, ") as refused:
        chosen_of(name)
    assert refused.value.field == "strategy"


def test_a_file_is_a_strategy_on_events_or_a_rule_on_both_engines(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "quiet.py"
    path.write_text(STRATEGY)
    own = chosen_of("quiet.py", str(path))
    assert (own.rule, own.line.engines, own.lots({})) == (None, (Engine.EVENT,), 1)
    assert own.make("main", "NIFTY", {})[0].name == "quiet"
    rule = chosen_of("example_rule.py", str(repository / "docs" / "example_rule.py"))
    assert rule.line.engines == (Engine.VECTORISED, Engine.EVENT)
    assert rule.rule is not None
    assert rule.rule({}) is not rule.rule({})


def test_a_file_that_cannot_be_used_is_told_in_a_line_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("class Strategy: ...")
    with pytest.raises(InputError, match=r"broken\.py") as refused:
        chosen_of("broken.py", str(path))
    assert refused.value.field == "strategy"
