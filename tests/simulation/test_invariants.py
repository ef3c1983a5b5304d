"""Each invariant can fail: what it guards is broken by hand, and the simulation says so under its name."""

from __future__ import annotations

from decimal import Decimal
from unittest.mock import patch

import pytest

from sidecar.book.positions import Book
from sidecar.desk import commands, revalue
from sidecar.desk.state import DeskState
from sidecar.domain import wire
from sidecar.domain.commands import Stop
from sidecar.servers.channel import Channel
from sidecar.store import frames
from tests.simulation.day import Failed
from tests.simulation.disk import Disk
from tests.simulation.options import parse
from tests.simulation.run import simulate


def failure(seed: int, options: str = "people,fools", **more: bool) -> Failed:
    with pytest.raises(Failed) as failed:
        simulate(seed, parse(options), every=5, **more)
    return failed.value


def test_a_disk_that_lies_loses_what_was_acknowledged() -> None:
    assert failure(1, "people,flatten,disk,crash,halts,raising,survives", lies=True).invariant in ("INV1", "INV8")


def test_an_answer_before_the_disk_is_seen() -> None:
    with patch.object(Disk, "requests", property(lambda _: set(), lambda _, __: None), create=True):
        assert "before it was on disk" in failure(1).detail


def test_an_order_that_leaves_before_its_intent_is_on_disk_is_seen() -> None:
    with patch.object(Disk, "intents", property(lambda _: set(), lambda _, __: None), create=True):
        told = failure(1, "none")
    assert told.invariant == "INV1"
    assert "before its intent" in told.detail


def test_money_that_the_fills_do_not_make_is_seen() -> None:
    cash = Book.fees

    def dear(book: Book, *which: str | None) -> Decimal:
        return cash(book, *which) + (Decimal("0.01") if book.seen else 0)

    with patch.object(Book, "fees", dear):
        assert failure(1).invariant == "INV2"


def test_a_position_that_the_fills_do_not_make_is_seen() -> None:
    with patch.object(Book, "open_positions", lambda _: []):
        assert failure(1).invariant in ("INV2", "INV3")


def test_a_stop_that_stops_nothing_is_seen() -> None:
    with patch.dict(commands._OBEYED, {Stop: lambda state, command: state.answer(command, "done", "stopped")}):
        told = failure(1, "people")
    assert told.invariant == "INV4"
    assert "after a stop the breaker is" in told.detail


def test_a_breaker_that_moves_without_a_record_is_seen() -> None:
    note = DeskState.note_breaker

    def forgets(state: DeskState, *what: object) -> None:
        note(state, *what)  # type: ignore[arg-type]
        state.pending.records.pop()

    with patch.object(DeskState, "note_breaker", forgets):
        assert failure(1, "people").invariant == "INV5"


def test_a_number_that_is_none_on_the_wire_is_seen() -> None:
    encode = wire.encode
    with patch.object(wire, "encode", lambda value: encode(value).replace(b"null", b"NaN", 1)):
        assert failure(1).invariant in ("INV6", "CORE")


def test_a_gap_in_the_reports_is_seen() -> None:
    value = revalue.revalue

    def skips(state: DeskState, **more: bool) -> object:
        state.seq += state.seq == 20
        return value(state, **more)

    with patch("sidecar.desk.step.revalue", skips):
        told = failure(1)
    assert told.invariant == "INV7"
    assert "follows" in told.detail


def test_a_mirror_that_misses_a_change_is_seen() -> None:
    changes = Channel.changes

    def loses(channel: Channel, *rows: object) -> object:
        told = changes(channel, *rows)  # type: ignore[arg-type]
        return told[:-1]

    with patch.object(Channel, "changes", loses):
        assert failure(1).invariant == "INV7"


def test_a_chain_that_does_not_verify_is_seen() -> None:
    scan = frames.scan
    with patch.object(
        frames, "scan", lambda data: scan(data[:900] + bytes([data[900] ^ 1]) + data[901:] if data[901:] else data)
    ):
        assert failure(1, "none").invariant == "INV8"
