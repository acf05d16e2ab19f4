"""A template as one contact would get it, from the files as they are now. Nothing is sent, issued or counted."""

from __future__ import annotations

import difflib
from dataclasses import replace

from nurture.audience.contact import Contact
from nurture.audience.facts import Facts, OfferFacts, StageFacts
from nurture.clock import Moment
from nurture.errors import UsageError
from nurture.journeys.campaign import Campaign
from nurture.journeys.steps.base import StepKind
from nurture.messages.needs import facts_needed
from nurture.messages.render import Rendered, Renderer
from nurture.runner.checking import Checked
from nurture.runner.facts import gather
from nurture.runner.forked import one
from nurture.runner.prepare import template_values
from nurture.runner.world import World, letters_of
from nurture.settings import Settings
from nurture.store import codes, people, recommended
from nurture.store.engine import Store
from nurture.store.stages import line_names

TOKEN = "TOKEN"

CODE = "CODE-GOES-HERE"
"""Stands for a code, since none is issued."""


def preview(
    store: Store, settings: Settings, checked: Checked, template: str, address: str, now: Moment
) -> Rendered:
    """The message for the contact with `address`, or for a made-up prospect where it is "".

    Rendered in a process of its own, see `forked`. Raises TemplateError where it cannot be, UsageError where there is
    no such template or contact.
    """
    names = checked.library.names()
    if template not in names:
        near = difflib.get_close_matches(template, names, 1)
        remedy = f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(names) or 'none yet'}"
        raise UsageError(f'no template is called "{template}"', remedy=remedy)
    world = World(
        settings=settings,
        version=0,
        lifecycle=checked.book.lifecycle,
        offers=checked.book.offers,
        live={},
        letters=letters_of(checked.library, checked.templates.values()),
    )
    with store.read() as tx:
        contact = people.by_email(tx, address) if address else _anybody(now)
        if contact is None:
            raise UsageError(
                f"no contact has the address {address}",
                where="--for",
                remedy="Leave --for out to see it for a made-up one.",
            )
        compiled = world.letters.of(template, contact.locale)
        campaign = next((it for it in checked.book.campaigns.values() if _sends(it, template)), None)
        batch = gather(tx, world, [contact.id], now, facts_needed(compiled))
        if contact.id in batch.contacts:
            facts = batch.of(contact.id)
        else:
            facts = Facts(contact=contact, stage=StageFacts(name=checked.book.lifecycle.first, since=now))
        line = _line(campaign, line_names(tx))
        facts = batch.on_line(facts, line)
        goods = recommended.recommend(tx, [(contact.id, line)], now)[contact.id, line]
        offer = _offer_key(campaign, template)
        holds = codes.held(tx, {(offer, contact.id)}, checked.book.offers, now) if offer else {}
    facts = replace(facts, offer=_with_code(holds.get((offer, contact.id))))
    values = template_values(settings, facts, None, goods, now)
    values |= _links(settings)
    return one(lambda: Renderer().render(compiled, values), name=template)


def _links(settings: Settings) -> dict[str, str]:
    """Where the links of every message would lead, with a word in the place of the token that only a sent one has."""
    base = settings.web.public_url
    return {
        "unsubscribe_url": f"{base}/u/{TOKEN}",
        "preferences_url": f"{base}/u/{TOKEN}",
        "browser_url": f"{base}/v/{TOKEN}",
    }


def _anybody(now: Moment) -> Contact:
    return Contact(id=-1, email="somebody@example.com", first_name="Robin", last_name="Doe", created_at=now)


def _steps(campaign: Campaign, template: str) -> list[StepKind]:
    steps = [node.step for node in campaign.program.nodes.values()]
    return [step for step in steps if template in step.templates]


def _sends(campaign: Campaign, template: str) -> bool:
    return bool(_steps(campaign, template))


def _offer_key(campaign: Campaign | None, template: str) -> str:
    if campaign is None:
        return ""
    offers = (step.terms(campaign.terms).offer for step in _steps(campaign, template))
    return next((offer for offer in offers if offer), campaign.offer)


def _line(campaign: Campaign | None, names: dict[int, str]) -> int:
    """The first of the campaign's lines; 0 where it has none."""
    if campaign is None or campaign.lines is None:
        return 0
    known = {name: line for line, name in names.items() if line}
    wanted = list(known) if campaign.lines == "each" else campaign.lines
    return next((known[name] for name in wanted if name in known), 0)


def _with_code(offer: OfferFacts | None) -> OfferFacts | None:
    return replace(offer, code=offer.code or CODE) if offer else None
