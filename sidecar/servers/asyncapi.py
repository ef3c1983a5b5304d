"""The streams' description, an AsyncAPI 3 document: made of the topics, the client frames and the examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import msgspec
from fastapi import APIRouter, Depends
from starlette.responses import Response

from sidecar.servers import frame_shapes
from sidecar.servers import topics as table
from sidecar.servers.auth import Public
from sidecar.servers.examples import AT
from sidecar.servers.examples_frames import ANSWERS, ASKED, EPOCH
from sidecar.servers.frame_shapes import answer_schemas, data_schema, envelope, example_of, row_schema
from sidecar.servers.messages import AnyMessage
from sidecar.servers.routes import answer, declared
from sidecar.servers.shapes import Schema, inlined, plain
from sidecar.servers.stream_settings import StreamSettings
from sidecar.servers.subscriber import POLICY, SLOW, TRY_LATER

PATH = "/asyncapi.json"
#: The codes of ``error``, and what each means.
ERRORS = {
    "authenticated": "this socket has its key already",
    "bad_json": "what came is not JSON",
    "binary": "what came is no text frame",
    "forbidden": "this key's role may not read the topic",
    "invalid": "a field is wrong; the message names it",
    "too_fast": "more messages a second than a client may send",
    "unknown_topic": "there is no such topic",
}
_ANSWERED = {
    "connection": "The first frame: who the client is, and the epoch.",
    "ack": "A subscribe or unsubscribe was done. `start` says how a topic begins: `snapshot`, `resumed` (with what was "
    "missed), or `resync` (a snapshot, as the history does not reach back).",
    "error": "A frame that could not be used; nothing changed. Codes: "
    + "; ".join(f"`{code}`, {what}" for code, what in ERRORS.items())
    + ".",
    "pong": "The answer to a ping.",
}
_KINDS = {
    "latest": "Conflated for a slow reader; the newest always arrives.",
    "every": f"Never skipped: a reader whose queue is full is closed with {SLOW} and resumes by seq, nothing lost.",
    "clock": "Told by the server's own clock.",
}
_CHANNELS = (
    ("ws", "/ws", "The streams", "Nothing is subscribed at first."),
    ("emergency", "/emergency/ws", "The streams, eight types from the start", "Starts subscribed to: {topics}."),
)


def describe(version: str, settings: StreamSettings) -> Schema:
    """The AsyncAPI 3.0 document of the streams of this program."""
    messages = {**_asked(), **_answered(), **_told()}
    return {
        "asyncapi": "3.0.0",
        "info": _info(version, settings),
        "defaultContentType": "application/json",
        "servers": {"desk": _server()},
        "channels": {name: _channel(path, title, what, messages) for name, path, title, what in _CHANNELS},
        "operations": {name: row for channel in _CHANNELS for name, row in _operations(channel[0])},
        "components": {"messages": messages, "schemas": _rows(), "securitySchemes": _SCHEMES},
    }


_SCHEMES = {
    "key": {"type": "httpApiKey", "in": "header", "name": "X-API-Key", "description": "A key of any role."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "The same key, as a bearer token."},
    "frame": {
        "type": "userPassword",
        "description": 'For a browser, which cannot set a header: the first frame is {"type": "auth", "key": "…"}.',
    },
}


def _info(version: str, settings: StreamSettings) -> Schema:
    limits = (
        f"A message is text of at most {settings.max_message_bytes} bytes; {settings.messages_per_s:g} a second; "
        f"{settings.sockets_per_address} sockets from one address (429 before the upgrade). Without a key in a header "
        f"the first frame must bring one within {settings.auth_wait_s:g} s. A foreign `Origin` is refused with 403 "
        f"before the upgrade, a wrong key with 401. Of an `every` topic {settings.queue} frames wait for a reader and "
        f"{settings.history} can be resumed from, {settings.recalled} after a restart. An unknown number is `null`."
    )
    codes = (
        "Close codes: 1012 the server ends; 1007 text that is not UTF-8; 1009 a message that is too large; 1011 pings "
        f"that are not answered; {TRY_LATER} no key in time; {POLICY} a wrong or revoked key, {settings.bad_in_a_row} "
        f"messages in a row that could not be used, or answers that are not read; {SLOW} too slow (a full queue, or "
        f"nothing taken for {settings.stalled_s:g} s): reconnect and resume."
    )
    about = (
        "Live topics of the desk. A subscribe adds topics; each is answered by one `snapshot`, then changes, numbered "
        "by `seq` within `topic` and `epoch`. A change is one row, which replaces the row of the same key, or takes "
        "it away when it says `removed`. Resume with the last `epoch` and `seq` to miss nothing, over a restart of the "
        "desk too; a new epoch begins only where history was lost. The REST API of the same desk describes itself at "
        "`/openapi.json`."
    )
    return {
        "title": "Deskwatch streams",
        "version": version,
        "description": "\n\n".join((about, limits, codes)),
        "license": {"name": "MIT"},
        "tags": [{"name": kind, "description": what} for kind, what in _KINDS.items()],
    }


def _server() -> Schema:
    return {
        "host": "127.0.0.1:8000",
        "protocol": "ws",
        "description": "The sidecar on this machine; behind a proxy with TLS, wss.",
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SCHEMES],
    }


def _channel(path: str, title: str, what: str, messages: Schema) -> Schema:
    return {
        "address": path,
        "title": title,
        "description": what.format(topics=", ".join(table.EMERGENCY)),
        "servers": [{"$ref": "#/servers/desk"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _operations(channel: str) -> Iterator[tuple[str, Schema]]:
    """From the server's side: it receives what clients say, and sends the rest."""
    for name, message in _asked().items():
        replies = {"ping": ("pong",), "subscribe": ("ack", "error"), "unsubscribe": ("ack", "error")}.get(name, ())
        made = _operation("receive", channel, (name,), message["summary"])
        if replies:
            made["reply"] = {"channel": _to(channel), "messages": [_to(channel, one) for one in replies]}
        yield f"{channel}_{name}", made
    yield f"{channel}_connection", _operation("send", channel, ("connection",), _ANSWERED["connection"])
    for topic in table.TOPICS:
        names = (f"{topic.name}_snapshot", *topic.types)
        yield f"{channel}_topic_{topic.name}", _operation("send", channel, names, f"The topic {topic.name}.")


