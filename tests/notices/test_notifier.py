"""The notifier against real servers: what leaves, when, how often, and what the journal says of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from sidecar.domain.alerts import AlertLevel
from sidecar.domain.clock import SECOND
from sidecar.domain.errors import ConfigurationError
from sidecar.domain.records import Audited, NoticeRecorded
from sidecar.notices.channels import Channel, load, loading
from sidecar.notices.notifier import Counts, Desk, Notices, Rules
from tests.notices.making import T0, alert, entry
from tests.notices.outside import Hook, hook, until
from tests.notices.site import QUICK, Site


@pytest.fixture
def server() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.fixture
def site(server: Hook) -> Iterator[Site]:
    made = Site(server.url)
    made.begin()
    yield made
    made.notices.stop()


def ids(server: Hook) -> list[list[str]]:
    return [[line.rsplit("#")[-1] for line in body.splitlines()] for body in server.bodies]


def test_an_alert_leaves_once_and_goes_on_record(site: Site, server: Hook) -> None:
    site.put(alert(), Audited(T0, "ann", "stop", "done"))
    until(lambda: site.noticed() == [("A1", 1, True)])
    site.put(alert(revision=2, count=5))
    site.put(alert(revision=3, resolved=True))
    until(lambda: site.noticed()[-1] == ("A1", 3, True))
    assert ids(server) == [["A1.1"], ["A1.3"]]
    assert server.got[0]["title"] == "[Desk] warning: Limit broken: A1"


def test_a_burst_leaves_in_few_messages_with_the_gravest_first(site: Site, server: Hook) -> None:
    site.put(*(alert(f"A{number}") for number in range(9)), alert("A9", level=AlertLevel.CRITICAL))
    until(lambda: len(site.noticed()) == 10)
    assert [len(lines) for lines in ids(server)] == [6, 4]
    assert ids(server)[0][0] == "A9.1"
    assert sorted(name for lines in ids(server) for name in lines) == [f"A{number}.1" for number in range(10)]


def test_what_is_over_before_it_leaves_is_one_line(site: Site, server: Hook) -> None:
    site.put(alert(), alert(revision=2, resolved=True))
    until(lambda: site.noticed() == [("A1", 2, True)])
    assert "over already" in server.bodies[0]
    time.sleep(0.1)
    assert server.attempts == 1


def test_a_server_that_fails_five_times_gets_it_at_the_sixth(site: Site, server: Hook) -> None:
    server.answers = [500] * 5
    site.put(alert())
    until(lambda: site.noticed() == [("A1", 1, True)])
    assert (server.attempts, ids(server)) == (6, [["A1.1"]])
    assert site.notices.counts() == Counts(owed=0, sent=1, failed=5, given_up=0)


def test_a_failing_channel_is_found_once_and_cleared_when_it_works(site: Site, server: Hook) -> None:
    server.answers = [500] * 4
    site.put(alert())
    until(lambda: len(site.found) == 2)
    ((finding,), none), (nothing, cleared) = site.found
    assert (none, nothing, cleared) == ((), (), (finding.fingerprint,))
    assert (finding.source, finding.level) == ("notices", AlertLevel.ERROR)
    assert "secret" not in repr(finding)
    site.put(alert("A2", fingerprint=finding.fingerprint))  # of its own failure a channel tells nobody
    site.put(alert("A3"))
    until(lambda: ("A3", 1, True) in site.noticed())
    assert ids(server) == [["A1.1"], ["A3.1"]]
    assert len(site.found) == 2


def test_one_failure_is_no_finding(site: Site, server: Hook) -> None:
    server.answers = [500]
    site.put(alert())
    until(lambda: site.noticed())
    assert [found for found, _ in site.found if found] == []


def test_a_dead_port_is_tried_until_somebody_listens() -> None:
    with hook() as gone:
        port, url = gone.port, gone.url
    site = Site(url)
    site.begin()
    try:
        site.put(alert())
        until(lambda: site.found)
        assert site.noticed() == []
        with hook(port) as server:
            until(lambda: site.noticed() == [("A1", 1, True)])
            assert ids(server) == [["A1.1"]]
    finally:
        site.notices.stop()


def test_a_slow_server_holds_up_its_own_channel_alone() -> None:
    with hook() as slow, hook() as quick:
        slow.slow_s = 1.0
        site = Site(slow.url, quick.url)
        site.begin()
        try:
            began = time.monotonic()
            site.put(alert())
            until(lambda: quick.got)
            assert time.monotonic() - began < 0.5
            slow.slow_s = 0.0
            until(lambda: slow.got)
        finally:
            began = time.monotonic()
            site.notices.stop()
            assert time.monotonic() - began < 1.5


def test_a_crash_between_sending_and_the_record_sends_again_under_the_same_id(server: Hook) -> None:
    site = Site(server.url)
    site.begin()
    site.losing = True
    site.put(alert())
    until(lambda: server.got)
    site.notices.stop()
    site.losing = False
    assert site.noticed() == []
    site.begin()
    until(lambda: site.noticed() == [("A1", 1, True)])
    site.notices.stop()
    site.begin()
    site.put(alert("A2"))
    until(lambda: ("A2", 1, True) in site.noticed())
    site.notices.stop()
    assert ids(server) == [["A1.1"], ["A1.1"], ["A2.1"]]


def test_what_came_while_nothing_ran_leaves_at_the_next_start(server: Hook) -> None:
    site = Site(server.url)
    site.begin()
    site.notices.stop()
    site.put(alert(), alert("A2"), alert("A2", 2, resolved=True))
    site.begin()
    until(lambda: len(site.noticed()) == 2)
    site.notices.stop()
    assert ids(server) == [["A1.1", "A2.2"]]


def test_a_channel_that_is_new_tells_what_stands_and_nothing_of_the_past(server: Hook) -> None:
    site = Site(server.url)
    site.put(alert(), alert("A2"), alert("A2", 2, resolved=True))
    site.begin()
    until(lambda: site.noticed() == [("A1", 1, True)])
    site.notices.stop()
    assert ids(server) == [["A1.1"]]


def test_what_is_kept_before_it_starts_is_not_lost(server: Hook) -> None:
    notices, kept = Notices(loading([server.url]), QUICK), list[Any]()
    notices.take(1, [entry(alert())])
    notices.fold([entry(alert("A0"))])
    notices.take(2, [entry(alert("A2"))])
    notices.start(Desk(kept.extend, lambda *_: None, lambda: T0, lambda: T0))
    until(lambda: len(kept) == 4)
    notices.stop()
    assert ids(server) == [["A0.1", "A1.1", "A2.1"]]


def test_what_nobody_takes_is_given_up_on_record_after_its_time(server: Hook) -> None:
    site = Site(server.url)
    server.answers = [500] * 100
    site.begin()
    site.put(alert())
    until(lambda: server.attempts > 2)
    site.wall += round(QUICK.give_up_s + 1) * SECOND
    until(lambda: site.noticed() == [("A1", 1, False)])
    attempts = server.attempts
    server.answers = []
    site.put(alert("A2"))
    until(lambda: ("A2", 1, True) in site.noticed())
    site.notices.stop()
    assert ids(server) == [["A2.1"]]
    assert server.attempts == attempts + 1
    detail = [one.record.detail for one in site.journal if isinstance(one.record, NoticeRecorded)][1]
    assert detail == "not taken within 86400 s"
    assert site.notices.counts() == Counts(owed=0, sent=1, failed=attempts, given_up=1)


def test_a_service_that_raises_is_one_that_failed(server: Hook) -> None:
    real, raised = load([server.url])[0], list[int]()

    def send(message: Any) -> bool:
        if len(raised) < 3:
            raised.append(1)
            raise ValueError("json://secret")
        return real.send(message)

    ready: Future[tuple[Channel, ...]] = Future()
    ready.set_result((real._replace(send=send),))
    site = Site(server.url)
    site.notices = Notices(ready, QUICK)
    site.notices.start(Desk(site.keep, lambda *told: site.found.append(told), lambda: T0, lambda: T0))
    site.put(alert())
    until(lambda: site.noticed())
    site.notices.stop()
    assert len(raised) == 3


def test_below_the_least_level_nothing_leaves(server: Hook) -> None:
    site = Site(server.url, rules=Rules(AlertLevel.CRITICAL, 0.01, 0.01))
    site.begin()
    site.put(alert("A1", level=AlertLevel.ERROR), alert("A2", level=AlertLevel.CRITICAL))
    until(lambda: site.noticed())
    site.notices.stop()
    assert ids(server) == [["A2.1"]]


def test_without_a_channel_nothing_is_done() -> None:
    site = Site()
    site.begin()
    site.put(alert())
    site.notices.stop()
    assert (site.noticed(), site.found) == ([], [])
    assert site.notices.counts() == Counts()


def test_an_address_that_cannot_be_used_is_told_at_the_start() -> None:
    notices = Notices(loading(["nosuch://secret"]), QUICK)
    with pytest.raises(ConfigurationError, match="address 1 of 1 is no Apprise URL"):
        notices.fold([])
