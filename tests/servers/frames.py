"""Every frame against the streams' description: a field too few, one too many, or of another type is told."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

from jsonschema_rs import Draft7Validator

from sidecar.servers.asyncapi import describe
from sidecar.servers.stream_settings import StreamSettings

Frame = dict[str, Any]


class FrameChecker:
    """``check`` each server frame; ``seen`` counts them by type. Without a document, this program's own.

    It is stricter than the document: a field that the document does not name is an error too.
    """

    def __init__(self, document: dict[str, Any] | None = None) -> None:
        found = deepcopy(document or describe("0.1.0", StreamSettings()))
        self.components = _closed(found["components"])
        self.seen: Counter[str] = Counter()
        self._validators: dict[tuple[str, str], Draft7Validator] = {}
        self._rows: dict[str, Draft7Validator] = {}
        for name, message in self.components["messages"].items():
            fields = message["payload"]["properties"]
            if "const" in fields.get("topic", ()):
                self._validators[message["name"], fields["topic"]["const"]] = self._validator(
                    f"messages/{name}/payload"
                )

    def check(self, frame: Frame) -> Frame:
        """The frame itself. ``AssertionError`` names what of it is not as described."""
        kind, topic = frame.get("type", ""), frame.get("topic", "")
        validator = self._validators.get((kind, topic))
        assert validator is not None, f"{kind!r} of topic {topic!r} is not described: {str(frame)[:300]}"
        if not validator.is_valid(frame):
            raise AssertionError(f"{kind}: {'; '.join(self._wrong(validator, frame))}: {str(frame)[:1500]}")
        self.seen[kind] += 1
        return frame

    def _wrong(self, validator: Draft7Validator, frame: Frame) -> list[str]:
        """Each error; where the data may be one of several things, those of the row too."""
        found = _errors(validator, frame)
        if (kind := frame["type"]) in self.components["schemas"]:
            if kind not in self._rows:
                self._rows[kind] = self._validator(f"schemas/{kind}")
            found += _errors(self._rows[kind], frame["data"])
        return found

    def _validator(self, place: str) -> Draft7Validator:
        schema = {"$ref": f"#/components/{place}", "components": self.components}
        return Draft7Validator(schema, validate_formats=True)


def _errors(validator: Draft7Validator, value: Any) -> list[str]:
    found = validator.iter_errors(value)
    return [f"{'/'.join(map(str, error.instance_path))}: {error.message}"[:300] for error in found]


def _closed(part: Any) -> Any:
    """The same schemas, in which an object whose fields are all required has no others."""
    if isinstance(part, list):
        return [_closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {name: _closed(one) for name, one in part.items()}
    if part.get("type") == "object" and "additionalProperties" not in part and "required" in part:
        made["additionalProperties"] = False
    return made
