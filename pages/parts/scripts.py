"""The browser's scripts: a component's is one module, put together of parts that share their words."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def text(name: str) -> str:
    """A file beside this one."""
    return (_HERE / name).read_text()


def module(*names: str) -> str:
    """The scripts of these names as one module. The last one exports; what it uses stands before it."""
    return "\n".join(text(f"{name}.js") for name in names)
