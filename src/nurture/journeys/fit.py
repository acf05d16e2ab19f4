"""Whom a campaign is for: its stages, lines and `when`, read on entry and again before each message."""

from __future__ import annotations

from nurture.audience.facts import Facts
from nurture.clock import Moment
from nurture.journeys.campaign import Campaign
from nurture.journeys.reasons import Reason
from nurture.lifecycle.stages import within


def misfit(campaign: Campaign, facts: Facts, now: Moment) -> Reason | None:
    """Why the campaign is not for this contact (with `lines:`, on `facts.line`); None: it is."""
    if campaign.stages and not within(facts.stage.name, campaign.stages):
        return Reason.STAGE
    if campaign.lines is not None:
        if facts.line is None or (campaign.lines != "each" and facts.line.name not in campaign.lines):
            return Reason.LINE
        if not within(facts.line.stage.name, campaign.line_stages):
            return Reason.LINE_STAGE
    if campaign.when is not None and not campaign.when.holds(facts, now):
        return Reason.WHEN
    return None
