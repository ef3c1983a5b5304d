from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.clock import SECOND, iso, parse
from sidecar.servers import signals
from sidecar.servers.examples_signals import SCORES, SIGNAL, SIGNAL_ASKED, SIGNALS
from sidecar.servers.keys import Role
from sidecar.servers.shapes import plain
from tests.desk.world import CALL, SPOT
from tests.servers.signalling import SignalDesk

SEND, READ = "/api/v1/signals", "/api/v1/monitoring/signals"
BODY: dict[str, Any] = {"symbol": "NIFTY", "signal_type": "buy", "confidence": 0.62, "horizon_s": 60}


@pytest.fixture
def desk(tmp_path: Path) -> SignalDesk:
    return SignalDesk(tmp_path)


def send(desk: SignalDesk, **changes: Any) -> Any:
    answer = desk.ask("POST", SEND, BODY | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def ids(told: Any) -> list[str]:
    return [row["id"][-5:] for row in told["signals"]]


def test_a_signal_is_taken_with_the_mark_of_its_instant_and_told_flat(desk: SignalDesk) -> None:
    told = send(desk, symbol="NIFTY24900CE", signal_type="SELL", strategy="vol", model_id="gbm 12", quantity=75)
    last = desk.world.state.board.last(CALL.id)
    assert last is not None
    assert told["id"] == "S260907034459-00001"
    assert (told["symbol"], told["signal_type"], told["price"]) == (CALL.id, "sell", 0.5 * (last.bid + last.ask))
    assert (told["strategy"], told["model_id"], told["fund_id"], told["status"]) == ("vol", "gbm 12", "main", "open")
    assert parse(told["due_at"]) - parse(told["timestamp"]) == 60 * SECOND
    assert told["actor"].startswith("trader/") or told["actor"].startswith("test-trader/")
    assert told["outcome_price"] is told["correct"] is told["scored_at"] is None


def test_who_may(desk: SignalDesk) -> None:
    assert [desk.ask("POST", SEND, BODY, role).status_code for role in (None, *Role)] == [401, 403, 201, 201]
    for path in (READ, f"{READ}/scores"):
        assert [desk.ask("GET", path, role=role).status_code for role in (None, *Role)] == [401, 200, 200, 200]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"symbol": "NIFTY25555CE"}, "symbol"), ({"symbol": "WHO"}, "symbol"), ({"symbol": ""}, "symbol"),
        ({"signal_type": "short"}, "signal_type"), ({"confidence": 1.01}, "confidence"),
        ({"confidence": "0.5"}, "confidence"), ({"confidence": False}, "confidence"), ({"horizon_s": 0}, "horizon_s"),
        ({"horizon_s": 2_592_001}, "horizon_s"), ({"quantity": -1}, "quantity"), ({"quantity": 1.5}, "quantity"),
        ({"strategy": "a/b"}, "strategy"), ({"model_id": "a\u0000b"}, "model_id"),
        ({"model_id": "x" * 101}, "model_id"),
        ({"reason": "x" * 501}, "reason"), ({"fund_id": "other"}, "fund_id"), ({"extra": 1}, "extra"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_422_with_the_fields_name_and_leaves_no_signal(
    desk: SignalDesk, change: dict[str, Any], field: str
) -> None:
    answer = desk.ask("POST", SEND, BODY | change)
    assert answer.status_code == 422, answer.text
    assert [row["field"] for row in answer.json()["errors"]] == [field]
    assert desk.told(READ)["signals"] == []


@pytest.mark.parametrize("name", ["symbol", "signal_type", "confidence", "horizon_s"])
def test_a_missing_field_is_named(desk: SignalDesk, name: str) -> None:
    answer = desk.ask("POST", SEND, {key: value for key, value in BODY.items() if key != name})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name)


def test_numbers_that_json_does_not_have_are_refused(desk: SignalDesk) -> None:
    for word in ("NaN", "1e999", "Infinity"):
        raw = f'{{"symbol":"NIFTY","signal_type":"buy","confidence":{word},"horizon_s":60}}'
        key = {"X-API-Key": desk.secrets[Role.TRADER]}
        assert desk.client.post(SEND, content=raw, headers=key).status_code in (400, 422)


def test_a_repeated_key_gives_the_first_signal_and_makes_no_second(desk: SignalDesk) -> None:
    first, again = (desk.ask("POST", SEND, BODY, idempotency_key="k1") for _ in range(2))
    assert first.json() == again.json()
    assert len(desk.told(READ)["signals"]) == 1
    assert desk.ask("POST", SEND, BODY | {"confidence": 0.1}, idempotency_key="k1").status_code == 409


def test_a_strategy_that_floods_is_told_to_wait(desk: SignalDesk) -> None:
    for _ in range(60):
        send(desk)
    answer = desk.ask("POST", SEND, BODY)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert "60 signals within a minute" in answer.json()["detail"]


def test_the_history_is_newest_first_and_scored_once_the_horizon_has_passed(desk: SignalDesk) -> None:
    send(desk)
    send(desk, horizon_s=3_600)
    desk.pass_time(60, SPOT + 100.0)
    told = desk.told(READ)
    assert ids(told) == ["00002", "00001"]
    newest, oldest = told["signals"]
    assert (newest["status"], oldest["status"], oldest["correct"]) == ("open", "scored", True)
    assert oldest["outcome_price"] == SPOT + 100.0
    assert oldest["outcome_return"] == pytest.approx(100.0 / SPOT)
    assert (told["count"], told["next_cursor"], told["as_of"]) == (2, None, iso(desk.world.at))


