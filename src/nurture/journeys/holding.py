"""Which offer `offer` means in the conditions of a campaign: what the contact holds by then."""

from __future__ import annotations

from nurture.journeys.campaign import Campaign


def offers_by_step(campaign: Campaign) -> dict[str, str]:
    """The key of the offer that each step's conditions ask about, by the step's id; empty: the campaign makes none.

    That is the one its own message carries, else that of the last message before it in the file that names one, else
    the campaign's.
    """
    current = first_offer(campaign)
    found: dict[str, str] = {}
    for node in campaign.program.nodes.values():
        if node.step.templates:
            current = node.step.terms(campaign.terms).offer or current
        found[node.id] = current
    return found


def first_offer(campaign: Campaign) -> str:
    """The offer that conditions of the whole campaign ask about: its own, else the first that a step names."""
    named = (node.step.terms(campaign.terms).offer for node in campaign.program.nodes.values())
    return campaign.offer or next((offer for offer in named if offer), "")
