"""``login``: a new one-time link into the app, for whoever may write the data directory."""

from __future__ import annotations

import argparse
from pathlib import Path

from sidecar.client import login
from sidecar.domain.errors import ConfigurationError
from sidecar.servers.keys import UI_FILE
from sidecar.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """Print the link, and nothing else: it can be piped."""
    settings = load_settings(data_dir=options.data_dir, host=options.host, ui_port=options.ui_port)
    if not (settings.data_dir / UI_FILE).exists():
        raise ConfigurationError("data_dir", f"{settings.data_dir} has no {UI_FILE}", "start the desk first: up")
    print(link(settings.data_dir, url(settings.host, settings.ui_port)))
    return 0


def link(data: Path, address: str) -> str:
    """A new link into the app at ``address``, good once and for ten minutes."""
    return f"{address}{login.PATH}#{login.make(data)}"


def url(host: str, port: int) -> str:
    """The address of a server as a browser takes it."""
    bare = host.strip("[]")
    return f"http://[{bare}]:{port}" if ":" in bare else f"http://{bare}:{port}"
