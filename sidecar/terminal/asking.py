"""``status``: the running desk asked from a terminal, through its API."""

from __future__ import annotations

import argparse
import os
from typing import Any

from rich.console import Console

from sidecar.client import Desk
from sidecar.servers.keys import UI_FILE
from sidecar.settings import load_settings


def status(options: argparse.Namespace) -> int:
    """The breaker, the market and the counts."""
    with desk_of(options) as desk:
        show(desk.status())
    return 0


def show(answer: Any) -> None:
    """An answer of the desk, as it came."""
    Console().print_json(data=answer)


def desk_of(options: argparse.Namespace, key: str | None = None) -> Desk:
    """The desk that a command asks, with ``key`` or else the one at hand."""
    settings = load_settings(data_dir=options.data_dir)
    url = options.url or os.environ.get("DESK_URL") or f"http://127.0.0.1:{settings.port}"
    key_file = settings.data_dir / UI_FILE
    mine = os.environ.get("DESK_KEY") or (key_file.read_text().strip() if key_file.is_file() else None)
    return Desk(url, key or mine)
