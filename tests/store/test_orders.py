"""Orders, taken in again and again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Row, func, select

from nurture.clock import DAY
from nurture.store import goods, orders, people
from nurture.store.engine import Store, Tx
from nurture.store.goods import Product
from nurture.store.orders import LineGiven
from nurture.store.statements import table
from nurture.store.tables import AgendaRow, ContactRow, OrderLineRow, OrderRow
from support.databases import START

_orders, _lines, _agenda = table(OrderRow), table(OrderLineRow), table(AgendaRow)

ROSE = LineGiven(order_id="1", email="ann@x.example", ordered_at=START, sku="rose", quantity=2, amount=500)
HAM = replace(ROSE, sku="ham", quantity=1, amount=350)


def _shelve(tx: Tx, store: Store) -> None:
    goods.upsert_products(
        tx, store.ids, [Product(sku="rose", line="FLORAL"), Product(sku="ham", line="DELI")], START
    )


def _take(tx: Tx, store: Store, *rows: LineGiven, days: int = 1) -> int:
    """Take rows in, with an agenda that was empty before."""
    tx.execute(_agenda.delete())
    return orders.upsert_orders(tx, store.ids, rows, START + days * DAY)


def _only(tx: Tx) -> Row[tuple[object, ...]]:
    return tx.execute(select(_orders)).one()


def _due(tx: Tx) -> set[tuple[int, int]]:
    return {(line, at) for line, at in tx.execute(select(_agenda.c.line_id, _agenda.c.due_at))}


def test_an_order_is_the_sum_of_its_rows_and_marks_its_lines(store: Store) -> None:
    with store.write() as tx:
        _shelve(tx, store)
        assert _take(tx, store, ROSE, HAM) == 2
        order = _only(tx)
        assert (order.amount, order.status, order.undone_at) == (850, "paid", 0)
        assert _due(tx) == {(0, START), (1, START), (2, START)}
        contact = people.by_email(tx, "ann@x.example")
        assert contact is not None
        assert contact.created_at == START


def test_an_order_that_comes_again_as_it_is_changes_nothing_and_marks_nothing(store: Store) -> None:
    with store.write() as tx:
        _shelve(tx, store)
        _take(tx, store, ROSE, HAM)
        assert _take(tx, store, ROSE, HAM, days=9) == 0
        assert _take(tx, store, HAM, days=9) == 0
        assert _due(tx) == set()


def test_the_agenda_keeps_the_earliest_moment(store: Store) -> None:
    with store.write() as tx:
        _take(tx, store, ROSE)
        orders.upsert_orders(
            tx, store.ids, [replace(ROSE, order_id="2", ordered_at=START + DAY)], START + DAY
        )
        assert _due(tx) == {(0, START)}
        orders.upsert_orders(
            tx, store.ids, [replace(ROSE, order_id="3", ordered_at=START - DAY)], START + DAY
        )
        assert _due(tx) == {(0, START - DAY)}


def test_a_refund_undoes_the_order_at_the_moment_it_came_or_the_one_it_names(store: Store) -> None:
    back = [replace(it, status="refunded") for it in (ROSE, HAM)]
    with store.write() as tx:
        _shelve(tx, store)
        _take(tx, store, ROSE, HAM)
        assert _take(tx, store, *back, days=5) == 2
        assert (_only(tx).status, _only(tx).undone_at) == ("refunded", START + 5 * DAY)
        assert _due(tx) == {(0, START), (1, START), (2, START)}
        assert _take(tx, store, *back, days=8) == 0, "the first moment stays"
        assert _take(tx, store, *(replace(it, undone_at=START + 3 * DAY) for it in back), days=9) == 2
        assert _only(tx).undone_at == START + 3 * DAY
        assert _take(tx, store, ROSE, HAM, days=9) == 2, "a source may take its word back"
        assert (_only(tx).status, _only(tx).undone_at, _only(tx).amount) == ("paid", 0, 850)


def test_a_single_row_that_is_refunded_is_taken_out_of_the_order(store: Store) -> None:
    with store.write() as tx:
        _shelve(tx, store)
        _take(tx, store, ROSE, HAM)
        assert _take(tx, store, ROSE, replace(HAM, status="refunded"), days=2) == 2
        assert (_only(tx).amount, _only(tx).status) == (500, "paid")
        assert _due(tx) == {(0, START), (1, START), (2, START)}
        assert _take(tx, store, replace(HAM, status="refunded"), days=3) == 0
        assert _take(tx, store, replace(ROSE, status="refunded"), days=4) == 1
        assert (_only(tx).status, _only(tx).undone_at) == ("refunded", START + 4 * DAY)


def test_part_of_an_undone_order_named_again_does_not_bring_the_rest_back(store: Store) -> None:
    back = [replace(it, status="cancelled") for it in (ROSE, HAM)]
    with store.write() as tx:
        _take(tx, store, *back)
        assert _take(tx, store, back[0], days=3) == 0
        assert _only(tx).status == "cancelled"


def test_an_amount_that_changed_counts_and_marks(store: Store) -> None:
    with store.write() as tx:
        _take(tx, store, ROSE)
        assert _take(tx, store, replace(ROSE, amount=400)) == 1
        assert _only(tx).amount == 400
        assert _due(tx) == {(0, START)}


def test_an_order_given_to_another_contact_marks_both(store: Store) -> None:
    with store.write() as tx:
        _take(tx, store, ROSE)
        assert _take(tx, store, replace(ROSE, email="bob@x.example")) == 1
        assert len(tx.execute(select(_agenda.c.contact_id)).all()) == 2
        bob = people.by_email(tx, "bob@x.example")
        assert bob is not None
        assert tx.execute(select(_lines.c.contact_id)).scalars().all() == [bob.id]


def test_rows_of_one_product_in_one_order_are_added_up(store: Store) -> None:
    with store.write() as tx:
        _take(tx, store, ROSE, ROSE)
        assert (_only(tx).amount, tx.execute(select(_lines.c.quantity)).scalar()) == (1000, 4.0)
        assert _take(tx, store, ROSE, ROSE) == 0


_row = st.builds(
    LineGiven,
    order_id=st.sampled_from("12"),
    email=st.sampled_from(["ann@x.example", "bob@x.example"]),
    ordered_at=st.sampled_from([START, START - DAY]),
    sku=st.sampled_from("abc"),
    quantity=st.sampled_from([1.0, 0.5]),
    amount=st.integers(-100, 100),
    code=st.sampled_from(["", "SAVE"]),
    status=st.sampled_from(["paid", "refunded", "cancelled"]),
    undone_at=st.just(0),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_row, min_size=1, max_size=12))
def test_the_same_rows_again_never_change_anything(store: Store, rows: list[LineGiven]) -> None:
    with store.write() as tx:
        for one in (_orders, _lines, table(ContactRow)):
            tx.execute(one.delete())
        _take(tx, store, *rows)
        before = tx.execute(select(_orders).order_by(_orders.c.id)).all()
        assert _take(tx, store, *rows, days=7) == 0
        assert tx.execute(select(_orders).order_by(_orders.c.id)).all() == before
        assert _due(tx) == set()
        total = tx.execute(select(func.coalesce(func.sum(_lines.c.amount), 0))).scalar()
        assert total == sum(row.amount for row in before)
