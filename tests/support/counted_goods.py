"""A small shop in which some things go together, and its goods counted."""

from __future__ import annotations

from sqlalchemy import select

from nurture.clock import DAY, Moment
from nurture.store import counts_kept, goods, orders, pair_counts
from nurture.store.engine import Store, Tx
from nurture.store.goods import Product
from nurture.store.orders import LineGiven, Status
from nurture.store.pair_counts import Together
from nurture.store.statements import table
from nurture.store.tables import ProductRow
from support.databases import START

END: Moment = START + 100 * DAY


def order(
    number: object, who: str, *skus: str, at: Moment = START, amount: int = 100, status: Status = "paid"
) -> list[LineGiven]:
    """One order."""
    return [
        LineGiven(
            order_id=str(number),
            email=f"{who}@x.example",
            ordered_at=at,
            sku=sku,
            quantity=1,
            amount=amount,
            status=status,
            undone_at=at if status != "paid" else 0,
        )
        for sku in skus
    ]


def take(store: Store, rows: list[LineGiven], products: list[Product] | None = None) -> None:
    """Into the shop."""
    with store.write() as tx:
        goods.upsert_products(tx, store.ids, products or [], START)
        orders.upsert_orders(tx, store.ids, rows, START)


def count(store: Store, now: Moment = END) -> None:
    """As the night does it."""
    with store.survey() as tx:
        which = pair_counts.counted_orders(tx, now)
        sold, best = pair_counts.sold(tx, which), pair_counts.best(tx, which)
    counts_kept.keep(store, sold, best)


def names(tx: Tx) -> dict[int, str]:
    """Products by id."""
    products = table(ProductRow)
    return dict(tx.execute(select(products.c.id, products.c.sku)).all())


def counted(store: Store, now: Moment = END) -> dict[tuple[str, str], Together]:
    """Every two products that enough orders held, by sku in alphabetical order."""
    with store.survey() as tx:
        sku = names(tx)
        found = list(pair_counts.together(tx, pair_counts.counted_orders(tx, now)))
    return {(min(pair), max(pair)): it for it in found if (pair := (sku[it.product_id], sku[it.other_id]))}
