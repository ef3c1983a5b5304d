"""The API against its own description: what is generated from it must find nothing that the description does not say.

Twice: on the desk of the simulated market behind every door there is, and on the desk in memory whose contracts are
those of the examples, so that orders and closes are accepted too. Both as an admin, with every check of Schemathesis.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from logging import WARNING
from pathlib import Path
from sys import stderr
from typing import Any

import msgspec
import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers.keys import Role
from sidecar.telemetry import log
from tests.servers.desk import QUICK, Stand
from tests.wiring import small, started

#: What a schema cannot say and the desk refuses by the field's name (422): which funds, contracts and limits it knows,
#: and what two fields mean together.
JUDGED = {
    "symbol": "a listed contract",
    "underlying": "a listed underlying",
    "expiry": "a listed expiry",
    "fund_id": "a fund of this desk; and a strategy is a fund's",
    "strategy": "a strategy that holds something",
    "orders": "orders of which each could be placed",
    "limits": "limits that there are, with values that make sense; below the desk alone they can be taken away",
    "client_order_id": "the Idempotency-Key, where both are given",
    "price": "given with LIMIT alone, on the tick",
    "quantity": "whole lots",
    "position_id": "exactly one of three",
    "extra": "legs that are listed, in whole lots",
    "spots": "at most so many cells together",
    "sql": "one SELECT over the desk's tables",
    "body": "at most so many cells together",
    "from": "a time that exists",
    "to": "a time that exists",
    "series": "as many of each, oldest first",
    **dict.fromkeys(("symbols", "start_date", "end_date"), "of what there are data of"),
    "initial_capital": "money that anyone has",
    **dict.fromkeys(("commission", "slippage"), "a fraction of the price, and no percentage"),
    **dict.fromkeys(("parameters", "sweep"), "what the strategy takes"),
    **dict.fromkeys(("model_id", "engine", "instrument", "source"), "what fits the strategy"),
    "retrain_frequency_days": "no longer than a test window",
}
CHECKS_THAT_RAN = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "ignored_auth",
    "unsupported_method", "allow_header_conformance", "missing_required_header",
}  # fmt: skip


@contextmanager
def real(folder: Path) -> Iterator[tuple[FastAPI, str]]:
    with Sidecar(small(folder, strategy="demo")) as sidecar:
        key = sidecar.keys.add(Role.ADMIN, "test")
        undo = log.install(stderr, WARNING)
        try:
            yield app_of(started(sidecar)), key
        finally:
            undo()


@contextmanager
def in_memory(folder: Path) -> Iterator[tuple[FastAPI, str]]:
    stand = Stand(folder, settings=replace(QUICK, settle_wait_s=0.01))
    stand.desk.set_limits = {"daily_loss": 0.03, "drawdown": 0.08, "capital_utilization": 0.8}
    yield stand.app, stand.secrets[Role.ADMIN]


def settings_of(key: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": 20251124,
            "base-url": "http://127.0.0.1:8000",
            "headers": {"X-API-Key": key},
            "continue-on-failure": True,
            "generation": {
                "deterministic": True,
                "max-examples": 2,
                "no-shrink": True,
                "with-security-parameters": False,  # two keys in one request are refused: tests/servers/test_auth.py
            },
            "phases": {"stateful": {"enabled": False}},
        }
    )


def is_judged(name: str, content: bytes | None) -> bool:
    """Whether a refusal is one that no schema can foretell."""
    told: Any = msgspec.json.decode(content) if content else {}
    fields = [row["field"].partition(".")[0].partition("[")[0] for row in told.get("errors", [])]
    return name == "positive_data_acceptance" and bool(fields) and set(fields) <= set(JUDGED)


@pytest.mark.slow
@pytest.mark.parametrize("desk", [real, in_memory])
def test_nothing_is_found_that_the_description_does_not_say(tmp_path: Path, desk: Any) -> None:
    found, checks, operations, cases, errors = dict[str, str](), Counter[str](), set[str](), 0, list[str]()
    with desk(tmp_path) as (app, key):
        schema = schemathesis.openapi.from_asgi(
            "/openapi.json", app, config=settings_of(key), headers={"Host": "127.0.0.1"}
        )
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError | events.SchemaAnalysisWarnings):
                errors.append(str(vars(event) if hasattr(event, "__dict__") else event))
            if not isinstance(event, events.ScenarioFinished):
                continue
            recorder = event.recorder
            cases += len(recorder.cases)
            operations |= {case.value.operation.label for case in recorder.cases.values()}
            for case_id, nodes in recorder.checks.items():
                answer = recorder.interactions[case_id].response if case_id in recorder.interactions else None
                for node in nodes:
                    checks[node.name] += 1
                    if node.failure_info and not is_judged(node.name, answer.content if answer else None):
                        case, failure = recorder.cases[case_id].value, node.failure_info.failure
                        sent = f"{case.formatted_path} {case.query} {case.body!r}"
                        told = f"{failure.message[:200]} | {sent[:200]} | {answer.content[:300]!r}" if answer else sent
                        found.setdefault(f"{node.name} {failure.operation}", told)
    counted = sum(checks.values())
    print(f"schemathesis: {len(operations)} operations, {cases} cases, {counted} checks, {len(found)} failures")
    assert errors == []
    assert found == {}
    documented = {
        f"{method.upper()} {path}" for path, methods in schema.raw_schema["paths"].items() for method in methods
    }
    assert operations == documented
    assert set(checks) >= CHECKS_THAT_RAN
    assert cases > 20 * len(operations)
