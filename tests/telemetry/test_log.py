"""Log lines that nobody can forge."""

from __future__ import annotations

import io
import json
import logging
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.log import KEPT, JsonFormatter, install, recent


def line(message: str, *args: Any, **extra: Any) -> str:
    record = logging.getLogger("sidecar.store.writer").makeRecord(
        "sidecar.store.writer", logging.ERROR, "f", 1, message, args, None, extra=extra
    )
    return JsonFormatter().format(record)


@given(st.text())
def test_any_text_is_one_line_of_plain_ascii_and_comes_back_whole(text: str) -> None:
    made = line("%s", text, detail=text)
    assert made.isascii()
    assert made.isprintable()
    assert json.loads(made)["message"] == text
    assert json.loads(made)["detail"] == text


def test_a_line_says_when_how_grave_who_and_what() -> None:
    told = json.loads(line("commit failed", rows=3, share=nan, path=None, where=object))
    assert told["level"] == "error"
    assert told["logger"] == "sidecar.store.writer"
    assert told["timestamp"].endswith("+00:00")
    assert (told["rows"], told["share"], told["path"]) == (3, None, None)
    assert isinstance(told["where"], str)


def test_an_extra_field_cannot_replace_the_level() -> None:
    told = json.loads(line("x", level="info", timestamp="never"))
    assert (told["level"], told["extra_level"], told["extra_timestamp"]) == ("error", "info", "never")


def test_install_writes_counts_errors_by_room_and_can_be_undone() -> None:
    stream, errors = io.StringIO(), []
    undo = install(stream, on_error=lambda *row: errors.append(row))
    try:
        logging.getLogger("sidecar.store.writer").error("a\r\n\x1b[31mb")
        logging.getLogger("starlette.routing").critical("c")
        logging.getLogger("sidecar.desk").info("d")
        try:
            raise ValueError("e\nf")
        except ValueError:
            logging.getLogger("sidecar.desk").exception("g")
    finally:
        undo()
    logging.getLogger("sidecar.store").error("unheard")
    lines = [json.loads(row) for row in stream.getvalue().splitlines()]
    assert [row["message"] for row in lines] == ["a\r\n\x1b[31mb", "c", "d", "g"]
    assert "ValueError" in lines[3]["exception"]
    assert errors == [("store", "error"), ("starlette", "critical"), ("desk", "error")]


def test_a_line_of_great_length_is_cut() -> None:
    assert len(line("x" * 1_000_000)) < 30_000
    with pytest.raises(TypeError):
        line("%d", "x")


def test_the_newest_lines_are_kept_in_memory_bounded_in_number_and_length() -> None:
    assert recent() is None
    stream = io.StringIO()
    undo = install(stream, logging.WARNING)
    try:
        ours = logging.getLogger("sidecar.desk")
        ours.debug("never")
        ours.info("kept but not written")
        ours.warning("x" * 9_000, extra={"where": "y" * 9_000})
        found = recent()
        assert found is not None
        assert [(row["level"], row["message"][:4]) for row in found[-2:]] == [("info", "kept"), ("warning", "xxxx")]
        assert (len(found[-1]["message"]), len(found[-1]["where"])) == (4_000, 4_000)
        assert "kept but" not in stream.getvalue()
        for number in range(KEPT + 5):
            ours.info("line %d", number)
        found = recent()
        assert found is not None
        assert (len(found), found[-1]["message"]) == (KEPT, f"line {KEPT + 4}")
    finally:
        undo()
    assert recent() is None
