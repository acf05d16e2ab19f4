"""What contacts did last, all kinds together."""

from __future__ import annotations

from nurture.clock import DAY, HOUR
from nurture.messages.notice import Deed
from nurture.store import happenings, orders
from nurture.store.engine import Store
from nurture.store.happenings import EventGiven
from nurture.store.lately import keen, lately
from nurture.store.orders import LineGiven
from nurture.store.people import ContactGiven, ids_by_email, upsert

NOW = 1_500_000_000_000_000


def happened(store: Store) -> dict[str, int]:
    """Orders and events of Ann and Ben; returns their ids."""
    lines = [
        LineGiven(
            order_id=f"A-{number}", email="ann@x.test", ordered_at=NOW - number * DAY, sku="R", quantity=1,
            amount=number * 100, status="paid" if number != 2 else "refunded",
            undone_at=NOW - DAY if number == 2 else 0,
        )
        for number in (1, 2, -1)
    ]  # fmt: skip
    events = [
        EventGiven(
            key=f"{email} {number}",
            email=email,
            name="viewed",
            at=NOW - number * HOUR,
            properties={"no": number},
        )
        for email in ("ann@x.test", "ben@x.test")
        for number in range(-2, 30)
    ]
    with store.write() as tx:
        orders.upsert_orders(tx, store.ids, lines, NOW)
        happenings.record(tx, store.ids, "a test", events, NOW)
    with store.read() as tx:
        return ids_by_email(tx, ["ann@x.test", "ben@x.test"])


def test_the_last_ten_come_newest_first_and_nothing_from_the_future(store: Store) -> None:
    ids = happened(store)
    with store.read() as tx:
        found = lately(tx, ids.values(), NOW)
        assert lately(tx, [], NOW) == {}
    assert set(found) == set(ids.values())
    assert [it.properties["no"] for it in found[ids["ben@x.test"]]] == list(range(10))
    ann = found[ids["ann@x.test"]]
    assert len(ann) == 10
    assert [it.at for it in ann] == sorted((it.at for it in ann), reverse=True)


def test_orders_say_what_they_came_to_and_whether_they_stand(store: Store) -> None:
    ids = happened(store)
    with store.read() as tx:
        ann = lately(tx, [ids["ann@x.test"]], NOW, most=100)[ids["ann@x.test"]]
    assert [it for it in ann if it.did == "ordered"] == [
        Deed(at=NOW - DAY, did="ordered", what="A-1", amount=100),
        Deed(at=NOW - 2 * DAY, did="ordered", what="A-2", amount=200, undone=True),
    ]


def test_opens_and_clicks_name_campaign_and_step(store: Store) -> None:
    with store.write() as tx:
        for statement in (
            "INSERT INTO campaigns (id, key) VALUES (3, 'hello')",
            "INSERT INTO campaign_steps (campaign_id, no, step_id) VALUES (3, 4, 'welcome')",
            "INSERT INTO enrollments (id, campaign_id, contact_id, entry_key) VALUES (9, 3, 1, 'x')",
            f"INSERT INTO signs (enrollment_id, step_no, kind, contact_id, at) VALUES"
            f" (9, 4, 'received', 1, {NOW - 3}), (9, 4, 'open', 1, {NOW - 2}), (9, 4, 'click', 1, {NOW - 1}),"
            f" (8, 1, 'unsubscribe', 1, {NOW}), (9, 5, 'open', 1, {NOW + 1})",
        ):
            tx.exec_driver_sql(statement)
        found = lately(tx, [1], NOW)
    assert found[1] == (
        Deed(at=NOW, did="unsubscribed", what="? › ?"),
        Deed(at=NOW - 1, did="clicked", what="hello › welcome"),
        Deed(at=NOW - 2, did="opened", what="hello › welcome"),
    )


def test_who_was_keen_where_they_come_from_is_keen_here_and_the_latest_moment_counts(store: Store) -> None:
    with store.write() as tx:
        ids = {}
        for last in (NOW - 5 * DAY, NOW - 9 * DAY, 0):
            given = [
                ContactGiven(email="ann@x.test", last_engaged_at=last),
                ContactGiven(email="ben@x.test", last_engaged_at=last and last - 30 * DAY),
                ContactGiven(email="cat@x.test"),
            ]
            ids = upsert(tx, store.ids, given, NOW).ids
        assert keen(tx, list(ids.values()), NOW - 6 * DAY) == {ids["ann@x.test"]}
        assert keen(tx, list(ids.values()), NOW - 5 * DAY + 1) == set()
        assert keen(tx, list(ids.values()), NOW - 35 * DAY) == {ids["ann@x.test"], ids["ben@x.test"]}
