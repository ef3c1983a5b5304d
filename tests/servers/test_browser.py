"""The browsers' client as it is served: to anyone, from anywhere, whole, typed and with nothing of the desk in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sidecar.servers import browser
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore
from tests.servers.desk import QUICK, Desk

FILES = sorted(file.name for file in browser.FOLDER.iterdir())


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    app = create_app(Desk().ports(), KeyStore(tmp_path), QUICK, [browser.router()])
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_there_for_anyone_and_may_be_kept(client: TestClient, name: str) -> None:
    answer = client.get(f"/client/{name}")
    assert answer.status_code == 200
    assert answer.content == (browser.FOLDER / name).read_bytes()
    assert answer.headers["content-type"].startswith("text/javascript" if name.endswith(".js") else "text/plain")
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("known", "status"), [("{}", 304), ("W/{}", 304), ('"x", {}', 304), ("*", 304), ('"x"', 200)])
def test_who_has_it_already_is_not_sent_it_again(client: TestClient, known: str, status: int) -> None:
    tag = client.get("/client/desk-stream.js").headers["etag"]
    answer = client.get("/client/desk-stream.js", headers={"if-none-match": known.format(tag)})
    assert answer.status_code == status
    assert bool(answer.content) == (status == 200)
    assert answer.headers["etag"] == tag


@pytest.mark.parametrize("path", ["/client/", "/client/desk-other.js", "/client/..%2fclient.py", "/client/desk-stream"])
def test_there_is_nothing_else(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_parameter_that_it_does_not_take_is_refused(client: TestClient) -> None:
    assert client.get("/client/desk-stream.js?v=2").status_code == 422


def test_its_modules_are_all_served_and_its_types_name_what_it_exports() -> None:
    texts = {name: (browser.FOLDER / name).read_text() for name in FILES}
    imported = {name for text in texts.values() for name in re.findall(r'from "\./([^"]+)"', text)}
    assert imported <= set(FILES)
    stream, types = texts["desk-stream.js"], texts["desk-stream.d.ts"]
    exported = set(re.findall(r"^export function (\w+)", stream, re.MULTILINE))
    exported |= set(re.findall(r"\w+", re.findall(r"^export \{(.*)\};", stream, re.MULTILINE)[0]))
    declared = set(re.findall(r"^export (?:function|class|const) (\w+)", types, re.MULTILINE))
    assert exported == declared


def test_it_writes_no_markup_and_runs_no_text(repository: Path) -> None:
    files = [*browser.FOLDER.glob("*.js"), *(repository / "pages").rglob("*.js")]
    assert len(files) > 4
    for file in files:
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", file.read_text()
        )
        assert found == [], file
