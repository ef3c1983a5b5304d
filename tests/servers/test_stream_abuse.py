"""What a hostile client puts on the wire: a close code for it, no traceback for us, nothing for the others."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket as sockets
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.desk import report
from tests.servers.streaming import Wire, hear, say, subscribed, wired

PING = json.dumps({"type": "ping"}).encode()


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    with wired(tmp_path) as found:
        found.offer(report())
        yield found


def frame(payload: bytes, first: int = 0x81, *, masked: bool = True) -> bytes:
    """A client's frame; ``first`` is FIN, the reserved bits and the opcode."""
    size = len(payload)
    short = size if size < 126 else 126 if size < 65_536 else 127
    length = {126: struct.pack("!H", size), 127: struct.pack("!Q", size)}.get(short, b"") if short >= 126 else b""
    if not masked:
        return bytes((first, short)) + length + payload
    mask = os.urandom(4)
    return bytes((first, 0x80 | short)) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


class Raw:
    """A socket that speaks WebSocket as badly as it is told to."""

    def __init__(self, wire: Wire) -> None:
        host, port = wire.url.removeprefix("http://").split(":")
        key = next(iter(wire.secrets.values()))
        self.socket = sockets.create_connection((host, int(port)), 5)
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"X-API-Key: {key}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            self.data += self.socket.recv(4_096)
        self.data = self.data.partition(b"\r\n\r\n")[2]
        assert self.next()[1]["type"] == "connection"

    def next(self) -> tuple[int, Any]:
        """The opcode and the JSON of the next frame, or the code of the close."""
        while True:
            if len(self.data) >= 2:
                size, head = self.data[1] & 127, 2
                if size == 126 and len(self.data) >= 4:
                    size, head = struct.unpack("!H", self.data[2:4])[0], 4
                if (size < 126 and len(self.data) >= head + size) or (head == 4 and len(self.data) >= head + size):
                    opcode, payload = self.data[0] & 15, self.data[head : head + size]
                    self.data = self.data[head + size :]
                    return opcode, struct.unpack("!H", payload[:2])[0] if opcode == 8 else json.loads(payload or "0")
            more = self.socket.recv(65_536)
            assert more, "the socket ended without a close frame"
            self.data += more

    def close_code(self) -> int:
        """What the server closes with."""
        while True:
            opcode, told = self.next()
            if opcode == 8:
                return int(told)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(b"\xff\xfe{"), 1007),  # no UTF-8
        (frame(PING, masked=False), 1002),  # a client must mask
        (frame(PING, 0xF1), 1002),  # reserved bits without an extension
        (frame(PING, 0x83), 1002),  # no such opcode
        (frame(b"x" * 126, 0x89), 1002),  # a control frame is short
        (frame(PING, 0x80), 1002),  # goes on with nothing
        (frame(b"x" * 10_000, 0x01) + frame(b"x" * 10_000, 0x80), 1009),  # too large in two parts
        (frame(b"x" * 20_000), 1009),
        (frame(b"x", 0x88), 1002),  # a close needs two bytes
    ],
    ids=["utf-8", "unmasked", "reserved", "opcode", "control", "continuation", "parts", "large", "close"],
)
def test_broken_frames_end_their_own_socket_alone(
    wire: Wire, sent: bytes, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def neighbour() -> None:
        async with wire.socket() as socket:
            await subscribed(socket, "positions")
            raw = await asyncio.to_thread(Raw, wire)
            await asyncio.to_thread(raw.socket.sendall, sent)
            assert await asyncio.to_thread(raw.close_code) == code
            raw.socket.close()
            await say(socket, type="ping")
            assert (await hear(socket, "pong"))["topic"] == "connection"

    with caplog.at_level(logging.WARNING):
        asyncio.run(neighbour())
    assert not [record for record in caplog.records if record.exc_info]


def test_a_message_in_parts_is_one_message(wire: Wire) -> None:
    raw = Raw(wire)
    raw.socket.sendall(frame(PING[:4], 0x01) + frame(b"", 0x89) + frame(PING[4:8], 0x00) + frame(PING[8:], 0x80))
    found = [raw.next() for _ in range(2)]
    assert [opcode for opcode, _ in found] == [10, 1]  # the ping between the parts is answered first
    assert found[1][1]["type"] == "pong"
    raw.socket.close()


def test_random_bytes_harm_nobody(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            raw = Raw(wire)
            raw.socket.sendall(os.urandom(200))
            raw.socket.close()
        raw = Raw(wire)
        raw.socket.sendall(frame(PING))
        assert raw.next()[1]["type"] == "pong"
        raw.socket.close()
    assert not [record for record in caplog.records if record.exc_info]
