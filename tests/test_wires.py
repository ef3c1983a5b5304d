"""What leaves the desk: one place makes it, and a whole recorded morning of it can be read."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.desk.config import DeskConfig
from sidecar.desk.state import DeskState
from sidecar.domain import wire
from sidecar.domain.report import Published
from sidecar.drive import Drive
from sidecar.reference import load_reference
from sidecar.replay import Silent
from sidecar.store import tape


def read(raw: bytes) -> Any:
    """What a strict reader sees."""
    return json.loads(raw, parse_float=Decimal, parse_constant=lambda name: pytest.fail(f"{name} on the wire"))


#: Who else writes JSON, and why it is not a wire's.
OTHER_WRITERS = {
    "domain/records.py": "the journal: money as text",
    "store/tape.py": "a file",
    "store/batches.py": "a file",
    "recorder.py": "a file",
    "backup.py": "a file",
    "backup_file.py": "a file",
    "replay.py": "a hash",
    "terminal/replaying.py": "a hash and a file",
    "doors.py": "a hash",
    "servers/keys.py": "a file",
    "terminal/documents.py": "the documents, written down",
    "servers/document.py": "the document's examples, as text in a page",
    "proving/job.py": "a file",
    "backtest/executed.py": "a hash",
    "terminal/backtesting.py": "a file",
    "learning/job.py": "a file, and lines to the process beside it",
    "learning/manifest.py": "a file",
    "telemetry/log.py": "log lines: plain ASCII, one line each",
    "client/sending.py": "what the client asks: a number that is none is refused there",
    "client/querying.py": "what the client asks: a text and a count",
    "client/line.py": "what the client asks: names and places alone",
}
_WRITES = re.compile(
    r"json\.dumps|json\.encode\(|json\.Encoder|jsonable_encoder|JSONResponse|send_json|model_dump_json"
)


def test_what_leaves_the_desk_is_made_in_one_place(repository: Path) -> None:
    root = repository / "sidecar"
    writers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if _WRITES.search(path.read_text(encoding="utf-8"))
    }
    assert writers - {"domain/wire.py"} <= set(OTHER_WRITERS)


def test_every_report_of_a_recorded_morning_is_read_back_with_no_number_that_is_none(repository: Path) -> None:
    path = repository / "data" / "sample" / "morning.tape"
    reference = load_reference()
    config = msgspec.json.decode(tape.read_header(path).config, type=DeskConfig)
    state = DeskState(config, reference, reference.calendar("NSE"))
    seen, unknown = 0, 0

    def take(published: Published) -> None:
        nonlocal seen, unknown
        raw = wire.encode(published.report)
        assert msgspec.json.decode(raw)["seq"] == published.report.seq  # it takes no NaN, and reads fast
        seen, unknown = seen + 1, unknown + raw.count(b"null")
        if seen % 100 == 1:
            assert read(raw)["funds"][-1]["realized_pnl"] == published.report.total.realized_pnl
            chain = {row.name: getattr(published.chain, row.name) for row in fields(published.chain)}
            told = read(wire.encode(chain))["iv"]
            known = np.isfinite(published.chain.iv)
            assert [value is not None for value in told] == known.tolist()
            assert [float(value) for value in told if value is not None] == published.chain.iv[known].tolist()

    drive = Drive(state, Silent(), publish=take)
    for event in tape.read(path):
        drive.handle(event)
    assert seen > 100
    assert unknown > 0  # there was something to be null
