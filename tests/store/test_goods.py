"""Lines and products."""

from __future__ import annotations

from sqlalchemy import select

from nurture.clock import DAY
from nurture.store import goods, orders
from nurture.store.engine import Store
from nurture.store.goods import Place, Product
from nurture.store.orders import LineGiven
from nurture.store.statements import table
from nurture.store.tables import AgendaRow, OrderLineRow, ProductRow
from support.databases import START


def test_lines_are_numbered_from_1_and_keep_their_number(store: Store) -> None:
    with store.write() as tx:
        assert goods.line_ids(tx, ["FLORAL", "", "MEAT", "FLORAL"]) == {"": 0, "FLORAL": 1, "MEAT": 2}
        assert goods.line_ids(tx, ["DELI"]) == {"": 0, "FLORAL": 1, "MEAT": 2, "DELI": 3}


def test_products_are_taken_in_once_and_changed_where_something_is_said(store: Store) -> None:
    with store.write() as tx:
        given = [Product(sku="1", name="Rose", line="FLORAL", price=500), Product(sku="2")]
        assert goods.upsert_products(tx, store.ids, given, START) == 2
        assert goods.upsert_products(tx, store.ids, given, START) == 0
        assert goods.upsert_products(tx, store.ids, [Product(sku="1", in_stock=False)], START) == 1
        rows = {row.sku: row for row in tx.execute(select(table(ProductRow)))}
    assert (rows["1"].name, rows["1"].line_id, rows["1"].price, bool(rows["1"].in_stock)) == (
        "Rose",
        1,
        500,
        False,
    )
    assert (rows["2"].name, rows["2"].line_id, bool(rows["2"].in_stock)) == ("2", 0, True)


def test_an_unknown_sku_makes_a_product_of_that_name_on_no_line(store: Store) -> None:
    with store.write() as tx:
        made = goods.meet_products(tx, store.ids, ["77", "78", "77"], START)
        assert {place.line_id for place in made.values()} == {0}
        assert goods.meet_products(tx, store.ids, ["78"], START) == {"78": made["78"]}
        assert goods.products_by_sku(tx, ["79"]) == {}


def test_orders_before_their_products_come_onto_the_right_line_later(store: Store) -> None:
    bought = LineGiven(
        order_id="1", email="a@x.example", ordered_at=START - DAY, sku="7", quantity=1, amount=100
    )
    lines, agenda = table(OrderLineRow), table(AgendaRow)
    with store.write() as tx:
        orders.upsert_orders(tx, store.ids, [bought], START)
        tx.execute(agenda.delete())
        goods.upsert_products(tx, store.ids, [Product(sku="7", line="FLORAL")], START)
        place = goods.products_by_sku(tx, ["7"])["7"]
        assert place == Place(product_id=place.product_id, line_id=1)
        assert tx.execute(select(lines.c.line_id)).scalars().all() == [1]
        due = {(line, at) for line, at in tx.execute(select(agenda.c.line_id, agenda.c.due_at))}
        assert due == {(0, START - DAY), (1, START - DAY)}
        assert orders.upsert_orders(tx, store.ids, [bought], START) == 0
