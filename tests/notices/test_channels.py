"""Apprise, against real servers."""

import logging

import pytest

from sidecar.domain.errors import ConfigurationError
from sidecar.notices.channels import Channel, load, loading
from sidecar.notices.wording import Message
from tests.notices.outside import hook, mail

SAID = Message("a title", "two\nlines <b>", "failure")


def channel(url: str) -> Channel:
    (made,) = load([url])
    return made


def test_a_message_reaches_a_webhook_as_it_is() -> None:
    with hook() as server:
        assert channel(server.url).send(SAID)
        (got,) = server.got
        assert (got["title"], got["message"], got["type"]) == ("a title", "two\nlines <b>", "failure")


@pytest.mark.parametrize(("form", "shown"), [("text", "lines <b>"), ("html", "&lt;b&gt;")])
def test_a_message_reaches_a_mailbox_and_is_never_taken_for_markup(form: str, shown: str) -> None:
    with mail() as (port, took):
        people = "from=desk@example.org&to=ann@example.org"
        assert channel(f"mailto://127.0.0.1:{port}?{people}&mode=insecure&format={form}").send(SAID)
    (text,) = took
    assert {"Subject: a title", "To: ann@example.org"} <= set(text.splitlines())
    assert shown in text


def test_a_refusal_a_dead_port_and_a_slow_server_are_failures() -> None:
    with hook() as server:
        server.answers = [500, 404]
        made = channel(server.url)
        assert not made.send(SAID)
        assert not made.send(SAID)
        server.slow_s = 1.0
        assert not made.send(SAID)
    assert not made.send(SAID)


def test_what_is_no_apprise_url_is_refused_by_its_place_alone() -> None:
    for wrong in ("nonsense-with-secret", "nosuch://secret", "slack://secret"):
        with pytest.raises(ConfigurationError, match="address 2 of 2 is no Apprise URL") as refused:
            load(["json://localhost", wrong])
        assert "secret" not in str(refused.value)


def test_no_address_stands_in_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    with hook() as server, caplog.at_level(logging.DEBUG):
        server.answers = [500]
        made = channel(server.url)
        assert [made.send(SAID), made.send(SAID)] == [False, True]
        load_wrong(server.url)
    assert not made.send(SAID)
    assert "hush-secret-token" not in caplog.text
    assert "hush-secret-token" not in made.name + made.digest


def load_wrong(url: str) -> None:
    with pytest.raises(ConfigurationError):
        load([url.replace("json://", "nosuch://")])


def test_nothing_is_loaded_where_there_is_no_address() -> None:
    assert loading([]) is None
    found = loading(["json://localhost"])
    assert found is not None
    (made,) = found.result(20)
    assert (made.service, made.name) == ("JSON", f"JSON {made.digest[:6]}")
