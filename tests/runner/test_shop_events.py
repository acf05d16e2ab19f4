"""Orders as shops tell of them: in any order, any number of times, in part given back; on both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.clock import DAY
from nurture.incoming.shops import shopify, stripe, woocommerce
from nurture.incoming.shops.event import OnlyLeft, ShopEvent
from nurture.runner.erase import erase
from nurture.runner.intake_cells import Setting
from nurture.runner.shop_events import Counter, take_shop_event
from nurture.runner.shop_refunds import after_refund
from nurture.runner.taking import Terms
from nurture.store import consents
from nurture.store.engine import Store, open_store
from nurture.store.shop_orders import KnownLine, KnownOrder
from support import told
from support.told import CHARGE, CHECKOUT, INVOICE, NOW, SHOPIFY, WOOCOMMERCE, changed, dumped

KEY = b"k" * 32
GREEN, RED = 466157049, 518995019

Tell = Callable[[str, ShopEvent], str]


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[Store]:
    """Where it is the reading that is looked at, and not the database."""
    opened = open_store(sqlite_url, now=0, durable=False)
    yield opened
    opened.close()


def telling(store: Store) -> Tell:
    """Tell the store what a shop said; gives what became of it."""

    def tell(source: str, event: ShopEvent) -> str:
        zone = ZoneInfo("UTC")
        counter = Counter(
            source=source,
            setting=Setting(now=NOW, zone=zone, currency="USD", digits=2),
            terms=Terms(now=NOW, address_key=KEY, topics=["news"], source=source, how=source),
        )
        with store.write() as tx:
            return take_shop_event(tx, store.ids, event, b"as it came", counter)

    return tell


def orders(store: Store) -> list[tuple[str, int, str]]:
    return rows(store, "SELECT order_id, amount, status FROM orders ORDER BY order_id")


def lines(store: Store) -> list[tuple[str, float, int]]:
    return rows(
        store,
        "SELECT p.sku, l.quantity, l.amount FROM order_lines l JOIN products p ON p.id = l.product_id ORDER BY p.sku",
    )


def reasons(store: Store) -> list[tuple[str, str]]:
    return rows(store, "SELECT kind, reason FROM arrivals ORDER BY id")


def rows(store: Store, query: str) -> list[Any]:
    with store.read() as tx:
        return [tuple(it) for it in tx.exec_driver_sql(query)]


def from_shopify(topic: str, body: dict[str, Any]) -> ShopEvent:
    headers, content = told.shopify(topic, dumped(body))
    return shopify.read(content, headers)


def order(minute: int, **more: Any) -> ShopEvent:
    """An order of Shopify as it was at that minute."""
    at = f"2017-07-31T18:{minute:02}:00-04:00"
    return from_shopify("orders/updated", changed(SHOPIFY, updated_at=at, **more))


def from_stripe(kind: str, it: dict[str, Any], name: str, **more: Any) -> ShopEvent:
    headers, body = told.stripe(told.stripe_event(kind, changed(it, **more), name))
    return stripe.read(body, headers)


def test_the_states_of_an_order_come_to_the_same_in_whatever_order_they_come(store: Store) -> None:
    """Paid, one line given back, all given back: the last state by its own time is what stands."""
    tell = telling(store)
    refund = told.shopify_refund(7, (RED, "IPOD-RED", 1, "50.00"))
    states = [order(1), order(30, refunds=[refund]), order(40, refunds=[refund], financial_status="refunded")]
    for several in permutations(states):
        for event in (*several, *several):
            tell("shopify", event)
        assert [it[2] for it in orders(store)] == ["refunded"]
        with store.write() as tx:
            for table in ("orders", "order_lines", "seen"):
                tx.exec_driver_sql(f"DELETE FROM {table}")


def test_who_cancels_what_nobody_knew_of_bought_nothing(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    cancelled = {"cancelled_at": "2017-07-31T18:40:00-04:00"}
    assert tell("shopify", order(40, **cancelled)) == "ignored"
    assert orders(store) == []
    assert tell("shopify", order(41)) == "order"
    assert tell("shopify", order(42, **cancelled)) == "order"
    assert orders(store) == [("450789469", 43_800, "cancelled")]


def test_an_order_with_the_lines_that_are_left(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    assert tell("shopify", order(1)) == "order"
    assert tell("shopify", order(1)) == "known"
    assert lines(store) == [("IPOD-GREEN", 2.0, 38_800), ("IPOD-RED", 1.0, 5_000)]
    part = [told.shopify_refund(7, (GREEN, "IPOD-GREEN", 1, "194.00"), (RED, "IPOD-RED", 1, "50.00"))]
    assert tell("shopify", order(30, refunds=part)) == "order"
    assert lines(store) == [("IPOD-GREEN", 1.0, 19_400)]
    assert orders(store) == [("450789469", 19_400, "paid")]
    assert tell("shopify", order(2)) == "ignored"
    assert orders(store) == [("450789469", 19_400, "paid")]
    whole = [*part, told.shopify_refund(8, (GREEN, "IPOD-GREEN", 1, "194.00"))]
    assert tell("shopify", order(40, refunds=whole, financial_status="refunded")) == "order"
    assert {it[2] for it in orders(store)} == {"refunded"}


@pytest.mark.parametrize("first", ["the refund", "the order"])
def test_a_refund_that_comes_by_itself_and_with_its_order_is_taken_off_once(store: Store, first: str) -> None:
    tell = telling(store)
    refund = told.shopify_refund(7, (GREEN, "IPOD-GREEN", 1, "194.00"), adjusted="-10.00")
    alone = from_shopify("refunds/create", refund)
    within = order(30, refunds=[refund])
    tell("shopify", order(1))
    for event in (alone, within) if first == "the refund" else (within, alone):
        tell("shopify", event)
        assert orders(store) == [("450789469", 23_400, "paid")]
        assert lines(store) == [("IPOD-GREEN", 1.0, 18_605), ("IPOD-RED", 1.0, 4_795)]
    # What was sent before the refund and comes after it brings nothing back.
    assert tell("shopify", order(2)) == "ignored"
    assert orders(store) == [("450789469", 23_400, "paid")]


def test_refunds_by_themselves_undo_an_order_when_nothing_is_left(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    tell("shopify", order(1))
    for number, line in enumerate(((GREEN, "IPOD-GREEN", 2, "388.00"), (RED, "IPOD-RED", 1, "50.00")), 1):
        assert tell("shopify", from_shopify("refunds/create", told.shopify_refund(number, line))) == "order"
    assert orders(store) == [("450789469", 5_000, "refunded")]
    assert rows(store, "SELECT undone_at FROM orders") == [(NOW - 30 * 60 * 1_000_000,)]


def test_a_refund_of_what_nobody_bought_is_kept_with_the_reason(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    refund = told.shopify_refund(7, (GREEN, "IPOD-GREEN", 1, "194.00"))
    assert tell("shopify", from_shopify("refunds/create", refund)) == "unreadable"
    assert tell("stripe", from_stripe("charge.refunded", CHARGE, "evt_1")) == "unreadable"
    assert reasons(store) == [
        ("unreadable", "money was given back on 450789469, and no such order is known"),
        ("unreadable", "money was given back on pi_1 or ch_1, and no such order is known"),
    ]
    assert orders(store) == []


def test_another_currency_is_kept_with_the_reason_and_changes_nothing(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    assert tell("shopify", from_shopify("orders/paid", changed(SHOPIFY, currency="EUR"))) == "unreadable"
    assert tell("stripe", from_stripe("invoice.paid", INVOICE, "evt_1", currency="eur")) == "unreadable"
    assert {reason for _, reason in reasons(store)} == {
        "currency is EUR; this workspace keeps its amounts in USD"
    }
    assert rows(store, "SELECT email FROM contacts") == []


def test_one_payment_of_stripe_is_one_order_whichever_event_comes_first(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    payment = {
        "id": "pi_1", "amount_received": 2198, "currency": "usd", "created": told.AT - 90,
        "receipt_email": "eve@example.test", "metadata": {"sku": "LAMP"},
    }  # fmt: skip
    assert tell("stripe", from_stripe("payment_intent.succeeded", payment, "evt_1")) == "order"
    assert tell("stripe", from_stripe("checkout.session.completed", CHECKOUT, "evt_2")) == "ignored"
    assert tell("stripe", from_stripe("invoice.paid", INVOICE, "evt_3")) == "order"
    assert orders(store) == [("in_1", 1_190, "paid"), ("pi_1", 2_198, "paid")]
    assert lines(store) == [("LAMP", 1.0, 2_198), ("TEA-1", 1.0, 357), ("prod_coffee", 1.0, 833)]


def test_what_stripe_gave_back_in_all_is_taken_off_however_often_it_is_told(store: Store) -> None:
    tell = telling(store)
    tell("stripe", from_stripe("invoice.paid", INVOICE, "evt_1"))
    charge = changed(CHARGE, amount=1190, payment_intent="pi_9", invoice="in_1")
    for name, back, left in (("2", 190, 1_000), ("3", 190, 1_000), ("4", 690, 500), ("5", 190, 500)):
        tell("stripe", from_stripe("charge.refunded", charge, name, amount_refunded=back))
        assert orders(store) == [("in_1", left, "paid")]
    assert lines(store) == [("TEA-1", 1.0, 150), ("prod_coffee", 1.0, 350)]
    assert tell("stripe", from_stripe("charge.refunded", charge, "6", amount_refunded=1190)) == "order"
    assert orders(store) == [("in_1", 500, "refunded")]
    assert tell("stripe", from_stripe("charge.refunded", charge, "7", amount_refunded=1190)) == "ignored"
    assert tell("stripe", from_stripe("invoice.paid", INVOICE, "8")) == "ignored"
    assert orders(store) == [("in_1", 500, "refunded")]


def test_an_order_of_woocommerce_through_its_life(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)

    def state(status: str, at: str, **more: Any) -> str:
        body = changed(WOOCOMMERCE, status=status, date_modified_gmt=f"2017-07-31T{at}", **more)
        headers, content = told.woocommerce("order.updated", dumped(body))
        return tell("woocommerce", woocommerce.read(content, headers))

    assert state("pending", "22:28:02") == "ignored"
    assert state("failed", "22:28:03") == "ignored"
    assert orders(store) == []
    assert state("processing", "22:30:00") == "order"
    assert state("completed", "22:40:00", refunds=[{"id": 1, "total": "-10.00"}]) == "order"
    assert orders(store) == [("727", 1_187, "paid")]
    assert state("processing", "22:31:00") == "ignored"
    assert state("refunded", "22:50:00") == "order"
    assert {it[2] for it in orders(store)} == {"refunded"}
    assert rows(store, "SELECT email, first_name, country FROM contacts") == [
        ("john.doe@example.test", "John", "US")
    ]


def test_consent_comes_with_the_box_and_never_past_a_no(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    tell("shopify", order(1))
    [(contact,)] = rows(store, "SELECT id FROM contacts")
    with store.write() as tx:
        assert consents.topics_of(tx, contact) == {"news": True}
        consents.withdraw(tx, store.ids, contact, ["news"], at=NOW, basis="unsubscribe page")
    tell("shopify", order(2))
    with store.read() as tx:
        assert consents.topics_of(tx, contact) == {"news": False}


def test_who_was_erased_does_not_come_back_by_an_order_from_before(store: Store) -> None:
    tell = telling(store)
    tell("shopify", order(1))
    erase(store, "bob.norman@mail.example.test", NOW, address_key=KEY)
    tell("shopify", order(2))
    assert rows(store, "SELECT email FROM contacts") == []
    assert orders(store) == []


def test_events_are_taken_once(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    for name in ("evt_1", "evt_1"):
        tell("stripe", from_stripe("invoice.payment_failed", INVOICE, name))
    tell("shopify", from_shopify("orders/fulfilled", SHOPIFY))
    assert rows(store, "SELECT name FROM events WHERE name <> 'subscribed' ORDER BY name") == [
        ("order_fulfilled",),
        ("payment_failed",),
    ]


@given(
    amounts=st.lists(st.integers(0, 10**7), min_size=1, max_size=6),
    left=st.integers(-100, 7 * 10**7),
)
def test_whatever_is_left_of_an_order_is_what_its_lines_come_to(amounts: list[int], left: int) -> None:
    known = KnownOrder(
        order_id="1",
        email="a@b.test",
        ordered_at=NOW - DAY,
        is_undone=False,
        lines=tuple(KnownLine(sku=str(no), quantity=1.0, amount=it) for no, it in enumerate(amounts)),
    )
    given_back = OnlyLeft(order_ids=("1",), left=Decimal(left) / 100)
    after = after_refund(known, given_back, NOW, 2)
    if max(0, left) >= sum(amounts):
        assert after == []
    elif left <= 0:
        assert {it.status for it in after} == {"refunded"}
        assert [it.amount for it in after] == amounts
    else:
        assert sum(it.amount for it in after if it.status == "paid") == left


def test_what_is_kept_of_a_person_can_be_found_by_their_address(on_sqlite: Store) -> None:
    store, tell = on_sqlite, telling(on_sqlite)
    for event in (
        order(1, financial_status="pending"),
        from_shopify("products/update", {"email": "bob.norman@mail.example.test"}),
        order(2, currency="EUR"),
        order(3),
        from_shopify("refunds/create", told.shopify_refund(7, (GREEN, "IPOD-GREEN", 1, "194.00"))),
    ):
        tell("shopify", event)
    tell("stripe", from_stripe("charge.refunded", CHARGE, "evt_1"))
    kept = rows(store, "SELECT kind, recipient FROM arrivals ORDER BY id")
    bob = "bob.norman@mail.example.test"
    assert kept == [
        ("ignored", bob),
        ("ignored", bob),
        ("unreadable", bob),
        ("order", bob),
        ("order", bob),
        ("unreadable", "eve@example.test"),
    ]
