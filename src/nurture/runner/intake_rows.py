"""What each kind of imported row means: its columns, and a row of it as a value for the store. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from nurture.clock import Moment
from nurture.journeys.spelling import near
from nurture.runner import intake_cells as cells
from nurture.runner.intake_cells import BadRow, Record, Setting
from nurture.store.goods import Product
from nurture.store.happenings import EventGiven, key_of
from nurture.store.orders import LineGiven, Status
from nurture.store.people import ContactGiven

Kind: TypeAlias = Literal["contacts", "products", "orders", "events", "suppressions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns that a kind of file has."""

    needed: tuple[str, ...]
    known: tuple[str, ...]
    others: str = ""
    """What unknown columns become: attributes, properties; empty: they are not used."""


COLUMNS: Mapping[Kind, Columns] = {
    "contacts": Columns(
        needed=("email",),
        known=(
            *("external_id", "first_name", "last_name", "locale", "timezone", "country"),
            *("created_at", "last_engaged_at", "tags"),
            *("consent", "consent_at", "consent_wording", "consent_ip"),
        ),
        others="attributes",
    ),
    "products": Columns(
        needed=("sku",),
        known=("name", "line", "category", "price", "currency", "url", "image_url", "in_stock"),
    ),
    "orders": Columns(
        needed=("order_id", "email", "ordered_at", "sku", "amount"),
        known=("quantity", "currency", "code", "status", "refunded_at"),
    ),
    "events": Columns(needed=("email", "name", "at"), known=("id",), others="properties"),
    "suppressions": Columns(needed=("email",), known=("reason", "topic", "at")),
}

