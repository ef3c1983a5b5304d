"""A desk that is open has its kernels: no beat and no question waits for a compiler."""

import json
import subprocess
import sys
from pathlib import Path

from tests.wiring import environment

DESK = """
import json, sys
from pathlib import Path
from starlette.testclient import TestClient
from sidecar.doors import app_of
from sidecar.run import Sidecar
from sidecar.servers.keys import Role
from tests.pricing.test_warming import compiled
from tests.wiring import small, started, until

with Sidecar(small(Path(sys.argv[1]), strategy="demo")) as sidecar:
    before = compiled()
    sidecar.keys.add(Role.ADMIN, "test", "s" * 40)
    started(sidecar)
    client = TestClient(app_of(sidecar), base_url="http://127.0.0.1", headers={"x-api-key": "s" * 40})
    until(lambda: client.get("/emergency/positions").json()["positions"], what="a position")
    asked = {
        "chain": client.get("/api/v1/chain/NIFTY"),
        "surface": client.get("/api/v1/surface/NIFTY"),
        "greeks": client.get("/api/v1/greeks"),
        "scenarios": client.post("/api/v1/scenarios", json={}),
        "explain": client.get("/api/v1/pnl/explain"),
    }
    answers = {name: answer.status_code for name, answer in asked.items()}
    after = compiled()
later = [name for name, signatures in after.items() if signatures != before[name]]
print(json.dumps({"later": later, "loaded": sum(map(bool, before.values())), "answers": answers}))
"""


def test_a_desk_compiles_and_loads_nothing_after_it_is_open(tmp_path: Path, repository: Path) -> None:
    command = [sys.executable, "-c", DESK, str(tmp_path)]
    told = subprocess.run(
        command, cwd=repository, env=environment(), check=False, capture_output=True, text=True, timeout=120
    )
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["later"] == []
    assert found["loaded"] >= 6
    assert set(found["answers"].values()) == {200}, found["answers"]
