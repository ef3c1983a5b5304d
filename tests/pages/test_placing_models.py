"""What giving a model a place will do, said before: who has it, whether the rule gave it, what is lost."""

from __future__ import annotations

from typing import Any

from pages.parts.placing_models import consequences, offered

CHAMPION: dict[str, Any] = {"id": "m1", "family": "F", "role": "champion", "before": "m0", "actor": "training",
                            "reason": "the first", "simulated": False}  # fmt: skip
BEFORE: dict[str, Any] = {**CHAMPION, "id": "m0", "role": "retired", "before": ""}
OTHER: dict[str, Any] = {**CHAMPION, "id": "<b>m2</b>", "role": "candidate", "before": "m1", "simulated": True}
ALL = [CHAMPION, BEFORE, OTHER]


def test_only_what_its_role_allows_is_offered() -> None:
    assert offered(CHAMPION, ALL) == ["roll-back", "retire"]
    assert offered({**CHAMPION, "before": ""}, ALL) == ["retire"]
    assert offered(OTHER, ALL) == ["promote", "challenge"]
    assert offered({**OTHER, "role": "refused"}, ALL) == []


def test_a_roll_back_names_who_comes_and_who_goes() -> None:
    lines = consequences(CHAMPION, "roll-back", ALL)
    assert lines[0].startswith("**m0** becomes the champion of F")
    assert lines[1].startswith("**m1** has the place now")


def test_to_retire_a_champion_leaves_nobody() -> None:
    assert any("no model gives its signals" in line for line in consequences(CHAMPION, "retire", ALL))
    assert not any("no champion" in line for line in consequences({**OTHER, "role": "challenger"}, "retire", ALL))


def test_a_model_of_a_made_market_over_one_of_a_recorded_is_warned_of_and_names_do_nothing() -> None:
    lines = consequences(OTHER, "promote", ALL)
    assert any("SIMULATED market, the champion from a recorded" in line for line in lines)
    assert all("<" not in line.replace("\\<", "") for line in lines)
    assert "Nobody has the place now." in consequences(OTHER, "promote", [OTHER])
