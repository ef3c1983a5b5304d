"""A repeated ``Idempotency-Key`` gets the first answer: for commands that the desk itself does not recognise again."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from sidecar.servers.auth import caller
from sidecar.servers.problems import Problem

#: How many answers are kept; the oldest goes first.
KEPT = 1_000
#: On an answer that was given before.
REPLAYED = "idempotency-replayed"
_SHAPE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_Asked = tuple[str, bytes]
Work = Callable[[], Awaitable[Response]]


def idempotency_key(request: Request) -> str:
    """The request's ``Idempotency-Key``, empty if it has none; :class:`Problem` 400 if it is not one plain word."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return ""
    if len(given) > 1 or not _SHAPE.fullmatch(given[0]):
        raise Problem(400, "Idempotency-Key: one, of at most 64 letters, digits, and _ . : -")
    return given[0]


class Repeats:
    """The first answers, by caller and key. An answer that failed is forgotten, so that it can be tried again."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._answers: OrderedDict[tuple[str, str], tuple[_Asked, asyncio.Future[Response]]] = OrderedDict()

    async def once(self, request: Request, work: Work) -> Response:
        """The answer of ``work``, or of the same request before; another request under the same key is 409."""
        key = idempotency_key(request)
        if not key:
            return await work()
        place, asked = (caller(request).id, key), await _asked(request)
        if place not in self._answers:
            return await self._first(place, asked, work)
        first, answer = self._answers[place]
        if first != asked:
            raise Problem(409, "this Idempotency-Key already stands for another request")
        return _again(await asyncio.shield(answer))

    async def while_it_stands(self, request: Request, work: Work, stands: Callable[[Response], bool]) -> Response:
        """As :meth:`once`, but no key keeps the work from being done anew once its first answer no longer ``stands``.

        A key that is malformed, or that stands for something else, or whose first answer failed, is as good as none.
        """
        try:
            key = idempotency_key(request)
        except Problem:
            key = ""
        if not key:
            return await work()
        place, asked = (caller(request).id, key), await _asked(request)
        if place in self._answers and self._answers[place][0] == asked:
            with suppress(Problem):
                told = await asyncio.shield(self._answers[place][1])
                if stands(told):
                    return _again(told)
        return await self._first(place, asked, work)

    async def _first(self, place: tuple[str, str], asked: _Asked, work: Work) -> Response:
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._answers[place] = mine = (asked, answer)
        while len(self._answers) > self._kept:
            self._answers.popitem(last=False)
        try:
            told = await work()
            answer.set_result(told)
        finally:
            if not answer.done():
                # Whoever waits for the same answer asks again.
                if self._answers.get(place) is mine:
                    del self._answers[place]
                answer.set_exception(Problem(503, "the first request with this Idempotency-Key failed; ask again"))
                answer.exception()
        return told


async def _asked(request: Request) -> _Asked:
    return request.scope["path"], await request.body()


def _again(answer: Response) -> Response:
    headers = {REPLAYED: "true"}
    return Response(answer.body, answer.status_code, headers, media_type=answer.media_type)
