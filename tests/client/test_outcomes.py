"""What the client asks about signals and round trips, against the real desk on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.client import Desk
from sidecar.domain.clock import to_datetime
from sidecar.domain.errors import DeskRefused
from sidecar.domain.orders import Side
from sidecar.servers.keys import Role
from tests.desk.world import CALL, SPOT
from tests.servers.desk import serving
from tests.servers.signalling import SignalDesk


@pytest.fixture
def room(tmp_path: Path) -> SignalDesk:
    return SignalDesk(tmp_path)


@pytest.fixture
def desk(room: SignalDesk) -> Iterator[Desk]:
    with serving(room.app) as url, Desk(url, room.secrets[Role.TRADER]) as made:
        yield made


def test_a_signal_is_given_read_and_scored(room: SignalDesk, desk: Desk) -> None:
    began = to_datetime(room.world.at)
    made = desk.signal("NIFTY", "buy", 0.7, 60.0, strategy="mine", model_id="m", quantity=75, reason="cheap")
    assert (made["price"], made["status"], made["quantity"], made["model_id"]) == (SPOT, "open", 75, "m")
    assert desk.signals(status="open", symbol="NIFTY", strategy="mine", since=began)["signals"] == [made]
    room.pass_time(60, SPOT + 10.0)
    (scored,) = desk.signals(status="scored")["signals"]
    assert (scored["id"], scored["correct"]) == (made["id"], True)
    assert desk.signals(until=began)["signals"] == []
    every, mine = desk.signal_scores(since=began)
    assert (every["strategy"], mine["strategy"], mine["hit_rate"]) == ("*", "mine", 1.0)


def test_what_the_desk_refuses_is_told(desk: Desk) -> None:
    with pytest.raises(DeskRefused, match="confidence"):
        desk.signal("NIFTY", "buy", 1.5, 60.0)
    with pytest.raises(DeskRefused, match="symbol"):
        desk.signal("WHO", "buy", 0.5, 60.0)


def test_round_trips_are_read_page_by_page(room: SignalDesk, desk: Desk) -> None:
    for _ in range(2):
        room.world.trade_lots(CALL, Side.SELL, strategy="demo", at_price="20.00")
        room.world.trade(beats=10)
        room.world.trade_lots(CALL, Side.BUY, strategy="demo", at_price="19.00")
        room.world.trade(beats=10)
    first = desk.trades(limit=1, strategy="demo")
    second = desk.trades(limit=1, strategy="demo", cursor=first["next_cursor"])
    assert [row["id"] for page in (first, second) for row in page["trades"]] == ["T00000002", "T00000001"]
    assert second["next_cursor"] is None
    assert desk.trades(until=to_datetime(0))["trades"] == []
