"""How uvicorn serves the application: its WebSocket takes made frames, pings its readers, and compresses nothing."""

from __future__ import annotations

from typing import Any

import uvicorn
from fastapi import FastAPI

from sidecar.servers.prepared import prepared


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
            **options,
        },
    )
