"""What shuts the gate and opens it again: stop, disable, reset, override, and the dead man's switch."""

from __future__ import annotations

import asyncio
import time

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.clock import SECOND, iso
from sidecar.domain.commands import Disable, DisableOverride, EnableOverride, Heartbeat, Reset, Stop
from sidecar.servers import answers, bodies, commands
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.repeats import Repeats
from sidecar.servers.routes import answer


class Halting:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, settings: HttpSettings) -> None:
        self.ports = ports
        self.settings = settings
        self.repeats = Repeats()

    async def stop(self, request: Request) -> Response:
        """Shut the gate now, cancel every working order, and with `flatten` begin to close what is open.

        Needs no body. The halt is on disk before the answer leaves; cancels that the venue has not answered by then are
        named. Repeating it is safe: every stop is obeyed and recorded. The same `Idempotency-Key` gets the first answer
        as long as that stop still holds; after a reset it stops again. A `drill` stops like any other.
        """
        return await self.repeats.while_it_stands(request, lambda: self._stop(request), self._stopped_still)

    async def _stop(self, request: Request) -> Response:
        began = time.perf_counter()
        asked = await bodies.read(request, bodies.StopBody)
        flatten = self.settings.flatten_on_stop if asked.flatten is None else asked.flatten
        stamp = commands.stamp(self.ports, request)
        command = Stop(**stamp, reason=asked.reason, flatten=flatten, drill=asked.drill)
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.stop_timeout_s))
        taken = time.perf_counter() - began
        self.ports.on_stop(taken)
        orders, closing = await asyncio.gather(
            commands.settled(self.ports, command, outcome, self.settings.settle_wait_s),
            commands.flattened(self.ports, command, outcome, self.settings.settle_wait_s),
        )
        cancelled, closed = answers.cancels(orders), answers.closed(closing)
        open_still, unanswered = closed["asked"] - closed["done"], len(cancelled["outstanding"])
        message = outcome.message
        message += f"; {unanswered} cancels not answered yet" if unanswered else ""
        message += f"; {open_still} positions still open" if open_still else ""
        told = {
            **commands.told(self.ports, message, asked.reason, outcome),
            "drill": asked.drill,
            "orders_cancelled": cancelled,
            "positions_closed": closed,
            "positions": closing,
            "latency_ms": round(taken * 1_000, 3),
        }
        return answer(told)

    def _stopped_still(self, first: Response) -> bool:
        published = self.ports.latest()
        if published is None:
            return False
        now, told = published.report.breaker, msgspec.json.decode(first.body)
        return now.status is BreakerStatus.EMERGENCY_STOP and now.halt_seq == told["halt_seq"]

    async def disable(self, request: Request) -> Response:
        """Turn trading off until a reset, without the alarm of an emergency stop; what works is cancelled."""
        asked = await bodies.read(request, bodies.DisableBody)
        command = Disable(**commands.stamp(self.ports, request), reason=asked.reason)
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.stop_timeout_s))
        orders = await commands.settled(self.ports, command, outcome, self.settings.settle_wait_s)
        told = commands.told(self.ports, outcome.message, asked.reason, outcome)
        return answer({**told, "orders_cancelled": answers.cancels(orders)})

    async def reset(self, request: Request) -> Response:
        """Return to active. 409 with the causes and the live breaches while one still stands.

        A `scope` narrower than the desk (`main/demo`) opens that alone again.
        """
        asked = await bodies.read(request, bodies.ResetBody)
        command = Reset(**commands.stamp(self.ports, request), reason=asked.reason, scope=asked.scope)
        outcome = await commands.ask(self.ports, command, self.settings.command_timeout_s)
        published = self.ports.latest()
        commands.done(
            outcome,
            causes=[answers.cause(cause) for cause in (*outcome.breaker.causes, *outcome.breaker.partial)],
            breaches=answers.breaches(published.report) if published else None,
        )
        told = commands.told(self.ports, outcome.message, asked.reason, outcome)
        return answer({**told, "scope": asked.scope, "partial": [answers.cause(c) for c in outcome.breaker.partial]})

    async def enable_override(self, request: Request) -> Response:
        """Let the named limits pass for a while, at most 15 minutes; it never covers an emergency stop.

        It replaces an override that is on.
        """
        asked = await bodies.read(request, bodies.OverrideBody)
        stamp = commands.stamp(self.ports, request)
        until = stamp["at"] + round(asked.expires_in_s * SECOND)
        command = EnableOverride(**stamp, reason=asked.reason, limits=tuple(asked.limits), expires_at=until)
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.command_timeout_s))
        told = commands.told(self.ports, outcome.message, asked.reason, outcome)
        return answer({**told, "override": answers.override(outcome.breaker.override)})

    async def disable_override(self, request: Request) -> Response:
        """End the override now; 409 when none is on. Needs no body."""
        asked = await bodies.read(request, bodies.OverrideEndBody)
        command = DisableOverride(**commands.stamp(self.ports, request), reason=asked.reason)
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.command_timeout_s))
        told = commands.told(self.ports, outcome.message, asked.reason, outcome)
        return answer({**told, "override": answers.override(outcome.breaker.override)})

    async def heartbeat(self, request: Request) -> Response:
        """A sign of life, which arms the client's dead man's switch: a client that misses its interval halts the desk.

        Renew it well within `expires_in_s`, every 15 s for 60; they are real seconds, whatever the market's speed. A
        `goodbye` disarms it: the client ends as it meant to. 404 for the goodbye of a client that is not armed.
        """
        asked = await bodies.read(request, bodies.HeartbeatBody)
        stamp = commands.stamp(self.ports, request)
        command = Heartbeat(**stamp, client=asked.client, expires_in_s=asked.expires_in_s, goodbye=asked.goodbye)
        outcome = commands.done(await commands.ask(self.ports, command, self.settings.command_timeout_s))
        known = commands.after(self.ports, command)
        armed = [
            {"client": line.client, "age_s": line.age_s, "expires_in_s": line.expires_in_s}
            for line in (known.heartbeats if known else ())
        ]
        told = {
            **commands.told(self.ports, outcome.message, "goodbye" if asked.goodbye else "heartbeat", outcome),
            "client": asked.client,
            "armed": not asked.goodbye,
            "expires_at": None if asked.goodbye else iso(self.ports.wall_now() + round(asked.expires_in_s * SECOND)),
            "clients": armed if known else None,
        }
        return answer(told)
