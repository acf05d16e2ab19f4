"""When people will want to buy a product again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nurture.clock import DAY, Moment, format_iso
from nurture.store import due_again, goods
from nurture.store.engine import Store
from nurture.store.goods import Product
from nurture.store.orders import LineGiven
from support.counted_goods import order, take
from support.databases import START

LAST: Moment = START + 300 * DAY


def _bought(who: str, sku: str, *days_before: int) -> list[LineGiven]:
    """Orders so many days before the last."""
    return [row for day in days_before for row in order(f"{who} {sku} {day}", who, sku, at=LAST - day * DAY)]


def _night(store: Store, now: Moment) -> list[tuple[str, dict[str, Any]]]:
    """What is told in this night: who, and the event's properties."""
    due_again.lay_ahead(store, now)
    due_again.tell(store, now)
    with store.read() as tx:
        rows = tx.exec_driver_sql(
            "SELECT c.email, e.properties FROM events e JOIN contacts c ON c.id = e.contact_id"
            f" WHERE e.name = 'due_again' AND e.at = {now} ORDER BY e.id"
        ).all()
    return [(email.partition("@")[0], json.loads(told)) for email, told in rows]


def _nights(store: Store, first: int, last: int) -> dict[int, list[tuple[str, str]]]:
    """What is told from the `first` to the `last` night behind the last order, by night."""
    told = {day: _night(store, LAST + day * DAY) for day in range(first, last + 1)}
    return {day: [(who, it["sku"]) for who, it in of] for day, of in told.items() if of}


def test_somebody_with_a_rhythm_of_their_own_is_told_once_by_their_own_median(store: Store) -> None:
    take(
        store,
        _bought("ann", "coffee", 130, 90, 60, 30, 0),
        [Product(sku="coffee", name="House blend", line="PANTRY")],
    )
    assert _nights(store, 20, 45) == {30: [("ann", "coffee")]}
    with store.read() as tx:
        told = json.loads(tx.exec_driver_sql("SELECT properties FROM events").scalar_one())
        assert tx.exec_driver_sql("SELECT count(*) FROM due_again").scalar() == 0
        assert (
            tx.exec_driver_sql("SELECT min(due_at) FROM agenda WHERE line_id = 0").scalar_one()
            <= LAST + 30 * DAY
        )
    assert told == {
        "sku": "coffee",
        "product": "House blend",
        "line": "PANTRY",
        "last_at": format_iso(LAST),
        "gap_days": 30,
        "by": "own",
    }


def test_whoever_has_none_goes_by_the_median_of_all_who_bought_it_again(store: Store) -> None:
    gaps = [20, 25, 30, 35, 40, 40, 40, 45, 50, 90]
    rows = [row for n, gap in enumerate(gaps) for row in _bought(f"p{n}", "soap", 200, 200 - gap)]
    take(store, rows + _bought("ann", "soap", 0))
    assert _nights(store, 30, 50) == {40: [("ann", "soap")]}


def test_without_enough_who_bought_it_again_nothing_is_ever_due(store: Store) -> None:
    rows = [row for n in range(due_again.BUYERS - 1) for row in _bought(f"p{n}", "soap", 200, 170)]
    take(store, rows + _bought("ann", "soap", 0))
    assert _nights(store, 1, 60) == {}


def test_what_is_bought_every_week_needs_no_reminder(store: Store) -> None:
    take(store, _bought("ann", "milk", 35, 28, 21, 14, 7, 0))
    assert _nights(store, 1, 30) == {}


@pytest.mark.parametrize("what", ["again", "back", "out of stock"])
def test_what_happened_since_it_was_laid_ahead_is_seen_when_it_comes(store: Store, what: str) -> None:
    take(store, _bought("ann", "coffee", 90, 60, 30, 0))
    assert _nights(store, 25, 29) == {}
    if what == "again":
        take(store, order("new", "ann", "coffee", at=LAST + 29 * DAY))
    elif what == "back":
        take(store, order("ann coffee 0", "ann", "coffee", at=LAST, status="refunded"))
    else:
        with store.write() as tx:
            goods.upsert_products(tx, store.ids, [Product(sku="coffee", in_stock=False)], LAST)
    assert _nights(store, 30, 40) == {}


def test_an_old_history_tells_nobody_anything(store: Store) -> None:
    take(store, _bought("ann", "coffee", 90, 60, 30, 0))
    assert _nights(store, 31, 31) == {}, "due a day before the first look: nobody waited for it"
    assert _nights(store, 90, 120) == {}


def test_a_daemon_that_stood_still_makes_up_for_a_week_and_not_for_more(store: Store) -> None:
    rows = _bought("ann", "coffee", 90, 60, 30, 0) + _bought("bob", "coffee", 117, 82, 47, 12)
    take(store, rows)
    assert _nights(store, 2, 2) == {}
    assert _nights(store, 35, 35) == {35: [("ann", "coffee")]}, "bob's fell due 12 days ago"


def test_nobody_hears_of_more_than_three_things_in_a_night(store: Store) -> None:
    take(store, [row for n in range(5) for row in _bought("ann", f"s{n}", 90, 60, 30, 0)])
    found = _nights(store, 28, 40)
    assert {day: len(of) for day, of in found.items()} == {30: 3}


def test_two_processes_tell_one_purchase_once(store: Store) -> None:
    take(store, _bought("ann", "coffee", 90, 60, 30, 0))
    due_again.lay_ahead(store, LAST + 28 * DAY)
    with store.read() as tx:
        laid = tx.exec_driver_sql("SELECT * FROM due_again").all()
    assert due_again.tell(store, LAST + 30 * DAY) == 1
    with store.write() as tx:
        for row in laid:
            marks = ", ".join(str(it) for it in row)
            tx.exec_driver_sql(f"INSERT INTO due_again VALUES ({marks})")
    assert due_again.tell(store, LAST + 30 * DAY) == 0
