"""The client's side of the streams: frames, the state that they add up to, and a connection that is taken up again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from sidecar.domain.errors import DeskRefused, DeskUnreachable

Json = dict[str, Any]

_OPEN_S = 10.0
_POLICY = 1008
#: A desk that was there once and answers one of these will not answer otherwise soon.
_FINAL = frozenset({400, 401, 403, 404})
#: A snapshot of a large book is one frame.
_LARGEST = 16 * 2**20


class Frame(msgspec.Struct, frozen=True):
    """One frame of a stream. ``seq`` rises within ``topic`` as long as ``epoch`` stays."""

    type: str
    topic: str
    epoch: str
    seq: int
    timestamp: str
    data: Any


class Mirror:
    """The state of the topics that a stream has told of: feed it every frame, in order.

    ``rows[topic]`` maps the key of each row (a tuple, as the snapshot's ``key`` says) to the row. ``resume`` is what
    ``Desk.stream`` takes to go on from here.
    """

    def __init__(self) -> None:
        self.epoch = ""
        self.rows: dict[str, dict[tuple[str, ...], Json]] = {}
        self.seq: dict[str, int] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    def apply(self, frame: Frame) -> None:
        """Take one frame; those that only concern the connection change nothing."""
        if frame.topic == "connection":
            return
        self.epoch = frame.epoch
        if frame.type == "snapshot":
            key = self._keys[frame.topic] = tuple(frame.data["key"])
            self.rows[frame.topic] = {tuple(str(row[name]) for name in key): row for row in frame.data["rows"]}
        elif frame.topic in self._keys:
            name = tuple(str(frame.data[field]) for field in self._keys[frame.topic])
            if frame.data.get("removed"):
                self.rows[frame.topic].pop(name, None)
            else:
                self.rows[frame.topic][name] = frame.data
        self.seq[frame.topic] = frame.seq

    @property
    def resume(self) -> Json:
        """Where this mirror stands."""
        return {"epoch": self.epoch, "seq": dict(self.seq)}


async def follow(
    url: str,
    headers: Mapping[str, str],
    topics: Sequence[str],
    resume: Mapping[str, Any] | None,
    wanted: Mapping[str, str] | None,
    first_wait_s: float,
    longest_wait_s: float,
) -> AsyncGenerator[Frame, None]:
    """The frames of ``topics``, over as many connections as it takes: see ``Desk.stream``."""
    stand = _Stand(resume)
    been, failures = False, 0
    while True:
        try:
            async with _socket(url, headers) as socket:
                been = True
                await socket.send(msgspec.json.encode(_subscription(topics, wanted, stand.resume)).decode())
                async for raw in socket:
                    frame = msgspec.json.decode(raw, type=Frame)
                    _refuse_error(frame)
                    failures = 0
                    if stand.take(frame):
                        yield frame
        except InvalidStatus as error:
            if not been or error.response.status_code in _FINAL:
                raise _refused_upgrade(error) from error
        except ConnectionClosed as closed:
            _refuse_close(closed)
        except (OSError, InvalidHandshake, TimeoutError) as error:
            if not been:
                raise DeskUnreachable(url, str(error) or type(error).__name__) from error
        failures += 1
        longest = min(longest_wait_s, first_wait_s * 2 ** min(failures - 1, 16))
        await asyncio.sleep(longest * random.uniform(0.5, 1.0))


def _socket(url: str, headers: Mapping[str, str]) -> connect:
    return connect(
        "ws" + url.removeprefix("http") + "/ws",
        additional_headers=headers,
        proxy=None,
        compression=None,
        open_timeout=_OPEN_S,
        close_timeout=1.0,
        max_size=_LARGEST,
        process_exception=lambda error: error,
    )


class _Stand:
    """How far a stream has come, by topic."""

    def __init__(self, resume: Mapping[str, Any] | None) -> None:
        self._epoch = str(resume["epoch"]) if resume else ""
        self._seq: dict[str, int] = dict(resume["seq"]) if resume else {}

    def take(self, frame: Frame) -> bool:
        """Whether the frame is one of a topic."""
        if frame.topic == "connection":
            return False
        if frame.epoch != self._epoch:
            self._epoch, self._seq = frame.epoch, {}
        self._seq[frame.topic] = frame.seq
        return True

    @property
    def resume(self) -> Json | None:
        return {"epoch": self._epoch, "seq": self._seq} if self._seq else None


def _subscription(topics: Sequence[str], wanted: Mapping[str, str] | None, resume: Json | None) -> Json:
    return given(type="subscribe", subscriptions=list(topics), filter=dict(wanted) if wanted else None, resume=resume)


def given(**fields: Any) -> Json:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def answered(status: int, content: bytes | bytearray) -> Json:
    """The JSON object of an answer; :class:`DeskRefused` for a problem, or for what no sidecar would say."""
    try:
        found = msgspec.json.decode(content)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, dict):
        raise DeskRefused(status, "no JSON", "the answer is not a JSON object: is this address a sidecar's?")
    if status >= 400:
        raise DeskRefused(status, str(found.get("title", "refused")), str(found.get("detail", "")), found)
    return found


def _refuse_error(frame: Frame) -> None:
    if frame.type == "error":
        status = 403 if frame.data["code"] == "forbidden" else 422
        raise DeskRefused(status, str(frame.data["code"]), str(frame.data["message"]), dict(frame.data))


def _refuse_close(closed: ConnectionClosed) -> None:
    if closed.rcvd is not None and closed.rcvd.code == _POLICY:
        raise DeskRefused(403, "closed by the desk", closed.rcvd.reason) from closed


def _refused_upgrade(error: InvalidStatus) -> DeskRefused:
    try:
        answered(error.response.status_code, error.response.body or b"{}")
    except DeskRefused as refused:
        return refused
    return DeskRefused(error.response.status_code, "no socket", "the desk did not open the stream")
