"""The text of a message."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.alerts import AlertLevel, AlertType
from sidecar.notices.owed import Event, Notice
from sidecar.notices.wording import MOST_LINES, message, plain
from tests.notices.making import T0, alert


def test_one_alert_is_told_with_its_words_time_and_id() -> None:
    made = message([Notice(alert(count=3), Event.RAISED, T0)], "Deskwatch, simulated")
    assert made.title == "[Deskwatch, simulated] warning: Limit broken: A1"
    assert made.body == "warning: Limit broken: A1. 0.04 of 0.03 (2025-11-24T06:30:00Z, 3 times) #A1.1"
    assert made.mark == "warning"


def test_each_event_has_its_head_and_mark() -> None:
    critical = alert(level=AlertLevel.CRITICAL, type=AlertType.ERROR, revision=4)
    over = alert(resolved=True, type=AlertType.SUCCESS, resolved_at=T0 + 60_000_000, resolved_by="ann/7be1")
    seen = alert(acknowledged_by="bob/1")
    made = [
        message([Notice(one, event, T0)], "D")
        for one, event in (
            (critical, Event.ESCALATED), (critical, Event.GRAVER), (over, Event.RESOLVED), (over, Event.OVER),
            (seen, Event.RAISED),
        )
    ]  # fmt: skip
    assert [one.mark for one in made] == ["failure", "failure", "success", "success", "warning"]
    assert [one.title.split(":")[0] for one in made] == [
        "[D] critical, nobody acted", "[D] now critical", "[D] resolved", "[D] warning, over already", "[D] warning",
    ]  # fmt: skip
    assert "(2025-11-24T06:31:00Z, by ann/7be1) #A1.1" in made[2].body
    assert "bob/1 deals with it" in made[4].body


def test_a_burst_is_one_message_that_names_the_gravest() -> None:
    burst = [
        Notice(alert("A1", level=AlertLevel.CRITICAL, type=AlertType.ERROR, resolved=True), Event.OVER, T0),
        Notice(alert("A2", level=AlertLevel.ERROR, type=AlertType.ERROR), Event.RAISED, T0),
        Notice(alert("A3"), Event.RAISED, T0),
    ]
    made = message(burst, "D")
    assert made.title == "[D] 3 alerts, the gravest error: Limit broken: A2"
    assert [line.split("#")[1] for line in made.body.splitlines()] == ["A1.1", "A2.1", "A3.1"]
    assert made.mark == "failure"
    ended = message([notice._replace(alert=alert(resolved=True)) for notice in burst], "D")
    assert (ended.title, ended.mark) == ("[D] 3 alerts, all over", "success")


def test_nothing_in_a_text_is_obeyed() -> None:
    said = plain("a\x1b[31m\r\nb <!channel> @everyone\u202e `x`\u200b", 200)
    assert said == "a[31m b ‹!channel› @\u200beveryone 'x'"
    assert plain("x" * 50, 10) == "x" * 9 + "…"


@given(st.lists(st.text(max_size=3_000), min_size=1, max_size=MOST_LINES))
def test_a_message_is_short_and_a_line_an_alert(texts: list[str]) -> None:
    notices = [
        Notice(alert(f"A{number}", title=text, message=text, acknowledged_by=text), Event.RAISED, T0)
        for number, text in enumerate(texts)
    ]
    made = message(notices, "Deskwatch")
    assert len(made.body.split("\n")) == len(texts)
    assert len(made.title.replace("\u200b", "")) <= 150
    assert len(made.body.replace("\u200b", "")) <= 2_400
    assert not set(made.title + made.body) & set("<>`\r\x00\x1b\u2028\u202e")
