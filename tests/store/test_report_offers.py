"""What became of offers, counted in the database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nurture.clock import DAY
from nurture.offers.discount import Amount, read_discount
from nurture.offers.offer import Ahead, Offer
from nurture.reports.explain import CodeStory
from nurture.store import erase, orders, people
from nurture.store.engine import Store, Tx
from nurture.store.orders import LineGiven
from nurture.store.report_codes import codes_of
from nurture.store.report_offers import offers
from nurture.store.statements import table
from nurture.store.tables import CodeRow
from support.databases import START

_codes = table(CodeRow)

ISSUED = START + 10 * DAY
NOW = START + 20 * DAY
SALE = Offer(
    key="sale",
    kind="loyalty",
    says="15% off",
    discount="15%",
    worth=read_discount("15%"),
    codes=Ahead(),
    most_codes=100,
    most_discount=Amount(minor=100_000, currency="USD"),
)
ROSE = LineGiven(
    order_id="1", email="ann@x.example", ordered_at=ISSUED + DAY, sku="rose", quantity=1, amount=8_500
)


def give(tx: Tx, store: Store, code: str, email: str = "", **more: Any) -> None:
    contact = people.meet(tx, store.ids, {email: START}, START)[email] if email else 0
    given = {"issued_at": ISSUED, "handed_at": ISSUED, "expires_at": ISSUED + 14 * DAY} if email else {}
    row = {
        "id": store.ids.take(1, START)[0],
        "offer": "sale",
        "code": code,
        "canonical": code,
        "own": True,
        "contact_id": contact,
        "made_at": START,
        "issued_at": 0,
        "handed_at": 0,
        "expires_at": 0,
        "redeemed_at": 0,
        "known_at": START,
        "discount": "15%",
    }
    tx.execute(_codes.insert(), [row | given | more])


def order(tx: Tx, store: Store, number: str, code: str, **more: Any) -> None:
    given = replace(ROSE, order_id=number, code=code, **more)
    orders.take_orders(tx, store.ids, [given], NOW)


def test_every_code_is_counted_once_and_every_misuse_is_named(store: Store) -> None:
    with store.write() as tx:
        for name in ("a", "b", "d"):
            give(tx, store, name.upper(), f"{name}@x.example")
        give(tx, store, "C", "c@x.example", expires_at=ISSUED + 2 * DAY)
        give(tx, store, "E", "e@x.example", expires_at=ISSUED + DAY)
        give(tx, store, "F", "f@x.example", handed_at=0, expires_at=0)
        for code in ("G", "H", "I"):
            give(tx, store, code)
        give(tx, store, "J", known_at=0)
        order(tx, store, "1", "A", email="a@x.example")
        order(tx, store, "2", "a", email="a@x.example", ordered_at=ISSUED + 2 * DAY)
        order(tx, store, "3", "B", email="z@x.example", amount=1_700)
        order(tx, store, "4", "C", email="c@x.example", ordered_at=ISSUED + 3 * DAY)
        order(tx, store, "5", "G", email="z@x.example")
        (report,) = offers(tx, {"sale": SALE}, NOW)
    counts = report.counts
    assert (counts.issued, counts.handed, counts.redeemed) == (6, 5, 4)
    assert (counts.expired, counts.out, counts.free, counts.ready) == (1, 2, 3, 2)
    assert counts.verdicts == {"redeemed": 1, "again": 1, "somebody else": 1, "expired": 1, "not given": 1}
    assert (counts.orders, counts.revenue) == (5, 17_000)
    assert counts.discount == 4 * 1_500 + 300
    assert report.liability == round(2 * (4 * 8_500 + 1_700) / 5 * 0.15 / 0.85)
    assert [(it.verdict, it.order, it.code, it.email, it.holder) for it in report.misuse] == [
        ("expired", "4", "C", "c@x.example", "c@x.example"),
        ("again", "2", "A", "a@x.example", "a@x.example"),
        ("not given", "5", "G", "z@x.example", ""),
        ("somebody else", "3", "B", "z@x.example", "b@x.example"),
    ]
    assert report.runs_out is not None
    assert (report.runs_out.what, report.runs_out.left) == ("free codes", 2)


def test_a_past_moment_shows_what_was_so_then(store: Store) -> None:
    with store.write() as tx:
        give(tx, store, "A", "a@x.example")
        give(tx, store, "B", "b@x.example", issued_at=ISSUED + 3 * DAY, handed_at=ISSUED + 3 * DAY)
        give(tx, store, "C")
        order(tx, store, "1", "A", email="a@x.example")
        order(tx, store, "2", "A", email="a@x.example", ordered_at=ISSUED + 20 * DAY)
        days = [offers(tx, {"sale": SALE}, ISSUED + day * DAY)[0] for day in (0, 2, 4, 30)]
    told = [(it.counts.free, it.counts.issued, it.counts.out, it.counts.redeemed) for it in days]
    assert told == [(2, 1, 1, 0), (2, 1, 0, 1), (1, 2, 1, 1), (1, 2, 0, 1)]
    assert [it.counts.expired for it in days] == [0, 0, 0, 1]
    assert [(it.counts.revenue, it.counts.discount) for it in days[:3]] == [
        (0, 0),
        (8_500, 1_500),
        (8_500, 1_500),
    ]
    assert [len(it.misuse) for it in days] == [0, 0, 0, 1]
    assert days[3].counts.discount == 3_000


def test_an_offer_in_force_that_nobody_has_and_one_that_is_no_more_are_told(store: Store) -> None:
    with store.write() as tx:
        give(tx, store, "A", "a@x.example", offer="last-year")
        found = offers(tx, {"sale": SALE}, NOW)
        (one,) = offers(tx, {"sale": SALE}, NOW, only="last-year")
        none = offers(tx, {"sale": SALE}, NOW, only="never")
    assert [(it.key, it.counts.issued, it.says) for it in found] == [
        ("sale", 0, "15% off"),
        ("last-year", 1, ""),
    ]
    assert (one.key, one.runs_out, one.liability) == ("last-year", None, None)
    assert none == ()


def test_what_the_erased_cost_stays_in_the_sum(store: Store) -> None:
    with store.write() as tx:
        give(tx, store, "A", "a@x.example")
        order(tx, store, "1", "A", email="a@x.example")
        erase.erase(tx, "a@x.example", b"key", NOW)
        (report,) = offers(tx, {"sale": SALE}, NOW)
    assert (report.counts.discount, report.misuse) == (1_500, ())


def test_a_person_is_told_their_codes_and_what_others_did_with_them(store: Store) -> None:
    with store.write() as tx:
        give(tx, store, "A", "a@x.example")
        give(tx, store, "WORD", "a@x.example", own=False)
        give(tx, store, "WORD", "b@x.example", own=False)
        order(tx, store, "1", "A, WORD", email="b@x.example")
        order(tx, store, "2", "WORD", email="c@x.example")
        contacts = people.ids_by_email(tx, [f"{it}@x.example" for it in "abc"])
        told = {it[0]: codes_of(tx, contacts[it]) for it in contacts}
    assert [summed(it) for it in told["a"]] == [
        ("A", [("1", "somebody else", False)]),
        ("WORD", []),
    ]
    assert [summed(it) for it in told["b"]] == [
        ("WORD", [("1", "redeemed", True)]),
        ("A", [("1", "somebody else", True)]),
    ]
    assert [summed(it) for it in told["c"]] == [("WORD", [("2", "somebody else", True)])]


def summed(it: CodeStory) -> tuple[str, list[tuple[str, str, bool]]]:
    return it.code, [(use.order, use.verdict, use.is_theirs) for use in it.uses]
