"""A desk, Prometheus, Alertmanager and a chat, all real, on what prometheus/ ships; only ports and paths are others."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.notices.outside import Hook, hook
from tests.prometheus.shipped import FOLDER, tool
from tests.wiring import TRADER, Serving, free_port, until


class Stack:
    """What is running, and how it is asked."""

    def __init__(self, desk: Serving, chat: Hook, prometheus: int, alertmanager: int) -> None:
        self.desk = desk
        self.chat = chat
        self._prometheus, self._alertmanager = (
            httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=5.0)
            for port in (prometheus, alertmanager)
        )

    def close(self) -> None:
        self._prometheus.close()
        self._alertmanager.close()

    def seen(self) -> bool:
        """Whether both programs are ready, and Prometheus has scraped the desk."""
        return all(answers(one) for one in (self._prometheus, self._alertmanager)) and bool(
            self.query('up{job="deskwatch"} == 1')
        )

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers to an expression now; one that it does not understand fails."""
        answer = self._prometheus.get("/api/v1/query", params={"query": expression})
        assert answer.status_code == 200, f"{expression}: {answer.text}"
        return list(answer.json()["data"]["result"])

    def firing(self, name: str) -> list[dict[str, Any]]:
        """The alerts of a rule that fire in Prometheus."""
        found = self._prometheus.get("/api/v1/alerts").json()["data"]["alerts"]
        return [one for one in found if (one["labels"]["alertname"], one["state"]) == (name, "firing")]

    def routed(self, name: str) -> list[dict[str, Any]]:
        """The alerts of that name that Alertmanager has."""
        found = self._alertmanager.get("/api/v2/alerts").json()
        return [one for one in found if one["labels"]["alertname"] == name]

    def on_the_desk(self, kind: str, status: str = "standing") -> list[dict[str, Any]]:
        """The desk's alerts of one kind."""
        path = f"/api/v1/monitoring/alerts?status={status}"
        found = self.desk.http.get(path, headers={"X-API-Key": TRADER}).json()["alerts"]
        return [one for one in found if one["kind"] == kind]


@contextmanager
def standing(folder: Path) -> Iterator[Stack]:
    """The whole stack, from the moment at which Prometheus has seen the desk."""
    programs = ("prometheus", "prometheus-alertmanager")
    for program in programs:
        tool(program)  # before a desk is started in vain
    prometheus, alertmanager, nobody = free_port(), free_port(), free_port()
    with ExitStack() as opened:
        chat = opened.enter_context(hook())
        desk = opened.enter_context(Serving(folder / "data", "--speed", "1"))
        ports = {8000: desk.port, 9090: prometheus, 9093: alertmanager, 9100: nobody}
        config = configured(folder / "prometheus", ports, f"http://127.0.0.1:{chat.port}/people")
        flags = [
            [f"--config.file={config / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'series'}",
             f"--web.listen-address=127.0.0.1:{prometheus}"],
            [f"--config.file={config / 'alertmanager.yml'}", f"--storage.path={folder / 'notified'}",
             f"--web.listen-address=127.0.0.1:{alertmanager}", "--cluster.listen-address="],
        ]  # fmt: skip
        for program, own in zip(programs, flags, strict=True):
            opened.enter_context(running(program, folder, *own))
        stack = Stack(desk, chat, prometheus, alertmanager)
        opened.callback(stack.close)
        until(stack.seen, 30.0, "a first scrape")
        yield stack


def configured(folder: Path, ports: dict[int, int], people: str = "http://127.0.0.1:9/nobody") -> Path:
    """The shipped files with these ports, and the two secrets that are not shipped."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("secrets"))
    for path in folder.glob("*.yml"):
        text = path.read_text()
        for shipped, mine in ports.items():
            text = text.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{mine}")
        text = text.replace("/etc/alertmanager/secrets/", f"{folder / 'secrets'}/")
        path.write_text(text)
    (folder / "secrets").mkdir(mode=0o700)
    for name, secret in (("trader.key", TRADER), ("people.url", people)):
        (folder / "secrets" / name).write_text(secret + "\n")
        (folder / "secrets" / name).chmod(0o600)
    return folder


@contextmanager
def running(program: str, folder: Path, *flags: str) -> Iterator[None]:
    """A program for as long as the block lasts; what it says goes to a file in ``folder``."""
    with (folder / f"{program}.log").open("wb") as log:
        process = subprocess.Popen([tool(program), *flags], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def answers(client: httpx2.Client) -> bool:
    """Whether the program behind an address says that it is ready."""
    try:
        return client.get("/-/ready").status_code == 200
    except httpx2.TransportError:
        return False
