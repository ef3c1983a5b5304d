"""The API's description: OpenAPI, and a page of it without scripts.

A script from elsewhere, on the origin that takes the stop key, would hand that key to whoever serves the script.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from fastapi import FastAPI

from sidecar.servers.auth import Public, Require, doors
from sidecar.servers.keys import Role
from sidecar.servers.knock import Knock

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:#f4f4f4;padding:.7rem;overflow:auto}"
    "h2{border-top:1px solid #ccc;padding-top:1rem;font-size:1.05rem}small{color:#555}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}pre{background:#222}small{color:#aaa}}"
)
_SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the two ways to send a key."""
    found = app.openapi()
    found.setdefault("components", {})["securitySchemes"] = _SCHEMES
    return found


def roles(app: FastAPI) -> str:
    """Who may do what, as a Markdown page: every route against no key and a key of each role, from the marks alone."""
    lines = [
        "# Roles",
        "",
        "Written by `make docs` from the routes. `yes`: let in; `401`: a key is needed; `403`: this key may not.",
        "`loopback`: from this machine alone; `frame`: a socket whose first frame must bring the key.",
        "A viewer reads; a trader also stops, closes, cancels and orders; an admin also resets, overrides and changes",
        "limits and keys.",
        "",
        "| route | no key | " + " | ".join(Role) + " | what |",
        "| --- | --- | " + "--- | " * len(Role) + "--- |",
    ]
    told = {
        (method.upper(), path): row["summary"]
        for path, rows in describe(app)["paths"].items()
        for method, row in rows.items()
    }
    for method, path, mark in sorted(doors(app.routes), key=lambda row: (row[1], row[0])):
        what = told.get((method, path)) or _UNDESCRIBED[path]
        lines.append(f"| `{method} {path}` | " + " | ".join([*_admits(mark), what]) + " |")
    return "\n".join(lines) + "\n"


_UNDESCRIBED = {
    "/openapi.json": "The API's description",
    "/docs": "The API's description as a page",
    "/ws": "The streams",
    "/emergency/ws": "The streams, eight types from the start",
}


def _admits(mark: Public | Require | None) -> list[str]:
    if mark is None or mark.role is None:
        return ["yes"] * (1 + len(Role))
    nobody = (
        "loopback" if isinstance(mark, Require) and mark.loopback else "frame" if isinstance(mark, Knock) else "401"
    )
    return [nobody, *("yes" if role.covers(mark.role) else "403" for role in Role)]


def html(document: dict[str, Any]) -> str:
    """The document as one plain page."""
    info = document["info"]
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])} API</title>",
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} {escape(info['version'])}</h1>",
        "<p>Send a key as <code>X-API-Key</code> or <code>Authorization: Bearer</code>. ",
        "The machine-readable document is <a href=/openapi.json>/openapi.json</a>.</p>",
    ]
    for path, methods in document["paths"].items():
        parts += [_operation(path, method, row) for method, row in methods.items()]
    return "".join(parts)


def _operation(path: str, method: str, row: dict[str, Any]) -> str:
    body = row.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    done: dict[str, Any] = next((value for code, value in row["responses"].items() if code.startswith("2")), {})
    example = done.get("content", {}).get("application/json", {}).get("example")
    failing = ", ".join(code for code in row["responses"] if not code.startswith("2"))
    text = f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(row.get('description', ''))}</p>"
    text += f"<p><small>role: {escape(row.get('x-role', 'public'))}; errors: {failing}</small></p>"
    return text + _example("asks", body) + _example("answers", example)


def _example(name: str, value: Any) -> str:
    return f"<p>{name}</p><pre>{escape(json.dumps(value, indent=1, default=str))}</pre>" if value else ""
