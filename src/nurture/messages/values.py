"""What a template sees of one contact: plain values under the names that expressions use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from nurture.audience.contact import Contact
from nurture.audience.facts import Facts
from nurture.audience.zones import zone_of
from nurture.clock import Moment, from_datetime
from nurture.messages.asking import no_page
from nurture.messages.formats import minor_units
from nurture.messages.group import Group
from nurture.messages.headers import read_mailbox
from nurture.messages.missing import MISSING
from nurture.messages.recommending import Product, Recommending
from nurture.messages.utm import Tags
from nurture.messages.views import (
    Lines,
    OneByOne,
    View,
    engagement_values,
    known,
    line_values,
    orders_values,
    stage_values,
)

__all__ = ["Pages", "Product", "Sender", "Values", "values"]


class Pages(Protocol):
    """Where the message's own links lead; `MessageUrls` is one."""

    @property
    def unsubscribe(self) -> str: ...
    @property
    def preferences(self) -> str: ...
    @property
    def confirm(self) -> str: ...
    @property
    def view(self) -> str: ...
    def answer(self, question: str, answer: str, /) -> str: ...


class Sender(Protocol):
    """Who the mail is from; the settings' `sender` is one."""

    @property
    def from_(self) -> str: ...
    @property
    def reply_to(self) -> str: ...
    @property
    def address(self) -> str: ...


class Values(Mapping[str, Any]):
    """The values of one message, each worked out when it is asked for: what no template names costs nothing.

    `timezone` and `locale` are the workspace's, for contacts without their own. What is not known is missing: it
    prints as nothing and is no.
    """

    __slots__ = (
        "_recommending",
        "_view",
        "currency",
        "facts",
        "locale",
        "now",
        "recommended",
        "sender",
        "tags",
        "timezone",
        "urls",
    )

    def __init__(
        self,
        facts: Facts,
        now: Moment,
        *,
        sender: Sender,
        urls: Pages | None,
        recommended: Sequence[Product] = (),
        timezone: str = "UTC",
        locale: str = "",
        currency: str = "USD",
        tags: Tags | None = None,
    ) -> None:
        self.facts = facts
        self.now = now
        self.sender = sender
        self.urls = urls
        self.recommended = recommended
        self.timezone = timezone
        self.locale = locale
        self.currency = currency
        self.tags = tags
        self._view: View | None = None
        self._recommending: Recommending | None = None

    @property
    def view(self) -> View:
        """How the contact sees times and amounts."""
        view = self._view
        if view is None:
            zone = zone_of(self.facts.contact, _workspace_zone(self.timezone))
            view = self._view = View(now=self.now, zone=zone, units=minor_units(self.currency))
        return view

    @property
    def recommending(self) -> Recommending:
        """What the templates call, and what they were given."""
        it = self._recommending
        if it is None:
            it = self._recommending = Recommending(self.recommended, self.view)
        return it

    def __getitem__(self, name: str) -> Any:
        return _MAKE[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(_MAKE)

    def __len__(self) -> int:
        return len(_MAKE)


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
    tags: Tags | None = None,
) -> dict[str, Any]:
    """All of `Values` at once."""
    return dict(
        Values(
            facts,
            now,
            sender=sender,
            urls=urls,
            recommended=recommended,
            timezone=timezone,
            locale=locale,
            currency=currency,
            tags=tags,
        )
    )


@lru_cache(maxsize=64)
def _workspace_zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _contact_group(it: Values) -> Group:
    return Group(
        "contact",
        lambda: _Contact(_CONTACT, it.facts.contact, it.view),
        open=True,
        label=it.facts.contact.email,
    )


def _stage_group(it: Values) -> Group:
    stage = it.facts.stage
    return Group("stage", lambda: stage_values(stage, it.view), label=stage.name)


def _line_group(it: Values) -> Group:
    line = it.facts.line
    label = line.name if line else ""
    return Group("line", lambda: line_values(line, it.view), exists=line is not None, label=label)


def _offer_group(it: Values) -> Group:
    offer = it.facts.offer
    label = offer.says if offer else ""
    return Group("offer", lambda: _offer(it.facts, it.view), exists=offer is not None, label=label)


def _event_group(it: Values) -> Group:
    event = it.facts.entry.event if it.facts.entry else None
    label = event.name if event else ""
    exists = event is not None
    return Group("event", lambda: _event(it.facts, it.view), open=True, exists=exists, label=label)


def _tags(it: Values) -> Tags | None:
    campaign = it.facts.entry.campaign if it.facts.entry else ""
    return None if it.tags is None else replace(it.tags, campaign=campaign)


def _days_since(it: Values) -> Callable[[datetime], Any]:
    view = it.view
    return lambda at: view.days_since(from_datetime(at)) if at else MISSING


_MAKE: Mapping[str, Callable[[Values], Any]] = {
    "contact": _contact_group,
    "stage": _stage_group,
    "orders": lambda it: Group("orders", lambda: orders_values(it.facts.orders, it.view)),
    "line": _line_group,
    "lines": lambda it: Lines(it.facts.lines, it.view),
    "engagement": lambda it: Group("engagement", lambda: engagement_values(it.facts.engagement, it.view)),
    "offer": _offer_group,
    "event": _event_group,
    "now": lambda it: it.view.moment(it.now),
    "days_since": _days_since,
    "recommend": lambda it: it.recommending,
    "sender": lambda it: Group("sender", lambda: _sender(it.sender)),
    "unsubscribe_url": lambda it: it.urls.unsubscribe if it.urls else "",
    "preferences_url": lambda it: it.urls.preferences if it.urls else "",
    "confirm_url": lambda it: it.urls.confirm if it.urls else "",
    "browser_url": lambda it: it.urls.view if it.urls else "",
    "_answer_url": lambda it: it.urls.answer if it.urls else no_page,
    "_locale": lambda it: it.facts.contact.locale or it.locale,
    "_currency": lambda it: it.currency,
    "_tags": lambda it: _tags(it),
}


class _Contact(OneByOne):
    """A contact's own facts, and the attributes that are not called as one of them is."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        make = _CONTACT.get(name)
        return self._it.attributes[name] if make is None else make(self._it, self._view)

    def __iter__(self) -> Iterator[str]:
        return iter({**_CONTACT, **self._it.attributes})


_CONTACT: Mapping[str, Callable[[Contact, View], Any]] = {
    "email": lambda it, view: it.email,
    "external_id": lambda it, view: known(it.external_id),
    "first_name": lambda it, view: known(it.first_name),
    "last_name": lambda it, view: known(it.last_name),
    "locale": lambda it, view: known(it.locale),
    "timezone": lambda it, view: known(it.timezone),
    "country": lambda it, view: known(it.country),
    "tags": lambda it, view: it.tags,
    "created_at": lambda it, view: view.moment(it.created_at or None),
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


def _sender(it: Sender) -> Mapping[str, Any]:
    name, email = read_mailbox(it.from_)
    return {"name": name or email, "email": email, "reply_to": it.reply_to or email, "address": it.address}
