"""Schemas that are read off examples."""

import json
from typing import Any

import pytest
from jsonschema_rs import is_valid

from sidecar.servers import examples, examples_acts, examples_analytics
from sidecar.servers.shapes import Maybe, Named, plain, schema

EXAMPLES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in (examples, examples_acts, examples_analytics)
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, dict)
}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_fits_its_own_schema_and_is_plain_json(name: str) -> None:
    shown = json.loads(json.dumps(plain(EXAMPLES[name]), allow_nan=False))
    assert is_valid(schema(EXAMPLES[name]), shown)


def test_a_missing_field_or_a_wrong_type_does_not_fit() -> None:
    made = schema({"at": "x", "rows": [{"n": 1}], "by": Named({"NIFTY": 1.5}), "end": Maybe("y"), "any": None})
    good: dict[str, Any] = {"at": "x", "rows": [], "by": {}, "end": None, "any": [1]}
    assert is_valid(made, good)
    assert is_valid(made, good | {"rows": [{"n": None, "more": "z"}], "by": {"OTHER": None}, "new": 1})
    misfits: tuple[dict[str, Any], ...] = (
        {"at": None}, {"rows": [{}]}, {"rows": [{"n": "1"}]}, {"by": {"NIFTY": "x"}}, {"end": 3},
    )  # fmt: skip
    for wrong in misfits:
        assert not is_valid(made, good | wrong), wrong
    assert not is_valid(made, {name: value for name, value in good.items() if name != "at"})


def test_a_list_of_two_kinds_takes_both_and_what_has_no_json_is_refused() -> None:
    made = schema({"rows": ["a", 1, "b"]})
    assert is_valid(made, {"rows": ["x", 2]})
    assert not is_valid(made, {"rows": [True]})
    with pytest.raises(TypeError):
        schema({"at": object()})
