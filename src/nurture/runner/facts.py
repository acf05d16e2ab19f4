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
from nurture.audience.zones import zone_of
from nurture.clock import Moment
from nurture.journeys.triggers import ON_LINES
from nurture.runner.touched import order_event
from nurture.runner.world import World
from nurture.store import codes, facts, people
from nurture.store.agenda import Place
from nurture.store.codes import Holder
from nurture.store.engine import Tx
from nurture.store.histories import histories, orders_since, undone
from nurture.store.journeys import Enrollment
from nurture.store.stages import line_names

NO_ENGAGEMENT = EngagementFacts()
NO_CAMPAIGNS: frozenset[str] = frozenset()
_NO_GOODS: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was loaded for a batch of contacts, by contact or by (contact, line)."""

    world: World
    contacts: Mapping[int, Contact]
    line_names: Mapping[int, str]
    named_lines: frozenset[str] = frozenset()
    """Lines that are asked for by name: they are there for everybody, with nothing bought where nothing was."""
    stages: Mapping[Place, StageFacts] = field(default_factory=dict)
    orders: Mapping[Place, OrderFacts] = field(default_factory=dict)
    recent: Mapping[Place, tuple[Purchase, ...]] = field(default_factory=dict)
    goods: Mapping[int, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)
    engagement: Mapping[int, EngagementFacts] = field(default_factory=dict)
    events: Mapping[int, tuple[Event, ...]] = field(default_factory=dict)
    messages: Mapping[int, tuple[MessageFacts, ...]] = field(default_factory=dict)
    in_campaigns: Mapping[int, frozenset[str]] = field(default_factory=dict)
    offers: Mapping[Holder, OfferFacts] = field(default_factory=dict)

    def of(self, contact_id: int) -> Facts:
        """What is known of the contact, in no campaign."""
        return Facts(
            contact=self.contacts[contact_id],
            stage=self._stage((contact_id, 0)),
            orders=self._orders((contact_id, 0)),
            lines=self._named(contact_id),
            engagement=self.engagement.get(contact_id, NO_ENGAGEMENT),
            events=self.events.get(contact_id, ()),
            messages=self.messages.get(contact_id, ()),
            in_campaigns=self.in_campaigns.get(contact_id, NO_CAMPAIGNS),
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
        line = self._line(known.contact.id, enrollment.line_id) if enrollment.line_id else known.line
        return replace(known, line=line, entry=entry, offer=holds)

    def of_entry(self, enrollment: Enrollment, campaign: str, offer: str) -> Facts:
        """`of` and `in_entry` in one: for hot paths."""
        contact_id, line_id = enrollment.contact_id, enrollment.line_id
        return Facts(
            contact=self.contacts[contact_id],
            stage=self._stage((contact_id, 0)),
            orders=self._orders((contact_id, 0)),
            line=self._line(contact_id, line_id) if line_id else None,
            lines=self._named(contact_id),
            engagement=self.engagement.get(contact_id, NO_ENGAGEMENT),
            events=self.events.get(contact_id, ()),
            messages=self.messages.get(contact_id, ()),
            in_campaigns=self.in_campaigns.get(contact_id, NO_CAMPAIGNS),
            entry=EntryFacts(
                campaign=campaign,
                enrollment_id=enrollment.id,
                entered_at=enrollment.entered_at,
                event=enrollment.event,
            ),
            offer=self.offers.get((offer, contact_id)) if offer else None,
        )

    def holding(self, known: Facts, offer: str) -> Facts:
        """The same with what the contact holds of another offer."""
        if known.offer is not None and known.offer.key == offer:
            return known
        holds = self.offers.get((offer, known.contact.id)) if offer else None
        return known if holds is known.offer else replace(known, offer=holds)

    def _named(self, contact_id: int) -> dict[str, LineFacts]:
        if not self.named_lines:
            return {}
        return {
            name: self._line(contact_id, line)
            for line, name in self.line_names.items()
            if name in self.named_lines
        }

    def _line(self, contact_id: int, line_id: int) -> LineFacts:
        place = (contact_id, line_id)
        return LineFacts(
            name=self.line_names.get(line_id, ""), stage=self._stage(place), orders=self._orders(place)
        )

    def _stage(self, place: Place) -> StageFacts:
        """Who never moved stands where they are since they are known."""
        it = self.stages.get(place)
        name = it.name if it else self.world.lifecycle.first
        return StageFacts(name=name, since=(it.since if it else 0) or self.contacts[place[0]].created_at)

    def _orders(self, place: Place) -> OrderFacts:
        known = self.orders.get(place)
        if known is None:
            return OrderFacts(usual_gap_days=self.world.lifecycle.usual_gap_days)
        recent = self.recent.get(place, ())
        skus, lines = self.goods.get(place[0], _NO_GOODS) if place[1] == 0 else _NO_GOODS
        return replace(known, recent=recent, skus=skus, lines=lines) if recent or skus or lines else known


def gather(
    tx: Tx,
    world: World,
    contact_ids: Collection[int],
    now: Moment,
    needs: Needs,
    *,
    offers: Iterable[Holder] = (),
    lines: Collection[int] | None = None,
    contacts: Mapping[int, Contact] | None = None,
) -> Batch:
    """Load what `needs` names for these contacts; where it names `offer`, what they hold of `offers`.

    `lines` are those whose stages and orders are asked, besides those that `needs` names; None: all of them.
    `contacts`: where they are read already.
    """
    ids = set(contact_ids)
    if contacts is None:
        contacts = people.by_ids(tx, ids)
    names = line_names(tx)
    if lines is not None:
        lines = {0, *lines, *(line for line, name in names.items() if name in needs.lines)}
    orders = facts.orders(tx, ids, lines)
    return Batch(
        world=world,
        contacts=contacts,
        line_names=names,
        named_lines=needs.lines,
        stages=facts.stages(tx, ids, lines),
        orders=orders,
        recent=_recent(tx, world, contacts, orders, now, needs) if needs.order_window else {},
        goods=facts.goods(tx, ids, now) if needs.skus or needs.order_lines else {},
        engagement=facts.engagement(tx, ids, now) if needs.engagement else {},
        events=_events(tx, ids, needs.events, now) if needs.events else {},
        messages=facts.messages(tx, ids, now) if needs.messages else {},
        in_campaigns=facts.in_campaigns(tx, ids) if needs.in_campaigns else {},
        offers=codes.held(tx, {holder for holder in offers if holder[0]}, world.offers, now)
        if needs.offer
        else {},
    )


def _events(
    tx: Tx, contact_ids: Collection[int], names: frozenset[str], now: Moment
) -> Mapping[int, tuple[Event, ...]]:
    """Their events of these names, oldest first; orders and refunds are events too."""
    found = facts.events(tx, contact_ids, names, now)
    if not names & ON_LINES:
        return found
    orders = orders_since(tx, dict.fromkeys(contact_ids, 0), now)
    return {
        contact: tuple(
            sorted(
                [
                    *found.get(contact, ()),
                    *(it for it in map(order_event, orders.get(contact, ())) if it.name in names),
                ],
                key=lambda it: it.at,
            )
        )
        for contact in {*found, *orders}
    }


def _recent(
    tx: Tx,
    world: World,
    contacts: Mapping[int, Contact],
    orders: Collection[Place],
    now: Moment,
    needs: Needs,
) -> dict[Place, tuple[Purchase, ...]]:
    """The orders of the longest window that is asked for, in the business and, where it is asked, on each line."""
    per_line = needs.line_orders or bool(needs.lines)
    since = now - needs.order_window
    places = {place: since for place in orders if place[0] in contacts and (place[1] == 0 or per_line)}
    bought = histories(
        tx,
        places,
        {id_: zone_of(contact, world.settings.zone) for id_, contact in contacts.items()},
        now,
        undone(tx, contacts),
        with_goods=needs.skus or needs.order_lines,
    )
    return {
        place: tuple(it for it in purchases if not 0 < it.undone_at <= now)
        for place, purchases in bought.items()
    }
