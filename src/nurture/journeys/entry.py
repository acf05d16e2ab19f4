"""Who may enter a campaign."""

from __future__ import annotations

from nurture.audience.facts import Facts
from nurture.clock import Moment
from nurture.journeys.campaign import Campaign
from nurture.journeys.fit import misfit
from nurture.journeys.reasons import Reason


def may_enter(campaign: Campaign, facts: Facts, now: Moment, *, consented: bool) -> Reason | None:
    """Why not; None: they may.

    `consented`: the contact agreed to the campaign's topic, or the topic is one that is always on. Whether
    they are in the campaign already, or were before, is the caller's to know.
    """
    return misfit(campaign, facts, now) or (None if consented else Reason.NOT_AGREED)
