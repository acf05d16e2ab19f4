"""A small shop run by the real runner on a virtual clock, with mail into the inbox, on either engine."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from nurture.app import App
from nurture.audience.contact import Scalar
from nurture.clock import HOUR, Moment, VirtualClock
from nurture.providers.inbox import InboxProvider
from nurture.runner import applying, checking
from nurture.runner.by_hand import by_hand
from nurture.runner.checking import Checked
from nurture.runner.in_force import InForce
from nurture.runner.tick import Tick
from nurture.settings import Settings
from nurture.store import consents, happenings, orders, people
from nurture.store.consents import Word
from nurture.store.engine import Store
from nurture.store.goods import Product, upsert_products
from nurture.store.happenings import EventGiven
from nurture.store.orders import LineGiven, Status
from nurture.store.people import ContactGiven

START: Moment = 1_483_228_800_000_000
"""2017-01-01T00:00Z."""

LIFECYCLE = """\
stages:
  - prospect/awareness:
  - prospect/curious: engagement.clicks >= 1
  - customer: orders.count == 1
  - regular: orders.count >= 2
  - lapsed: orders.days_since_last > 30
lines: product.line
stay: 1 day
"""

OFFERS = """\
first-order:
  kind: introductory
  says: 15% off your first order
  discount: 15%
  code: unique
  expires: 14 days
"""

LAYOUT = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Corner Shop</title></head>
<body>{% block content %}{% endblock %}<p>{{ sender.address }}</p>
<p><a href="{{ unsubscribe_url }}">No more of these</a></p></body></html>
"""


def letter(name: str, body: str = "Hello {{ contact.first_name }}, [look](https://shop.example/).") -> str:
    """The text of a template."""
    return f"subject: {name}\npreview: A letter\n\n{body}\n"


def files(campaigns: Mapping[str, str], templates: Mapping[str, str] | None = None) -> dict[str, str]:
    """A workspace's files: these campaigns, and a plain template for each name of `one` to `three`."""
    letters = {name: letter(name) for name in ("one", "two", "three")} | dict(templates or {})
    return {
        "campaigns/lifecycle.yaml": LIFECYCLE,
        "campaigns/offers.yaml": OFFERS,
        **{f"campaigns/{key}.yaml": text for key, text in campaigns.items()},
        "templates/email/layouts/base.html": LAYOUT,
        **{f"templates/email/{name}.md": text for name, text in letters.items()},
    }


def settings(workspace: Path, **more: object) -> Settings:
    """The corner shop's."""
    return Settings.model_validate(
        {
            "workspace": workspace,
            "secret": "a secret for tests",
            "sender": {"from": "Corner Shop <hello@shop.example>", "address": "1 Main Street"},
            "topics": {
                "offers": {"says": "Offers"},
                "news": {"says": "News"},
                "service": {"says": "About your orders", "always": True},
            },
            **more,
        }
    )


@cache
def _checked(given: tuple[tuple[str, str], ...]) -> Checked:
    return checking.check(None, settings(Path("/")), dict(given))


