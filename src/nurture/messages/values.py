"""What a template sees of one contact: plain values under the names that expressions use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from nurture.audience.facts import Facts
from nurture.audience.zones import zone_of
from nurture.clock import Moment, from_datetime
from nurture.messages.formats import minor_units
from nurture.messages.group import Group
from nurture.messages.missing import MISSING
from nurture.messages.views import (
    Lines,
    View,
    engagement_values,
    known,
    line_values,
    orders_values,
    stage_values,
)


class Product(Protocol):
    """What may be recommended. `price` is in minor units, 0 where it is not known."""

    @property
    def sku(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def line(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def price(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def image_url(self) -> str: ...


class Pages(Protocol):
    """Where the message's own links lead; `MessageUrls` is one."""

    @property
    def unsubscribe(self) -> str: ...
    @property
    def view(self) -> str: ...


class Sender(Protocol):
    """Who the mail is from; the settings' `sender` is one."""

    @property
    def from_(self) -> str: ...
    @property
    def reply_to(self) -> str: ...
    @property
    def address(self) -> str: ...


def values(
    facts: Facts,
    now: Moment,
    *,
    sender: Sender,
    urls: Pages | None,
    recommended: Sequence[Product] = (),
    timezone: str = "UTC",
    locale: str = "",
    currency: str = "USD",
) -> dict[str, Any]:
    """The values of one message. `timezone` and `locale` are the workspace's, for contacts without their own.

    Groups are worked out when the template first asks, so what it does not name costs nothing. What is not
    known is missing: it prints as nothing and is no.
    """
    contact, offer, event = facts.contact, facts.offer, facts.entry.event if facts.entry else None
    view = View(now=now, zone=zone_of(contact, ZoneInfo(timezone)), units=minor_units(currency))
    return {
        "contact": Group("contact", lambda: _contact(facts, view), open=True, label=contact.email),
        "stage": Group("stage", lambda: stage_values(facts.stage, view), label=facts.stage.name),
        "orders": Group("orders", lambda: orders_values(facts.orders, view)),
        "line": Group(
            "line",
            lambda: line_values(facts.line, view),
            exists=facts.line is not None,
            label=facts.line.name if facts.line else "",
        ),
        "lines": Lines(facts.lines, view),
        "engagement": Group("engagement", lambda: engagement_values(facts.engagement, view)),
        "offer": Group(
            "offer", lambda: _offer(facts, view), exists=offer is not None, label=offer.says if offer else ""
        ),
        "event": Group(
            "event",
            lambda: _event(facts, view),
            open=True,
            exists=event is not None,
            label=event.name if event else "",
        ),
        "now": view.moment(now),
        "days_since": lambda at: view.days_since(from_datetime(at)) if at else MISSING,
        "recommend": _recommend(recommended, view),
        "sender": Group("sender", lambda: _sender(sender)),
        "unsubscribe_url": urls.unsubscribe if urls else "",
        "preferences_url": urls.unsubscribe if urls else "",
        "browser_url": urls.view if urls else "",
        "_locale": contact.locale or locale,
        "_currency": currency,
    }


def _contact(facts: Facts, view: View) -> Mapping[str, Any]:
    it = facts.contact
    return {
        **it.attributes,
        "email": it.email,
        "external_id": known(it.external_id),
        "first_name": known(it.first_name),
        "last_name": known(it.last_name),
        "locale": known(it.locale),
        "timezone": known(it.timezone),
        "country": known(it.country),
        "tags": it.tags,
        "created_at": view.moment(it.created_at or None),
    }


def _offer(facts: Facts, view: View) -> Mapping[str, Any]:
    it = facts.offer
    if it is None:
        return dict.fromkeys(("says", "code", "expires_at", "discount", "redeemed"), MISSING)
    return {
        "says": it.says,
        "code": known(it.code),
        "expires_at": view.moment(it.expires_at),
        "discount": known(it.discount),
        "redeemed": it.redeemed,
    }


def _event(facts: Facts, view: View) -> Mapping[str, Any]:
    it = facts.entry.event if facts.entry else None
    return {} if it is None else {**it.properties, "name": it.name, "at": view.moment(it.at)}


def _recommend(products: Sequence[Product], view: View) -> Any:
    def recommend(count: int = 3) -> tuple[Group, ...]:
        return tuple(_product(it, view) for it in products[: max(0, int(count))])

    return recommend


def _product(it: Product, view: View) -> Group:
    def build() -> Mapping[str, Any]:
        return {
            "sku": it.sku,
            "name": it.name or it.sku,
            "line": known(it.line),
            "category": known(it.category),
            "price": view.money(it.price) if it.price else MISSING,
            "url": known(it.url),
            "image_url": known(it.image_url),
        }

    return Group("product", build, label=it.name or it.sku)


def _sender(it: Sender) -> Mapping[str, Any]:
    name, email = parseaddr(it.from_)
    return {"name": name or email, "email": email, "reply_to": it.reply_to or email, "address": it.address}
