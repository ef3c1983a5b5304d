"""A repeated ``Idempotency-Key`` gets the first answer: for commands that the desk itself does not recognise again."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from sidecar.servers.auth import caller
from sidecar.servers.problems import Problem

#: How many answers are kept; the oldest goes first.
KEPT = 1_000
_SHAPE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


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
        self._answers: OrderedDict[tuple[str, str], tuple[bytes, asyncio.Future[Response]]] = OrderedDict()

    async def once(self, request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
        """The answer of ``work``, or of the same request before; another body under the same key is 409."""
        key = idempotency_key(request)
        if not key:
            return await work()
        place, body = (caller(request).id, key), await request.body()
        if place in self._answers:
            first, answer = self._answers[place]
            if first != body:
                raise Problem(409, "this Idempotency-Key already stands for another request")
            return _copy(await asyncio.shield(answer))
        answer = asyncio.get_running_loop().create_future()
        self._answers[place] = (body, answer)
        while len(self._answers) > self._kept:
            self._answers.popitem(last=False)
        try:
            answer.set_result(await work())
        finally:
            if not answer.done():
                # Whoever waits for the same answer asks again.
                self._answers.pop(place, None)
                answer.set_exception(Problem(503, "the first request with this Idempotency-Key failed; ask again"))
                answer.exception()
        return _copy(answer.result())


def _copy(answer: Response) -> Response:
    return Response(answer.body, answer.status_code, media_type=answer.media_type)
