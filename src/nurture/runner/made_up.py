"""People who do not exist, one of each kind: for looking at messages before there is anybody to write to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from nurture.audience.contact import Contact, Scalar
from nurture.audience.facts import (
    EngagementFacts,
    EntryFacts,
    Event,
    Facts,
    LineFacts,
    OfferFacts,
    OrderFacts,
    StageFacts,
)
from nurture.clock import DAY, Moment
from nurture.lifecycle.stages import Lifecycle
from nurture.offers.offer import Offer
from nurture.offers.recommending import Kind

NOBODY = -(10**9)
"""The id of everybody who is made up: nothing in the database has it."""

CODE = "CODE-GOES-HERE"
"""Stands for a code, since none is issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpGoods:
    """A product that does not exist. `price` in minor units."""

    sku: str
    name: str
    line: str
    category: str
    price: int
    url: str
    image_url: str = ""
    kind: Kind = ""
    because: str = ""


def _goods(no: int, name: str, price: int, *, kind: Kind = "", because: str = "") -> MadeUpGoods:
    return MadeUpGoods(
        sku=f"SAMPLE-{no}",
        name=name,
        line="SAMPLES",
        category="samples",
        price=price,
        url=f"https://shop.example/sample-{no}",
        kind=kind,
        because=because,
    )


GOODS = (
    _goods(1, "A sample product", 1490),
    _goods(2, "Another one, with a name that runs on a little longer", 890),
    _goods(3, "A third", 12900),
    _goods(4, "The larger sample", 2690, kind="up", because="A sample product"),
)
"""What is recommended to them where the shop has nothing of that kind."""

_EVENT: Mapping[str, Scalar] = {
    "sku": GOODS[0].sku,
    "product": GOODS[0].name,
    "line": GOODS[0].line,
    "gap_days": 30.0,
    "order_id": "1001",
    "question": "how-was-it",
    "answer": "good",
    "url": GOODS[0].url,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """One of them. `stages`: where they stand, by the first of these that the lifecycle has."""

    key: str
    label: str
    says: str
    """Who that is, in a few words."""
    contact: Contact
    stages: tuple[str, ...] = ("prospect",)
    orders: int = 0
    last_days: int = 0
    """How many days ago they bought last."""
    total: int = 0
    """Of all their orders, in minor units."""
    engagement: EngagementFacts = field(default_factory=EngagementFacts)

    def facts(
        self,
        lifecycle: Lifecycle,
        now: Moment,
        *,
        line: str = "",
        campaign: str = "",
        event: str = "",
        offer: Offer | None = None,
    ) -> Facts:
        """All that is known of them at `now`: on that line of products, in a campaign that the event began."""
        stage = StageFacts(name=_stage(lifecycle, self.stages), since=now - 3 * DAY)
        orders = self._orders(now, line)
        entry = None
        if campaign:
            began = Event(name=event, at=now, properties=_EVENT) if event else None
            entry = EntryFacts(campaign=campaign, enrollment_id=NOBODY, entered_at=now - DAY, event=began)
        return Facts(
            contact=replace(self.contact, created_at=now - 400 * DAY if self.orders else now - 5 * DAY),
            stage=stage,
            orders=orders,
            line=LineFacts(name=line, stage=stage, orders=orders) if line else None,
            engagement=self.engagement,
            entry=entry,
            offer=_offer(offer, now) if offer else None,
        )

    def _orders(self, now: Moment, line: str) -> OrderFacts:
        if not self.orders:
            return OrderFacts()
        last = now - self.last_days * DAY
        return OrderFacts(
            count=self.orders,
            total=self.total,
            first_at=last - (self.orders - 1) * 30 * DAY,
            last_at=last,
            skus=frozenset({GOODS[0].sku}),
            lines=frozenset({line or GOODS[0].line}),
        )


def _offer(offer: Offer, now: Moment) -> OfferFacts:
    return OfferFacts(
        key=offer.key,
        says=offer.says,
        code=offer.code or (CODE if offer.codes else ""),
        expires_at=now + offer.expires if offer.expires else None,
        discount=offer.discount,
    )


def _stage(lifecycle: Lifecycle, wanted: tuple[str, ...]) -> str:
    begun = (name for start in wanted for name in lifecycle.names if name.startswith(start))
    return next(begun, lifecycle.first)


def _contact(first_name: str, last_name: str, local: str) -> Contact:
    return Contact(id=NOBODY, email=f"{local}@example.com", first_name=first_name, last_name=last_name)


_READER = EngagementFacts(received=6, opens=4, clicks=2)

MADE_UP = (
    MadeUp(
        key="prospect",
        label="Robin, a prospect",
        says="has bought nothing yet",
        contact=_contact("Robin", "Doe", "robin"),
    ),
    MadeUp(
        key="first-time",
        label="Ann, a new customer",
        says="bought once, three days ago",
        contact=_contact("Ann", "Reyes", "ann"),
        stages=("customer/first-time", "customer"),
        orders=1,
        last_days=3,
        total=4250,
        engagement=_READER,
    ),
    MadeUp(
        key="repeat",
        label="Sam, a repeat customer",
        says="bought three times, 20 days ago last",
        contact=_contact("Sam", "Okoro", "sam"),
        stages=("customer/repeat", "customer"),
        orders=3,
        last_days=20,
        total=13680,
        engagement=_READER,
    ),
    MadeUp(
        key="client",
        label="Dana, a client",
        says="comes back on her own: 14 orders",
        contact=_contact("Dana", "Lind", "dana"),
        stages=("client", "customer"),
        orders=14,
        last_days=9,
        total=96400,
        engagement=_READER,
    ),
    MadeUp(
        key="lapsed",
        label="Lee, who lapsed",
        says="five orders, none for 200 days",
        contact=_contact("Lee", "Park", "lee"),
        stages=("lapsed",),
        orders=5,
        last_days=200,
        total=21900,
    ),
    MadeUp(
        key="no-name",
        label="Nobody's name",
        says="an address and nothing else",
        contact=_contact("", "", "info"),
    ),
    MadeUp(
        key="long-name",
        label="A long name",
        says="names and an address as long as they come",
        contact=_contact(
            "Maximiliane-Alexandrina",
            "von und zu Hohenstein-Wittgenberg",
            "maximiliane-alexandrina.von-und-zu.hohenstein-wittgenberg",
        ),
    ),
    MadeUp(
        key="german",
        label="Jürgen, in German",
        says="locale de, in Berlin",
        contact=replace(
            _contact("Jürgen", "Müller", "juergen"), locale="de", country="DE", timezone="Europe/Berlin"
        ),
        stages=("customer/first-time", "customer"),
        orders=1,
        last_days=3,
        total=4250,
        engagement=_READER,
    ),
)
"""Everybody, the plainest first."""


def made_up(key: str) -> MadeUp | None:
    """The one that is called so."""
    return next((it for it in MADE_UP if it.key == key), None)
