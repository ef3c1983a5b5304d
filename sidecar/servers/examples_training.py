"""One worked example of every body and answer about trainings."""

from __future__ import annotations

from typing import Any

from sidecar.servers.examples import AT
from sidecar.servers.shapes import Maybe

_ID = "T251124063000-3f2a9c"
TRAIN_ASKED: dict[str, Any] = {"search": 1, "seed": 7}
JOB: dict[str, Any] = {
    "id": _ID,
    "kind": "asked",
    "actor": "trader/3f2a9c10",
    "state": "running",
    "session": "",
    "late": False,
    "step": "fold 2 of 5",
    "note": "61 rounds",
    "fraction": 0.42,
    "asked_at": AT,
    "started_at": Maybe(AT),
    "ended_at": Maybe("2025-11-24T06:31:10+00:00"),
    "seconds": Maybe(70.2),
    "trials": 0,
    "reason": "",
    "model_id": "",
    "search": Maybe(1),
    "seed": Maybe(7),
    "strategy": "",
}
TRAIN: dict[str, Any] = {"job_id": _ID, "job": JOB}
JOBS: dict[str, Any] = {
    "jobs": [
        JOB
        | {
            "state": "done",
            "step": "",
            "note": "",
            "fraction": 1.0,
            "trials": 21,
            "reason": "the first sound model of its family; no skill",
            "model_id": "nifty-251124063000-3f2a9c",
        }
    ],
    "count": 1,
    "next_cursor": Maybe(f"1763965800000000~{_ID}"),
    "as_of": Maybe(AT),
}
