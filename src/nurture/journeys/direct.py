"""Messages outside of all campaigns (a confirmation, an answer to an order), seen as a campaign that nobody enters."""

from __future__ import annotations

from nurture.clock import DAY
from nurture.journeys.campaign import Campaign
from nurture.journeys.program import Program
from nurture.journeys.terms import Terms

DIRECT_ID = 1_000_000
"""Under which they are kept. Ids of real campaigns hold the time and are far above it."""

STEP_NO = 1
"""Each stands alone in an entry of its own."""

DIRECT = Campaign(
    key="(direct)",
    name="Direct messages",
    topic="",
    program=Program(),
    on_goal="finish",
    on_leaving="finish",
    terms=Terms(urgent=True, stale_after=3 * DAY),
    is_direct=True,
)
"""It goes at once, to whom it is for, whatever topics they agreed to; not where an address is never mailed."""
