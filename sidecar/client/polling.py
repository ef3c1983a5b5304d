"""The rows of a stream's topics as REST tells them, for whoever has no stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sidecar.client.mirror import Frame, Json

Rows = Callable[[Json], Iterable[Json]]
_WORKING = frozenset({"pending", "open", "partially_filled", "unknown"})

#: What a breaker's event says of its cause, and what it says when there is none.
_CAUSE = {"trigger": "", "actor": "", "limit_name": "", "limit": None, "value": None, "scope": "*"}


class Source(NamedTuple):
    """Where a topic's rows are read, which fields name a row, and which part of the answer they are."""

    path: str
    key: tuple[str, ...]
    rows: Rows
    query: Mapping[str, int] = {}


def _breaker(answer: Json) -> Iterable[Json]:
    """The state in the shape of an event, as the stream's snapshot has it before the first event."""
    found = answer["data"]["circuit_breaker"]
    cause: Json = found["triggers"][-1] if found["triggers"] else {}
    told = {"event": "state", "state": found["status"], "at": found["since"], "halt_seq": found["halt_seq"]}
    told["reason"] = cause.get("trigger", "")
    return [told | {name: cause.get(name, missing) for name, missing in _CAUSE.items()}]


def _orders(answer: Json) -> Iterable[Json]:
    return [row for row in answer["orders"] if row["state"] in _WORKING]


#: The topics that can be read. Of the others there is no state without a stream.
SOURCES: Mapping[str, Source] = {
    "breaker": Source("/emergency/status", (), _breaker),
    "market": Source("/emergency/status", ("symbol",), lambda answer: answer["data"]["markets"]),
    "positions": Source("/emergency/positions", ("id",), lambda answer: answer["positions"]),
    "pnl": Source("/api/v1/funds", ("fund_id",), lambda answer: answer["funds"]),
    "greeks": Source(
        "/emergency/risk-metrics", ("fund_id", "underlying"), lambda answer: answer["data"]["greeks"]
    ),
    "data_quality": Source(
        "/emergency/data-quality", ("symbol",), lambda answer: answer["report"]["symbols"].values()
    ),
    "orders": Source("/api/v1/orders", ("id",), _orders, {"limit": 500}),
}  # fmt: skip


def read(topics: Sequence[str], wanted: Mapping[str, str], ask: Callable[..., Json]) -> list[Frame]:
    """One ``polled`` frame a topic that can be read; each path is asked once. One that fails fails them all.

    :param ask: GETs a path with a query; raises what ``Desk`` raises.
    """
    known = {topic: SOURCES[topic] for topic in topics if topic in SOURCES}
    answers = {source.path: ask(source.path, **source.query) for source in known.values()}
    made = []
    for topic, (path, key, rows, _) in known.items():
        found = [row for row in rows(answers[path]) if _passes(row, wanted)]
        data: dict[str, Any] = {"type": topic, "key": list(key), "rows": found}
        made.append(Frame("snapshot", topic, "", 0, _time(answers[path]), data, polled=True))
    return made


def _passes(row: Json, wanted: Mapping[str, str]) -> bool:
    return all(str(row.get(name, value)) == value for name, value in wanted.items())


def _time(answer: Json) -> str:
    inside = answer.get("data") or answer.get("report") or answer
    return str(inside.get("timestamp") or inside.get("as_of") or "")
