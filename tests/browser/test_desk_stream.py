"""The stream in a browser, over a cable that is cut: nothing is lost, nothing is made up, and its age is told."""

from __future__ import annotations

import json
import time
from typing import Any

from websockets.sync.server import ServerConnection

from sidecar.servers.keys import Role
from tests.browser.conftest import FOLLOW, Tab, ack, hear, rows, scripted, send
from tests.cable import Cable
from tests.chromium import MARKS
from tests.servers.desk import position, report
from tests.servers.streaming import Wire, with_event, with_price

pytestmark = MARKS
PRICE = "[...desk.rows('positions').values()][0]?.current_price"


def test_a_snapshot_and_changes_make_the_desks_own_rows(tab: Tab, wire: Wire) -> None:
    tab.follow(key=wire.secrets[Role.VIEWER], topics=["positions", "breaker"])
    tab.until("desk.state === 'live'")
    assert tab.ask(PRICE) == 83.4
    wire.offer(with_price(2, 85.0))
    tab.until(f"{PRICE} === 85")
    wire.offer(report(seq=3, positions=()))
    tab.until("desk.rows('positions').size === 0")
    assert tab.ask("desk.age()") < 5
    assert tab.ask("desk.counts.gaps") == 0


def test_a_connection_that_is_cut_five_times_loses_no_event_and_tells_none_twice(
    tab: Tab, wire: Wire, cable: Cable
) -> None:
    tab.follow(key=wire.secrets[Role.VIEWER], topics=["breaker"])
    tab.until("desk.state === 'live'")
    for number in range(1, 101):
        wire.offer(with_event(number))
        if number % 20 == 5:
            cable.cut()
        if number % 20 == 15:
            tab.until(f"desk.counts.connections === {number // 20 + 2}")
    tab.until("heard.length >= 101 && desk.state === 'live'")
    told = tab.ask("heard.map((frame) => [frame.type, frame.data.halt_seq])")
    assert told == [["snapshot", None], *(["circuit_breaker_event", number] for number in range(1, 101))]


def test_without_a_stream_rest_is_read_and_without_either_it_says_so(tab: Tab, wire: Wire, cable: Cable) -> None:
    topics = ["breaker", "positions", "market", "pnl", "greeks", "data_quality", "orders"]
    tab.follow(key=wire.secrets[Role.VIEWER], topics=topics)
    tab.until("desk.state === 'live'")
    rows = f"({json.dumps(topics)}).map((topic) => [topic, [...desk.rows(topic)]])"
    streamed = tab.ask(rows)
    cable.no_sockets = True
    cable.cut()
    tab.until("desk.state === 'polling' && desk.counts.polls > 1")
    polled = tab.ask(rows)
    for told in (streamed, polled):  # a breaker that never changed has no time to tell
        assert told[0][1][0][1].pop("at") in (None, "1970-01-01T00:00:00+00:00")
    assert polled == streamed
    wire.offer(report(seq=2, positions=(position(current_price=90.0),)))
    tab.until(f"{PRICE} === 90")
    cable.down = True
    cable.cut()
    tab.until("desk.state === 'stale' && desk.age() > 0.3")
    assert tab.ask(PRICE) == 90
    cable.down = cable.no_sockets = False
    wire.offer(report(seq=3, positions=(position(current_price=95.0),)))
    tab.until(f"desk.state === 'live' && {PRICE} === 95")
    told = tab.ask("told.map((status) => status.state)")
    seen = [one for n, one in enumerate(told) if told[n - 1 : n] != [one]]
    assert (seen[:3], seen[-1]) == (["live", "polling", "stale"], "live")


def test_a_key_that_opens_nothing_ends_it_with_the_reason(tab: Tab, cable: Cable) -> None:
    tab.follow(key="wrong" * 8, topics=["breaker"])
    tab.until("desk.state === 'refused'")
    assert "not known" in tab.ask("desk.reason")
    tried = cable.sockets
    time.sleep(0.5)
    assert cable.sockets == tried  # a key that came late was asked for again; a wrong one is not


def test_a_topic_that_there_is_not_ends_it_with_the_reason(tab: Tab, wire: Wire) -> None:
    tab.follow(key=wire.secrets[Role.VIEWER], topics=["breaker", "luck"])
    tab.until("desk.state === 'refused'")
    assert "there is no topic 'luck'" in tab.ask("desk.reason")


def test_a_key_that_is_revoked_while_there_is_no_stream_ends_it(tab: Tab, wire: Wire, cable: Cable) -> None:
    tab.follow(key=wire.secrets[Role.VIEWER], topics=["positions"])
    tab.until("desk.state === 'live'")
    cable.no_sockets = True
    cable.cut()
    wire.keys.revoke(next(key.id for key in wire.keys.list() if key.role is Role.VIEWER))
    tab.until("desk.state === 'refused' && desk.reason.startsWith('401 ')")


