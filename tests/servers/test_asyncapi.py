"""The streams' description: sound in itself, true of what is sent, and served to whoever asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema_rs import Draft7Validator, meta
from starlette.testclient import TestClient

from sidecar.domain import wire
from sidecar.domain.alerts import Alert, AlertLevel, AlertType
from sidecar.domain.clock import to_datetime
from sidecar.domain.orders import Order, OrderRequest, OrderState, Side
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import (
    AlertRecorded,
    Audited,
    Entry,
    OrderRecorded,
    OutcomeRecorded,
    PredictionRecorded,
    SignalRecorded,
)
from sidecar.domain.signals import Signal, SignalRequest, SignalStatus, SignalType
from sidecar.domain.system import SystemLine
from sidecar.domain.training import JobState, TrainingJob
from sidecar.servers import asyncapi, backtest_answers, learning, monitoring
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore
from sidecar.servers.messages import AnyMessage, decode
from sidecar.servers.stream_settings import StreamSettings
from sidecar.servers.topics import TOPICS, Kind
from tests.servers.desk import CALL, QUICK, T0, Desk, fund, position, report
from tests.servers.frames import FrameChecker
from tests.servers.specification import SPECIFICATION
from tests.store.learnt import backtest, became, prediction

DOCUMENT = json.loads(wire.encode(asyncapi.describe("0.1.0", StreamSettings())))
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]

# ---- the document ------------------------------------------------------------------------------------------------


def _refs(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        for one in part.values():
            yield from _refs(one)
    elif isinstance(part, list):
        for one in part:
            yield from _refs(one)


def _at(ref: str) -> Any:
    found: Any = DOCUMENT
    for name in ref.removeprefix("#/").split("/"):
        found = found[name]
    return found


def test_the_document_is_made_of_what_asyncapi_has_and_every_reference_leads_somewhere() -> None:
    wrong = [
        f"{list(error.instance_path)}: {error.message}"
        for error in Draft7Validator(SPECIFICATION).iter_errors(DOCUMENT)
    ]
    assert wrong == []
    assert all(_at(ref) for ref in _refs(DOCUMENT))


def test_an_operation_speaks_only_of_its_own_channel_and_each_message_is_spoken_of() -> None:
    spoken = set()
    for name, operation in DOCUMENT["operations"].items():
        channel = operation["channel"]["$ref"]
        for one in (*operation["messages"], *operation.get("reply", {}).get("messages", ())):
            assert one["$ref"].startswith(f"{channel}/messages/"), name
            spoken.add(one["$ref"].rpartition("/")[2])
    assert spoken == set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_has_a_sound_schema_and_an_example_that_fits_it(name: str) -> None:
    payload = MESSAGES[name]["payload"]
    meta.validate({"$schema": "http://json-schema.org/draft-07/schema#", **payload})
    validator = Draft7Validator(payload | {"components": DOCUMENT["components"]}, validate_formats=True)
    assert MESSAGES[name]["examples"]
    for example in MESSAGES[name]["examples"]:
        assert [error.message for error in validator.iter_errors(example["payload"])] == []


def test_every_topic_and_every_client_frame_is_described_and_what_a_client_sends_is_understood() -> None:
    told = {(row["name"], row["payload"]["properties"].get("topic", {}).get("const")) for row in MESSAGES.values()}
    for topic in TOPICS:
        assert {(kind, topic.name) for kind in ("snapshot", *topic.types)} <= told
    asked = [row for row in MESSAGES.values() if "topic" not in row["payload"]["properties"] or row["name"] == "seen"]
    assert len(asked) == len(get_args(AnyMessage))
    for row in asked:
        assert decode(json.dumps(row["examples"][0]["payload"]))


def test_what_a_client_must_know_to_stay_connected_stands_in_the_description() -> None:
    about = asyncapi.describe("1.2.3", StreamSettings(max_message_bytes=777, queue=55))["info"]
    assert about["version"] == "1.2.3"
    for word in ("777 bytes", "55 frames", "4008", "1008", "1007", "1009", "1011", "1012", "429", "Origin"):
        assert word in about["description"], word


def test_anybody_may_read_it(tmp_path: Path) -> None:
    ports = Desk().ports()
    router = asyncapi.router("0.1.0", StreamSettings())
    app = create_app(ports, KeyStore(tmp_path), QUICK, [router])
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        told = client.get("/asyncapi.json")
        assert (told.status_code, told.json()) == (200, DOCUMENT)
        assert client.get("/asyncapi.json?x=1").status_code == 422


# ---- the document and what is sent -------------------------------------------------------------------------------

NAN = float("nan")
ALERT = Alert("A1", "limits:breach:main", "limits", "breach", AlertType.ERROR, AlertLevel.CRITICAL, 5, "t", "m", T0, T0)
SIGNAL = Signal("S1", SignalRequest(CALL.id, SignalType.HOLD, 0.5, 60.0), "ann", T0, None, T0)
ORDER = Order("O1", OrderRequest(CALL.id, Side.BUY, 75), OrderState.PENDING, "ann", T0, T0)
PERFORMANCE = PerformanceLine(
    "*", to_datetime(T0), NAN, NAN, NAN, 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, "day", NAN, 0
)
SYSTEM = SystemLine(
    to_datetime(T0), "ok", ("late",), 0, 1, 1, 1, 0, NAN, NAN, NAN, 1, NAN, 1, NAN, NAN, 1.0, 0, {"a": 1}, {"b": "up"}
)
PREDICTION = prediction("P1", T0, expected_value=None)
JOB = TrainingJob("T2", "daily", "desk", JobState.DONE, "2025-11-24", False, "over", "", 1.0, T0, T0, T0, 60.0, 5)
RECORDS = (
    OrderRecorded(T0, ORDER, CALL),
    OrderRecorded(T0, msgspec.structs.replace(ORDER, state=OrderState.FILLED, average_price=None), CALL),
    AlertRecorded(T0, ALERT),
    AlertRecorded(T0, msgspec.structs.replace(ALERT, resolved=True, resolved_at=T0, details={"limit": "0.03"})),
    SignalRecorded(T0, SIGNAL),
    SignalRecorded(T0, msgspec.structs.replace(SIGNAL, status=SignalStatus.SCORED, scored_at=T0, correct=True)),
    PredictionRecorded(T0, PREDICTION),
    OutcomeRecorded(T0, became("P1", 1, T0)),
    OutcomeRecorded(T0, became("P1", 2, T0, label=None, move=None, entry_price=None, exit_price=None, correct=None)),
    Audited(T0, "ann", "stop", "done"),
)


#: The rows that no report holds.
_APART = {
    "status": [monitoring.system(SYSTEM)],
    "training": [learning.training(TrainingJob("T1", "asked", "ann")), learning.training(JOB)],
    "backtests": [backtest_answers.job(backtest()), backtest_answers.job(backtest(simulated=None, started_at=0))],
}


def _frame(kind: str, topic: str, data: Any) -> dict[str, Any]:
    told = {
        "type": kind,
        "topic": topic,
        "epoch": "e",
        "seq": 1,
        "timestamp": "2025-11-24T06:30:00+00:00",
        "data": data,
    }
    return json.loads(wire.encode(told))  # type: ignore[no-any-return]


def _sent() -> Iterator[dict[str, Any]]:
    """A frame of each kind, made of what the desk says: numbers that nobody knows among them."""
    unknown = position(expiry=None, strike=None, option_type=None, current_price=NAN, updated_at=None, iv=NAN)
    shown = report(
        positions=(position(), unknown), funds=(fund(), fund(daily_pnl=NAN)), performance=(PERFORMANCE,),
        alerts=(ALERT,), signals=(SIGNAL,), orders=(ORDER,), predictions=(PREDICTION,),
    )  # fmt: skip
    for topic in TOPICS:
        rows = list(topic.rows(shown)) if topic.rows is not None else []
        rows += _APART.get(topic.name, [])
        told = [topic.told[type(one)](9, Entry(T0, one)) for one in RECORDS if type(one) in topic.told]
        yield _frame("snapshot", topic.name, {"type": topic.type, "key": topic.key, "rows": rows})
        for row in (*rows, *told):
            yield _frame(topic.type_of(row), topic.name, row)
        if topic.key and topic.kind is Kind.LATEST:
            yield _frame(topic.type, topic.name, dict.fromkeys(topic.key, "x") | {"removed": True})


def _rows() -> list[dict[str, Any]]:
    """The frames whose data is a whole row."""
    return [frame for frame in _sent() if frame["type"] != "snapshot" and len(frame["data"]) > 4]


def test_what_the_desk_says_is_as_described() -> None:
    checker = FrameChecker(DOCUMENT)
    for frame in _sent():
        checker.check(frame)
    told = {kind for topic in TOPICS for kind in topic.types}
    assert set(checker.seen) == told - {"heartbeat"} | {"snapshot"}


def test_a_field_that_is_missing_renamed_or_of_another_type_is_found() -> None:
    checker = FrameChecker(DOCUMENT)
    for frame in _rows():
        for name, value in frame["data"].items():
            left = {key: one for key, one in frame["data"].items() if key != name}
            other = 7 if isinstance(value, list | dict) else ["?"]
            for wrong in (left, left | {f"{name}_": value}, left | {name: other}):
                with pytest.raises(AssertionError):
                    checker.check({**frame, "data": wrong})
    for frame in ({"type": "other", "topic": "orders"}, _frame("order_update", "alerts", {})):
        with pytest.raises(AssertionError, match="not described"):
            checker.check(frame)


def test_what_cannot_be_unknown_may_not_be_null() -> None:
    checker = FrameChecker(DOCUMENT)
    frames = {frame["type"]: frame for frame in _rows()}
    fields = {"position_update": "quantity", "alert": "level", "order_update": "state", "pnl_update": "quality"}
    for kind, field in fields.items():
        with pytest.raises(AssertionError, match=field):
            checker.check({**frames[kind], "data": {**frames[kind]["data"], field: None}})