def _operation(action: str, channel: str, names: Sequence[str], summary: str) -> Schema:
    messages = [_to(channel, name) for name in names]
    made = {"action": action, "channel": _to(channel), "messages": messages}
    return {**made, "title": " or ".join(names), "description": summary}


def _to(channel: str, message: str = "") -> Schema:
    return {"$ref": f"#/channels/{channel}" + (f"/messages/{message}" if message else "")}


# ---- the messages ------------------------------------------------------------------------------------------------


def _asked() -> Schema:
    found = {}
    for struct in get_args(AnyMessage):
        shape = inlined(msgspec.json.schema(struct))
        name = shape["properties"]["type"]["enum"][0]
        about = " ".join(shape.pop("description", "").split()) or f"Takes topics away ({name})."
        found[name] = _message(name, about, shape, [("asked", ASKED[name])])
    return found


def _answered() -> Schema:
    found: Schema = {}
    for name, shape in answer_schemas(ERRORS).items():
        shown = _frame(name, "connection", plain(ANSWERS[name]))
        found[name] = _message(name, _ANSWERED[name], envelope(name, "connection", shape), [("answered", shown)])
    return found


def _told() -> Schema:
    found: Schema = {}
    for topic in table.TOPICS:
        types, key = topic.types, list(topic.key)
        rows = [example_of(types[0])] if topic.kind != "clock" else []
        shape = envelope("snapshot", topic.name, frame_shapes.snapshot_schema(types[0], key, _row(types[0])), 0)
        state = {"type": types[0], "key": key, "rows": rows}
        about = f"The state of the topic {topic.name} at `seq`, its answer to a subscribe. Role: {topic.role}."
        found[f"{topic.name}_snapshot"] = _message(
            "snapshot", about, shape, [("snapshot", _frame("snapshot", topic.name, state))], topic.kind
        )
        for kind in types:
            shape = envelope(kind, topic.name, data_schema(kind, key, _row(kind)))
            about = f"A change of the topic {topic.name}. {_KINDS[topic.kind]} Role: {topic.role}."
            shown = [("changed", _frame(kind, topic.name, example_of(kind)))]
            found[kind] = _message(kind, about, shape, shown, topic.kind)
    return found


def _rows() -> Schema:
    return {kind: {"title": kind, **row_schema(kind)} for topic in table.TOPICS for kind in topic.types}


def _row(kind: str) -> Schema:
    return {"$ref": f"#/components/schemas/{kind}"}


def _message(name: str, about: str, payload: Schema, shown: Sequence[tuple[str, Any]], kind: str = "") -> Schema:
    made = {
        "name": name,
        "title": name,
        "summary": about,
        "contentType": "application/json",
        "payload": payload,
        "examples": [{"name": title, "payload": example} for title, example in shown],
    }
    return {**made, "tags": [{"name": str(kind)}]} if kind else made


def _frame(kind: str, topic: str, data: Any) -> Schema:
    return {"type": kind, "topic": topic, "epoch": EPOCH, "seq": 13, "timestamp": AT, "data": data}


def router(version: str, settings: StreamSettings) -> APIRouter:
    """The description's route, for ``create_app(…, routers=[…])``."""
    made = APIRouter(include_in_schema=False, dependencies=[Depends(Public(_WHY)), Depends(declared)])
    told: list[Schema] = []

    async def asyncapi() -> Response:
        if not told:
            told.append(describe(version, settings))
        return answer(told[0])

    made.add_api_route(PATH, asyncapi, methods=["GET"])
    return made


_WHY = "the streams' description holds no data"
