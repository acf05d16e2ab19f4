"""Facts of a batch of contacts: only what is needed, a statement a kind of fact, put together for each contact."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from nurture.audience.contact import Contact
from nurture.audience.expressions import Needs
from nurture.audience.facts import (
    EngagementFacts,
    EntryFacts,
    Event,
    Facts,
    LineFacts,
    MessageFacts,
    OfferFacts,
    OrderFacts,
    Purchase,
    StageFacts,
)
from nurture.clock import Moment
from nurture.runner.world import World
from nurture.store import codes, facts, people
from nurture.store.engine import Tx
from nurture.store.journeys import Enrollment
from nurture.store.lifecycle import line_names

_NO_GOODS: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was loaded for a batch of contacts, by contact or by (contact, line)."""

    world: World
    contacts: Mapping[int, Contact]
    line_names: Mapping[int, str]
    stages: Mapping[tuple[int, int], StageFacts]
    orders: Mapping[tuple[int, int], OrderFacts] = field(default_factory=dict)
    recent: Mapping[int, tuple[Purchase, ...]] = field(default_factory=dict)
    recent_lines: Mapping[tuple[int, int], tuple[Purchase, ...]] = field(default_factory=dict)
    goods: Mapping[int, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)
    engagement: Mapping[int, EngagementFacts] = field(default_factory=dict)
    events: Mapping[int, tuple[Event, ...]] = field(default_factory=dict)
    messages: Mapping[int, tuple[MessageFacts, ...]] = field(default_factory=dict)
    in_campaigns: Mapping[int, frozenset[str]] = field(default_factory=dict)
    offers: Mapping[tuple[str, int], OfferFacts] = field(default_factory=dict)

    def of(self, contact_id: int) -> Facts:
        """What is known of the contact, in no campaign."""
        world = self.world
        named = {
            self.line_names[line]: self._line(contact_id, line)
            for contact, line in self.stages.keys() | self.orders.keys()
            if contact == contact_id and line
        }
        return Facts(
            contact=self.contacts[contact_id],
            stage=self.stages.get((contact_id, 0), StageFacts(name=world.lifecycle.first, since=0)),
            orders=self._orders(contact_id, 0, self.recent.get(contact_id, ())),
            lines=named,
            engagement=self.engagement.get(contact_id, EngagementFacts()),
            events=self.events.get(contact_id, ()),
            messages=self.messages.get(contact_id, ()),
            in_campaigns=self.in_campaigns.get(contact_id, frozenset()),
        )

    def on_line(self, known: Facts, line_id: int) -> Facts:
        """The same contact as a campaign with `lines:` sees them on one of its lines."""
        return replace(known, line=self._line(known.contact.id, line_id)) if line_id else known

    def in_entry(self, known: Facts, enrollment: Enrollment, campaign: str, offer: str) -> Facts:
        """The same contact on their way through a campaign, with what they hold of `offer`."""
        entry = EntryFacts(
            campaign=campaign,
            enrollment_id=enrollment.id,
            entered_at=enrollment.entered_at,
            event=enrollment.event,
        )
        holds = self.offers.get((offer, enrollment.contact_id)) if offer else None
        return replace(self.on_line(known, enrollment.line_id), entry=entry, offer=holds)

    def _line(self, contact_id: int, line_id: int) -> LineFacts:
        place = (contact_id, line_id)
        first = StageFacts(name=self.world.lifecycle.first, since=0)
        return LineFacts(
            name=self.line_names.get(line_id, ""),
            stage=self.stages.get(place, first),
            orders=self._orders(contact_id, line_id, self.recent_lines.get(place, ())),
        )

    def _orders(self, contact_id: int, line_id: int, recent: tuple[Purchase, ...]) -> OrderFacts:
        none = OrderFacts(usual_gap_days=self.world.lifecycle.usual_gap_days)
        skus, lines = self.goods.get(contact_id, _NO_GOODS) if line_id == 0 else _NO_GOODS
        known = self.orders.get((contact_id, line_id), none)
        if not (recent or skus or lines):
            return known
        return replace(known, recent=recent, skus=skus, lines=lines)


def gather(
    tx: Tx,
    world: World,
    contact_ids: Collection[int],
    now: Moment,
    needs: Needs,
    *,
    offers: Iterable[tuple[str, int]] = (),
) -> Batch:
    """Load what `needs` names for these contacts, and what they hold of `offers` (offer key, contact id)."""
    ids = set(contact_ids)
    per_line = needs.line_orders or bool(needs.lines)
    return Batch(
        world=world,
        contacts=people.by_ids(tx, ids),
        line_names=line_names(tx),
        stages=facts.stages(tx, ids),
        orders=facts.orders(tx, ids),
        recent=facts.recent_orders(tx, ids, now - needs.order_window, now) if needs.order_window else {},
        recent_lines=(
            facts.recent_line_orders(tx, ids, now - needs.order_window, now)
            if needs.order_window and per_line
            else {}
        ),
        goods=facts.goods(tx, ids, now) if needs.skus or needs.order_lines else {},
        engagement=facts.engagement(tx, ids, now) if needs.engagement else {},
        events=facts.events(tx, ids, needs.events, now) if needs.events else {},
        messages=facts.messages(tx, ids, now) if needs.messages else {},
        in_campaigns=facts.in_campaigns(tx, ids) if needs.in_campaigns else {},
        offers=codes.held(tx, {(offer, contact) for offer, contact in offers if offer}, world.offers, now),
    )
