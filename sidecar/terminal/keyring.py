"""``keys``: make, list and revoke API keys. A running sidecar sees the change within a second."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from sidecar.servers.keys import KeyStore, Role
from sidecar.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """One of add, list, revoke."""
    settings = load_settings(data_dir=options.data_dir)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = KeyStore(settings.data_dir)
    console = Console()
    if options.what == "add":
        secret = store.add(Role(options.role), options.label)
        console.print(f"{options.role} key, shown once: {secret}", highlight=False, soft_wrap=True)
    elif options.what == "revoke":
        key = store.revoke(options.key_id)
        console.print(f"revoked {key.id} ({key.role})", highlight=False)
    else:
        table = Table("id", "role", "label", "made", "revoked")
        for key in store.list():
            revoked = key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else ""
            table.add_row(key.id, key.role, key.label, key.created_at.isoformat(timespec="seconds"), revoked)
        console.print(table)
    return 0
