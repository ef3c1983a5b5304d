from __future__ import annotations

import time
from threading import Thread

from sidecar.desk.inbox import Inbox
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import CancelAll, Disable, Reset, Stop
from sidecar.domain.events import AnyEvent, Beat, Quote
from tests.desk.world import CALL, OPEN, PUT, index, quote


def test_the_newest_quote_of_a_contract_replaces_the_older_and_is_counted() -> None:
    inbox = Inbox()
    newest = quote(CALL, OPEN + SECOND)
    for event in (quote(CALL, OPEN), quote(PUT, OPEN), newest):
        inbox.put(event)
    taken = inbox.take(0.0)
    assert len(taken) == 2
    assert taken[0] is newest
    assert inbox.conflated == 1
    assert len(inbox) == 0


def test_urgent_commands_overtake_events_and_events_overtake_quotes() -> None:
    inbox = Inbox()
    ordered: list[AnyEvent] = [Beat(OPEN), Reset(at=OPEN, request_id="1", actor="a", reason="r")]
    urgent: list[AnyEvent] = [
        Stop(at=OPEN, request_id="2", actor="a", reason="r"),
        Disable(at=OPEN, request_id="3", actor="a", reason="r"),
    ]
    market: Quote = index(OPEN)
    for event in (market, *ordered, *urgent):
        inbox.put(event)
    assert inbox.take(0.0) == [*urgent, *ordered, market]


def test_a_cancel_of_all_does_not_overtake_the_orders_it_is_meant_for() -> None:
    inbox = Inbox()
    order = Reset(at=OPEN, request_id="1", actor="a", reason="stands for any command")
    everything = CancelAll(at=OPEN, request_id="2", actor="a")
    inbox.put(order)
    inbox.put(everything)
    assert inbox.take(0.0) == [order, everything]


def test_a_stop_that_comes_while_other_things_are_at_work_need_not_wait_for_them() -> None:
    inbox = Inbox()
    assert inbox.urgent() == []
    inbox.put(index(OPEN))
    stop = Stop(at=OPEN, request_id="1", actor="a", reason="r")
    inbox.put(stop)
    assert inbox.urgent() == [stop]
    assert inbox.urgent() == []
    assert inbox.take(0.0) == [index(OPEN)]


def test_the_oldest_quote_taken_since_the_last_report_tells_how_long_it_waited() -> None:
    inbox = Inbox()
    assert inbox.reported_s() is None
    inbox.put(index(OPEN))
    assert inbox.reported_s() is None, "it was not taken yet"
    time.sleep(0.02)
    inbox.put(quote(CALL, OPEN))
    inbox.take(0.0)
    waited = inbox.reported_s()
    assert waited is not None
    assert 0.02 <= waited < 5.0
    assert inbox.reported_s() is None


def test_work_left_for_the_desks_thread_keeps_its_place_among_events() -> None:
    inbox, done = Inbox(), []
    inbox.put(Beat(1))
    inbox.call(lambda: done.append(1))
    inbox.put(Beat(2))
    first, work, last = inbox.take(0.0)
    assert (first, last) == (Beat(1), Beat(2))
    assert callable(work)
    work()
    assert done == [1]


def test_a_taker_that_waits_is_woken_by_what_comes_and_by_the_close() -> None:
    inbox = Inbox()
    for wake in (lambda: inbox.put(Beat(1)), inbox.close):
        thread = Thread(target=wake)
        began = time.monotonic()
        thread.start()
        inbox.take(10.0)
        thread.join()
        assert time.monotonic() - began < 5.0


def test_an_empty_inbox_is_waited_for_no_longer_than_asked() -> None:
    began = time.monotonic()
    assert Inbox().take(0.05) == []
    assert time.monotonic() - began < 2.0


def test_many_threads_lose_nothing() -> None:
    inbox = Inbox()

    def offer(n: int) -> None:
        for i in range(500):
            inbox.put(Beat(n * 1000 + i))

    threads = [Thread(target=offer, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [event.at for event in inbox.take(0.0) if isinstance(event, Beat)]
    assert sorted(taken) == sorted(n * 1000 + i for n in range(4) for i in range(500))
    for n in range(4):
        mine = [at for at in taken if at // 1000 == n]
        assert mine == sorted(mine)
