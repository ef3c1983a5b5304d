"""The socket doors: ``/ws`` and ``/emergency/ws``. Who may come in, what a client may say, and how it is put out."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from fastapi import APIRouter, Depends
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from sidecar.servers.auth import Auth, Refused
from sidecar.servers.hub import Hub
from sidecar.servers.keys import Key, KeyStore, Role
from sidecar.servers.knock import Bucket, Knock
from sidecar.servers.messages import AnyMessage, Authenticate, Ping, Seen, Subscribe, Unsubscribe, decode
from sidecar.servers.ports import Ports
from sidecar.servers.prepared import outlet_of
from sidecar.servers.problems import Problem
from sidecar.servers.routes import Row, answer, declared, mount
from sidecar.servers.subscriber import POLICY, TRY_LATER, Subscriber
from sidecar.servers.subscribing import UnknownTopic
from sidecar.servers.topics import EMERGENCY

_TOO_LARGE = 1009
#: An acknowledgement counts as a tenth of a message: a reader of many topics sends one for each of their frames.
_SEEN = 0.1


class _Unusable(Exception):
    """A frame that is answered by ``error`` and counts towards the close."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Streams:
    """The sockets of one hub."""

    def __init__(self, hub: Hub, auth: Auth) -> None:
        self.hub = hub
        self.auth = auth
        self.settings = hub.settings
        self._addresses: Counter[str] = Counter()

    async def ws(self, socket: WebSocket) -> None:
        """Nothing is subscribed at first."""
        await self._admit(socket, ())

    async def emergency(self, socket: WebSocket) -> None:
        """Starts subscribed to the eight types of the emergency stream."""
        await self._admit(socket, EMERGENCY)

    async def stats(self) -> Response:
        """The open sockets, what each has been sent, and what waits for it."""
        told = {"status": "success", "stats": self.hub.stats(), "timestamp": self.hub.stamp()}
        return answer(told)

    async def _admit(self, socket: WebSocket, topics: tuple[str, ...]) -> None:
        address = socket.client.host if socket.client else ""
        if self._addresses[address] >= self.settings.sockets_per_address:
            raise Problem(429, f"at most {self.settings.sockets_per_address} sockets from one address")
        self._addresses[address] += 1
        try:
            self.hub.attach(asyncio.get_running_loop())
            await socket.accept()
            key = getattr(socket.state, "caller", None) or await self._authenticate(socket)
            if key is not None:
                await self._serve(socket, key, topics)
        except WebSocketDisconnect:
            pass
        finally:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    async def _authenticate(self, socket: WebSocket) -> Key | None:
        code = POLICY
        try:
            async with asyncio.timeout(self.settings.auth_wait_s):
                message = await self._receive(socket)
            if not isinstance(message, Authenticate):
                raise Refused(401, "missing", "the first frame must be auth, with a key")
            return self.auth.identify(_header(message.key))
        except TimeoutError:  # a busy page or a slow line: it may come again, which a wrong key may not
            code, reason, detail = TRY_LATER, "missing", f"no key within {self.settings.auth_wait_s:g} s"
        except Refused as refused:
            reason, detail = refused.reason, refused.detail
        except _Unusable as unusable:
            reason, detail = "malformed", unusable.message
        self.auth.ports.on_auth_failure(reason)
        self.auth.record(socket, "unknown", detail)
        outlet_of(socket.scope).part(code, detail[:120], self.settings.close_wait_s)
        return None

    async def _serve(self, socket: WebSocket, key: Key, topics: tuple[str, ...]) -> None:
        hub, outlet, loop = self.hub, outlet_of(socket.scope), asyncio.get_running_loop()
        subscriber = Subscriber(secrets.token_hex(6), key, outlet, self.settings, hub.totals, loop.time, hub.stamp)
        outlet.on_open, outlet.on_shut, outlet.on_gone = subscriber.on_open, subscriber.on_shut, subscriber.go
        hub.connect(subscriber)
        try:
            if topics:
                self._obey(subscriber, Subscribe(list(topics)))
            await self._listen(socket, subscriber)
        finally:
            hub.disconnect(subscriber)

    # ---- what clients say --------------------------------------------------------------------------------------

    async def _receive(self, socket: WebSocket) -> AnyMessage:
        event = await socket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code") or 1005)
        text = event.get("text")
        if text is None:
            raise _Unusable("binary", "send JSON as text frames")
        if len(text) > self.settings.max_message_bytes or len(text.encode()) > self.settings.max_message_bytes:
            raise _Unusable("too_large", f"a message is at most {self.settings.max_message_bytes} bytes")
        try:
            return decode(text)
        except msgspec.ValidationError as error:
            raise _Unusable("invalid", str(error)) from None
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            raise _Unusable("bad_json", "this is not JSON") from None

    async def _listen(self, socket: WebSocket, subscriber: Subscriber) -> None:
        bad, bucket = 0, Bucket(self.settings.messages_per_s, asyncio.get_running_loop().time)
        while True:
            try:
                message = await self._receive(socket)
                if not bucket.take(_SEEN if isinstance(message, Seen) else 1.0):
                    raise _Unusable("too_fast", f"at most {self.settings.messages_per_s:g} messages a second")
            except _Unusable as unusable:
                if unusable.code == "too_large":
                    subscriber.close(_TOO_LARGE, unusable.message)
                    return
                bad += 1
                self._error(subscriber, unusable.code, unusable.message)
                if bad >= self.settings.bad_in_a_row:
                    subscriber.finish(POLICY, f"{bad} messages in a row could not be used")
                    return
                continue
            bad = 0
            if not self.auth.keys.valid(subscriber.key.id):
                subscriber.close(POLICY, "this key was revoked")
                return
            self._obey(subscriber, message)

    def _obey(self, subscriber: Subscriber, message: AnyMessage) -> None:
        match message:
            case Ping():
                subscriber.tell("pong", {})
            case Seen():
                subscriber.saw(message.topic, message.seq)
            case Authenticate():
                self._error(subscriber, "authenticated", "this socket has its key; open another for another key")
            case Unsubscribe():
                unknown = [name for name in message.subscriptions if name not in self.hub.channels.by_name]
                if unknown:
                    self._error(subscriber, "unknown_topic", f"there is no topic {unknown[0]!r}")
                    return
                for name in message.subscriptions:
                    subscriber.leave(name)
                subscriber.tell("ack", {"to": "unsubscribe", "topics": sorted(subscriber.feeds)})
            case Subscribe():
                self._subscribe(subscriber, message)

    def _subscribe(self, subscriber: Subscriber, message: Subscribe) -> None:
        try:
            subscriber.tell("ack", self.hub.subscribe(subscriber, message))
        except UnknownTopic as error:
            self._error(subscriber, "unknown_topic", str(error))
        except PermissionError as error:
            self.auth.ports.on_auth_failure("role")
            self._error(subscriber, "forbidden", str(error))
        except ValueError as error:
            self._error(subscriber, "invalid", str(error))

    def _error(self, subscriber: Subscriber, code: str, message: str) -> None:
        subscriber.tell("error", {"code": code, "message": message})


