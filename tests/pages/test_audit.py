"""Audit: what is asked for is found, page after page, and the chain is called whole, broken or unchecked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from fastapi import FastAPI
from streamlit.testing.v1 import AppTest

from pages.parts import exports, records, tables
from pages.parts.records import Asked, Found, gather, verdict
from pages.parts.words import ZONE, moment
from sidecar.client import Desk as Client
from sidecar.domain.clock import SECOND
from sidecar.servers import witness
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, click, serving, words
from tests.pages.lived import Lived
from tests.servers.desk import QUICK, T0, Desk, Stand

Show = Callable[..., Shown]
HOSTILE = "<script>alert(1)</script> =1+1"


@dataclass
class Chained(Desk):
    """A desk whose record is a real chain of as many lines as asked for, by two who act in turn."""

    many: int = 5_000
    rows: list[SimpleNamespace] = field(default_factory=list)

    def __post_init__(self) -> None:
        digest = bytes(32)
        for seq in range(1, self.many + 1):
            payload = json.dumps({"seq": seq, "says": HOSTILE})
            digest = sha256(digest + payload.encode()).digest()
            self.rows.append(
                SimpleNamespace(
                    seq=seq, at=T0 + seq * SECOND, wall_at=T0, kind="audited", actor=("anna", "ben")[seq % 2],
                    action="look", outcome="done", detail=HOSTILE, request_id="", payload=payload,
                    digest=digest.hex(),
                )
            )  # fmt: skip

    def record(
        self, limit: int, before: int | None, actor: str, action: str, since: int | None, until: int | None
    ) -> list[SimpleNamespace]:
        kept = (row for row in reversed(self.rows)
                if (before is None or row.seq < before) and actor in ("", row.actor) and action in ("", row.action)
                and (since is None or row.at >= since) and (until is None or row.at < until))  # fmt: skip
        return [row for row, _ in zip(kept, range(limit), strict=False)]


def found(rows: list[SimpleNamespace]) -> Found:
    """The records as the client would have them."""
    told: list[dict[str, Any]] = [vars(row) | {"timestamp": "2025-11-24T06:30:00+00:00"} for row in reversed(rows)]
    return Found(told, 0, {"seq": rows[-1].seq, "digest": rows[-1].digest})


@pytest.fixture
def chained(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A desk of 5,000 records behind the real doors; yields it, its address and a viewer's key."""
    st.cache_resource.clear()
    monkeypatch.chdir(repository)
    desk = Chained()
    stand = Stand(tmp_path, desk)
    head = (desk.many, desk.rows[-1].digest)
    routes = witness.router(desk.ports(), stand.keys, witness.Records(desk.record, lambda: head, list))
    app: FastAPI = create_app(desk.ports(), stand.keys, QUICK, [routes])
    with serving(app) as url:
        monkeypatch.setenv("DESK_URL", url)
        monkeypatch.setenv("DESK_KEY", stand.secrets[Role.VIEWER])
        yield desk, url, stand.secrets[Role.VIEWER]
    st.cache_resource.clear()


def opened(repository: Path) -> AppTest:
    return AppTest.from_file(str(repository / "pages" / "audit.py"), default_timeout=30)


def test_5_000_records_are_paged_filtered_and_checked_and_a_forged_one_is_found(
    chained: Any, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, url, key = chained
    with Client(url, key) as client:
        assert [row["seq"] for row in gather(client, Asked(5_000)).records] == list(range(5_000, 0, -1))
        assert gather(client, Asked(1_500, before=4_001)).older == 2_501
    at = opened(repository).run()
    assert not at.exception
    assert "Whole: records 4,901 to 5,000" in words(at).replace("\\", "")
    assert at.dataframe[0].value["seq"].to_list() == list(range(5_000, 4_900, -1))
    at = click(at, "older")
    assert at.dataframe[0].value["seq"].iloc[0] == 4_900
    assert click(at, "newest").dataframe[0].value["seq"].iloc[0] == 5_000
    at.selectbox(key="actor").set_value("anna").run()
    assert set(at.dataframe[0].value["actor"]) == {"anna"}
    assert "Not checked: a filter leaves out records" in words(at).replace("\\", "")
    at.selectbox(key="actor").set_value(None).run()
    desk.rows[4_949].payload = "{}"
    monkeypatch.setattr(records, "EVERY_S", 0.0)
    told = words(at.run()).replace("\\", "")
    assert "BROKEN at record 4,950" in told
    assert "<script>" not in "".join(str(e.value) for e in at.markdown)


def test_a_lived_desks_record_is_whole_and_who_may_not_read_it_is_told_why(shown: Show, past: Lived) -> None:
    at = shown(past.desk()).open("audit")
    assert not at.exception
    assert "Whole: " in words(at).replace("\\", "")
    assert "unknown: 401" in words(shown(role=None).open("audit")).replace("\\", "")


def test_the_verdict_covers_what_it_says_and_no_more() -> None:
    rows = Chained(many=10).rows
    assert "each continues" in verdict(found(rows), Asked()).text
    assert "rests on older ones" in verdict(found(rows[3:]), Asked()).text
    assert verdict(found([*rows[:4], *rows[5:]]), Asked()).kind == "broken"
    assert verdict(found([*rows[:4], *rows[5:]]), Asked(actor="anna")).kind == "unchecked"
    assert verdict(Found([], 0, {}), Asked()).kind == "unchecked"
    forged = found(rows)
    assert verdict(forged._replace(head={"seq": 10, "digest": "00" * 32}), Asked()).kind == "broken"
    behind = forged._replace(head={"seq": 13, "digest": "00" * 32})
    assert "3 behind the disk" in verdict(behind, Asked()).text
    rows[6].payload = "changed"
    assert "record 7" in verdict(found(rows), Asked()).text


def test_an_export_cannot_run_what_a_record_says() -> None:
    frame = tables.frame([{"seq": 1, "detail": "=HYPERLINK(1)", "actor": "@x"}], records.RECORD)
    assert b"'=HYPERLINK(1)" in exports.csv(frame)
    at = moment("2025-11-24T20:00:00+00:00")
    assert at is not None
    assert at.astimezone(ZONE).day == 25
