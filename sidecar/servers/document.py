"""The API's description: OpenAPI, and a page of it without scripts.

A script from elsewhere, on the origin that takes the stop key, would hand that key to whoever serves the script.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

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


_ABOUT = (
    "The live risk desk of a small options book. A failure is an `application/problem+json` document and never a "
    "number; an unknown number is `null`. Lists are cursor paged, newest first. The streams describe themselves at "
    "`/asyncapi.json`."
)
_TAGS = {
    "analytics": "Chains, surfaces, Greeks, scenarios, what an order would do",
    "emergency": "Stop, reset, close, and the state of the desk",
    "funds": "The money of each fund",
    "health": "For whoever supervises the process",
    "keys": "Whose key it is",
    "metrics": "For Prometheus",
    "monitoring": "Alerts, performance, signals, the system",
    "rest": "Orders and fills",
    "risk": "Limits and the breaker",
    "stream": "The open sockets",
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the two ways to send a key."""
    found = app.openapi()
    found.setdefault("components", {})["securitySchemes"] = _SCHEMES
    found["info"] |= {"description": _ABOUT, "license": {"name": "MIT"}}
    found["servers"] = [{"url": "/", "description": "This sidecar"}]
    used = {tag for row in found["paths"].values() for operation in row.values() for tag in operation.get("tags", ())}
    found["tags"] = [{"name": tag, "description": _TAGS.get(tag, tag)} for tag in sorted(used)]
    _show_nulls(app, found["paths"])
    return found


def _show_nulls(app: FastAPI, paths: dict[str, Any]) -> None:
    """Put the examples back as they were written: FastAPI leaves out of them what is ``null``."""
    for context in iter_route_contexts(app.routes):
        for method in context.methods or ():
            said = paths.get(context.path or "", {}).get(method.lower(), {}).get("responses", {})
            for code, response in (getattr(context, "responses", None) or {}).items():
                for kind, content in response.get("content", {}).items():
                    if "example" in content:
                        said[str(code)]["content"][kind]["example"] = content["example"]


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
    "/asyncapi.json": "The streams' description",
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
        "The machine-readable documents are <a href=/openapi.json>/openapi.json</a> and, of the streams, ",
        "<a href=/asyncapi.json>/asyncapi.json</a>.</p>",
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
