"""The API's description, as a reader of the document finds it."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import is_valid

from tests.servers.desk import Stand


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    return Stand(tmp_path).ask("GET", "/openapi.json", None, None).json()  # type: ignore[no-any-return]


def test_every_example_fits_its_schema_and_shows_what_is_null(document: dict[str, Any]) -> None:
    seen = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for code, response in operation["responses"].items():
                for content in response.get("content", {}).values():
                    if "example" in content:
                        assert is_valid(content["schema"], content["example"]), f"{method} {path} {code}"
                        seen += 1
    assert seen > 30
    shown = document["paths"]["/emergency/status"]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert shown["data"]["last_drill_at"] is None


def test_every_tag_of_a_route_is_explained_and_the_server_is_the_one_that_serves_it(document: dict[str, Any]) -> None:
    used = {tag for row in document["paths"].values() for one in row.values() for tag in one["tags"]}
    explained = {row["name"]: row["description"] for row in document["tags"]}
    assert set(explained) == used
    assert [name for name, words in explained.items() if name == words] == []
    assert document["servers"][0]["url"] == "/"
    assert "/asyncapi.json" in document["info"]["description"]
