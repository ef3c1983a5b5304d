"""What a client may send over a socket: five small frames, strict, nothing unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from sidecar.servers.keys import LONGEST

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Names = Annotated[list[Name], msgspec.Meta(min_length=1, max_length=100)]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag=str.lower):
    """The root of all client frames."""


class Authenticate(Message, frozen=True, tag="auth"):
    """The key, for a client that cannot set a header (a browser)."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Only rows that say this; a topic whose rows lack a field is not filtered by it."""

    fund_id: Name | None = None
    symbol: Name | None = None
    strategy: Name | None = None

    def wanted(self) -> dict[str, str]:
        """The fields that are set."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the client stands: one ``seq`` for the one topic of its subscribe, or one by topic."""

    epoch: Name
    seq: Seq | Annotated[dict[Name, Seq], msgspec.Meta(max_length=100)]

    def stands(self, topics: Sequence[str]) -> Mapping[str, int]:
        """The ``seq`` by topic; ``ValueError`` if one number is given for several topics."""
        if isinstance(self.seq, dict):
            return self.seq
        if len(topics) != 1:
            raise ValueError('resume.seq: with several topics give one each, as in {"orders": 12, "breaker": 3}')
        return {topics[0]: self.seq}


class Subscribe(Message, frozen=True):
    """Adds topics. A topic that is subscribed already begins anew, with this filter."""

    subscriptions: Names
    filter: Filter | None = None
    resume: Resume | None = None


class Unsubscribe(Message, frozen=True):
    subscriptions: Names


class Seen(Message, frozen=True):
    """The client has dealt with this topic up to ``seq``.

    From its first ``seen`` on, a ``latest`` topic sends nothing new until the last that was sent has been seen, so that
    a slow client's picture is old by one frame and not by what the kernel's buffers hold.
    """

    topic: Name
    seq: Seq


class Ping(Message, frozen=True):
    """Answered by ``pong``."""


AnyMessage = Authenticate | Subscribe | Unsubscribe | Seen | Ping
_decoder: msgspec.json.Decoder[AnyMessage] = msgspec.json.Decoder(AnyMessage)


def decode(raw: str | bytes) -> AnyMessage:
    """The message of its JSON; ``msgspec.ValidationError`` or ``msgspec.DecodeError`` says what is wrong."""
    return _decoder.decode(raw)
