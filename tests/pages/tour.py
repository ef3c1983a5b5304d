"""Walking through the app in a real browser: every page, what it looks like, and what a screen reader would miss."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pages.parts.screens import ALL_SCREENS, Screen

WIDTH, HEIGHT = 1500, 1000
#: Streamlit's own: its navigation is a list that holds headings, which a list may not.
NOT_OURS = {"exclude": [['[data-testid="stSidebarNavItems"]']]}
_SETTLED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
_PATIENCE_MS = 30_000


class Seen(NamedTuple):
    """One page: its picture, exceptions that it shows, and axe's complaints as ``rule: first element``."""

    screen: Screen
    picture: bytes
    exceptions: int
    complaints: tuple[str, ...]


def settle(page: Any, *, rest_ms: int = 400) -> None:
    """Wait until the page is drawn, and a moment more for its charts."""
    page.wait_for_selector(_SETTLED, timeout=_PATIENCE_MS)
    page.wait_for_selector('[data-testid="stSkeleton"]', state="detached", timeout=_PATIENCE_MS)
    page.wait_for_timeout(rest_ms)


def enter(page: Any, link: str) -> None:
    """Sign in by a one-time link, as its reader does: by opening it."""
    page.goto(link)
    page.wait_for_selector('[data-testid="stSidebarNav"]', timeout=_PATIENCE_MS)
    settle(page)


def to(page: Any, title: str) -> None:
    """Choose a page in the navigation."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()


def walk(page: Any, app: str, axe: Any = None) -> Iterator[Seen]:
    """Open every page from the navigation, as a person does."""
    for screen in ALL_SCREENS:
        to(page, screen.title)
        page.wait_for_url(f"{app}/" if screen is ALL_SCREENS[0] else f"{app}/{screen.name}*", timeout=_PATIENCE_MS)
        settle(page)
        complaints = tuple(_complaints(axe.run(page, NOT_OURS).response["violations"])) if axe is not None else ()
        exceptions = page.locator('[data-testid="stException"]').count()
        yield Seen(screen, page.screenshot(), exceptions, complaints)


def _complaints(violations: list[dict[str, Any]]) -> Iterator[str]:
    for found in violations:
        if found["impact"] in ("serious", "critical"):
            yield f"{found['id']}: {found['nodes'][0]['html'][:160]}"


def keep(seen: Seen, folder: Path) -> Path:
    """Write a page's picture under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{seen.screen.name}.png"
    made.write_bytes(seen.picture)
    return made
