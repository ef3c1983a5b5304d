"""What a person waits for, in a real browser: the first useful page, each page after it, and a STOP.

``python -m bench.app_browser``: Chromium beside the stack on one machine, so the numbers hold the browser's own work.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.standing import Standing, standing
from pages.parts.screens import ALL_SCREENS
from sidecar.client import Desk
from tests.chromium import chromium
from tests.pages import tour

ROUNDS = 5
STOPS = 20


def first(browser: Any, stack: Standing) -> tuple[float, float]:
    """Milliseconds from the address to the state in words, and to a drawn page; nothing is cached."""
    page = browser.new_context().new_page()
    began = time.perf_counter()
    page.goto(stack.app)
    page.locator('[data-at="facts"]', has_text="TRADING ALLOWED").wait_for(timeout=60_000)
    state = time.perf_counter() - began
    tour.settle(page, rest_ms=0)
    drawn = time.perf_counter() - began
    page.context.close()
    return 1_000 * state, 1_000 * drawn


def there(page: Any, title: str) -> float:
    """Milliseconds from a click in the navigation to the drawn page."""
    began = time.perf_counter()
    tour.to(page, title)
    page.get_by_role("heading", name=title, level=1).wait_for(timeout=60_000)
    tour.settle(page, rest_ms=0)
    return 1_000 * (time.perf_counter() - began)


def stopped(page: Any, desk: Desk, admin: Desk) -> tuple[float, float]:
    """Milliseconds from Ctrl+Enter in the dialog to the shut gate as REST tells it, and to the outcome on screen."""
    page.keyboard.press("F9")
    page.get_by_role("dialog").get_by_label("Reason").fill("measured")
    began = time.perf_counter()
    page.keyboard.press("Control+Enter")
    while desk.status()["data"]["circuit_breaker"]["status"] != "emergency_stop":
        pass
    shut = time.perf_counter() - began
    page.get_by_text("on disk before this answer came").wait_for(timeout=15_000)
    told = time.perf_counter() - began
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    admin.reset("measured")
    return 1_000 * shut, 1_000 * told


def row(name: str, values: list[float]) -> None:
    """One line of the table: median, worst, how many."""
    found = np.array(values)
    print(f"| {name} | {np.median(found):,.0f} | {found.max():,.0f} | {found.size} |", flush=True)


def main() -> None:
    """The table."""
    admin_key = "bench-admin-" + "a" * 32
    keys = f"admin:{admin_key},trader:{'bench-trader-' + 't' * 32}"
    print("| ms | median | worst | n |\n| --- | --- | --- | --- |")
    with (
        TemporaryDirectory() as folder,
        standing(Path(folder) / "data", DESK_BOOTSTRAP_KEYS=keys) as stack,
        chromium() as browser,
        Desk(stack.url, stack.key) as desk,
        Desk(stack.url, admin_key) as admin,
    ):
        firsts = [first(browser, stack) for _ in range(ROUNDS)]
        row("first visit: state and STOP", [state for state, _ in firsts])
        row("first visit: Overview drawn", [drawn for _, drawn in firsts])
        page = browser.new_page(viewport={"width": tour.WIDTH, "height": tour.HEIGHT})
        page.goto(stack.app)
        tour.settle(page)
        for screen in (*ALL_SCREENS[1:], ALL_SCREENS[0]):
            row(f"to {screen.title}", [there(page, screen.title)])
        every = [there(page, screen.title) for _ in range(2) for screen in (*ALL_SCREENS[1:], ALL_SCREENS[0])]
        row("to any page, again", every)
        stops = [stopped(page, desk, admin) for _ in range(STOPS)]
        row("STOP: Ctrl+Enter to gate shut", [shut for shut, _ in stops])
        row("STOP: Ctrl+Enter to outcome on screen", [told for _, told in stops])


if __name__ == "__main__":
    main()