def _header(secret: str) -> Headers:
    """A secret from a frame, checked as one from a header is."""
    return Headers(raw=[(b"x-api-key", secret.encode())])


def router(hub: Hub, ports: Ports, keys: KeyStore) -> APIRouter:
    """The sockets' routes, for ``create_app(…, routers=[…])``."""
    auth = Auth(keys, ports)
    streams = Streams(hub, auth)

    @asynccontextmanager
    async def attached(_: object) -> AsyncIterator[None]:
        hub.attach(asyncio.get_running_loop())
        yield

    made = APIRouter(tags=["stream"], lifespan=attached)
    knock = Depends(Knock(auth, hub.settings.allowed_origins))
    for path, endpoint in (("/ws", streams.ws), ("/emergency/ws", streams.emergency)):
        made.add_api_websocket_route(path, endpoint, dependencies=[knock, Depends(declared)])
    rows = [
        Row("GET", f"{prefix}/ws/stats", Role.VIEWER, streams.stats, "The open sockets", answers=_STATS)
        for prefix in ("", "/emergency")
    ]
    return mount(made, rows, auth)


_CONNECTION = {
    "client_id": "5f2c01d4a9be",
    "connected_at": "2025-11-24T06:30:00+00:00",
    "role": "viewer",
    "message_count": 1204,
    "topics": ["breaker", "positions"],
    "queue": 0,
    "conflated": 0,
}
_STATS = {
    "status": "success",
    "stats": {"active_connections": 1, "total_messages_sent": 1204, "connections": [_CONNECTION]},
    "timestamp": "2025-11-24T06:30:00+00:00",
}
