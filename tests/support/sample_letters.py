"""The messages of the sample workspace, compiled and rendered as the daemon does it, for people of all kinds."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from nurture.audience.contact import Contact
from nurture.audience.facts import EntryFacts, Event, Facts, LineFacts, OfferFacts, OrderFacts, StageFacts
from nurture.campaigns.book import Book, read
from nurture.campaigns.known import Known
from nurture.clock import DAY, parse_iso
from nurture.journeys.steps.send import SendStep
from nurture.messages.compile import compile_template
from nurture.messages.compiled import Compiled
from nurture.messages.library import Library
from nurture.messages.render import Rendered, Renderer
from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls
from nurture.messages.values import values
from nurture.runner.files import read_files
from nurture.runner.libraries import library_of
from nurture.settings import load

ROOT = Path(__file__).resolve().parents[2]
FILES = read_files(ROOT)
SETTINGS = load(ROOT, {})
LIBRARY: Library = library_of(SETTINGS, FILES)
URLS = Urls(SETTINGS.web.public_url, Signer("a secret for tests")).of((4711, 3))
NOW = parse_iso("2017-06-30T12:00", ZoneInfo("UTC"))

LETTERS = tuple((name, locale) for name in LIBRARY.names() for locale in LIBRARY.locales(name))
"""Every message in each of its languages."""

_GROCER = frozenset({"SEAFOOD", "SALAD BAR", "GARDEN CENTER", "PRODUCE", "MEAT", "DELI", "PASTRY"}) | {
    "NUTRITION",
    "FLORAL",
    "COSMETICS",
}


@dataclass(frozen=True, kw_only=True)
class Goods:
    """A product to recommend. `price` in cents."""

    name: str
    category: str = ""
    price: int = 0
    url: str = ""
    image_url: str = ""
    sku: str = "1"
    line: str = "SEAFOOD"
    because: str = ""
    kind: str = ""


def drawn(name: str) -> str:
    """The picture of a made-up product, as an address that needs no server."""
    svg = Path(__file__).with_name("drawings") / f"products/{name}.svg"
    return "data:image/svg+xml;base64," + base64.b64encode(svg.read_bytes()).decode()


BARE = (
    Goods(name="FLUID MILK WHITE ONLY", category="FLUID MILK PRODUCTS"),
    Goods(name="VINEGAR ALL-EXCEPT WINE/RIC"),
)
FULL = (
    Goods(
        name="Salmon",
        category="FISH",
        price=1299,
        url="https://shop.example/p/0",
        image_url="https://a.test/0.jpg",
    ),
    Goods(
        name="W" * 50,
        category="FISH",
        price=1299,
        url="https://shop.example/p/1",
        because="W" * 50,
    ),
    Goods(
        name="Trout",
        category="FISH",
        price=129900,
        url="https://shop.example/p/2",
        image_url="https://a.test/2.jpg",
    ),
)
SHELF = (
    Goods(
        name="Sourdough, dark crust",
        category="BREAD",
        price=640,
        url="https://shop.example/p/bread",
        image_url=drawn("bread"),
        because="Salted butter",
    ),
    Goods(
        name="Early apples, mixed",
        category="FRUIT",
        price=390,
        url="https://shop.example/p/apples",
        image_url=drawn("apples"),
        because="Rolled oats",
    ),
    Goods(
        name="Olive oil, first pressing",
        category="OIL",
        price=1290,
        url="https://shop.example/p/oil",
        image_url=drawn("oil"),
    ),
)

STEPS_UP = tuple(
    replace(it, kind="up", because=of)
    for it, of in zip(SHELF, ("Sandwich bread", "Apples, one kind", "Olive oil, blended"), strict=True)
)
"""The same, as what is one better than what they buy."""


def facts(first_name: str, line: str, *, offered: OfferFacts | None, product: str, locale: str = "") -> Facts:
    """All that a message may ask for."""
    event = Event(
        name="due_again",
        at=NOW,
        properties={
            "sku": "R-12",
            "product": product,
            "line": line,
            "gap_days": 24.0,
            "category": "COFFEE",
            "says": "Offers and discounts",
        },
    )
    return Facts(
        contact=Contact(id=1, email="household-900@example.test", first_name=first_name, locale=locale),
        stage=StageFacts(name="customer/repeat", since=NOW - 9 * DAY),
        orders=OrderFacts(count=31, total=104_250, first_at=NOW - 150 * DAY, last_at=NOW - 3 * DAY),
        line=LineFacts(name=line, stage=StageFacts(name="prospect/awareness", since=NOW - 90 * DAY)),
        offer=offered,
        entry=EntryFacts(campaign="running-low", enrollment_id=1, entered_at=NOW - DAY, event=event),
    )


CROSS_SELL = OfferFacts(
    key="cross-sell-10",
    says="10% off your first time there",
    code="CROSS-7K3M2-QX9TA",
    expires_at=NOW + 14 * DAY,
    discount="10%",
)

Person = tuple[Facts, Sequence[Goods]]

PEOPLE: dict[str, Person] = {
    "a household of the grocer, with nothing to recommend": (
        facts("", "SEAFOOD", offered=CROSS_SELL, product="FLUID MILK WHITE ONLY"),
        (),
    ),
    "a household of the grocer, with products that have only names": (
        facts("", "SALAD BAR", offered=CROSS_SELL, product=""),
        BARE,
    ),
    "somebody with a name, products with pictures": (
        facts("Maximiliane", "SEAFOOD", offered=CROSS_SELL, product="Coffee, whole beans"),
        (*FULL, *(replace(it, kind="up") for it in FULL)),
    ),
    "somebody with no offer and a hostile name": (
        facts("<b>" + "N" * 60, "GARDEN CENTER", offered=None, product="<b>" + "W" * 80),
        FULL,
    ),
}


@cache
def book() -> Book:
    """The sample campaigns."""
    topics = {name: topic.always for name, topic in SETTINGS.topics.items()}
    return read(FILES, Known(templates=frozenset(LIBRARY.names()), topics=topics, lines=_GROCER))


@cache
def offer_of(name: str) -> OfferFacts | None:
    """What the campaign that sends this message offers, as the first of its receivers holds it."""
    for campaign in book().campaigns.values():
        for node in campaign.program.nodes.values():
            if isinstance(node.step, SendStep) and name in node.step.templates:
                offer = book().offers.get(node.step.terms(campaign.terms).offer)
                if offer is None:
                    return None
                first_word = offer.key.partition("-")[0].upper()
                return OfferFacts(
                    key=offer.key,
                    says=offer.says,
                    code=offer.code or f"{offer.prefix or first_word}-7K3M2-QX9TA",
                    expires_at=NOW + offer.expires if offer.expires else None,
                    discount=offer.discount,
                )
    return None


def ann(name: str, locale: str) -> Person:
    """Somebody as most are, for whom everything is there that this message shows."""
    who = facts("Ann", "SEAFOOD", offered=offer_of(name), product="Coffee, whole beans", locale=locale)
    return who, (*SHELF, *STEPS_UP)


@cache
def compiled(name: str, locale: str = "") -> Compiled:
    """The message, compiled once."""
    return compile_template(LIBRARY, name, locale)


def render(name: str, locale: str, person: Person) -> Rendered:
    """The message for this person, with tracked links."""
    who, goods = person
    who = replace(who, contact=replace(who.contact, locale=locale))
    given = values(who, NOW, sender=SETTINGS.sender, urls=URLS, recommended=goods, currency=SETTINGS.currency)
    return Renderer().render(compiled(name, locale), given, URLS)


@cache
def rendered(name: str, locale: str, person: str) -> Rendered:
    """The message for one of PEOPLE."""
    return render(name, locale, PEOPLE[person])
