"""The desk from Python: what pages, notebooks and the command line use.

    desk = Desk(key=…)
    desk.status()["data"]["circuit_breaker"]["status"]
    desk.stop("the market does not make sense")
    async for frame in desk.stream(["positions", "breaker"]): …

Answers are the JSON of the desk as plain dictionaries; an unknown number is ``None``. What the desk refuses is a
:class:`DeskRefused`, and a desk that cannot be asked a :class:`DeskUnreachable`: nothing is guessed instead.
"""

from sidecar.client.desk import COMMAND_S, CONNECT_S, READ_S, Desk
from sidecar.client.mirror import Frame, Json, Mirror
from sidecar.client.record import broken_link

__all__ = ["COMMAND_S", "CONNECT_S", "READ_S", "Desk", "Frame", "Json", "Mirror", "broken_link"]
