"""Pausing a campaign, and what becomes of the time it stood still.

While it is paused nobody is decided and nothing is sent. People still enter, reach the goal and leave, so nobody is
lost; a letter that everybody gets at one moment is not sent where that moment falls into the pause.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from nurture.clock import Moment
from nurture.errors import UsageError, WorkspaceError
from nurture.journeys.spelling import near
from nurture.store import pausing, versions
from nurture.store.engine import Store, Tx
from nurture.store.versions import CampaignRecord

How: TypeAlias = Literal["catch-up", "shift", "skip"]
"""What resuming makes of the pause: timers ran on and what fell due goes now; timers stood still; timers ran on and
the messages that fell due are left out."""


def pause(store: Store, campaign: str, now: Moment) -> bool:
    """Stop the campaign's timers; False: it is paused already. Raises what `_record` does."""
    with store.write() as tx:
        record = _record(tx, campaign)
        if record.paused_at:
            return False
        pausing.hold(tx, record.id, now)
    return True


def resume(store: Store, campaign: str, now: Moment, how: How) -> bool:
    """Let the campaign go on; False: it is not paused. Raises what `_record` does."""
    with store.write() as tx:
        record = _record(tx, campaign)
        if not record.paused_at:
            return False
        match how:
            case "catch-up":
                pass
            case "shift":
                pausing.shift(tx, record.id, record.paused_at, now)
            case "skip":
                pausing.skip(tx, record.id, record.paused_at, now)
        pausing.go_on(tx, record.id, now)
    return True


def _record(tx: Tx, campaign: str) -> CampaignRecord:
    """What is known of it. Raises WorkspaceError where nothing is in force, UsageError where it is not."""
    records = {key: it for key, it in versions.records(tx).items() if it.active}
    if campaign not in records:
        if not records:
            raise WorkspaceError("nothing is in force yet", remedy="Put campaigns/ into force: nurture apply")
        meant = near(campaign, records)
        remedy = f"{meant[:1].upper()}{meant[1:]}" if meant else f"There are: {', '.join(sorted(records))}"
        raise UsageError(f'no campaign in force is called "{campaign}"', remedy=remedy)
    return records[campaign]
