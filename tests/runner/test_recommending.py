"""What is recommended, from the night's count to the message and to what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nurture.clock import DAY
from nurture.runner.nightly import count_goods
from nurture.store import goods, pair_counts
from nurture.store.engine import Store
from nurture.store.goods import Product
from nurture.store.report_explain import explain
from support.corner import START, Corner, letter
from support.counted_goods import order, take

Open = Callable[..., Corner]
ASKED = "topic: offers\nenter: {on: asked}\nsequence:\n  - send: one\n"
GOODS = letter(
    "one",
    "{% set goods = recommend(2, require=2) %}{% for it in goods %}{{ it.sku }}, {{ it.because }}. {% endfor %}"
    "{% for it in recommend(1, up=true) %}Or: {{ it.sku }}{% endfor %}",
)


def _stocked(corner: Corner) -> None:
    sizes = {"rose": 1000, "bouquet": 1800}
    products = [
        Product(sku=sku, name=sku.title(), line="FLORAL", price=price) for sku, price in sizes.items()
    ]
    rows = [row for n in range(4) for row in order(n, f"f{n}", "rose", "vase")]
    rows += [row for n in range(4, 12) for row in order(n, f"d{n}", "milk", "bouquet")]
    take(corner.store, [*rows, *order("ann", "ann", "rose"), *order("eve", "eve", "milk")], products)
    count_goods(corner.store, corner.now + DAY)
    corner.until(START + 2 * DAY)


def test_what_a_message_shows_is_kept_with_why_and_told(shop: Open) -> None:
    corner = shop({"asked": ASKED}, {"one": GOODS})
    contact = corner.contact("ann@x.example")
    _stocked(corner)
    corner.event("ann@x.example", "asked", corner.now)
    corner.until(START + 3 * DAY)
    with corner.store.read() as tx:
        told = explain(tx, contact, first="prospect", suppression_key=b"k" * 32)
    assert told is not None
    (message,) = told.entries[0].messages
    assert [(it.sku, it.why) for it in message.recommended] == [
        ("vase", "goes with Rose, which they bought: 4 orders held both, 2.8 times as many as by chance"),
        ("milk", "sells best of what they do not have: 9 orders held it"),
        (
            "bouquet",
            "the next one up from Rose, which they bought once: it costs 80% more, and of such it sells best",
        ),
    ]
    (content,) = corner.contents()
    assert b"vase, Rose." in content and b"Or: bouquet" in content
    # Twelve were looked for: only what the template took is kept.
    assert len(corner.rows("SELECT * FROM shown")) == 3


def test_where_there_are_too_few_nothing_is_kept(shop: Open) -> None:
    corner = shop({"asked": ASKED}, {"one": GOODS})
    corner.contact("ann@x.example")
    take(corner.store, order("ann", "ann", "rose") + order("bob", "bob", "milk"))
    count_goods(corner.store, corner.now + DAY)
    corner.until(START + 2 * DAY)
    corner.event("ann@x.example", "asked", corner.now)
    corner.until(START + 3 * DAY)
    assert len(corner.inbox()) == 1
    assert corner.rows("SELECT * FROM shown") == []


def test_time_to_buy_again_lets_into_a_campaign_once_for_each_purchase(shop: Open) -> None:
    again = "topic: offers\nenter: {on: due_again}\nreentry: {per: sku}\nsequence:\n  - send: one\n"
    corner = shop(
        {"again": again}, {"one": letter("{{ event.product }}", "After {{ event.gap_days }} days.")}
    )
    corner.contact("ann@x.example")
    with corner.store.write() as tx:
        goods.upsert_products(tx, corner.store.ids, [Product(sku="R-12", name="House blend")], START)
    for n in range(4):
        corner.order("ann@x.example", START + n * 20 * DAY, str(n))
    for day in range(60, 90):
        corner.until(START + day * DAY)
        corner.tick.night(corner.now)
    assert [(who, subject, hours / 24) for who, subject, hours in corner.inbox()] == [
        ("ann@x.example", "House blend", 80.0)
    ]


def test_where_no_campaign_asks_for_it_nothing_is_worked_out(shop: Open) -> None:
    corner = shop({"asked": ASKED})
    for n in range(4):
        corner.order("ann@x.example", START + n * 20 * DAY, str(n))
    for day in range(76, 84):
        corner.until(START + day * DAY)
        corner.tick.night(corner.now)
    assert corner.rows("SELECT count(*) FROM events") == [(0,)]


def test_one_process_counts_at_a_time_and_a_replay_only_now_and_then(store: Store) -> None:
    take(store, [row for n in range(8) for row in order(n, f"a{n}", "rose", "vase")])
    now = START + DAY
    assert count_goods(store, now)
    assert not count_goods(store, now)
    assert not count_goods(store, now + DAY, after=30 * DAY)
    assert count_goods(store, now + DAY)
    take(store, [row for n in range(8, 16) for row in order(n, f"a{n}", "rose", "vase")])
    assert count_goods(store, now + 2 * DAY, after=30 * DAY), "there are twice as many orders"
    assert count_goods(store, now + 33 * DAY, after=30 * DAY)
    with store.write() as tx:
        tx.exec_driver_sql(f"UPDATE marks SET value = '{now}' WHERE name = 'goods being counted since'")
    assert not count_goods(store, now + 60_000_000), "another one is at it"
    assert count_goods(store, now + DAY + 60_000_000), "it died over it"


def test_nobody_who_writes_waits_for_the_count(store: Store) -> None:
    """On SQLite a writer would wait ten seconds and give up."""
    take(store, [row for n in range(8) for row in order(n, f"a{n}", "rose", "vase")])

    async def both() -> None:
        with store.survey() as tx:
            assert list(pair_counts.together(tx, pair_counts.counted_orders(tx, START + DAY)))
            await asyncio.wait_for(asyncio.to_thread(take, store, order("new", "bob", "rose")), 5)

    asyncio.run(both())
    with store.read() as tx:
        tables = tx.exec_driver_sql("SELECT count(*) FROM orders WHERE order_id = 'new'")
        assert tables.scalar() == 1
        if store.dialect == "sqlite":
            assert tx.exec_driver_sql("SELECT count(*) FROM sqlite_temp_master").scalar() == 0
