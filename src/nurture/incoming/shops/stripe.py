"""Stripe's webhooks: what was paid, counted once, and what was given back.

One payment makes several events. An order comes from a Checkout that was paid (under its payment's id), from an
invoice (under the invoice's id), and from a payment by itself only where its metadata names a `sku`: a Checkout's has
the same id, an invoice's never has that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from nurture.clock import SECOND, Moment, format_iso
from nurture.incoming.parts import Part, UnreadableError, address, loaded, moment, number, part, parts, text
from nurture.incoming.shops.event import Cell, OnlyLeft, Row, ShopEvent
from nurture.incoming.shops.lines import Line, order_rows
from nurture.incoming.signatures import TOLERANCE, Headers, is_fresh, is_one_of, mac

_WHOLE = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"),
        *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
)
"""Currencies whose amounts Stripe writes without minor units. ISK and UGX have none either, but Stripe writes two."""
_THOUSANDTHS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_PAID = frozenset({"paid", "no_payment_required"})


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: Moment) -> bool:
    """Whether one of the `v1` signatures is by one of `secrets`, and made just now."""
    pairs = [it.partition("=") for it in headers.get("stripe-signature", "").split(",")[:20]]
    seconds = next((value for name, _, value in pairs if name.strip() == "t"), "")
    if not is_fresh(seconds, now, TOLERANCE):
        return False
    content = seconds.encode() + b"." + body
    wanted = [mac(it.encode(), content).hex().encode() for it in secrets]
    given = [value.strip().encode("utf-8", "replace") for name, _, value in pairs if name.strip() == "v1"]
    return any(is_one_of(it, wanted) for it in given)


def read(body: bytes, headers: Headers) -> ShopEvent:
    """What the event comes to; `headers` say nothing. Raises UnreadableError."""
    event = loaded(body)
    name, what = text(event, "id", longest=200), text(event, "type", longest=100)
    it = part(event, "data", "object")
    if not name or not what or not it:
        raise UnreadableError("it is not an event")
    return replace(_made(event, it, name, what), email=_email(it))


def _made(event: object, it: Part, name: str, what: str) -> ShopEvent:
    match what:
        case "checkout.session.completed" | "checkout.session.async_payment_succeeded":
            return _checkout(it, name, what)
        case "invoice.paid":
            return _invoice(it, name, what)
        case "payment_intent.succeeded":
            return _payment(it, name, what)
        case "charge.refunded":
            return _refund(it, name, what)
        case "invoice.payment_failed":
            return _happened("payment_failed", _email(it), event, name, what)
        case "checkout.session.expired":
            return _happened("checkout_expired", _email(it), event, name, what)
        case _:
            return ShopEvent(id=name, what=what, ignored=f"{what} is not used")


def _checkout(session: Part, name: str, what: str) -> ShopEvent:
    mode, state = text(session, "mode"), text(session, "payment_status")
    if mode != "payment":
        why = "its invoice makes the order" if mode == "subscription" else "nothing was bought"
        return ShopEvent(id=name, what=what, ignored=f"mode {mode or 'unknown'}: {why}")
    if state not in _PAID:
        return ShopEvent(id=name, what=what, ignored=f"not paid yet: {state or 'no payment_status'}")
    if text(session, "invoice"):
        return ShopEvent(id=name, what=what, ignored="its invoice makes the order")
    details = part(session, "customer_details")
    agreed = text(session, "consent", "promotions") == "opt_in"
    sku = text(session, "metadata", "sku", longest=200) or text(session, "payment_link", longest=200)
    return _paid(
        session,
        name,
        what,
        order_id=text(session, "payment_intent") or text(session, "id"),
        amounts={sku or "stripe checkout": number(session, "amount_total")},
        contact={
            **_name(text(details, "name", longest=200)),
            "country": text(details, "address", "country", longest=60),
            "locale": text(session, "locale", longest=40).removeprefix("auto"),
            "consent": "agreed at the checkout" if agreed else "",
        },
    )


def _invoice(invoice: Part, name: str, what: str) -> ShopEvent:
    paid = number(invoice, "amount_paid")
    if paid <= 0:
        return ShopEvent(id=name, what=what, ignored="nothing was paid: a trial, or a balance")
    lines = [it for it in parts(invoice, "lines", "data") if number(it, "amount") > 0]
    amounts: dict[str, Decimal] = {}
    for it in lines:
        sku = _product(it)
        amounts[sku] = amounts.get(sku, Decimal()) + number(it, "amount")
    return _paid(
        invoice,
        name,
        what,
        order_id=text(invoice, "id"),
        amounts=_scaled(amounts or {"stripe invoice": paid}, paid),
        contact={
            **_name(text(invoice, "customer_name", longest=200)),
            "country": text(invoice, "customer_address", "country", longest=60),
        },
    )


def _payment(payment: Part, name: str, what: str) -> ShopEvent:
    sku = text(payment, "metadata", "sku", longest=200)
    if not sku:
        why = "its Checkout or invoice makes the order, else its metadata has to name a sku"
        return ShopEvent(id=name, what=what, ignored=why)
    return _paid(
        payment,
        name,
        what,
        order_id=text(payment, "id"),
        amounts={sku: number(payment, "amount_received")},
        contact={},
    )


def _refund(charge: Part, name: str, what: str) -> ShopEvent:
    currency = text(charge, "currency").upper()
    orders = (text(charge, "payment_intent"), text(charge, "invoice"), text(charge, "id"))
    left = number(charge, "amount") - number(charge, "amount_refunded")
    return ShopEvent(
        id=name,
        what=what,
        back=OnlyLeft(order_ids=tuple(it for it in orders if it), left=_major(left, currency)),
        currency=currency,
    )


def _happened(event_name: str, email: str, event: object, name: str, what: str) -> ShopEvent:
    if not email:
        return ShopEvent(id=name, what=what, ignored="nobody's address is known")
    record: dict[str, Cell] = {"id": name, "email": email, "name": event_name, "at": _time(event, "created")}
    return ShopEvent(id=name, what=what, rows=(Row(kind="events", record=record),))


def _paid(
    it: Part,
    name: str,
    what: str,
    *,
    order_id: str,
    amounts: Mapping[str, Decimal],
    contact: Mapping[str, Cell],
) -> ShopEvent:
    email = _email(it)
    if not email:
        return ShopEvent(id=name, what=what, ignored="nobody's address is known")
    currency = text(it, "currency").upper()
    at = _time(it, "status_transitions", "paid_at") or _time(it, "created")
    head: dict[str, Cell] = {"order_id": order_id, "email": email, "ordered_at": at, "currency": currency}
    one = Decimal(1)
    lines = [
        Line(sku=sku, quantity=one, amount=paid, quantity_left=one, amount_left=paid)
        for sku, minor in amounts.items()
        for paid in (_major(minor, currency),)
    ]
    rows = order_rows(head, lines, status="paid", undone_at="")
    person: dict[str, Cell] = {"email": email, "created_at": at, "consent": "", **contact}
    return ShopEvent(
        id=name,
        what=what,
        rows=(Row(kind="contacts", record=person), *rows),
        currency=currency,
        at=at,
        order_id=order_id,
        counts="new",
    )


def _email(it: Part) -> str:
    """Whose a Checkout, an invoice, a payment or a charge is; each says so somewhere else."""
    charge = next(iter(parts(it, "charges", "data")), {})
    return (
        address(it, "customer_details", "email")
        or address(it, "customer_email")
        or address(it, "receipt_email")
        or address(it, "billing_details", "email")
        or address(it, "metadata", "email")
        or address(charge, "billing_details", "email")
        or address(it, "email")
    )


def _scaled(amounts: Mapping[str, Decimal], paid: Decimal) -> dict[str, Decimal]:
    """The lines such that they are together what was paid, with taxes and less discounts."""
    whole, passed, before = sum(amounts.values()), Decimal(), Decimal()
    found = {}
    for sku, amount in amounts.items():
        passed += amount
        upto = (paid * passed / whole).to_integral_value()
        found[sku] = upto - before
        before = upto
    return found


def _product(line: Part) -> str:
    """What an invoice's line is of: a metadata `sku`, else Stripe's product or price."""
    return (
        text(line, "metadata", "sku", longest=200)
        or text(line, "price", "product", longest=200)
        or text(line, "pricing", "price_details", "product", longest=200)
        or text(line, "plan", "product", longest=200)
        or text(line, "description", longest=200)
        or "stripe invoice"
    )


def _name(whole: str) -> dict[str, Cell]:
    first, _, last = whole.partition(" ")
    return {"first_name": first, "last_name": last.strip()}


def _major(minor: Decimal, currency: str) -> Decimal:
    return minor.scaleb(0 if currency in _WHOLE else -3 if currency in _THOUSANDTHS else -2)


def _time(it: object, *path: str) -> str:
    found = moment(it, *path)
    return format_iso(found - found % SECOND) if found else ""
