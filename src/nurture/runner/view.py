"""A message that was sent, once more: for the browser."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from nurture.audience.expressions import Needs
from nurture.clock import Clock
from nurture.delivery.outcome import MessageKey
from nurture.errors import TemplateError
from nurture.messages.compiled import Compiled
from nurture.messages.needs import facts_needed
from nurture.messages.render import Renderer
from nurture.messages.urls import Urls
from nurture.runner.facts import gather
from nurture.runner.prepare import template_values
from nurture.runner.world import World
from nurture.store import journeys, messages, recommended, templates
from nurture.store.engine import Store


class Viewer:
    """Shows messages with the facts of now. Safe to share between threads."""

    def __init__(self, store: Store, clock: Clock, world: Callable[[], World], urls: Urls) -> None:
        self._store = store
        self._clock = clock
        self._world = world
        self._urls = urls
        self._renderer = Renderer()
        self._turn = threading.Lock()

    def html(self, key: MessageKey) -> str | None:
        """The HTML of a message that was sent; None where it, its contact or its template is gone."""
        it = self._look(key)
        if it is None:
            return None
        compiled, values = it
        with self._turn:
            try:
                return self._renderer.render(compiled, values, self._urls.of(key)).html
            except TemplateError:
                return None

    def target(self, key: MessageKey, link_no: int) -> str | None:
        """Where a link of a message leads, an http or https address; None: nowhere (any more)."""
        it = self._look(key)
        if it is None:
            return None
        compiled, values = it
        with self._turn:
            try:
                return self._renderer.resolve_link(compiled, link_no, values)
            except TemplateError:
                return None

    def _look(self, key: MessageKey) -> tuple[Compiled, dict[str, Any]] | None:
        """What a message was rendered from, and the values it would be rendered with now."""
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
            goods = recommended.shown(tx, key)
        return compiled, template_values(world.settings, facts, self._urls.of(key), goods, now)