class Corner:
    """The shop. What happens to it is told with `contact`, `order`, `event`; `until` lets time pass."""

    def __init__(self, store: Store, workspace: Path, **more: object) -> None:
        self.store = store
        self.clock = VirtualClock(START)
        self.app = App(settings(workspace, **more), store, self.clock)
        self.world: InForce
        self.tick: Tick
        self.send: Callable[[], int]

    @property
    def now(self) -> Moment:
        return self.clock.now()

    def apply(self, given: Mapping[str, str]) -> int:
        """Put files into force at the present moment."""
        checked = _checked(tuple(given.items()))
        return applying.apply(self.store, self.app.settings, checked, given, self.now)

    def retake(self) -> None:
        """Go on with the version that `world` has taken up."""
        self.tick = Tick(self.store, self.world(), self.send)

    def contact(self, email: str, *topics: str, at: Moment | None = None, **more: Any) -> int:
        """Somebody who signs up at `at` (else now) and agrees to `topics` (else to offers and news)."""
        created = self.now if at is None else at
        with self.store.write() as tx:
            given = ContactGiven(email=email, created_at=created, **more)
            contact = people.upsert(tx, self.store.ids, [given], self.now).ids[email]
            words = [
                Word(contact_id=contact, topic=topic, agreed=True, at=created, basis="a test")
                for topic in topics or ("offers", "news")
            ]
            consents.record(tx, self.store.ids, words)
        return contact

    def products(self, lines: Mapping[str, str]) -> None:
        """Sku to line."""
        given = [Product(sku=sku, name=sku, line=line) for sku, line in lines.items()]
        with self.store.write() as tx:
            upsert_products(tx, self.store.ids, given, self.now)

    def order(
        self,
        email: str,
        at: Moment,
        number: str,
        sku: str = "R-12",
        *,
        status: Status = "paid",
        undone_at: Moment = 0,
    ) -> None:
        """An order as an import brings it in."""
        given = LineGiven(
            order_id=number, email=email, ordered_at=at, sku=sku, quantity=1, amount=1_000, status=status,
            undone_at=undone_at,
        )  # fmt: skip
        with self.store.write() as tx:
            orders.upsert_orders(tx, self.store.ids, [given], self.now)

    def event(
        self,
        email: str,
        name: str,
        at: Moment,
        key: str = "",
        properties: Mapping[str, Scalar] | None = None,
    ) -> None:
        """Something that somebody did."""
        given = EventGiven(
            key=key or f"{email} {name} {at}", email=email, name=name, at=at, properties=properties or {}
        )
        with self.store.write() as tx:
            happenings.record(tx, self.store.ids, "a test", [given], self.now)

    def until(self, at: Moment) -> None:
        """Let time pass up to `at`, with a tick whenever something falls due."""
        while (due := self.tick.next_due()) <= at:
            before = self.now
            self.clock.move_to(max(due, before))
            self.tick.run(self.now)
            if self.now == before and self.tick.next_due() <= before:
                self.clock.move_to(before + 1)
        self.clock.move_to(at)
        self.tick.run(at)

    def rows(self, query: str) -> Sequence[Any]:
        """What the database holds."""
        with self.store.read() as tx:
            return tx.exec_driver_sql(query).all()

    def inbox(self) -> list[tuple[str, str, float]]:
        """(who, subject, hours since START) of each message, oldest first."""
        found = self.rows("SELECT recipient, subject, at FROM inbox ORDER BY at, recipient")
        return [(who, subject, round((at - START) / HOUR, 3)) for who, subject, at in found]

    def contents(self) -> list[bytes]:
        """The bytes of each message, oldest first."""
        return [
            zlib.decompress(it) for (it,) in self.rows("SELECT content FROM inbox ORDER BY at, recipient")
        ]

    def skipped(self) -> dict[str, str]:
        """Why messages were not sent, by template."""
        return dict(self.rows("SELECT template, reason FROM messages WHERE outcome = 'skipped'"))

    def entries(self) -> list[tuple[str, str]]:
        """(campaign, why it ended; "" while it goes on) of each entry, oldest first."""
        return [
            (key, reason)
            for key, reason in self.rows(
                "SELECT k.key, e.reason FROM enrollments e JOIN campaigns k ON k.id = e.campaign_id"
                " ORDER BY e.entered_at, e.id"
            )
        ]

    def stages(self, line: str = "") -> list[tuple[str, str, float]]:
        """(from, to, hours since START) of the transitions that stand, on `line` or in the business."""
        found = self.rows(
            "SELECT t.from_stage, t.to_stage, t.at, coalesce(l.name, '') FROM transitions t"
            " LEFT JOIN lines l ON l.id = t.line_id WHERE t.superseded_at = 0 ORDER BY t.at, t.id"
        )
        return [(old, new, round((at - START) / HOUR, 3)) for old, new, at, name in found if name == line]


@contextmanager
def opened(
    store: Store, workspace: Path, given: Mapping[str, str], *, of: type[Corner] = Corner, **more: object
) -> Iterator[Corner]:
    """The shop with these files in force; `more` are settings besides its own."""
    corner = of(store, workspace, **more)
    corner.apply(given)
    corner.world = InForce(store, corner.app.settings)
    chance = random.Random(1).getrandbits
    handling = corner.app.handling(corner.world, chance=chance)
    with by_hand(store, InboxProvider(store, corner.clock), corner.clock, handling) as send:
        corner.send = send
        corner.retake()
        yield corner
