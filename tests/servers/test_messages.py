"""Client frames: strict, and any bytes either are one or are refused."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.servers.messages import AnyMessage, Filter, Resume, Seen, Subscribe, Unsubscribe, decode

REFUSED = (msgspec.DecodeError, RecursionError, UnicodeError)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
kinds = st.sampled_from(["auth", "subscribe", "unsubscribe", "seen", "ping", "order"])
names = st.sampled_from(["type", "subscriptions", "filter", "resume", "key", "topic", "seq", "epoch"])


@given(st.dictionaries(names, values, max_size=5), kinds)
def test_any_object_is_a_whole_message_or_is_refused(fields: dict[str, object], kind: str) -> None:
    raw = json.dumps(fields | {"type": kind})
    try:
        made = decode(raw)
    except REFUSED:
        return
    assert isinstance(made, AnyMessage)
    assert set(json.loads(raw)) <= {*made.__struct_fields__, "type"}


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_without_a_surprise(raw: bytes) -> None:
    with pytest.raises(REFUSED):
        decode(raw)


def test_a_message_is_what_it_says() -> None:
    more = '"filter":{"fund_id":"main"},"resume":{"epoch":"e","seq":{"pnl":4}}'
    assert decode('{"type":"subscribe","subscriptions":["pnl"],' + more + "}") == Subscribe(
        ["pnl"], Filter("main"), Resume("e", {"pnl": 4})
    )
    assert decode('{"type":"seen","topic":"pnl","seq":4}') == Seen("pnl", 4)
    assert decode('{"type":"unsubscribe","subscriptions":["pnl"]}') == Unsubscribe(["pnl"])


def test_a_resume_stands_by_topic() -> None:
    assert Resume("e", 4).stands(["pnl"]) == {"pnl": 4}
    assert Resume("e", {"pnl": 4}).stands(["pnl", "breaker"]) == {"pnl": 4}
    with pytest.raises(ValueError, match="one each"):
        Resume("e", 4).stands(["pnl", "breaker"])
