"""Errors: one tree, one sentence each, with the remedy."""

from __future__ import annotations

import inspect
import re
from datetime import date

import pytest

from sidecar.domain import errors

SAMPLES = (
    errors.InputError("quantity", "is negative", "give a whole number"),
    errors.UnknownContract("X", ("A", "B")),
    errors.FileRefused("a.csv", "breaks", "fetch it again", row=3),
    errors.ConfigurationError("port", "is taken"),
    errors.CalendarBeyond(date(2030, 1, 1), date(2018, 1, 1), date(2026, 12, 31)),
    errors.NotReported(),
    errors.NotKnown("lots", "NIFTY", date(2030, 1, 1)),
    errors.AlreadyRunning("data", 7),
    errors.JournalDamaged("journal", 12, 3, "bad CRC"),
    errors.JournalFailed("disk full"),
    errors.SchemaTooNew("desk.duckdb", 9, 3),
    errors.NotTrainable("12 rows, of 500 needed", "record longer"),
    errors.ModelNotKept("models", "disk full"),
    errors.ModelMissing("m1", "model.json is not there"),
    errors.ModelDamaged("m1", "model.json is not what was written"),
    errors.ModelUnreadable("m1", "it is no model"),
    errors.ModelOfOtherFeatures("m1", "50 features"),
    errors.BacktestFailed("the strategy failed"),
    errors.DeskUnreachable("http://127.0.0.1:8000", "refused"),
    errors.DeskRefused(409, "Conflict", "the breaker is tripped", {"limit": 1}),
)


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_is_one_sentence_on_one_line_and_holds_its_data(error: errors.DeskError) -> None:
    assert re.fullmatch(r"\S.*\S", str(error)), str(error)
    for argument in error.args[:1]:
        assert str(argument) in str(error)


def test_the_drawn_tree_is_the_tree() -> None:
    drawn = set(re.findall(r"(\w+)(?=[\s,)]|$)", str(errors.__doc__)))
    classes = {
        name: one for name, one in inspect.getmembers(errors, inspect.isclass) if one.__module__ == errors.__name__
    }
    assert set(classes) <= drawn
    assert all(issubclass(one, errors.DeskError) for one in classes.values())
    leaves = {name for name, one in classes.items() if not one.__subclasses__()}
    assert leaves <= {type(sample).__name__ for sample in SAMPLES}
