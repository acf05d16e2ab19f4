"""Codes on orders, as they come in, come again and are undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import event, func, select

from nurture.clock import DAY
from nurture.offers.redemption import MOST_COST
from nurture.store import erase, orders, people
from nurture.store.engine import Store, Tx
from nurture.store.orders import LineGiven
from nurture.store.redemptions import discount_given
from nurture.store.statements import table
from nurture.store.tables import AgendaRow, CodeRow, RedemptionRow
from support.databases import START

_agenda, _codes, _redemptions = table(AgendaRow), table(CodeRow), table(RedemptionRow)

NOW = START + 100 * DAY
ISSUED = START + 10 * DAY
ROSE = LineGiven(
    order_id="1", email="ann@x.example", ordered_at=ISSUED + DAY, sku="rose", quantity=1, amount=8_500
)


def given(tx: Tx, store: Store, email: str, code: str, **more: Any) -> int:
    """Somebody who was given a code; returns its id."""
    contact = people.meet(tx, store.ids, {email: START}, START)[email] if email else 0
    id_ = store.ids.take(1, START)[0]
    row = {
        "id": id_,
        "offer": "first-order",
        "code": code,
        "canonical": code.replace("-", ""),
        "own": True,
        "contact_id": contact,
        "made_at": ISSUED,
        "issued_at": ISSUED,
        "handed_at": ISSUED,
        "expires_at": ISSUED + 14 * DAY,
        "redeemed_at": 0,
        "known_at": 0,
        "discount": "15%",
    }
    tx.execute(_codes.insert(), [row | more])
    return id_


def take(tx: Tx, store: Store, *rows: LineGiven) -> None:
    orders.take_orders(tx, store.ids, rows, NOW)


def found(tx: Tx) -> list[tuple[str, str, int]]:
    """Order, verdict and discount of each."""
    rows = tx.execute(
        select(_redemptions.c.order_id, _redemptions.c.verdict, _redemptions.c.discount).order_by(
            _redemptions.c.at, _redemptions.c.order_id
        )
    )
    return [(number(tx, order), verdict, discount) for order, verdict, discount in rows]


def number(tx: Tx, order: int) -> str:
    return str(tx.execute(select(orders._orders.c.order_id).where(orders._orders.c.id == order)).scalar())


def redeemed(tx: Tx, id_: int) -> int:
    return int(tx.execute(select(_codes.c.redeemed_at).where(_codes.c.id == id_)).scalar_one())


def test_an_order_redeems_the_code_it_bears_in_whatever_letters(store: Store) -> None:
    with store.write() as tx:
        code = given(tx, store, "ann@x.example", "FIRST-7KX9M-2MPQA")
        take(tx, store, replace(ROSE, code=" first 7kx9m2mpqa"))
        assert found(tx) == [("1", "redeemed", 1_500)]
        assert redeemed(tx, code) == ROSE.ordered_at
        assert discount_given(tx, ["first-order", "other"]) == {"first-order": 1_500, "other": 0}


def test_the_same_order_again_changes_nothing(store: Store) -> None:
    with store.write() as tx:
        given(tx, store, "ann@x.example", "FIRST-7KX9M-2MPQA")
        for _ in range(2):
            take(tx, store, replace(ROSE, code="FIRST-7KX9M-2MPQA"))
        assert found(tx) == [("1", "redeemed", 1_500)]
        assert discount_given(tx, ["first-order"]) == {"first-order": 1_500}


def test_an_order_that_is_undone_gives_its_code_back_and_the_next_one_redeems_it(store: Store) -> None:
    first = replace(ROSE, code="A-1")
    second = replace(first, order_id="2", ordered_at=ISSUED + 3 * DAY, amount=1_700)
    with store.write() as tx:
        code = given(tx, store, "ann@x.example", "A-1")
        take(tx, store, first)
        take(tx, store, second)
        assert found(tx) == [("1", "redeemed", 1_500), ("2", "again", 300)]
        take(tx, store, replace(first, status="refunded"))
        assert found(tx) == [("2", "redeemed", 300)]
        assert redeemed(tx, code) == second.ordered_at
        assert discount_given(tx, ["first-order"]) == {"first-order": 300}
        take(tx, store, replace(second, status="cancelled"))
        assert (found(tx), redeemed(tx, code)) == ([], 0)
        assert discount_given(tx, ["first-order"]) == {"first-order": 0}


def test_an_order_that_came_late_but_was_first_takes_its_place(store: Store) -> None:
    later = replace(ROSE, order_id="2", ordered_at=ISSUED + 5 * DAY, code="A1")
    with store.write() as tx:
        given(tx, store, "ann@x.example", "A-1")
        take(tx, store, later)
        take(tx, store, replace(ROSE, code="a1"))
        assert found(tx) == [("1", "redeemed", 1_500), ("2", "again", 1_500)]


def test_a_code_that_another_used_is_told_and_its_holder_is_looked_at_again(store: Store) -> None:
    with store.write() as tx:
        code = given(tx, store, "ann@x.example", "A-1")
        ann = people.ids_by_email(tx, ["ann@x.example"])["ann@x.example"]
        tx.execute(_agenda.delete())
        take(tx, store, replace(ROSE, email="bob@x.example", code="A-1"))
        assert found(tx) == [("1", "somebody else", 1_500)]
        assert redeemed(tx, code) == ROSE.ordered_at
        assert ann in set(tx.execute(select(_agenda.c.contact_id)).scalars())


def test_one_code_for_all_counts_for_each_who_was_given_it(store: Store) -> None:
    word = {"own": False, "discount": "10 USD"}
    with store.write() as tx:
        anns = given(tx, store, "ann@x.example", "WELCOME", **word)
        bobs = given(tx, store, "bob@x.example", "WELCOME", **word)
        rows = [
            replace(ROSE, order_id=str(no), email=f"{name}@x.example", code="welcome")
            for no, name in enumerate(("ann", "bob", "eve"))
        ]
        take(tx, store, *rows)
        assert found(tx) == [
            ("0", "redeemed", 1_000),
            ("1", "redeemed", 1_000),
            ("2", "somebody else", 1_000),
        ]
        assert redeemed(tx, anns) == redeemed(tx, bobs) == ROSE.ordered_at
        take(tx, store, replace(rows[0], status="refunded"))
        assert (redeemed(tx, anns), redeemed(tx, bobs)) == (0, ROSE.ordered_at)


def test_a_code_that_is_not_ours_leaves_no_trace_and_beside_ours_takes_nothing_away(store: Store) -> None:
    with store.write() as tx:
        given(tx, store, "ann@x.example", "A-1")
        take(tx, store, replace(ROSE, order_id="2", code="SHOPS-OWN"))
        assert found(tx) == []
        take(tx, store, replace(ROSE, code="SHIPFREE, a1"))
        assert found(tx) == [("1", "redeemed", 1_500)]


def test_another_code_on_the_same_order_frees_the_one_before(store: Store) -> None:
    with store.write() as tx:
        first, second = (
            given(tx, store, "ann@x.example", it, issued_at=ISSUED + no) for no, it in enumerate("AB")
        )
        take(tx, store, replace(ROSE, code="A"))
        take(tx, store, replace(ROSE, code="B"))
        assert (redeemed(tx, first), redeemed(tx, second)) == (0, ROSE.ordered_at)


def test_free_things_cost_what_nobody_knows(store: Store) -> None:
    with store.write() as tx:
        given(tx, store, "ann@x.example", "A-1", discount="free delivery")
        take(tx, store, replace(ROSE, code="A-1"))
        row = tx.execute(select(_redemptions)).one()
        assert (row.discount, bool(row.is_known), row.verdict) == (0, False, "redeemed")


def test_orders_without_codes_ask_nothing_of_codes(store: Store) -> None:
    asked: list[str] = []
    with store.write() as tx:

        def note(_c: object, _k: object, statement: str, *_: object) -> None:
            asked.append(statement)

        event.listen(tx.engine, "before_cursor_execute", note)
        take(tx, store, *(replace(ROSE, order_id=str(no)) for no in range(50)))
        event.remove(tx.engine, "before_cursor_execute", note)
    assert asked
    assert not [it for it in asked if "codes" in it or "redemptions" in it]


def test_the_statements_do_not_grow_with_the_orders(store: Store) -> None:
    def statements(count: int, start: int) -> int:
        seen: list[str] = []

        def note(_c: object, _k: object, statement: str, *_: object) -> None:
            seen.append(statement)

        with store.write() as tx:
            for no in range(start, start + count):
                given(tx, store, f"c{no}@x.example", f"C-{no}")
            rows = [
                replace(ROSE, order_id=str(no), email=f"c{no}@x.example", code=f"C-{no}")
                for no in range(start, start + count)
            ]
            event.listen(tx.engine, "before_cursor_execute", note)
            take(tx, store, *rows)
            event.remove(tx.engine, "before_cursor_execute", note)
        return len(seen)

    statements(1, 5_000)
    assert statements(2, 0) == statements(150, 1_000)
    with store.read() as tx:
        assert tx.execute(select(func.count()).select_from(_redemptions)).scalar() == 153


def test_who_is_erased_leaves_no_redemption_and_the_sum_stays(store: Store) -> None:
    with store.write() as tx:
        given(tx, store, "ann@x.example", "A-1")
        take(tx, store, replace(ROSE, code="A-1"))
        erase.erase(tx, "ann@x.example", b"key", NOW)
        assert found(tx) == []
        assert discount_given(tx, ["first-order"]) == {"first-order": 1_500}


def test_a_code_that_thousands_used_costs_an_order_no_more_writing(store: Store) -> None:
    with store.write() as tx:
        given(tx, store, "ann@x.example", "A-1")
        take(tx, store, *(replace(ROSE, order_id=str(no), code="A-1") for no in range(200)))
    written: list[int] = []

    def note(_c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("INSERT INTO redemptions"):
            written.append(str(parameters).count("'A1'"))

    with store.write() as tx:
        event.listen(tx.engine, "before_cursor_execute", note)
        take(tx, store, replace(ROSE, order_id="last", ordered_at=ROSE.ordered_at + DAY, code="A-1"))
        event.remove(tx.engine, "before_cursor_execute", note)
        assert [verdict for _, verdict, _ in found(tx)] == ["redeemed", *["again"] * 200]
    assert written == [1]


def test_orders_of_amounts_that_nobody_pays_are_taken_all_the_same(store: Store) -> None:
    with store.write() as tx:
        given(tx, store, "ann@x.example", "A-1", discount="99.9999%")
        rows = [replace(ROSE, order_id=str(no), amount=99_999_999_999_999, code="A-1") for no in range(20)]
        take(tx, store, *rows)
        assert discount_given(tx, ["first-order"]) == {"first-order": 20 * MOST_COST}
