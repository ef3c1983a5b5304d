"""``make docs``: the references of settings and metrics, the descriptions of API and streams, who may do what."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel

from sidecar.doors import app_of
from sidecar.risk.limits import BY_NAME
from sidecar.run import Sidecar
from sidecar.servers import asyncapi
from sidecar.servers.document import describe, roles
from sidecar.settings import REPOSITORY, Settings, load_settings
from sidecar.telemetry.buckets import BOUNDS
from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.exposition import PREFIX

SETTINGS = "docs/settings.md"
API = "docs/openapi.json"
STREAMS = "docs/asyncapi.json"
ROLES = "docs/roles.md"
METRICS = "docs/metrics.md"


def main(folder: Path = REPOSITORY) -> int:
    """Write the files below ``folder``."""
    (folder / "docs").mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS).write_text(settings_reference())
    (folder / API).write_text(api_description())
    (folder / STREAMS).write_text(stream_description())
    (folder / ROLES).write_text(role_matrix())
    (folder / METRICS).write_text(metric_reference())
    print(f"wrote {SETTINGS}, {API}, {STREAMS}, {ROLES} and {METRICS}")
    return 0


def settings_reference() -> str:
    """Every setting: its name and variable, its value as shipped, and what ``desk.toml`` or the code says of it."""
    shipped, words = load_settings(), _comments()
    lines = [
        "# Settings",
        "",
        "Written by `make docs` from the code. Flags come first, then variables, then the service manager's",
        "credentials (files named as the variables, in small letters), then `desk.toml`; an unknown name is an error.",
        "",
        "| setting | variable | shipped | what |",
        "| --- | --- | --- | --- |",
    ]
    for name, value in _walk(shipped, ()):
        variable = "DESK_" + "__".join(part.upper() for part in name)
        lines.append(f"| `{'.'.join(name)}` | `{variable}` | `{value}` | {words.get(name[-2:]) or _described(name)} |")
    return "\n".join(lines) + "\n"


def api_description() -> str:
    """The OpenAPI document of a sidecar on an empty desk."""
    with tempfile.TemporaryDirectory() as folder, Sidecar(load_settings(data_dir=Path(folder))) as sidecar:
        return _text(describe(app_of(sidecar)))


def stream_description() -> str:
    """The AsyncAPI document of a sidecar on an empty desk."""
    with tempfile.TemporaryDirectory() as folder, Sidecar(load_settings(data_dir=Path(folder))) as sidecar:
        return _text(asyncapi.describe(sidecar.hub.version, sidecar.hub.settings))


def role_matrix() -> str:
    """Every route of a sidecar, and who may enter."""
    with tempfile.TemporaryDirectory() as folder, Sidecar(load_settings(data_dir=Path(folder))) as sidecar:
        return roles(app_of(sidecar))


def metric_reference() -> str:
    """Every metric: its name and labels, its kind, what it says, and the buckets of a histogram."""
    lines = [
        "# Metrics",
        "",
        "Written by `make docs` from the code. What is not known has no sample, and the desk's numbers are gone when",
        "it is silent. Beside these stand `process_*`: memory, processor time and open files of the sidecar.",
        "",
        "| metric | kind | what | buckets |",
        "| --- | --- | --- | --- |",
    ]
    for metric in CATALOGUE:
        labels = f"{{{', '.join(metric.labels)}}}" if metric.labels else ""
        buckets = " ".join(f"{bound:g}" for bound in BOUNDS.get(metric.name, ()))
        lines.append(f"| `{PREFIX}{metric.name}{labels}` | {metric.kind} | {metric.help} | {buckets} |")
    return "\n".join(lines) + "\n"


def _text(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=1).decode() + "\n"


def _walk(model: BaseModel, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _walk(value, (*above, name))
        elif isinstance(value, dict):
            yield from (((*above, name, str(key)), one) for key, one in value.items())
        elif name == "data_dir":
            yield (*above, name), "data"
        else:
            yield (*above, name), value


def _described(name: tuple[str, ...]) -> str:
    """What the code says of a setting that ``desk.toml`` has no comment on."""
    if name[0] == "limits" and name[-1] in BY_NAME:
        return BY_NAME[name[-1]].what
    field = Settings.model_fields[name[0]]
    return (field.description or "") if len(name) == 1 or name[0] == "capital" else ""


def _comments() -> dict[tuple[str, ...], str]:
    """What ``desk.toml`` says of each setting, by its table and its name: two tables may have one of the same name."""
    found: dict[tuple[str, ...], str] = {}
    section = ""
    for line in Settings.toml_path().read_text().splitlines():
        setting, _, comment = line.partition("#")
        if line.startswith("["):
            section = line[1:].partition("]")[0]
        elif "=" in setting and comment:
            found[section, setting.split("=")[0].strip()] = comment.strip()
    return found


if __name__ == "__main__":
    sys.exit(main())
