"""A component of the app on a page of the test's, as Streamlit would mount it, draw it again and take it away."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from pages.parts import scripts
from tests.browser.conftest import Tab

SHOW = """async ({ html, js, data }) => {
  const source = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
  window.mount = (await import(source)).default;
  window.told = [];
  window.html = html;
  window.place = () => {
    document.querySelector("#mounted")?.remove();
    const made = document.body.appendChild(document.createElement("div"));
    made.id = "mounted";
    made.innerHTML = html;
  };
  window.shown = (data) => mount({
    data, parentElement: document.querySelector("#mounted"), setStateValue: (...all) => told.push(all),
  });
  place();
  window.data = data;
  window.leave = shown(data);
  window.leave = shown(data);
}"""
AGAIN = """(times) => {
  for (let n = 0; n < times; n++) {
    leave();
    place();
    window.leave = shown(data);
  }
}"""


class Mounted:
    """``bar`` or ``panel``: its page's cells by name."""

    def __init__(self, tab: Tab, name: str, **data: Any) -> None:
        part: Any = importlib.import_module(f"pages.parts.{name}")
        self.tab, self.data = tab, data
        self.html, self.js = part.markup(), scripts.module(*part.SCRIPT)

    def show(self, ticket: str, path: str = "") -> None:
        data = {**self.data, "ticket": ticket, "path": path}
        self.tab.page.evaluate(SHOW, {"html": self.html, "js": self.js, "data": data})

    def again(self, ticket: str, path: str = "", **more: Any) -> None:
        """As Streamlit does when what it gives has changed."""
        data = {**self.data, "ticket": ticket, "path": path, **more}
        self.tab.page.evaluate("(data) => { window.leave = shown(data); }", data)

    def remount(self, times: int) -> None:
        """Another page, as often as that."""
        self.tab.page.evaluate(AGAIN, times)

    def at(self, name: str) -> Any:
        return self.tab.page.locator(f'[data-at="{name}"]')

    def true(self, expression: str) -> None:
        try:
            self.tab.page.wait_for_function(expression, timeout=10_000, polling=25)
        except Exception as error:  # noqa: BLE001 - whatever it is, what the page was told says more
            pytest.fail(f"{expression}: {self.tab.ask('JSON.stringify(told)')} {error}")

    def section(self) -> Any:
        return self.tab.page.locator("#mounted section")

    def text(self, name: str) -> str:
        return " ".join(str(self.at(name).text_content()).split())

    def until(self, name: str, words: str) -> None:
        try:
            self.tab.page.wait_for_function(
                """([name, words]) => {
                  const deep = (root) => root.querySelector(`[data-at="${name}"]:not(template)`);
                  const stop = document.querySelector("[data-deskwatch]")?.shadowRoot;
                  const found = deep(document) ?? (stop && deep(stop));
                  const text = found?.textContent.replace(/\\s+/g, " ") ?? "";
                  return words ? text.includes(words) : text === "";
                }""",
                arg=[name, words],
                timeout=10_000,
                polling=25,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, what stands there says more
            pytest.fail(f"{name} is {self.text(name)!r} and not {words!r}: {error}")
