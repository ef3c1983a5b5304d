"""The mirror in a browser: what it adds up is the server's own state."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.servers.channel import Channel
from sidecar.servers.prepared import payload_of
from sidecar.servers.topics import Kind
from tests.browser.conftest import Tab
from tests.chromium import MARKS
from tests.client.test_mirror import STEPS, State, table, topic

pytestmark = MARKS


@given(st.lists(STEPS, max_size=12), st.sampled_from(list(Kind)[:2]))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_mirror_is_the_servers_state_over_any_losses(tab: Tab, steps: list[tuple[State, str]], kind: Kind) -> None:
    channel = Channel(topic(kind), "one", 100)
    state: State = {}
    channel.state((), "")
    told: list[Any] = [[[], channel.snapshot({}, "")]]
    for state, what in steps:
        made = list(channel.state(table(state), ""))
        sent = {"g": made[1:], "l": made + made[-1:]}.get(what, made)
        told.append([sent, channel.snapshot({}, "")])
    told.append([channel.changes([{"id": "end", "value": 1}], ""), channel.snapshot({}, "")])
    script = [
        [[json.loads(payload_of(one.frame)) for one in sent], json.loads(payload_of(s.frame))] for sent, s in told
    ]
    rows = tab.page.evaluate(
        """async (script) => {
      const { Mirror } = await import("/client/desk-stream.js");
      const mirror = new Mirror(true);
      mirror.take(script[0][1]);
      for (const [sent, snapshot] of script) {
        for (const frame of sent) if (mirror.take(frame) === "gap") mirror.take(snapshot);
      }
      return [...mirror.rows.get("t").values()];
    }""",
        script,
    )
    assert {row["id"]: row["value"] for row in rows} == {**state, "end": 1}
