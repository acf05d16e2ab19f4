"""What sending goes by, put together for one process."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.providers.base import RelayDown
from nurture.providers.dns import Dns
from nurture.runner.lanes import Lanes
from nurture.runner.steering import Steering
from nurture.runner.troubles import Troubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What sending goes by: how fast, which way, and who is told of what is wrong."""

    steering: Steering
    dns: Dns
    lanes: Lanes | None
    troubles: Troubles

    def on_down(self, relay: str, down: RelayDown | None) -> None:
        """One of several relays is down, or works again, while others work."""
        if down is None:
            self.troubles.over(f"relay {relay}")
        else:
            self.troubles.say(f"relay {relay}", down, "sending through the others")
