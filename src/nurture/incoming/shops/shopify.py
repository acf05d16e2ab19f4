"""Shopify's webhooks: orders as they stand, and refunds. Of each order the latest state counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal

from nurture.clock import Moment
from nurture.incoming.parts import Part, UnreadableError, address, loaded, moment, number, part, parts, text
from nurture.incoming.shops.event import Cell, LineBack, LinesBack, Row, ShopEvent
from nurture.incoming.shops.lines import Line, codes, order_rows
from nurture.incoming.signatures import Headers, is_signed

_ORDERS = frozenset(
    {
        *("orders/create", "orders/paid", "orders/updated", "orders/edited", "orders/cancelled"),
        *("orders/fulfilled", "orders/partially_fulfilled"),
    }
)
_UNPAID = frozenset({"pending", "expired", ""})
_FULFILLED = "orders/fulfilled"


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: Moment) -> bool:
    """Whether Shopify signed the body. Nothing says when: `now` is not used."""
    return is_signed(headers.get("x-shopify-hmac-sha256", ""), body, secrets)


def read(body: bytes, headers: Headers) -> ShopEvent:
    """What the webhook comes to. Raises UnreadableError."""
    whole = loaded(body)
    if not isinstance(whole, dict):
        raise UnreadableError("it is not a map")
    what = text(headers, "x-shopify-topic", longest=100)
    # The signature covers the body alone, so the body alone says whether it has come before.
    name = f"{what} {hashlib.sha256(body).hexdigest()}"
    if what in _ORDERS:
        return _order(whole, what, name)
    if what == "refunds/create":
        return _refund(whole, what, name)
    if what == "checkouts/create":
        return _checkout(whole, what, name)
    why = f"{what or 'a webhook without a topic'} is not used"
    return ShopEvent(id=name, what=what, email=_email(whole), ignored=why)


def _order(order: Part, what: str, name: str) -> ShopEvent:
    order_id, email = text(order, "id"), _email(order)
    if not order_id or not isinstance(order.get("line_items"), list):
        raise UnreadableError("it is not an order")
    state, cancelled_at = text(order, "financial_status"), text(order, "cancelled_at")
    why = _unused(order, state, email, cancelled_at)
    if why:
        return ShopEvent(id=name, what=what, email=email, ignored=why)
    status = (
        "cancelled" if cancelled_at or state == "voided" else "refunded" if state == "refunded" else "paid"
    )
    at = cancelled_at or text(order, "updated_at")
    head: dict[str, Cell] = {
        "order_id": order_id,
        "email": email,
        "ordered_at": text(order, "processed_at") or text(order, "created_at"),
        "currency": text(order, "currency"),
        "code": codes(text(it, "code") for it in parts(order, "discount_codes")),
    }
    refunds = parts(order, "refunds")
    lines = [_line(it, refunds) for it in parts(order, "line_items")]
    rows = order_rows(
        head, lines, status=status, undone_at=at, besides=sum(map(_besides, refunds), Decimal())
    )
    if what == _FULFILLED:
        rows = (*rows, _event("order_fulfilled", email, at, f"{order_id} fulfilled", order_id))
    return ShopEvent(
        id=name,
        what=what,
        email=email,
        rows=(_contact(order, email), *rows),
        currency=text(order, "currency"),
        at=at,
        order_id=order_id,
        as_of=moment(order, "updated_at"),
        counts="known" if status == "cancelled" else "always",
        refunds=tuple(text(it, "id") for it in refunds),
    )


def _unused(order: Part, state: str, email: str, cancelled_at: str) -> str:
    if order.get("test") is True:
        return "a test order"
    if not email:
        return "the order has no address, as one at the counter has none"
    if state in _UNPAID and not cancelled_at:
        return f"not paid yet: {state or 'no financial_status'}"
    return ""


def _line(item: Part, refunds: Sequence[Part]) -> Line:
    """A line as it stands after `refunds`."""
    quantity = number(item, "quantity")
    off = sum((number(it, "amount") for it in parts(item, "discount_allocations")), Decimal())
    whole = number(item, "price") * quantity - (off or number(item, "total_discount"))
    back = [
        it
        for refund in refunds
        for it in parts(refund, "refund_line_items")
        if text(it, "line_item_id") == text(item, "id")
    ]
    given_back = sum((number(it, "subtotal") for it in back), Decimal())
    kept = quantity - sum((number(it, "quantity") for it in back), Decimal())
    left = whole - given_back
    # An edit takes goods out of an order without a refund where they were not paid yet.
    current = number(item, "current_quantity") if "current_quantity" in item else kept
    if 0 < current < kept:
        left = left * current / kept
    return Line(
        sku=_sku(item), quantity=quantity, amount=whole, quantity_left=min(kept, current), amount_left=left
    )


def _besides(refund: Part) -> Decimal:
    """What was given back for no goods in particular. Shipping was never counted, so nothing of it is taken off."""
    found = parts(refund, "order_adjustments")
    shipping = ("shipping_refund", "Shipping refund")
    return -sum((number(it, "amount") for it in found if not {*shipping} & _names(it)), Decimal())


def _names(adjustment: Part) -> set[str]:
    return {text(adjustment, "kind"), text(adjustment, "reason")}


def _refund(refund: Part, what: str, name: str) -> ShopEvent:
    order_id, own = text(refund, "order_id"), text(refund, "id")
    if not order_id or not own:
        raise UnreadableError("it is not a refund")
    lines = tuple(
        LineBack(
            sku=_sku(part(it, "line_item")), quantity=number(it, "quantity"), amount=number(it, "subtotal")
        )
        for it in parts(refund, "refund_line_items")
    )
    at = text(refund, "processed_at") or text(refund, "created_at")
    return ShopEvent(
        id=name,
        what=what,
        back=LinesBack(order_id=order_id, refund=own, lines=lines, besides=_besides(refund)),
        at=at,
        order_id=order_id,
        as_of=moment(refund, "created_at"),
    )


def _checkout(checkout: Part, what: str, name: str) -> ShopEvent:
    email, token = _email(checkout), text(checkout, "token")
    if not email or not token:
        return ShopEvent(id=name, what=what, email=email, ignored="the checkout has no address yet")
    at = text(checkout, "created_at")
    row = _event("checkout_started", email, at, f"checkout {token}", "")
    return ShopEvent(id=name, what=what, email=email, rows=(row,))


def _event(name: str, email: str, at: str, key: str, order_id: str) -> Row:
    record: dict[str, Cell] = {"id": key, "email": email, "name": name, "at": at}
    return Row(kind="events", record={**record, "order_id": order_id} if order_id else record)


def _contact(order: Part, email: str) -> Row:
    customer, billed = part(order, "customer"), part(order, "billing_address")
    agreed = part(customer, "email_marketing_consent")
    # Where Shopify asks twice, only the second yes counts.
    said = text(agreed, "state") == "subscribed" if agreed else order.get("buyer_accepts_marketing") is True
    record: Mapping[str, Cell] = {
        "email": email,
        "first_name": text(customer, "first_name", longest=200) or text(billed, "first_name", longest=200),
        "last_name": text(customer, "last_name", longest=200) or text(billed, "last_name", longest=200),
        "locale": text(order, "customer_locale", longest=40),
        "country": text(billed, "country_code", longest=60)
        or text(order, "shipping_address", "country_code", longest=60),
        "created_at": text(order, "processed_at") or text(order, "created_at"),
        "consent": "agreed at the checkout" if said else "",
    }
    return Row(kind="contacts", record=record)


def _email(whole: Part) -> str:
    return address(whole, "email") or address(whole, "contact_email") or address(whole, "customer", "email")


def _sku(item: Part) -> str:
    named = ((text(item, it, longest=180), it) for it in ("sku", "variant_id", "product_id", "title"))
    value, field = next(((value, field) for value, field in named if value), ("", ""))
    return f"{field.removesuffix('_id')} {value}" if field.endswith("_id") else value
