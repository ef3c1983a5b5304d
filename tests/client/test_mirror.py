"""The mirror: a snapshot and every change after it, over any cuts, are the server's own state."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sidecar.client.mirror import Frame, Mirror, Stand, Taken
from sidecar.servers.channel import Channel, Ready
from sidecar.servers.prepared import payload_of
from sidecar.servers.topics import Kind, Topic

State = dict[str, int]
#: What is done to a connection: nothing; a cut after which the client resumes; frames lost on the way; a poll.
STEPS = st.tuples(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3)), st.sampled_from("..cglp"))


def topic(kind: Kind) -> Topic:
    return Topic("t", "change", kind, ("id",))


def decoded(ready: Ready) -> Frame:
    return msgspec.json.decode(payload_of(ready.frame), type=Frame)


def table(state: State) -> list[dict[str, object]]:
    return [{"id": name, "value": value} for name, value in state.items()]


class Reader:
    """A client without a socket: it takes what it is handed and asks again where something is missing."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.mirror = Mirror()
        self.stand = Stand(None, contiguous=True)
        self.gaps = 0
        self.take([channel.snapshot({}, "")])

    def take(self, batch: list[Ready]) -> None:
        for ready in batch:
            frame = decoded(ready)
            taken = self.stand.take(frame)
            if taken is Taken.NEW:
                self.mirror.apply(frame)
            elif taken is Taken.GAP:
                self.gaps += 1
                self.take([self.channel.snapshot({}, "")])

    def resume(self) -> None:
        """Go on from where the mirror stands, as a new client would."""
        self.stand = Stand(self.mirror.resume, contiguous=True)
        (asked,) = self.stand.subscriptions(["t"])
        missed = self.channel.since(asked["resume"]["seq"]["t"])
        self.take([self.channel.snapshot({}, "")] if missed is None else list(missed))


def rows(mirror: Mirror) -> list[dict[str, object]]:
    return sorted(mirror.rows["t"].values(), key=lambda row: str(row["id"]))


@given(st.lists(STEPS, max_size=25), st.integers(1, 6), st.sampled_from([Kind.LATEST, Kind.EVERY]))
def test_a_mirror_is_the_servers_state_over_any_cuts_losses_and_polls(
    steps: list[tuple[State, str]], history: int, kind: Kind
) -> None:
    channel = Channel(topic(kind), "one", history)
    channel.state((), "")
    reader, away = Reader(channel), False
    state: State = {}
    for state, what in steps:
        made = list(channel.state(table(state), ""))
        away = away or what == "c"
        if away and what != "c":
            away = False
            reader.resume()
        elif what == "g" and made:
            reader.take(made[1:])  # the first is lost, which only the next can show
        elif what == "l" and made:
            reader.take(made + made[-1:])  # one comes twice
        elif not away:
            reader.take(made)
        if what == "p":
            polled = {"key": ["id"], "rows": table(state)}
            reader.mirror.apply(Frame("snapshot", "t", "", 0, "", polled, polled=True))
            assert rows(reader.mirror) == sorted(table(state), key=lambda row: str(row["id"]))
    reader.resume()
    reader.take(list(channel.changes([{"id": "end", "value": 1}], "")))
    assert rows(reader.mirror) == sorted(table({**state, "end": 1}), key=lambda row: str(row["id"]))
    assert reader.mirror.seq["t"] == channel.seq


def frame(kind: str, seq: int, epoch: str = "one", name: str = "t") -> Frame:
    return Frame(kind, name, epoch, seq, "", {"key": [], "rows": []})


def test_what_is_missing_repeated_or_not_begun_is_no_news() -> None:
    stand = Stand(None, contiguous=True)
    told = [("change", 1), ("snapshot", 4), ("change", 5), ("change", 5), ("change", 7), ("change", 8), ("snapshot", 8)]
    assert [stand.take(frame(kind, seq)) for kind, seq in told] == [
        Taken.AWAITED, Taken.NEW, Taken.NEW, Taken.REPEATED, Taken.GAP, Taken.AWAITED, Taken.NEW,
    ]  # fmt: skip
    assert stand.take(frame("change", 9, "two")) is Taken.GAP


def test_topics_of_different_epochs_are_asked_for_apart() -> None:
    mirror = Mirror()
    for name, epoch, seq in (("orders", "kept", 7), ("breaker", "kept", 2), ("pnl", "new", 1)):
        mirror.apply(frame("snapshot", seq, epoch, name))
    assert Stand(mirror.resume, contiguous=True).subscriptions(["orders", "pnl", "breaker", "market"]) == [
        {"subscriptions": ["orders", "breaker"], "resume": {"epoch": "kept", "seq": {"orders": 7, "breaker": 2}}},
        {"subscriptions": ["pnl"], "resume": {"epoch": "new", "seq": {"pnl": 1}}},
        {"subscriptions": ["market"]},
    ]
    one = Stand({"epoch": "kept", "seq": {"orders": 7}}, contiguous=True)
    assert one.subscriptions(["orders"])[0]["resume"] == {"epoch": "kept", "seq": {"orders": 7}}
