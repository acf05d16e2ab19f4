"""What is loaded to try messages out: contacts with their facts, goods and offers, each message the way it is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import reduce
from operator import or_
from typing import TypeAlias

from nurture.audience.contact import Contact
from nurture.audience.expressions import Needs
from nurture.audience.facts import Facts, OfferFacts
from nurture.campaigns.book import Book
from nurture.clock import DAY, Moment
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.needs import facts_needed
from nurture.messages.recommend_call import RECOMMEND_UP
from nurture.runner.facts import gather
from nurture.runner.ways import Way, ways_of
from nurture.runner.world import Letters, World
from nurture.settings import Settings
from nurture.store import codes, recommended
from nurture.store.engine import Store, Tx
from nurture.store.recommended import Recommended
from nurture.store.stages import line_names

Template: TypeAlias = tuple[str, str]
"""A message's name and locale."""
Place: TypeAlias = tuple[int, int]
"""Contact and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that was loaded."""

    contacts: Sequence[Contact]
    facts: Mapping[Place, Facts]
    goods: Mapping[Place, Sequence[Recommended]]
    offers: Mapping[tuple[str, int], OfferFacts]
    _told: dict[Place, str] = field(default_factory=dict)

    def told(self, contact: Contact, way: Way) -> str:
        """Everything that a message for this contact may say today."""
        place = (contact.id, way.line)
        if place not in self._told:
            self._told[place] = f"{_told(self.facts[place])} {_told(self.goods.get(place))}"
        offer = self.offers.get((way.offer, contact.id))
        if offer and offer.expires_at:
            # One that nobody has got yet would run from now on, so it moves with every look.
            offer = replace(offer, expires_at=offer.expires_at // DAY)
        return f"{self._told[place]} {_told(offer)}"


def each_way(store: Store, book: Book, templates: Iterable[Template]) -> dict[Template, Way]:
    """How each message is sent."""
    with store.read() as tx:
        found = ways_of(book, line_names(tx))
    return {template: found.get(template[0], Way()) for template in templates}


def load(
    tx: Tx,
    settings: Settings,
    book: Book,
    library: Library,
    templates: Mapping[Template, Compiled],
    ways: Collection[Way],
    contacts: Sequence[Contact],
    now: Moment,
) -> Known:
    """All that the messages may say to these contacts, read at once."""
    needs = reduce(or_, map(facts_needed, templates.values()), Needs())
    world = World(
        settings=settings,
        version=0,
        lifecycle=book.lifecycle,
        offers=book.offers,
        live={},
        letters=Letters(library=library),
    )
    lines, offered = {way.line for way in ways}, {way.offer for way in ways if way.offer}
    batch = gather(tx, world, [it.id for it in contacts], now, needs)
    there = [it for it in contacts if it.id in batch.contacts]
    places = [(it.id, line) for it in there for line in sorted(lines)]
    wants_goods = any("recommend" in it.needs for it in templates.values())
    up = places if any(RECOMMEND_UP in it.needs for it in templates.values()) else ()
    goods = recommended.recommend(tx, places, now, up=up) if wants_goods else {}
    holders = {(offer, it.id) for offer in offered for it in there}
    offers = codes.held(tx, holders, book.offers, now) if holders else {}
    plain = {it.id: batch.of(it.id) for it in there}
    facts = {(id_, line): batch.on_line(plain[id_], line) for id_, line in places}
    return Known(contacts=there, facts=facts, goods=goods, offers=offers)


def _told(value: object) -> str:
    """Everything that a value holds, the same in every process: a set has no order of its own."""
    match value:
        case Mapping():
            return f"{{{','.join(sorted(f'{_told(key)}:{_told(it)}' for key, it in value.items()))}}}"
        case frozenset():
            return f"{{{','.join(sorted(map(_told, value)))}}}"
        case tuple() | list():
            return f"({','.join(map(_told, value))})"
        case _ if is_dataclass(value):
            return f"({','.join(_told(getattr(value, it.name)) for it in fields(value))})"
        case _:
            return repr(value)
