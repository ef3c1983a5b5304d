"""What somebody should know of the models, when it is new, and once when it has ended."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.models import ModelRole
from sidecar.learning.drift import DriftLine
from sidecar.learning.live_scores import FamilyScore, Flag, LiveScore
from sidecar.learning.noticing import Noticing, findings_of
from sidecar.learning.scores import Scores
from sidecar.learning.standing import ModelDrift
from tests.learning.predicting import kept

FAMILY = "NIFTY fixed_horizon 2"


def score(flag: Flag, says: str = "so it is") -> FamilyScore:
    return FamilyScore(FAMILY, 2, "m1", 0, 7_665, flag, says, LiveScore("*", 0, 0, 0.0, Scores(0)))


def drifted(*alarms: bool, role: ModelRole = ModelRole.CHAMPION) -> ModelDrift:
    lines = tuple(DriftLine(f"f{n}", 0.5, 0.2, alarm, 20, 20, True) for n, alarm in enumerate(alarms))
    return ModelDrift("m1", FAMILY, role, 7_000, (), None, lines)


def names(findings: tuple[Finding, ...]) -> list[str]:
    return [one.fingerprint for one in findings]


def test_amber_is_a_warning_red_an_error_and_green_nothing() -> None:
    levels = {flag: [one.level for one in findings_of((), (score(flag),), ())] for flag in Flag}
    assert levels == {
        Flag.UNKNOWN: [], Flag.GREEN: [], Flag.AMBER: [AlertLevel.WARNING], Flag.RED: [AlertLevel.ERROR],
    }  # fmt: skip


def test_drift_of_a_champion_names_its_features_and_a_challengers_is_not_told() -> None:
    (found,) = findings_of((), (), (drifted(True, False, True),))
    assert (found.fingerprint, found.details["features"]) == (f"drift:psi:{FAMILY}", "2")
    assert "f0 0.50 over 0.20, f2" in found.message
    assert findings_of((), (), (drifted(False), drifted(True, role=ModelRole.CHALLENGER))) == ()


def test_a_refused_model_is_told_until_a_champion_was_trained_after_it(tmp_path: Path) -> None:
    line = kept(tmp_path)
    refused = msgspec.structs.replace(line, id="m2", role=ModelRole.REFUSED, reason="its SHA-256 differs")
    (found,) = findings_of((line, refused), (), ())
    assert found.fingerprint == "model:refused:m2"
    assert found.message == "its SHA-256 differs; m1 predicts instead"
    assert "nothing predicts in its place" in findings_of((refused,), (), ())[0].message
    later = msgspec.structs.replace(line, trained_at=line.trained_at + 1)
    assert findings_of((later, refused), (), ()) == ()


def test_a_finding_is_told_when_it_is_new_and_ended_once() -> None:
    noticing = Noticing()
    amber, worse = findings_of((), (score(Flag.AMBER, "a"),), ()), findings_of((), (score(Flag.RED),), ())
    assert noticing.take(amber) == (amber, ())
    assert noticing.take(findings_of((), (score(Flag.AMBER, "other numbers"),), ())) == ((), ())
    assert noticing.take(worse) == (worse, ())
    assert noticing.take(()) == ((), (f"model:record:{FAMILY}",))
    assert noticing.take(()) == ((), ())


def test_what_a_run_before_left_standing_is_ended_by_the_first_look() -> None:
    amber = findings_of((), (score(Flag.AMBER),), ())
    before = ["drift:psi:GONE", *names(amber)]
    assert Noticing().take(amber, before) == (amber, ("drift:psi:GONE",))
