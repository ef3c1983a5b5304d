"""What a running sidecar shows at its doors: readiness, limits, facts for the scrape."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from sidecar.domain.errors import InputError, UnknownContract
from sidecar.doors import app_of, facts_of, not_ready, ports_of
from sidecar.run import Sidecar
from sidecar.servers.keys import Role
from sidecar.store.writer import Writer
from tests.servers.desk import serving
from tests.wiring import ask_stop, small, started, until


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Sidecar]:
    with Sidecar(small(tmp_path)) as sidecar:
        sidecar.keys.add(Role.ADMIN, "test", "s" * 40)
        yield started(sidecar)


def client(sidecar: Sidecar) -> TestClient:
    found = TestClient(app_of(sidecar), base_url="http://127.0.0.1")
    found.headers["x-api-key"] = "s" * 40
    return found


def test_a_desk_that_has_begun_but_reconciled_only_is_no_error_and_one_that_runs_is_ready(tmp_path: Path) -> None:
    with Sidecar(small(tmp_path)) as sidecar:
        sidecar.live.latest = None
        assert not_ready(sidecar) == ("no report yet",)
        started(sidecar)
        assert not_ready(sidecar) == ()


def test_a_stopped_breaker_is_a_state_of_a_ready_desk(running: Sidecar) -> None:
    ask_stop(running.live)
    assert not_ready(running) == ()
    assert client(running).get("/health/ready").status_code == 200


def test_each_thing_that_fails_is_named(running: Sidecar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.live, "report_age_s", lambda: 7.2)
    monkeypatch.setattr(running.live, "failure", "ZeroDivisionError: division by zero")
    # On the class, and for good: the writer's thread forgets its own failure at the next commit.
    monkeypatch.setattr(Writer, "failure", property(lambda _: "disk full", lambda *_: None), raising=False)
    monkeypatch.setattr(running.keys, "problem", "keys.json is missing")
    running.journal.close()
    assert list(not_ready(running)) == [
        "the newest report is 7 s old",
        "the desk failed: ZeroDivisionError: division by zero",
        str(running.journal.refusal),
        "database: disk full",
        "keys: keys.json is missing",
    ]
    answer = client(running).get("/health/ready")
    assert answer.status_code == 503
    assert "disk full" in answer.json()["detail"]


def test_limits_are_of_a_fund_of_this_desk_or_refused(running: Sidecar) -> None:
    limits = ports_of(running).limits
    assert limits(None)["daily_loss"] == limits("main")["daily_loss"] == 0.03
    with pytest.raises(InputError, match="fund_id: 'nobody' is not a fund of this desk"):
        limits("nobody")
    limits(None)["daily_loss"] = 1.0
    assert limits(None)["daily_loss"] == 0.03
    assert client(running).get("/api/v1/risk/limits?fund_id=nobody").status_code in (404, 422)


def test_symbols_resolve_on_the_board_and_unknown_ones_are_refused(running: Sidecar) -> None:
    ports = ports_of(running)
    contract = next(row for row in running.state.board.universe if row.right)
    assert ports.resolve(contract.id) is contract
    with pytest.raises(UnknownContract):
        ports.resolve("NIFTY-20991231-1-CE")


def test_an_answer_finds_its_order_and_its_place_in_the_history(running: Sidecar) -> None:
    ask_stop(running.live, "drill")
    ports = ports_of(running)
    assert ports.order("O00000001") is None
    until(lambda: ports.breaker_history(10), what="the projection")
    assert ports.breaker_history(10)[0].reason.endswith("drill")
    assert ports.latest() is running.live.latest
    assert ports.market_now() >= running.state.now


def test_the_scrape_reads_facts_and_the_settings_mark_hides_the_keys(tmp_path: Path) -> None:
    marks = set()
    variants: tuple[dict[str, Any], ...] = ({}, {"bootstrap_keys": "x"}, {"speed": 21.0})
    for number, more in enumerate(variants):
        with Sidecar(small(tmp_path / "same", **more)) as sidecar:
            facts = facts_of(sidecar)
            marks.add(facts.config)
            assert facts.audit_head is not None
            assert facts.store is not None
            assert facts.audit_head() >= number
            assert facts.store().size_bytes > 0
            assert facts.uptime_s() >= 0.0
    assert len(marks) == 2


def test_metrics_and_funds_stand_on_the_same_desk(running: Sidecar) -> None:
    asked = client(running)
    told = asked.get("/metrics").text
    assert "trading_report_seq" in told
    funds = asked.get("/api/v1/funds").json()["funds"]
    assert [line["fund_id"] for line in funds] == ["main", "*"]


def scraped(url: str) -> dict[str, float]:
    lines = httpx2.get(f"{url}/metrics", trust_env=False).text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_the_tail_of_a_book_that_trades_is_at_both_doors_and_that_of_an_empty_one_is_nothing(tmp_path: Path) -> None:
    names = ("trading_var_95", "trading_expected_shortfall_975")
    with Sidecar(small(tmp_path, strategy="demo")) as sidecar:
        sidecar.keys.add(Role.VIEWER, "test", "s" * 40)
        with serving(app_of(sidecar)) as url:
            assert [scraped(url)[name] for name in names] == [0.0, 0.0]
            started(sidecar)

            def risk() -> dict[str, Any]:
                told = httpx2.get(f"{url}/emergency/risk-metrics", headers={"x-api-key": "s" * 40}, trust_env=False)
                return told.json()["data"]  # type: ignore[no-any-return]

            told = until(lambda: found if (found := risk())["var_95"] and found["var_95"] > 0 else None, what="a book")
            assert told["es_975"] >= told["var_95"]
            assert [line["fund_id"] for line in told["tail"]] == ["main", "*"]
            assert told["tail"][-1]["method"] == "implied"
            until(lambda: len(risk()["tail"]) and set(names) <= set(scraped(url)), what="the scrape")
            for name, key in zip(names, ("var_95", "es_975"), strict=True):
                assert 0.3 < scraped(url)[name] / risk()[key] < 3.0  # the book moves between the two questions
