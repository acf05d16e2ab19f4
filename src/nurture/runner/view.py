"""A message that was sent, once more: for the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import structlog

from nurture.audience.expressions import Needs
from nurture.clock import Clock
from nurture.delivery.outcome import MessageKey
from nurture.errors import TemplateError, TemplateStoppedError
from nurture.messages.needs import facts_needed
from nurture.messages.urls import Urls
from nurture.runner.facts import gather
from nurture.runner.helpers import Helpers
from nurture.runner.libraries import tags_of
from nurture.runner.render_helper import Job, Sender, Shown
from nurture.runner.world import World
from nurture.store import journeys, messages, recommended, templates
from nurture.store.engine import Store

_log = structlog.get_logger(__name__)


class Viewer:
    """Shows messages with the facts of now, rendered by `helpers`. Safe to share between threads."""

    def __init__(
        self, store: Store, clock: Clock, world: Callable[[], World], urls: Urls, helpers: Helpers
    ) -> None:
        self._store = store
        self._clock = clock
        self._world = world
        self._urls = urls
        self._helpers = helpers

    def html(self, key: MessageKey) -> str | None:
        """The HTML of a message that was sent; None where it, its contact or its template is gone.

        Raises TemplateStoppedError where rendering it takes too long, or too much.
        """
        job = self._job(key)
        try:
            return None if job is None else self._helpers.render(job)
        except TemplateStoppedError:
            raise
        except TemplateError:
            return None

    def target(self, key: MessageKey, link_no: int) -> str | None:
        """Where a link of a message leads, an http or https address; None: nowhere (any more)."""
        job = self._job(key) if link_no else None
        try:
            return None if job is None else self._helpers.render(replace(job, link_no=link_no))
        except TemplateError as error:
            if isinstance(error, TemplateStoppedError):
                _log.error("a link's target could not be worked out", template=error.where, why=error.message)
            return None

    def _job(self, key: MessageKey) -> Job | None:
        """What a message was rendered from, and all that it would say now."""
        now, world = self._clock.now(), self._world()
        with self._store.read() as tx:
            it = messages.ordered(tx, [key]).get(key)
            enrollment = journeys.by_ids(tx, [key.enrollment_id]).get(key.enrollment_id)
            if it is None or enrollment is None:
                return None
            compiled = templates.by_hash(tx, [it.template_hash]).get(it.template_hash)
            offers = {(it.offer, it.contact_id)} if it.offer in world.offers else set()
            needs = Needs() if compiled is None else facts_needed(compiled)
            batch = gather(tx, world, [it.contact_id], now, needs, offers=offers)
            if compiled is None or it.contact_id not in batch.contacts:
                return None
            live = world.live.get(it.campaign_id)
            campaign = live.record.key if live else ""
            facts = batch.in_entry(batch.of(it.contact_id), enrollment, campaign, it.offer)
            goods = [it.product for it in recommended.shown(tx, [key]).get(key, ())]
        sender = world.settings.sender
        return Job(
            compiled=compiled,
            key=key,
            facts=facts,
            goods=[
                Shown(**{it.name: getattr(product, it.name) for it in fields(Shown)}) for product in goods
            ],
            now=now,
            sender=Sender(from_=sender.from_, reply_to=sender.reply_to, address=sender.address),
            urls=self._urls,
            timezone=world.settings.timezone,
            currency=world.settings.currency,
            tags=tags_of(world.settings),
            seconds=self._helpers.seconds,
        )
