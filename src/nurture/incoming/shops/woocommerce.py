"""WooCommerce's webhooks: orders as they stand. Of each order the latest state counts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from nurture.clock import Moment
from nurture.incoming.parts import Part, UnreadableError, address, loaded, moment, number, part, parts, text
from nurture.incoming.shops.event import Cell, Row, ShopEvent
from nurture.incoming.shops.lines import Line, codes, order_rows
from nurture.incoming.signatures import Headers, is_signed

_ORDERS = frozenset({"order.created", "order.updated", "order.restored"})
_STATUSES: Mapping[str, str] = {
    "processing": "paid",
    "completed": "paid",
    "refunded": "refunded",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "trash": "cancelled",
}
"""Any other is not paid yet: pending, on-hold, checkout-draft; or is a shop's own, which nobody can know."""
_PING = re.compile(rb"webhook_id=\d{1,12}")


def is_ping(body: bytes) -> bool:
    """Whether this is what WooCommerce posts, unsigned, when the webhook is saved. It says nothing else."""
    return bool(_PING.fullmatch(body))


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: Moment) -> bool:
    """Whether the shop signed the body. Nothing says when: `now` is not used."""
    return is_signed(headers.get("x-wc-webhook-signature", ""), body, secrets)


def read(body: bytes, headers: Headers) -> ShopEvent:
    """What the webhook comes to. Raises UnreadableError."""
    order = loaded(body)
    if not isinstance(order, dict):
        raise UnreadableError("it is not a map")
    what = text(headers, "x-wc-webhook-topic", longest=100)
    # The signature covers the body alone, so the body alone says whether it has come before.
    name = f"{what} {hashlib.sha256(body).hexdigest()}"
    if what not in _ORDERS:
        email = address(order, "billing", "email") or address(order, "email")
        why = f"{what or 'a webhook without a topic'} is not used"
        return ShopEvent(id=name, what=what, email=email, ignored=why)
    order_id, email = text(order, "id"), address(order, "billing", "email")
    if not order_id or not isinstance(order.get("line_items"), list):
        raise UnreadableError("it is not an order")
    state = text(order, "status")
    status = _STATUSES.get(state, "")
    if not email or not status:
        why = f"not paid yet: {state or 'no status'}" if email else "the order has no address"
        return ShopEvent(id=name, what=what, email=email, ignored=why)
    return _order(order, what, name, status=status, order_id=order_id, email=email)


def _order(order: Part, what: str, name: str, *, status: str, order_id: str, email: str) -> ShopEvent:
    at = _time(order, "date_modified_gmt") or _time(order, "date_created_gmt")
    head: dict[str, Cell] = {
        "order_id": order_id,
        "email": email,
        "ordered_at": _time(order, "date_created_gmt"),
        "currency": text(order, "currency"),
        "code": codes(text(it, "code") for it in parts(order, "coupon_lines")),
    }
    taxed = order.get("prices_include_tax") is True
    lines = [_line(it, taxed) for it in parts(order, "line_items")]
    back = -sum((number(it, "total") for it in parts(order, "refunds")), Decimal())
    whole = number(order, "total")
    if status == "paid" and 0 < whole <= back:
        status = "refunded"
    # WooCommerce says how much was given back and not for what: the goods bear their share of it.
    goods = sum((it.amount for it in lines), Decimal())
    besides = goods * back / whole if whole > 0 else Decimal()
    rows = order_rows(head, lines, status=status, undone_at=at, besides=besides)
    billed = part(order, "billing")
    contact: dict[str, Cell] = {
        "email": email,
        "first_name": text(billed, "first_name", longest=200),
        "last_name": text(billed, "last_name", longest=200),
        "country": text(billed, "country", longest=60),
        "created_at": head["ordered_at"],
        "consent": "",
    }
    return ShopEvent(
        id=name,
        what=what,
        email=email,
        rows=(Row(kind="contacts", record=contact), *rows),
        currency=text(order, "currency"),
        at=at,
        order_id=order_id,
        as_of=moment(order, "date_modified_gmt"),
        counts="known" if status == "cancelled" else "always",
    )


def _line(item: Part, taxed: bool) -> Line:
    amount = number(item, "total") + (number(item, "total_tax") if taxed else 0)
    quantity = number(item, "quantity")
    return Line(sku=_sku(item), quantity=quantity, amount=amount, quantity_left=quantity, amount_left=amount)


def _sku(item: Part) -> str:
    product = text(item, "variation_id").removeprefix("0") or text(item, "product_id").removeprefix("0")
    return text(item, "sku", longest=200) or (
        f"product {product}" if product else text(item, "name", longest=200)
    )


def _time(order: Part, name: str) -> str:
    """WooCommerce writes UTC without saying so."""
    found = text(order, name, longest=40)
    return f"{found}Z" if found and not found.endswith("Z") else found
