"""The JSON schema of every frame: read off the structs that are sent, and off an example where none says it.

A row holds every field of its example, no field fewer; only what a struct lets be unknown may be ``null``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sidecar.domain.alerts import Alert
from sidecar.domain.backtests import BacktestJob
from sidecar.domain.breaker import BreakerEvent
from sidecar.domain.models import Prediction, PredictionOutcome
from sidecar.domain.orders import Order, OrderRequest
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.report import FundLine, GreeksLine, MarketLine, PositionLine, QualityLine
from sidecar.domain.signals import Signal, SignalRequest
from sidecar.domain.system import SystemLine
from sidecar.domain.training import TrainingJob
from sidecar.servers.examples_frames import EPOCH, ROWS
from sidecar.servers.examples_learning import ENDED
from sidecar.servers.keys import Role
from sidecar.servers.shapes import Maybe, Schema, inlined, plain, schema

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_TEXT: Schema = {"type": "string"}
_WHEN: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NULL: Schema = {"type": "null"}

#: The structs whose fields a row has, the first that has a field saying what it is.
_STRUCTS: Mapping[str, tuple[type[msgspec.Struct], ...]] = {
    "circuit_breaker_event": (BreakerEvent,),
    "alert": (Alert,),
    "alert_resolved": (Alert,),
    "order_update": (Order, OrderRequest),
    "trading_signal": (Signal, SignalRequest),
    "position_update": (PositionLine,),
    "pnl_update": (FundLine,),
    "greeks_update": (GreeksLine,),
    "market_condition": (MarketLine,),
    "data_quality": (QualityLine,),
    "performance_update": (PerformanceLine,),
    "system_status": (SystemLine,),
    "prediction": (Prediction,),
    "training_progress": (TrainingJob,),
    "backtest_progress": (BacktestJob,),
}
#: Those of a row that ends another, and has fields of its own.
_ENDS: Mapping[str, type[msgspec.Struct]] = {"prediction": PredictionOutcome}


def row_schema(kind: str) -> Schema:
    """What the row of a frame of this type looks like."""
    return _shape(ROWS[kind], _STRUCTS.get(kind, ()))


def _shape(shown: Mapping[str, Any], structs: tuple[type[msgspec.Struct], ...]) -> Schema:
    known: Schema = {}
    for struct in reversed(structs):
        known |= inlined(msgspec.json.schema(struct))["properties"]
    fields = {name: _field(value, known.get(name)) for name, value in shown.items()}
    return {"type": "object", "properties": fields, "required": sorted(fields)}


def data_schema(kind: str, key: Iterable[str], row: Schema) -> Schema:
    """What a frame's ``data`` may be: the row, the row that ends it, or, where none says ``removed``, its name."""
    if kind in ENDED:
        ended = _shape(ENDED[kind], (_ENDS[kind],))
        return {"anyOf": [row, {"title": "removed", **ended}]}
    names, fields = sorted(key), row_schema(kind)["properties"]
    if not names or "removed" in fields:
        return row
    gone = {name: fields[name] for name in names} | {"removed": {"const": True}}
    said = {"type": "object", "properties": gone, "required": [*names, "removed"], "additionalProperties": False}
    return {"anyOf": [row, {"title": "removed", **said}]}


def snapshot_schema(kind: str, key: Iterable[str], row: Schema) -> Schema:
    """The ``data`` of a topic's snapshot."""
    fields = {
        "type": {"const": kind},
        "key": {"const": list(key), "description": "the fields that name a row; none for a topic of one row"},
        "rows": {"type": "array", "items": row},
    }
    return {"type": "object", "properties": fields, "required": sorted(fields)}


def envelope(kind: str, topic: str, data: Schema, least: int = 1) -> Schema:
    """The frame round its data; ``least`` is the smallest ``seq`` that it may carry."""
    fields = {
        "type": {"const": kind},
        "topic": {"const": topic},
        "epoch": {**_TEXT, "minLength": 1, "description": "the history that seq counts in", "examples": [EPOCH]},
        "seq": {"type": "integer", "minimum": least, "description": "counts within topic and epoch"},
        "timestamp": _WHEN,
        "data": data,
    }
    return {"type": "object", "properties": fields, "required": sorted(fields), "additionalProperties": False}


def answer_schemas(codes: Iterable[str]) -> dict[str, Schema]:
    """What the frames that answer one client alone carry; ``codes`` are those of an ``error``."""
    begun = {
        "type": _TEXT,
        "kind": {"enum": ["latest", "every", "clock"]},
        "seq": _COUNT,
        "start": {"enum": ["snapshot", "resumed", "resync"]},
    }
    topic = {"type": "object", "properties": begun, "required": ["kind", "seq", "start", "type"]}
    names: Schema = {"type": "array", "items": _TEXT}
    return {
        "connection": _of(
            client_id=_TEXT, role={"enum": [role.value for role in Role]}, epoch=_TEXT, server_version=_TEXT
        ),
        "ack": {
            "anyOf": [
                _of(to={"const": "subscribe"}, topics={"type": "object", "additionalProperties": topic}),
                _of(to={"const": "unsubscribe"}, topics={**names, "description": "what is still subscribed"}),
            ]
        },
        "error": _of(code={"enum": sorted(codes)}, message=_TEXT),
        "pong": _of(),
    }


def _of(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": sorted(fields)}


def _field(value: Any, known: Schema | None) -> Schema:
    shown = value.value if isinstance(value, Maybe) else value
    if known is None or _told_otherwise(shown, known):
        found = _dated({"type": "integer"} if type(shown) is int else schema(shown), shown)
        return {"anyOf": [found or _WHEN, _NULL]} if isinstance(value, Maybe) else found
    return _dated(_wire(known), shown)


def _told_otherwise(shown: Any, known: Schema) -> bool:
    """Whether the wire shows as text (or as nothing) what the struct holds as a number: a time."""
    return known.get("type") == "integer" and not isinstance(shown, int)


def _dated(found: Schema, shown: Any) -> Schema:
    if not (isinstance(shown, str) and _TIME.match(shown)):
        return found
    if "anyOf" in found:
        return {"anyOf": [_dated(one, shown) for one in found["anyOf"]]}
    return {**found, "format": "date-time"} if found == _TEXT else found


def _wire(known: Any) -> Any:
    """A struct's schema as its JSON is: a float that is not known is ``null``, money is a number."""
    if isinstance(known, list):
        return [_wire(one) for one in known]
    if not isinstance(known, dict):
        return known
    said = {name: _wire(one) for name, one in known.items() if name not in ("default", "title", "description")}
    if "prefixItems" in said:
        said["items"] = said.pop("prefixItems")  # AsyncAPI's schemas are those of draft 7
    if said == {"type": "string", "format": "decimal"}:
        return {"type": "number"}
    return {"type": ["number", "null"]} if said == {"type": "number"} else said


def example_of(kind: str) -> Any:
    """The example of a type's row, as it is sent."""
    return plain(ROWS[kind])