_STATUSES: Mapping[str, Status] = {
    "": "paid",
    "paid": "paid",
    "refunded": "refunded",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_REASONS: Mapping[str, NoReason] = {
    **dict.fromkeys(
        ("unsubscribed", "unsubscribe", "unsub", "opt out", "opted out", "optout", "removed", "unsubscribes"),
        "unsubscribed",
    ),
    **dict.fromkeys(
        ("bounced", "bounce", "hard bounce", "hardbounce", "soft bounce", "cleaned", "invalid", "bounces"),
        "bounced",
    ),
    **dict.fromkeys(
        ("complained", "complaint", "complaints", "spam", "spam report", "spam complaint", "abuse"),
        "complained",
    ),
    "other": "other",
}
"""What the reason of a suppression is called, here and elsewhere."""
_NO_CONSENT = frozenset({"no", "false", "0", "n", "none", "-"})


class ContactRead(NamedTuple):
    """A contact, and on what basis they agreed to be written to; empty: they did not, or it is not said."""

    given: ContactGiven
    basis: str
    agreed_at: Moment = 0
    """0: it does not say."""
    wording: str = ""
    """What they agreed to, as it was put to them."""
    ip: str = ""


NoReason: TypeAlias = Literal["unsubscribed", "bounced", "complained", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionRead:
    """An address that another system does not mail any more, or not on this topic."""

    email: str
    """In lower case."""
    reason: NoReason
    said: str = ""
    """The file's own words, where they are none of ours."""
    topic: str = ""
    """Empty: not at all."""
    at: Moment = 0
    """0: it does not say."""


def contact(record: Record, others: tuple[str, ...], setting: Setting, basis: str) -> ContactRead:
    """A row of contacts; `basis` is the whole file's, where it has no column `consent`. Raises BadRow."""
    said = cells.text(record, "consent", 300) if "consent" in record else basis
    given = ContactGiven(
        email=cells.address(record),
        external_id=cells.text(record, "external_id", 200),
        first_name=cells.text(record, "first_name", 200),
        last_name=cells.text(record, "last_name", 200),
        locale=cells.text(record, "locale", 40),
        timezone=cells.text(record, "timezone", 60),
        country=cells.text(record, "country", 60),
        tags=cells.tags(record) if "tags" in record else (),
        attributes=cells.scalars(record, others),
        created_at=cells.moment(record, "created_at", setting) or setting.since,
        last_engaged_at=cells.moment(record, "last_engaged_at", setting) or 0,
    )
    if not said or said.lower() in _NO_CONSENT:
        return ContactRead(given=given, basis="")
    return ContactRead(
        given=given,
        basis=said,
        agreed_at=cells.moment(record, "consent_at", setting) or 0,
        wording=cells.text(record, "consent_wording"),
        ip=cells.text(record, "consent_ip", 100),
    )


def suppression(record: Record, setting: Setting, topics: Sequence[str]) -> SuppressionRead:
    """A row of suppressions; `topics` are those there are. Raises BadRow."""
    said = cells.text(record, "reason", 300)
    topic = cells.text(record, "topic", 100)
    if topic and topic not in topics:
        hint = near(topic, topics) or f"there are: {', '.join(topics)}"
        raise BadRow(f"{topic!r} is not a topic; {hint}")
    reason = _no_reason(said)
    return SuppressionRead(
        email=cells.address(record),
        reason=reason,
        said=said if reason == "other" else "",
        topic=topic,
        at=cells.moment(record, "at", setting) or 0,
    )


@lru_cache(maxsize=1_000)
def _no_reason(said: str) -> NoReason:
    """What is meant by a reason in whatever words: a slip of the pen is no other reason."""
    words = " ".join(re.findall("[a-z]+", said.lower()))
    if not words:
        return "unsubscribed"
    near_ones = difflib.get_close_matches(words, _REASONS, 1, 0.75)
    if near_ones:
        return _REASONS[near_ones[0]]
    found: set[NoReason] = {_REASONS[word] for word in words.split() if word in _REASONS}
    return found.pop() if len(found) == 1 else "other"


def product(record: Record, setting: Setting) -> Product:
    """A row of products. Raises BadRow."""
    cells.currency(record, setting)
    return Product(
        sku=cells.needed(record, "sku", 200),
        name=cells.text(record, "name", 500),
        line=cells.text(record, "line", 200),
        category=cells.text(record, "category", 200),
        price=cells.amount(record, "price", setting),
        url=_link(record, "url"),
        image_url=_link(record, "image_url"),
        in_stock=cells.yes_or_no(record, "in_stock"),
    )


def order_line(record: Record, setting: Setting) -> LineGiven:
    """A row of orders. Raises BadRow."""
    cells.currency(record, setting)
    paid = cells.amount(record, "amount", setting)
    if paid is None:
        raise BadRow("amount is missing")
    said = cells.text(record, "status", 40).lower()
    if said not in _STATUSES:
        raise BadRow(f"status is {said!r}; it can be paid, refunded or cancelled")
    ordered_at = cells.needed_moment(record, "ordered_at", setting)
    undone_at = cells.moment(record, "refunded_at", setting) or 0
    status: Status = _STATUSES[said]
    if undone_at and status == "paid":
        if said:
            raise BadRow("there is a refunded_at, and the status is paid")
        status = "refunded"
    return LineGiven(
        order_id=cells.needed(record, "order_id", 200),
        email=cells.address(record),
        ordered_at=ordered_at,
        sku=cells.needed(record, "sku", 200),
        quantity=cells.number(record, "quantity", 1.0),
        amount=paid,
        code=cells.text(record, "code", 100),
        status=status,
        undone_at=max(undone_at, ordered_at) if undone_at else 0,
    )


def event(record: Record, others: tuple[str, ...], setting: Setting) -> EventGiven:
    """A row of events; without an `id`, all that it says is what it is known by. Raises BadRow."""
    email = cells.address(record)
    name = cells.needed(record, "name", 100)
    at = cells.needed_moment(record, "at", setting)
    properties = cells.scalars(record, others)
    key = cells.text(record, "id", 200)
    if not key:
        key = key_of(email, name, at, properties)
    return EventGiven(key=key, email=email, name=name, at=at, properties=properties)


def _link(record: Record, name: str) -> str:
    value = cells.text(record, name)
    if value and not value.lower().startswith(("https://", "http://")):
        raise BadRow(f"{name} is not a web address: {value[:100]!r}")
    return value
