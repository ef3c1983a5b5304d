"""The client's side of the streams: one connection after the other, each taken up where the one before broke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from math import inf
from typing import Any

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from sidecar.client.line import Line, Terms
from sidecar.client.mirror import Frame, Json, Mirror
from sidecar.client.polling import read
from sidecar.domain.errors import ClientError, DeskRefused, DeskUnreachable

__all__ = ["Frame", "Json", "Mirror", "Terms", "answered", "follow", "given", "socket_of"]

_OPEN_S = 10.0
#: Close codes after which the desk would do the same again, and the status that says why: policy, too large.
_REFUSALS = {1008: 403, 1009: 413}
#: A desk that was there once and answers one of these will not answer otherwise soon.
_FINAL = frozenset({400, 401, 403, 404})
_SHUT = frozenset({401, 403})
#: A snapshot of a large book is one frame.
_LARGEST = 16 * 2**20


async def follow(
    url: str, headers: Mapping[str, str], terms: Terms, resume: Mapping[str, Any] | None, ask: Callable[..., Json]
) -> AsyncGenerator[Frame, None]:
    """The frames of ``terms.topics``, over as many connections as it takes; ``ask`` GETs a path for polling."""
    line, polls, clock = Line(terms, resume), _Polls(terms, ask), asyncio.get_running_loop().time
    been = False
    while True:
        try:
            async with socket_of(url, headers) as socket, line.on(socket):
                been = True
                while True:
                    frame = line.take(await line.hear(socket))
                    if frame is not None:
                        yield frame
                        line.saw(frame.topic)
        except InvalidStatus as error:
            if not been or error.response.status_code in _FINAL:
                raise _refused_upgrade(error) from error
        except ConnectionClosed as closed:
            _refuse_close(closed)
        except (OSError, InvalidHandshake, TimeoutError, msgspec.DecodeError) as error:
            if not been:
                raise DeskUnreachable(url, str(error) or type(error).__name__) from error
        line.failures += 1
        until = clock() + terms.wait(line.failures)
        while clock() < until:
            for frame in await polls.next(until):
                yield frame


def socket_of(url: str, headers: Mapping[str, str]) -> connect:
    """A connection to the desk's stream, which nobody opens a second time."""
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


class _Polls:
    """What is read over REST while there is no stream."""

    def __init__(self, terms: Terms, ask: Callable[..., Json]) -> None:
        self._terms = terms
        self._ask = ask
        self._due = 0.0 if terms.poll_s else inf

    async def next(self, until: float) -> list[Frame]:
        """What is read now, if it is time to; else nothing, at the time when it is, or at ``until``."""
        now = asyncio.get_running_loop().time()
        if now < self._due:
            await asyncio.sleep(min(until, self._due) - now)
            return []
        self._due = now + self._terms.poll_s
        try:
            return await asyncio.to_thread(read, self._terms.topics, self._terms.wanted, self._ask)
        except DeskRefused as refused:
            if refused.status in _SHUT:
                raise
        except ClientError:
            pass  # nothing is known, so nothing is told
        return []


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


def _refuse_close(closed: ConnectionClosed) -> None:
    if closed.rcvd is not None and closed.rcvd.code in _REFUSALS:
        raise DeskRefused(_REFUSALS[closed.rcvd.code], "closed by the desk", closed.rcvd.reason) from closed


def _refused_upgrade(error: InvalidStatus) -> DeskRefused:
    try:
        answered(error.response.status_code, error.response.body or b"{}")
    except DeskRefused as refused:
        return refused
    return DeskRefused(error.response.status_code, "no socket", "the desk did not open the stream")
