"""The parts of AsyncAPI 3.0.0 that our document is made of, as a JSON schema: what there may be, what there must be."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(required: str = "", **fields: Any) -> Schema:
    return {"type": "object", "properties": fields, "required": required.split(), "additionalProperties": False}


def _map(one: Schema) -> Schema:
    return {"type": "object", "propertyNames": {"pattern": r"^[A-Za-z0-9_\-]+$"}, "additionalProperties": one}


def _list(one: Schema) -> Schema:
    return {"type": "array", "items": one, "minItems": 1}


def _one_of(*values: str) -> Schema:
    return {"enum": list(values)}


_TEXT: Schema = {"type": "string", "minLength": 1}
_ANY: Schema = {"type": "object"}
_REF = {
    "type": "object",
    "properties": {"$ref": {"type": "string", "pattern": "^#/"}},
    "required": ["$ref"],
    "additionalProperties": False,
}
_TAGS = _list(_object("name", name=_TEXT, description=_TEXT))
_INFO = _object(
    "title version", title=_TEXT, version=_TEXT, description=_TEXT, license=_object("name", name=_TEXT), tags=_TAGS
)
_SERVER = _object(
    "host protocol",
    host={"type": "string", "pattern": "^[^/]+$"},
    protocol=_one_of("ws", "wss"),
    description=_TEXT,
    security=_list(_REF),
)
_CHANNEL = _object(
    "address messages",
    address={"type": "string", "pattern": "^/"},
    title=_TEXT,
    description=_TEXT,
    servers=_list(_REF),
    messages=_map(_REF),
    bindings=_object("ws", ws=_object(method=_one_of("GET", "POST"), bindingVersion=_TEXT)),
)
_OPERATION = _object(
    "action channel",
    action=_one_of("send", "receive"),
    channel=_REF,
    title=_TEXT,
    description=_TEXT,
    messages=_list(_REF),
    reply=_object("channel messages", channel=_REF, messages=_list(_REF)),
)
_MESSAGE = _object(
    "payload",
    name=_TEXT,
    title=_TEXT,
    summary=_TEXT,
    contentType=_TEXT,
    payload=_ANY,
    tags=_TAGS,
    examples=_list(_object("payload", name=_TEXT, payload=_ANY)),
)
_SCHEME = {
    "type": "object",
    "properties": {"type": _one_of("userPassword", "apiKey", "http", "httpApiKey")},
    "required": ["type"],
}
SPECIFICATION = _object(
    "asyncapi info servers channels operations components",
    asyncapi={"const": "3.0.0"},
    info=_INFO,
    defaultContentType={"const": "application/json"},
    servers=_map(_SERVER),
    channels=_map(_CHANNEL),
    operations=_map(_OPERATION),
    components=_object(
        "messages schemas securitySchemes",
        messages=_map(_MESSAGE),
        schemas=_map(_ANY),
        securitySchemes=_map(_SCHEME),
    ),
)
