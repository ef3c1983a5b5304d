"""How patient the alerts are, and how many people are asked to bear."""

from __future__ import annotations

import msgspec


class Policy(msgspec.Struct, frozen=True):
    """Durations are market seconds.

    Nobody acts for ``escalate_s``: one step graver. Nothing more is found for ``quiet_s``: what passes is over. What
    stands must be gone for ``hold_s``, or it is the same alert again. A change of count or words alone goes on record
    every ``count_every_s`` at most. At most ``shown`` alerts in ``window_s``, the summary of the rest among them; a
    critical one always. ``standing`` alerts are told apart; beyond them there is one for each source.
    """

    escalate_s: float = 900.0
    quiet_s: float = 300.0
    hold_s: float = 30.0
    count_every_s: float = 30.0
    shown: int = 10
    window_s: float = 600.0
    standing: int = 500
