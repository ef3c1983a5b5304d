"""A bar that tells how far something is."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

_WIDEST = 60


def bar_of(console: Console) -> Any:
    """A bar that moves in a terminal; nothing where nobody sees it move."""
    if not console.is_terminal:
        return nullcontext(_Silent())
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def words(step: str, note: str) -> str:
    """A step and how it goes, in the room that a bar has for them."""
    return f"{step}: {note}"[:_WIDEST] if note else step[:_WIDEST]


class _Silent:
    """A bar that nobody sees."""

    def add_task(self, description: str, total: float) -> int:  # noqa: ARG002
        return 0

    def update(self, task: int, **named: Any) -> None: ...

    def stop(self) -> None: ...
