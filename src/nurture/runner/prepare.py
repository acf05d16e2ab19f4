"""Between the claim and the handover: the gates are read again, codes issued, messages rendered.

Works on a whole claimed group: the facts of all are loaded at once, and one transaction writes what the group needs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import parseaddr
from typing import Any

from nurture.audience.facts import Facts, OfferFacts
from nurture.clock import Clock, Moment
from nurture.delivery.outcome import MessageKey
from nurture.errors import TemplateError
from nurture.journeys.campaign import Campaign
from nurture.journeys.terms import Terms
from nurture.messages.compiled import Compiled
from nurture.messages.mime import MailHeaders, compose, verify
from nurture.messages.render import Renderer
from nurture.messages.urls import MessageUrls, Urls
from nurture.messages.values import values
from nurture.offers.codes import BITS, spell
from nurture.providers.base import Letter
from nurture.runner.desk import Dropped, Prepared
from nurture.runner.gating import Asked, gated
from nurture.runner.world import World
from nurture.settings import Settings
from nurture.store import codes, recommended
from nurture.store.engine import Store, Tx
from nurture.store.outbox import Claimed
from nurture.store.pairs import Wish
from nurture.store.recommended import Recommended

UNFIT = "it cannot be rendered for them"

Chance = Callable[[int], int]
"""A random integer of so many bits."""


class Preparer:
    """Gates and renders claimed messages. One at a time: the renderer is not to be shared by threads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        world: Callable[[], World],
        urls: Urls,
        address_key: bytes,
        *,
        chance: Chance = secrets.randbits,
    ) -> None:
        self._store = store
        self._clock = clock
        self._world = world
        self._urls = urls
        self._address_key = address_key
        self._spell = lambda offer: spell(chance(BITS), offer)
        self._renderer = Renderer()

    def prepare(self, claims: Sequence[Claimed]) -> list[Prepared]:
        """One answer for each message: a letter, or why there is none (now)."""
        now = self._clock.now()
        world = self._world()
        with self._store.write() as tx:
            found = gated(tx, world, claims, self._address_key, now)
            wanted = [(it.ordered.offer, it.claimed.contact_id) for it in found.going if it.ordered.offer]
            holds = codes.issue(tx, wanted, world.offers, self._spell, now)
            goods = self._goods(tx, found.going, now)
            shown = [(it.claimed.key, product) for it in found.going for product in goods.get(it.wish, ())]
            recommended.keep_shown(tx, shown)
        # Rendered when the transaction is over: on SQLite nobody else can write while it lasts.
        letters = [self._letter(world, it, holds, goods, now) for it in found.going]
        return [*found.stopped, *letters]

    def recheck(self, claims: Sequence[Claimed]) -> list[Prepared]:
        """Those that must not go any more, or not yet."""
        with self._store.write() as tx:
            found = gated(tx, self._world(), claims, self._address_key, self._clock.now())
        return list(found.stopped)

    def _goods(self, tx: Tx, asked: Sequence[Asked], now: Moment) -> dict[Wish, tuple[Recommended, ...]]:
        wishes = {it.wish for it in asked if "recommend" in it.compiled.needs}
        return recommended.recommend(tx, sorted(wishes), now)

    def _letter(
        self,
        world: World,
        it: Asked,
        holds: Mapping[tuple[str, int], OfferFacts],
        goods: Mapping[Wish, tuple[Recommended, ...]],
        now: Moment,
    ) -> Prepared:
        facts = replace(it.facts, offer=holds.get((it.ordered.offer, it.claimed.contact_id)))
        try:
            content = self.compose(
                world, it.campaign, it.compiled, facts, it.claimed.key, goods.get(it.wish, ()), now, it.terms
            )
        except TemplateError as error:
            return Dropped(key=it.claimed.key, reason=f"{UNFIT}: {error}")
        return Letter(
            key=it.claimed.key,
            sender=parseaddr(it.terms.sender or world.settings.sender.from_)[1],
            recipient=facts.contact.email,
            content=content,
        )

    def compose(
        self,
        world: World,
        campaign: Campaign,
        compiled: Compiled,
        facts: Facts,
        key: MessageKey,
        goods: Sequence[Recommended],
        now: Moment,
        terms: Terms | None = None,
    ) -> bytes:
        """The finished bytes of one message; `terms` else the campaign's. Raises TemplateError."""
        terms = terms or campaign.terms
        settings, urls = world.settings, self._urls.of(key)
        rendered = self._renderer.render(compiled, template_values(settings, facts, urls, goods, now), urls)
        topic = settings.topics.get(campaign.topic)
        headers = MailHeaders(
            key=key,
            sender=terms.sender or settings.sender.from_,
            to=facts.contact.email,
            to_name=f"{facts.contact.first_name} {facts.contact.last_name}".strip(),
            reply_to=terms.reply_to or settings.sender.reply_to,
            now=now,
            unsubscribe="" if topic is not None and topic.always else urls.unsubscribe,
        )
        content = compose(rendered, headers)
        verify(content, headers.names)
        return content


def template_values(
    settings: Settings, facts: Facts, urls: MessageUrls | None, goods: Sequence[Recommended], now: Moment
) -> dict[str, Any]:
    """What a template sees, with the workspace's settings where the contact has none of their own."""
    return values(
        facts,
        now,
        sender=settings.sender,
        urls=urls,
        recommended=goods,
        timezone=settings.timezone,
        currency=settings.currency,
    )
