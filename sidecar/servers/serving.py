"""How uvicorn serves the application: its WebSocket takes made frames, pings its readers, and compresses nothing."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn
from fastapi import FastAPI

from sidecar.servers.prepared import prepared

#: Connections that one turn of the loop accepts: a crowd that comes back together must not delay a stop.
ACCEPTED = 4
#: Connections that wait in the kernel meanwhile.
WAITING = 2_048


class Server(uvicorn.Server):
    """A server that takes a crowd of connections a few at a time, while the rest waits in the kernel's queue.

    asyncio accepts as many connections in a turn as the queue is long, and each brings its handshake.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                with listening.dup() as same:
                    same.listen(WAITING)


def configuration(app: FastAPI, **options: Any) -> uvicorn.Config:
    """Uvicorn's configuration; ``options`` are its own (host, port, …). A reader that is gone is noticed in 10 s."""
    return uvicorn.Config(
        app,
        **{
            "log_config": None,
            "access_log": False,
            "ws": prepared(),
            "ws_max_size": 16 * 1024,
            "ws_per_message_deflate": False,
            "ws_ping_interval": 5.0,
            "ws_ping_timeout": 4.0,
            "server_header": False,
            "backlog": ACCEPTED,
            **options,
        },
    )
