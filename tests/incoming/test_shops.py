"""What the webhooks of each shop come to, as rows of an import."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.incoming.parts import UnreadableError
from nurture.incoming.shops import shopify, stripe, woocommerce
from nurture.incoming.shops.event import LineBack, LinesBack, OnlyLeft, ShopEvent, spread
from support import told
from support.told import CHARGE, CHECKOUT, INVOICE, SHOPIFY, WOOCOMMERCE, changed, dumped, shopify_line

GREEN, RED = 466157049, 518995019


def from_shopify(topic: str, **more: Any) -> ShopEvent:
    headers, body = told.shopify(topic, dumped(changed(SHOPIFY, **more)))
    return shopify.read(body, headers)


def from_woocommerce(topic: str = "order.updated", **more: Any) -> ShopEvent:
    headers, body = told.woocommerce(topic, dumped(changed(WOOCOMMERCE, **more)))
    return woocommerce.read(body, headers)


def from_stripe(kind: str, it: dict[str, Any], **more: Any) -> ShopEvent:
    headers, body = told.stripe(told.stripe_event(kind, changed(it, **more)))
    return stripe.read(body, headers)


def goods(event: ShopEvent) -> list[tuple[object, object, object, object]]:
    """Sku, quantity, amount and status of each row of orders."""
    rows = [it.record for it in event.rows if it.kind == "orders"]
    return [(it["sku"], it["quantity"], it["amount"], it["status"]) for it in rows]


def test_an_order_of_shopify_is_its_goods_after_discounts() -> None:
    it = from_shopify("orders/create")
    assert goods(it) == [("IPOD-GREEN", "2", "388.00", "paid"), ("IPOD-RED", "1", "50.00", "paid")]
    assert it.rows[0].record == {
        "email": "bob.norman@mail.example.test",
        "first_name": "Bob",
        "last_name": "Norman",
        "locale": "en-US",
        "country": "US",
        "created_at": "2017-07-31T18:00:00-04:00",
        "consent": "agreed at the checkout",
    }
    assert it.rows[1].record["order_id"] == "450789469"
    assert it.rows[1].record["code"] == "TENOFF"
    assert (it.order_id, it.currency, it.counts) == ("450789469", "USD", "always")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"financial_status": "pending"}, "not paid yet: pending"),
        ({"financial_status": None}, "not paid yet: no financial_status"),
        ({"test": True}, "a test order"),
        ({"email": "", "contact_email": None, "customer": None}, "the order has no address"),
    ],
)
def test_an_order_of_shopify_that_was_not_paid_is_none(more: dict[str, Any], why: str) -> None:
    it = from_shopify("orders/create", **more)
    assert it.ignored.startswith(why) and it.rows == ()


@pytest.mark.parametrize("state", ["paid", "partially_paid", "authorized", "partially_refunded"])
def test_these_states_of_shopify_are_bought(state: str) -> None:
    assert [it[3] for it in goods(from_shopify("orders/paid", financial_status=state))] == ["paid", "paid"]


def test_a_cancelled_order_of_shopify_counts_only_where_it_is_known() -> None:
    it = from_shopify("orders/cancelled", cancelled_at="2017-07-31T19:00:00-04:00")
    assert it.counts == "known"
    assert {row[3] for row in goods(it)} == {"cancelled"}
    assert it.rows[1].record["refunded_at"] == "2017-07-31T19:00:00-04:00"
    assert from_shopify("orders/updated", financial_status="voided").counts == "known"


def test_a_refunded_order_of_shopify_keeps_what_it_was_worth() -> None:
    it = from_shopify("orders/updated", financial_status="refunded")
    assert goods(it) == [("IPOD-GREEN", "2", "388.00", "refunded"), ("IPOD-RED", "1", "50.00", "refunded")]
    assert it.counts == "always"


@pytest.mark.parametrize(
    ("refunds", "wanted"),
    [
        (
            [told.shopify_refund(1, (GREEN, "IPOD-GREEN", 1, "194.00"))],
            [("IPOD-GREEN", "1", "194.00", "paid"), ("IPOD-RED", "1", "50.00", "paid")],
        ),
        (
            [told.shopify_refund(1, (RED, "IPOD-RED", 1, "50.00"))],
            [("IPOD-GREEN", "2", "388.00", "paid"), ("IPOD-RED", "1", "50.00", "refunded")],
        ),
        (
            [
                told.shopify_refund(1, (GREEN, "IPOD-GREEN", 1, "194.00")),
                told.shopify_refund(2, (GREEN, "IPOD-GREEN", 1, "194.00"), (RED, "IPOD-RED", 1, "50.00")),
            ],
            [("IPOD-GREEN", "2", "388.00", "refunded"), ("IPOD-RED", "1", "50.00", "refunded")],
        ),
        (
            # Money for nothing in particular: both bear their share.
            [told.shopify_refund(1, adjusted="-43.80")],
            [("IPOD-GREEN", "2", "349.20", "paid"), ("IPOD-RED", "1", "45.00", "paid")],
        ),
        (
            [told.shopify_refund(1, adjusted="-438.00")],
            [("IPOD-GREEN", "2", "388.00", "refunded"), ("IPOD-RED", "1", "50.00", "refunded")],
        ),
    ],
)
def test_partial_refunds_of_shopify_are_taken_off_what_they_were_for(
    refunds: list[dict[str, Any]], wanted: list[tuple[str, str, str, str]]
) -> None:
    it = from_shopify("orders/updated", financial_status="partially_refunded", refunds=refunds)
    assert goods(it) == wanted
    assert it.refunds == tuple(str(refund["id"]) for refund in refunds)


def test_refunded_shipping_is_no_goods() -> None:
    refund = told.shopify_refund(1, adjusted="-9.99")
    refund["order_adjustments"][0]["kind"] = "shipping_refund"
    assert goods(from_shopify("orders/updated", refunds=[refund])) == goods(from_shopify("orders/updated"))


def test_goods_that_an_edit_took_out_of_an_order_are_not_bought() -> None:
    lines = [shopify_line(GREEN, "A", "10.00", 3), shopify_line(RED, "B", "5.00")]
    lines[0]["current_quantity"], lines[1]["current_quantity"] = 2, 0
    assert goods(from_shopify("orders/edited", line_items=lines)) == [
        ("A", "2", "20.00", "paid"),
        ("B", "1", "5.00", "refunded"),
    ]


def test_goods_without_a_sku_go_by_their_variant_product_or_title() -> None:
    line = shopify_line(1, "", "1.00")
    named = [
        line,
        changed(line, sku=None, variant_id=None),
        changed(line, sku=None, variant_id=None, product_id=None),
    ]
    found = [it[0] for it in goods(from_shopify("orders/create", line_items=named))]
    assert found == ["variant 39072856", "product 632910392", "Lamp"]


def test_a_refund_of_shopify_says_what_came_back() -> None:
    refund = told.shopify_refund(509562969, (GREEN, "IPOD-GREEN", 1, "194.00"), adjusted="-5.00")
    headers, body = told.shopify("refunds/create", dumped(refund))
    assert shopify.read(body, headers).back == LinesBack(
        order_id="450789469",
        refund="509562969",
        lines=(LineBack(sku="IPOD-GREEN", quantity=Decimal(1), amount=Decimal("194.0")),),
        besides=Decimal("5.00"),
    )


def test_fulfilment_and_a_checkout_are_events() -> None:
    it = from_shopify("orders/fulfilled")
    assert it.rows[-1].kind == "events"
    assert it.rows[-1].record["name"] == "order_fulfilled"
    checkout = {"token": "t0k3n", "email": "Ann@example.test", "created_at": "2017-07-31T18:00:00-04:00"}
    headers, body = told.shopify("checkouts/create", dumped(checkout))
    [row] = shopify.read(body, headers).rows
    assert (row.record["name"], row.record["email"]) == ("checkout_started", "ann@example.test")


def test_a_box_that_was_not_ticked_is_no_consent() -> None:
    for more in (
        {"buyer_accepts_marketing": False},
        {"customer": {"email_marketing_consent": {"state": "pending"}}},
        {"customer": {"email_marketing_consent": {"state": "unsubscribed"}}},
    ):
        assert from_shopify("orders/create", **more).rows[0].record["consent"] == ""
    agreed = {"customer": {"email_marketing_consent": {"state": "subscribed"}}}
    assert from_shopify("orders/create", **agreed).rows[0].record["consent"] == "agreed at the checkout"


def test_the_same_body_is_the_same_event_whatever_its_headers_say() -> None:
    headers, body = told.shopify("orders/create", dumped(SHOPIFY))
    again = shopify.read(body, {**headers, "x-shopify-webhook-id": "another"})
    assert again.id == shopify.read(body, headers).id != shopify.read(body + b" ", headers).id


def test_an_order_of_woocommerce_is_its_goods() -> None:
    it = from_woocommerce("order.created")
    assert goods(it) == [("product 93", "2", "6.00", "paid"), ("Bar3", "1", "12.00", "paid")]
    taxed = from_woocommerce(prices_include_tax=True)
    assert [row[2] for row in goods(taxed)] == ["6.45", "12.90"]
    assert it.rows[0].record["email"] == "john.doe@example.test"
    assert it.rows[1].record["ordered_at"] == "2017-07-31T22:28:02Z"
    assert it.rows[1].record["code"] == "welcome"


@pytest.mark.parametrize(
    ("status", "wanted", "counts"),
    [
        ("processing", "paid", "always"),
        ("completed", "paid", "always"),
        ("refunded", "refunded", "always"),
        ("cancelled", "cancelled", "known"),
        ("failed", "cancelled", "known"),
        ("trash", "cancelled", "known"),
    ],
)
def test_each_status_of_woocommerce_has_its_own(status: str, wanted: str, counts: str) -> None:
    it = from_woocommerce(status=status)
    assert ({row[3] for row in goods(it)}, it.counts) == ({wanted}, counts)


@pytest.mark.parametrize("status", ["pending", "on-hold", "checkout-draft", "packing", ""])
def test_an_order_of_woocommerce_that_was_not_paid_is_none(status: str) -> None:
    assert from_woocommerce(status=status).ignored.startswith("not paid yet")


def test_what_woocommerce_gave_back_is_shared_by_the_goods() -> None:
    part = from_woocommerce(refunds=[{"id": 726, "reason": "", "total": "-10.00"}])
    assert goods(part) == [("product 93", "2", "3.95", "paid"), ("Bar3", "1", "7.92", "paid")]
    whole = from_woocommerce(refunds=[{"id": 726, "total": "-10.00"}, {"id": 727, "total": "-19.35"}])
    assert goods(whole) == [("product 93", "2", "6.00", "refunded"), ("Bar3", "1", "12.00", "refunded")]


def test_a_checkout_of_stripe_is_an_order_under_its_payment() -> None:
    it = from_stripe("checkout.session.completed", CHECKOUT)
    assert (it.order_id, it.counts) == ("pi_1", "new")
    assert goods(it) == [("stripe checkout", "1", "21.98", "paid")]
    assert it.rows[0].record["email"] == "eve@example.test"
    assert (it.rows[0].record["first_name"], it.rows[0].record["last_name"]) == ("Eve", "Adams")
    assert it.rows[0].record["consent"] == "agreed at the checkout"
    named = from_stripe("checkout.session.completed", CHECKOUT, metadata={"sku": "COURSE-1"})
    assert goods(named)[0][0] == "COURSE-1"


@pytest.mark.parametrize(
    ("kind", "it", "more"),
    [
        ("checkout.session.completed", CHECKOUT, {"mode": "subscription"}),
        ("checkout.session.completed", CHECKOUT, {"mode": "setup"}),
        ("checkout.session.completed", CHECKOUT, {"payment_status": "unpaid"}),
        ("checkout.session.completed", CHECKOUT, {"invoice": "in_1"}),
        ("checkout.session.completed", CHECKOUT, {"customer_details": None}),
        ("invoice.paid", INVOICE, {"amount_paid": 0}),
        ("payment_intent.succeeded", {"id": "pi_1", "amount_received": 5, "metadata": {}}, {}),
        ("customer.subscription.updated", {"id": "sub_1"}, {}),
    ],
)
def test_these_events_of_stripe_make_no_order(kind: str, it: dict[str, Any], more: dict[str, Any]) -> None:
    assert from_stripe(kind, it, **more).ignored


def test_a_payment_of_stripe_is_an_order_where_it_names_what_was_bought() -> None:
    payment = {
        "id": "pi_1",
        "amount_received": 2198,
        "currency": "usd",
        "created": told.AT,
        "receipt_email": "a@b.test",
    }
    it = from_stripe("payment_intent.succeeded", payment, metadata={"sku": "LAMP"})
    assert (it.order_id, goods(it)) == ("pi_1", [("LAMP", "1", "21.98", "paid")])


def test_an_invoice_of_stripe_is_an_order_whose_lines_are_together_what_was_paid() -> None:
    it = from_stripe("invoice.paid", INVOICE)
    assert (it.order_id, it.counts) == ("in_1", "new")
    assert goods(it) == [("prod_coffee", "1", "8.33", "paid"), ("TEA-1", "1", "3.57", "paid")]
    assert it.rows[1].record["ordered_at"] == "2017-07-31T22:58:00Z"
    bare = from_stripe("invoice.paid", INVOICE, lines=None)
    assert goods(bare) == [("stripe invoice", "1", "11.90", "paid")]


@pytest.mark.parametrize(
    ("currency", "amount"), [("jpy", "2198"), ("kwd", "2.198"), ("isk", "21.98"), ("eur", "21.98")]
)
def test_amounts_of_stripe_have_the_minor_units_that_stripe_writes(currency: str, amount: str) -> None:
    assert Decimal(
        str(goods(from_stripe("checkout.session.completed", CHECKOUT, currency=currency))[0][2])
    ) == (Decimal(amount).quantize(Decimal(1) if currency in ("jpy", "isk") else Decimal(amount)))


def test_a_refund_of_stripe_says_what_is_left() -> None:
    assert from_stripe("charge.refunded", CHARGE).back == OnlyLeft(
        order_ids=("pi_1", "ch_1"), left=Decimal("11.98")
    )
    assert from_stripe("charge.refunded", CHARGE, invoice="in_1").back == OnlyLeft(
        order_ids=("pi_1", "in_1", "ch_1"), left=Decimal("11.98")
    )


def test_a_payment_that_failed_and_a_checkout_that_ran_out_are_events() -> None:
    [failed] = from_stripe("invoice.payment_failed", INVOICE).rows
    assert (failed.kind, failed.record["name"], failed.record["id"]) == (
        "events",
        "payment_failed",
        "evt_1Nk",
    )
    [gone] = from_stripe("checkout.session.expired", CHECKOUT).rows
    assert gone.record["name"] == "checkout_expired"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"id": 1}', b"[" * 100_000])
def test_what_is_no_webhook_of_the_shop_is_unreadable_and_nothing_worse(body: bytes) -> None:
    for read, headers in (
        (shopify.read, {"x-shopify-topic": "orders/create"}),
        (shopify.read, {"x-shopify-topic": "refunds/create"}),
        (stripe.read, {}),
        (woocommerce.read, {"x-wc-webhook-topic": "order.created"}),
    ):
        with pytest.raises(UnreadableError):
            read(body, headers)


def test_topics_that_nobody_asked_for_are_ignored() -> None:
    assert from_shopify("products/update").ignored == "products/update is not used"
    assert from_woocommerce("product.updated").ignored == "product.updated is not used"


@given(st.lists(st.integers(0, 10**9), max_size=20), st.integers(-(10**10), 10**11))
def test_an_amount_is_shared_out_to_the_last_unit(amounts: list[int], over: int) -> None:
    shares = spread(amounts, over)
    assert len(shares) == len(amounts)
    assert all(0 <= share <= amount for share, amount in zip(shares, amounts, strict=True))
    assert sum(shares) == sum(amounts) - max(0, min(over, sum(amounts)))