def test_a_closed_one_is_silent(tab: Tab, wire: Wire, cable: Cable) -> None:
    tab.follow(key=wire.secrets[Role.VIEWER], topics=["positions"])
    tab.until("desk.state === 'live'")
    tab.ask("desk.close()")
    wire.offer(with_price(2, 85.0))
    time.sleep(0.5)
    assert tab.ask(f"[desk.state, {PRICE}]") == ["closed", 83.4]
    assert cable.sockets == 1


def test_the_key_is_in_no_url_and_is_asked_for_before_each_connection(tab: Tab, wire: Wire, cable: Cable) -> None:
    urls: list[str] = []
    tab.page.on("websocket", lambda socket: urls.append(socket.url))
    tab.page.on("request", lambda request: urls.append(request.url))
    tab.page.evaluate(f"""async (key) => {{
      window.asked = 0;
      await ({FOLLOW})({{ topics: ["breaker"], getKey: async () => (asked++, key) }});
    }}""", wire.secrets[Role.VIEWER])  # fmt: skip
    tab.until("desk.state === 'live'")
    cable.cut()
    tab.until("asked >= 2 && desk.state === 'live'")
    assert len(urls) >= 2
    assert not [url for url in urls if wire.secrets[Role.VIEWER] in url]


def test_waits_are_jittered_below_a_bound_that_doubles(tab: Tab, wire: Wire, cable: Cable) -> None:
    waits = tab.page.evaluate("""async () => {
      const { backoff } = await import("/client/desk-stream.js");
      const of = (random) => [1, 2, 3, 6, 7, 40, 4000].map((failures) => backoff(failures, 250, 10_000, random));
      return [of(() => 0), of(() => 1), Array.from({ length: 200 }, () => backoff(3, 250, 10_000))];
    }""")
    assert waits[0] == [0] * 7
    assert waits[1] == [250, 500, 1_000, 8_000, 10_000, 10_000, 10_000]
    assert len(set(waits[2])) > 100
    assert all(0 <= wait < 1_000 for wait in waits[2])
    cable.down = True
    tab.follow(key=wire.secrets[Role.VIEWER], topics=["breaker"], firstWaitMs=200, longestWaitMs=400, pollMs=0)
    time.sleep(1.5)
    assert 3 <= cable.sockets <= 40


def test_a_gap_is_refused_and_mended_by_a_snapshot(tab: Tab) -> None:
    def play(socket: ServerConnection, heard: list[dict[str, Any]]) -> None:
        hear(socket, heard, "subscribe")
        ack(socket)
        send(socket, "snapshot", 3, rows(3))
        send(socket, "pnl_update", 5, {"fund_id": "5"})  # 4 is missing
        send(socket, "pnl_update", 6, {"fund_id": "6"})
        hear(socket, heard, "subscribe")
        ack(socket)
        send(socket, "snapshot", 6, rows(3, 4, 5, 6))
        send(socket, "pnl_update", 6, {"fund_id": "again"})
        send(socket, "pnl_update", 7, {"fund_id": "7"})

    with scripted(play) as (url, said):
        tab.follow(url=url, key="k", topics=["pnl"], pollMs=0)
        tab.until("heard.length === 3")
        assert tab.ask("heard.map((frame) => frame.seq)") == [3, 6, 7]
        assert tab.ask("[...desk.rows('pnl').values()].map((row) => row.fund_id)") == ["3", "4", "5", "6", "7"]
        assert tab.ask("desk.counts.gaps") == tab.ask("desk.counts.repeated") == 1
        assert [one for one in said if one["type"] == "auth"] == [{"type": "auth", "key": "k"}]
        tab.ask("desk.close()")


def test_a_filter_leaves_holes_that_are_no_gaps(tab: Tab) -> None:
    def play(socket: ServerConnection, heard: list[dict[str, Any]]) -> None:
        hear(socket, heard, "subscribe")
        ack(socket)
        send(socket, "snapshot", 3, rows(3))
        send(socket, "pnl_update", 9, {"fund_id": "main"})

    with scripted(play) as (url, said):
        tab.follow(url=url, key="k", topics=["pnl"], filter={"fund_id": "main"}, pollMs=0)
        tab.until("heard.length === 2")
        assert tab.ask("desk.counts.gaps") == 0
        assert said[1]["filter"] == {"fund_id": "main"}
        tab.ask("desk.close()")
