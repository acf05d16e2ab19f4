"""What each kind of imported row means: its columns, and a row of it as a value for the store. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nurture.runner import intake_cells as cells
from nurture.runner.intake_cells import BadRow, Record, Setting
from nurture.store.goods import Product
from nurture.store.happenings import EventGiven
from nurture.store.orders import LineGiven, Status
from nurture.store.people import ContactGiven

Kind: TypeAlias = Literal["contacts", "products", "orders", "events"]


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
            *("created_at", "consent", "tags"),
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
}

_STATUSES: Mapping[str, Status] = {
    "": "paid",
    "paid": "paid",
    "refunded": "refunded",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_NO_CONSENT = frozenset({"no", "false", "0", "n", "none", "-"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRead:
    """A contact, and on what basis they agreed to be written to; empty: they did not, or it is not said."""

    given: ContactGiven
    basis: str


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
    )
    return ContactRead(given=given, basis="" if said.lower() in _NO_CONSENT else said)


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
        whole = json.dumps([email, name, at, sorted(properties.items())])
        key = "sha256:" + hashlib.sha256(whole.encode()).hexdigest()
    return EventGiven(key=key, email=email, name=name, at=at, properties=properties)


def _link(record: Record, name: str) -> str:
    value = cells.text(record, name)
    if value and not value.lower().startswith(("https://", "http://")):
        raise BadRow(f"{name} is not a web address: {value[:100]!r}")
    return value
