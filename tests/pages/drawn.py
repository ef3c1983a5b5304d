"""The charts on a page: what each shows, as its script was given it."""

from __future__ import annotations

import json
from typing import Any

from streamlit.testing.v1 import AppTest


def charts(at: AppTest) -> list[dict[str, Any]]:
    """Each chart's ``data``, ``layout`` and ``alt``, in the order of the page."""
    given = [json.loads(one.proto.json) for one in at.get("bidi_component") if one.proto.component_name == "chart"]
    return [{**json.loads(chart["spec"]), "alt": chart["alt"]} for chart in given]