def test_pages_hold_every_signal_once_also_while_new_ones_come(desk: SignalDesk) -> None:
    for number in range(7):
        desk.pass_time(2, SPOT)
        send(desk, strategy=f"s{number}")
    seen, cursor = [], ""
    while cursor is not None:
        told = desk.told(f"{READ}?limit=3&cursor={cursor}")
        seen += ids(told)
        cursor = told["next_cursor"]
        send(desk, strategy="late")
    assert seen == [f"{number:05d}" for number in range(7, 0, -1)]


def test_filters_choose_by_fund_strategy_symbol_status_and_time(desk: SignalDesk) -> None:
    began = desk.world.at
    send(desk, strategy="a")
    desk.pass_time(10, SPOT)
    send(desk, strategy="b", symbol=CALL.id, horizon_s=3_600)
    desk.pass_time(60, SPOT + 1.0)
    send(desk, strategy="a", symbol="NIFTY24900CE")

    def chosen(**asked: str) -> list[str]:
        answer = desk.client.get(READ, params=asked, headers={"X-API-Key": desk.secrets[Role.VIEWER]})
        assert answer.status_code == 200, answer.text
        return ids(answer.json())

    assert chosen(strategy="a") == ["00003", "00001"]
    assert chosen(symbol="NIFTY") == ["00001"]
    assert chosen(symbol="NIFTY24900CE") == chosen(symbol=CALL.id) == ["00003", "00002"]
    assert chosen(symbol="NIFTY-20200101-1-CE") == []
    assert chosen(status="scored") == ["00001"]
    assert chosen(status="open", strategy="b") == ["00002"]
    assert chosen(fund_id="main") == chosen() == ["00003", "00002", "00001"]
    assert chosen(fund_id="other") == []
    assert chosen(**{"from": iso(began + SECOND), "to": iso(began + 60 * SECOND)}) == ["00002"]


@pytest.mark.parametrize(
    "asked", ["status=done", "from=yesterday", "to=2026-09-07T10:00:00", "cursor=x", "limit=0", "limit=1001", "who=me",
              "symbol=a/b"],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_422(desk: SignalDesk, asked: str) -> None:
    assert desk.ask("GET", f"{READ}?{asked}").status_code == 422


def test_what_the_record_does_not_hold_yet_is_told_from_the_report(desk: SignalDesk) -> None:
    send(desk)
    desk.told(READ)
    desk.late = True
    send(desk)
    desk.pass_time(60, SPOT + 1.0)
    assert [row["status"] for row in desk.told(READ)["signals"]] == ["scored", "scored"]


def test_a_page_that_may_just_have_been_scored_has_no_time_that_it_is_true_of(desk: SignalDesk) -> None:
    for number in range(120):
        send(desk, strategy=f"s{number}")
    desk.told(READ)
    desk.late = True
    desk.pass_time(60, SPOT + 1.0)
    told = desk.told(f"{READ}?limit=120")
    assert told["as_of"] is None, "the record is behind, and the report holds fifty"
    desk.late = False
    assert desk.told(f"{READ}?limit=120")["as_of"] is not None


def test_the_scores_tell_how_often_each_strategy_was_right_and_how_sure_that_is(desk: SignalDesk) -> None:
    for number in range(10):
        send(desk, strategy="a", signal_type="buy" if number < 8 else "sell")
    send(desk, strategy="a", signal_type="hold")
    send(desk, strategy="b", signal_type="sell")
    send(desk, strategy="c", horizon_s=7_200)
    desk.pass_time(60, SPOT * 1.01)
    told = desk.told(f"{READ}/scores")
    lines = {line["strategy"]: line for line in told["scores"]}
    assert list(lines) == ["*", "a", "b", "c"]
    a = lines["a"]
    assert (a["signals"], a["scored"], a["directional"], a["correct"], a["open"]) == (11, 11, 10, 8, 0)
    assert (a["hit_rate"], round(a["hit_rate_low"], 4), round(a["hit_rate_high"], 4)) == (0.8, 0.4902, 0.9433)
    assert a["mean_return"] == pytest.approx((8 * 0.01 - 2 * 0.01) / 10)
    assert lines["b"]["hit_rate"] == 0.0
    assert (lines["c"]["open"], lines["c"]["hit_rate"], lines["c"]["hit_rate_low"]) == (1, None, None)
    assert (lines["*"]["signals"], lines["*"]["directional"], lines["*"]["correct"]) == (13, 11, 8)
    assert (told["signals"], told["count"], told["complete"]) == (13, 4, True)
    assert [line["strategy"] for line in desk.told(f"{READ}/scores?strategy=b")["scores"]] == ["*", "b"]


def test_scores_of_more_signals_than_are_counted_say_so(desk: SignalDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "MOST_SCORED", 5)
    for number in range(6):
        send(desk, strategy=f"s{number}")
    told = desk.told(f"{READ}/scores")
    assert (told["signals"], told["complete"], told["scores"][0]["signals"]) == (5, False, 5)


def test_the_documents_examples_name_the_fields_that_are_told(desk: SignalDesk) -> None:
    told = desk.ask("POST", SEND, BODY | {"symbol": CALL.id}).json()
    assert set(told) == set(SIGNAL)
    assert set(plain(SIGNAL_ASKED)) <= set(signals.SignalBody.model_fields)
    history, scores = desk.told(READ), desk.told(f"{READ}/scores")
    assert set(history) == set(SIGNALS)
    assert set(history["signals"][0]) == set(SIGNALS["signals"][0])
    assert set(scores) == set(SCORES)
    assert set(scores["scores"][0]) == set(SCORES["scores"][0])
