"""A crowd of readers in one process, on raw sockets: it must cost less than the servers that it measures.

A frame carries ``"t":`` and the nanoseconds of its making. The process says ``connected``, waits for a line, reads for
so many seconds, and prints what it saw as JSON. A stalled reader subscribes and never reads.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

MARK = b'"t":'
_DIGITS = 19
_BATCH = 50
#: Seconds of reading before what is read counts.
SETTLING_S = 1.0
_PING = 0x89
#: Readers whose every frame's age is noted; the others' are only counted.
_SAMPLED = 200


class Crowd(msgspec.Struct, frozen=True):
    """Whom to connect to, and how many. ``says`` is the first frame of each reader, empty for none."""

    port: int
    path: str
    count: int
    seconds: float = 8.0
    stalled: int = 0
    key: str = ""
    says: str = ""

    def request(self) -> bytes:
        """The upgrade."""
        key = f"X-API-Key: {self.key}\r\n" if self.key else ""
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{key}\r\n"
        ).encode()


def masked(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame; the mask is zero, which leaves the payload as it is."""
    size = len(payload)
    head = bytes((0x80 | opcode, 0x80 | size)) if size < 126 else bytes((0x80 | opcode, 0xFE)) + size.to_bytes(2, "big")
    return head + bytes(4) + payload


def connected(crowd: Crowd, count: int, *, deaf: bool = False) -> list[socket.socket]:
    """So many open WebSockets. :raises ConnectionError: the server would not upgrade one."""
    found: list[socket.socket] = []
    while len(found) < count:
        batch = [_dialled(crowd, deaf) for _ in range(min(_BATCH, count - len(found)))]
        for one in batch:
            head = b""
            while b"\r\n\r\n" not in head:
                more = one.recv(1)
                if not more:
                    raise ConnectionError(f"no upgrade: {head[:200]!r}")
                head += more
            if b" 101 " not in head[:20]:
                raise ConnectionError(f"no upgrade: {head[:200]!r}")
            if crowd.says:
                one.sendall(masked(crowd.says.encode()))
            one.setblocking(False)
        found += batch
    return found


def _dialled(crowd: Crowd, deaf: bool) -> socket.socket:
    made = socket.socket()
    if deaf:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.settimeout(60.0)
    made.connect(("127.0.0.1", crowd.port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.sendall(crowd.request())
    return made


@dataclass
class Seen:
    """What the healthy readers saw: frames, ages (ns) of the sampled ones, when each reader last saw one, ends."""

    frames: int = 0
    ended: int = 0
    ages: list[int] = field(default_factory=list)
    last: dict[int, float] = field(default_factory=dict)
    gap: dict[int, float] = field(default_factory=dict)


def pump(sockets: list[socket.socket], seconds: float, on_frames: Callable[[int, bytearray, int], None]) -> None:
    """Read whatever comes; ``on_frames`` gets the reader's number, the buffer, and how much of it is filled (0: end).

    Pings are answered: no reader of ours is taken for dead.
    """
    poll, by_fd, buffer = select.epoll(), {one.fileno(): (n, one) for n, one in enumerate(sockets)}, bytearray(1 << 17)
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        for fd, _ in poll.poll(left, 1024):
            number, one = by_fd[fd]
            try:
                size = one.recv_into(buffer)
            except BlockingIOError:
                continue
            except ConnectionError:
                size = 0
            if not size:
                poll.unregister(fd)
            elif (at := buffer.find(_PING, 0, size)) >= 0 and buffer[at + 1] < 126:
                one.send(masked(bytes(buffer[at + 2 : at + 2 + buffer[at + 1]]), 10))
            on_frames(number, buffer, size)
    poll.close()


def watched(sockets: list[socket.socket], seconds: float) -> Seen:
    """What the readers see in so many seconds."""
    seen, began, every = Seen(), time.monotonic(), max(1, len(sockets) // _SAMPLED)
    seen.last = dict.fromkeys(range(0, len(sockets), every), began)
    seen.gap = dict.fromkeys(seen.last, 0.0)

    def note(number: int, buffer: bytearray, size: int) -> None:
        found = buffer.count(MARK, 0, size)
        seen.frames += found
        seen.ended += not size
        if number in seen.last and found:
            now, wall, at = time.monotonic(), time.time_ns(), 0
            seen.gap[number] = max(seen.gap[number], now - seen.last[number])
            seen.last[number] = now
            for _ in range(found):
                at = buffer.find(MARK, at, size) + len(MARK)
                digits = bytes(buffer[at : min(size, at + _DIGITS)])
                if len(digits) == _DIGITS:
                    seen.ages.append(wall - int(digits))

    pump(sockets, seconds, note)
    now = time.monotonic()
    for number, last in seen.last.items():
        seen.gap[number] = max(seen.gap[number], now - last)
    return seen


def main(asked: str) -> None:
    """Connect, wait for a line, watch, print."""
    crowd = msgspec.json.decode(asked, type=Crowd)
    deaf = connected(crowd, crowd.stalled, deaf=True)
    sockets = connected(crowd, crowd.count - crowd.stalled)
    print("connected", flush=True)
    sys.stdin.readline()
    pump(sockets, SETTLING_S, lambda *_: None)
    began = time.monotonic()
    seen = watched(sockets, crowd.seconds)
    took = time.monotonic() - began
    ages = np.array(seen.ages or [0]) / 1e6
    told: dict[str, Any] = {
        "frames": seen.frames,
        "seconds": took,
        "p50": float(np.percentile(ages, 50)),
        "p99": float(np.percentile(ages, 99)),
        "gap": max(seen.gap.values(), default=0.0),
        "ended": seen.ended,
        "stalled": len(deaf),
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
