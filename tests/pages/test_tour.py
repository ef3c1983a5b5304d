"""A newcomer's first five minutes, in a real browser: sign in, every page, what-if, order, STOP, refused, reset."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pages.parts.screens import ALL_SCREENS
from sidecar.client import Desk
from tests.chromium import MARKS, chromium
from tests.pages import tour
from tests.pages.stack import Stack, stack

pytestmark = MARKS
#: Where ``make tour`` wants the README's pictures; without it they are looked at and thrown away.
WANTED = os.environ.get("DESK_TOUR_FOLDER", "")
SHOWN = ("overview", "scenarios", "volatility", "market")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("tour") / "data", repository, "--speed", "2") as made:
        yield made


@pytest.fixture(scope="module")
def visitor(running: Stack) -> Iterator[Any]:
    """A browser that has signed in by the link which ``up`` printed; nothing may go wrong on its pages."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": tour.WIDTH, "height": tour.HEIGHT})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        tour.enter(page, running.link)
        yield page
        assert errors == []


def test_every_page_is_drawn_and_a_screen_reader_finds_its_way(visitor: Any, running: Stack, tmp_path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    seen = list(tour.walk(visitor, running.app, axe))
    sizes = [tour.keep(one, tmp_path).stat().st_size for one in seen]
    for one in seen:
        if WANTED and one.screen.name in SHOWN:
            tour.keep(one, Path(WANTED))
    assert [one.screen for one in seen] == list(ALL_SCREENS)
    assert {one.screen.name: one.exceptions for one in seen if one.exceptions} == {}
    assert {one.screen.name: one.complaints for one in seen if one.complaints} == {}
    assert min(sizes) > 20_000, "a page of that size is empty"


def test_what_if_then_an_order_then_stop_then_refused_then_reset(visitor: Any, running: Stack) -> None:
    from playwright.sync_api import expect

    visitor.goto(f"{running.app}/scenarios?view=Ticket")
    tour.settle(visitor)
    with Desk(running.desk, running.trader) as desk:
        held = desk.positions()["positions"][0]["symbol"]
        visitor.get_by_label("Contract", exact=True).fill(held)
        visitor.get_by_label("Contract", exact=True).press("Enter")
        visitor.get_by_text("Buy", exact=True).click()
        tour.settle(visitor)
        visitor.get_by_role("button", name="What if").click()
        expect(visitor.get_by_text("Would pass.")).to_be_visible(timeout=20_000)
        visitor.get_by_role("button", name="Send order").click()
        visitor.get_by_role("button", name="Send now").click()
        expect(visitor.get_by_text("ACCEPTED.")).to_be_visible(timeout=20_000)
        assert any(order["symbol"] == held and order["strategy"] != "demo" for order in desk.orders()["orders"])

        visitor.keyboard.press("F9")
        expect(visitor.get_by_text("will be cancelled")).to_be_visible(timeout=10_000)
        if WANTED:
            visitor.screenshot(path=f"{WANTED}/stop.png")
        visitor.get_by_label("Reason").fill("a newcomer's first stop")
        visitor.keyboard.press("Control+Enter")
        expect(visitor.get_by_text("on disk before this answer came")).to_be_visible(timeout=15_000)
        assert desk.status()["data"]["circuit_breaker"]["status"] == "emergency_stop"
        visitor.get_by_role("dialog").get_by_role("button", name="Done").click()

        visitor.get_by_text("Sell", exact=True).click()
        tour.settle(visitor)
        visitor.get_by_role("button", name="What if").click()
        expect(visitor.get_by_text("Would be refused.")).to_be_visible(timeout=20_000)

        tour.to(visitor, "Emergency")
        tour.settle(visitor)
        visitor.get_by_label("Admin key").fill(running.admin)
        visitor.get_by_label("Reason (required)").fill("the newcomer has seen it")
        visitor.get_by_role("button", name="Reset to active").click()
        expect(visitor.get_by_text("TRADING ALLOWED").first).to_be_visible(timeout=15_000)
        assert desk.status()["data"]["circuit_breaker"]["status"] == "active"
        expect(visitor.get_by_label("Admin key")).to_have_value("")
        assert running.admin not in visitor.content()


def test_the_pictures_of_the_readme_are_of_pages_that_there_are(repository: Path) -> None:
    kept = {file.stem for file in (repository / "docs" / "tour").glob("*.png")}
    readme = (repository / "README.md").read_text()
    assert kept == {*SHOWN, "stop"}
    assert [name for name in kept if f"docs/tour/{name}.png" not in readme] == []
