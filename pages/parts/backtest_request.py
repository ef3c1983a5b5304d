"""What is typed into the form of a backtest, made into a request; what cannot be read is told by its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pages.parts.words import known

Row = dict[str, Any]
#: Per cent on the screen, fractions on the wire.
_SHARES = ("commission", "slippage")
_WHOLE = ("train_window_days", "test_window_days", "retrain_frequency_days", "seed")
#: Only a strategy that looks at a model learns from windows or takes a model.
_OF_MODELS = ("mode", "model_id", "train_window_days", "test_window_days", "retrain_frequency_days")


class Asked(NamedTuple):
    """A request as the desk takes it, and by field what is wrong with what was typed."""

    request: Row
    errors: dict[str, str]


def values(text: str) -> list[float] | None:
    """The numbers of a parameter's field, separated by commas or spaces; None where one of them is none.

    >>> values("5, 10 20"), values(""), values("ten")
    ([5.0, 10.0, 20.0], [], None)
    """
    found = [known(part) for part in text.replace(",", " ").split()]
    return None if None in found else [one for one in found if one is not None]


def asked(fields: Row, parameters: Mapping[str, str], *, needs_model: bool) -> Asked:
    """The request of ``fields`` by wire name (what is None is left to the desk) and of ``parameters`` as typed.

    One number is that parameter; several are a sweep, in which every combination is a trial.
    """
    errors = {name: problem for name, problem in _REQUIRED.items() if not fields.get(name)}
    request = {name: value for name, value in fields.items() if value is not None and value != ""}
    if not needs_model:
        request = {name: value for name, value in request.items() if name not in _OF_MODELS}
    for name in ("start_date", "end_date"):
        if name in request:
            request[name] = str(request[name])
    for name in _SHARES:
        if name in request:
            request[name] = round(request[name] / 100, 10)
    for name in _WHOLE:
        if name in request:
            request[name] = int(request[name])
    given: dict[str, float] = {}
    swept: dict[str, list[float]] = {}
    for name, text in parameters.items():
        found = values(text)
        if found is None:
            errors[f"parameters.{name}"] = "is not a number, nor several with commas between"
        elif len(found) == 1:
            given[name] = found[0]
        elif found:
            swept[name] = found
    return Asked(request | {key: one for key, one in (("parameters", given), ("sweep", swept)) if one}, errors)


_REQUIRED = {"symbols": "name one or more", "start_date": "give a day", "end_date": "give a day"}


def trials(request: Row) -> int:
    """How many sets of parameters a request tries."""
    made = 1
    for found in (request.get("sweep") or {}).values():
        made *= len(found)
    return made


def refused(document: Row, detail: str) -> dict[str, str]:
    """What the desk says is wrong, by field; under the empty name where it names none."""
    rows = [row for row in document.get("errors") or () if isinstance(row, dict) and row.get("field")]
    if not rows:
        return {"": detail}
    # One field alone: the detail says the remedy too.
    if len(rows) == 1:
        field = str(rows[0]["field"])
        told = str(document.get("detail") or rows[0].get("problem"))
        return {_field(field): told.removeprefix(f"{field}: ")}
    return {_field(str(row["field"])): str(row.get("problem")) for row in rows}


def _field(name: str) -> str:
    """The field on the form: a sweep is typed where its parameter is."""
    head, _, rest = name.partition(".")
    return f"parameters.{rest}" if head == "sweep" and rest else head if head == "symbols" else name


def differences(requests: Mapping[str, Row]) -> list[Row]:
    """The fields in which requests differ, a row a field: ``field`` and what each run of that name asked."""
    flat = {name: _flat(request) for name, request in requests.items()}
    fields = sorted({field for one in flat.values() for field in one})
    rows = [{"field": field, **{name: one.get(field, "–") for name, one in flat.items()}} for field in fields]
    return [row for row in rows if len({row[name] for name in flat}) > 1]


def _flat(request: Row) -> dict[str, str]:
    made: dict[str, str] = {}
    for name, value in request.items():
        if isinstance(value, dict):
            made |= {f"{name}.{inner}": str(one) for inner, one in value.items()}
        elif isinstance(value, list):
            made[name] = ", ".join(str(one) for one in value)
        else:
            made[name] = "–" if value is None or value == "" else str(value)
    return made
