"""Where mail for each domain goes, and the messages that wait to learn it; on both engines."""

from __future__ import annotations

from sqlalchemy import text, update

from nurture.clock import DAY, HOUR, Moment
from nurture.delivery.outcome import MessageKey
from nurture.store import domains, suppressions
from nurture.store.domains import Domain
from nurture.store.engine import Store, open_store
from nurture.store.journeys import by_ids
from nurture.store.statements import table
from nurture.store.tables import OutboxRow
from support.addressed import lanes_of, plan_for
from support.letters import outcomes

NOW: Moment = 1_500_000_000_000_000
KEY = b"k" * 32
GOOGLE = "google/aspmx.l.google.com"


def a_domain(name: str = "shop.example", *, lane: str = "/mx.shop.example", at: Moment = NOW) -> Domain:
    hosts = ((10, "mx.shop.example"), (20, "mx2.shop.example"))
    return Domain(name=name, lane=lane, hosts=hosts, looked_up_at=at, expires_at=at + HOUR)


def set_state(store: Store, key: MessageKey, state: int) -> None:
    outbox = table(OutboxRow)
    with store.write() as tx:
        tx.execute(
            update(outbox).where(outbox.c.enrollment_id == key.enrollment_id).values(state=state, sender=7)
        )


def test_what_was_found_out_comes_back_as_it_was_and_the_latest_holds(store: Store) -> None:
    first, dead = (
        a_domain(),
        Domain(name="b.example", status="no such domain", looked_up_at=NOW, expires_at=NOW),
    )
    later = a_domain(lane="/other.example", at=NOW + 1)
    with store.write() as tx:
        domains.keep(tx, [first, dead])
        assert domains.known(tx, ["shop.example", "b.example", "c.example"]) == {
            "shop.example": first, "b.example": dead
        }  # fmt: skip
        domains.keep(tx, [later])
        assert domains.known(tx, ["shop.example"]) == {"shop.example": later}
        assert domains.looked_up_since(tx, NOW) == [dead, later]
        assert domains.looked_up_since(tx, NOW + 1) == [later]


def test_domains_that_messages_wait_for_come_by_name_each_once(store: Store) -> None:
    plan_for(store, ["a@b.example", "b@b.example", "c@a.example", "d@c.example"], NOW)
    plan_for(store, ["e@d.example"], NOW, lane_of=lambda _: GOOGLE)
    plan_for(store, ["f@e.example"], NOW, lane_of=lambda _: "")
    with store.read() as tx:
        assert domains.unplaced(tx, after="", most=9) == ["a.example", "b.example", "c.example"]
        assert domains.unplaced(tx, after="", most=2) == ["a.example", "b.example"]
        assert domains.unplaced(tx, after="b.example", most=9) == ["c.example"]


def test_what_a_sender_holds_waits_for_no_domain(store: Store) -> None:
    (key,) = plan_for(store, ["a@b.example"], NOW).values()
    set_state(store, key, 1)
    with store.write() as tx:
        assert domains.unplaced(tx, after="", most=9) == []
        assert not domains.place(tx, "b.example", GOOGLE)
    assert lanes_of(store) == {key: "?b.example"}


def test_messages_are_moved_into_the_lane_of_their_domain(store: Store) -> None:
    keys = plan_for(store, ["a@b.example", "b@b.example", "c@a.example"], NOW)
    set_state(store, keys["b@b.example"], 3)
    with store.write() as tx:
        assert domains.place(tx, "b.example", GOOGLE) is False
    assert lanes_of(store) == {
        keys["a@b.example"]: GOOGLE, keys["b@b.example"]: GOOGLE, keys["c@a.example"]: "?a.example"
    }  # fmt: skip


def test_no_more_are_moved_than_go_in_one_transaction(store: Store) -> None:
    plan_for(store, [f"{n}@b.example" for n in range(5)], NOW)
    more = []
    for _ in range(3):
        with store.write() as tx:
            more.append(domains.place(tx, "b.example", GOOGLE, most=2))
    assert more == [True, True, False]
    assert set(lanes_of(store).values()) == {GOOGLE}


def test_a_domain_that_moves_takes_its_own_messages_along_and_no_others(store: Store) -> None:
    old = plan_for(
        store,
        ["a@b.example", "a@bb.example", "a@b.example.org", "b@b.example"],
        NOW,
        lane_of=lambda _: GOOGLE,
    )
    set_state(store, old["b@b.example"], 2)
    with store.write() as tx:
        assert domains.move(tx, "b.example", GOOGLE, "/mx.b.example") == 1
    assert {key for key, lane in lanes_of(store).items() if lane != GOOGLE} == {old["a@b.example"]}


def test_mail_to_a_domain_that_takes_none_bounces_and_the_address_is_suppressed(store: Store) -> None:
    first = plan_for(store, ["a@b.example", "b@b.example"], NOW - 1)
    second = plan_for(store, ["a@b.example"], NOW)
    later = plan_for(store, ["a@b.example", "c@b.example"], NOW, due_at=NOW + DAY)
    other = plan_for(store, ["c@c.example"], NOW)
    with store.write() as tx:
        assert domains.due(tx, ["b.example", "x.example"], NOW) == {"b.example"}
        assert domains.bounce_due(tx, "b.example", "no such domain", NOW, address_key=KEY) is False
        assert domains.due(tx, ["b.example"], NOW) == set()
        kept = suppressions.suppressed(tx, KEY, ["a@b.example", "b@b.example", "c@b.example"])
        going_on = by_ids(tx, [first["a@b.example"].enrollment_id])
    assert kept == {"a@b.example": "bounced: no such domain", "b@b.example": "bounced: no such domain"}
    said = outcomes(store)
    assert said[first["a@b.example"]] == said[first["b@b.example"]] == ("bounced", "no such domain")
    assert said[second["a@b.example"]] == ("skipped", "suppressed")
    assert said[later["a@b.example"]] == ("skipped", "suppressed")
    assert said[later["c@b.example"]] == ("", "0"), "nothing ends before it is due"
    assert said[other["c@c.example"]] == ("", "0")
    assert [it.due_at for it in going_on.values()] == [NOW], "the sequence goes on"


def test_many_bounce_in_several_transactions(store: Store) -> None:
    keys = plan_for(store, [f"{n}@b.example" for n in range(3)], NOW)
    more = True
    while more:
        with store.write() as tx:
            more = domains.bounce_due(tx, "b.example", "no such domain", NOW, address_key=KEY, most=2)
    assert {outcomes(store)[key] for key in keys.values()} == {("bounced", "no such domain")}


def test_what_would_come_too_late_is_skipped_with_the_facts(store: Store) -> None:
    late = plan_for(store, ["a@b.example"], NOW - 8 * DAY, stale_at=NOW - DAY)
    timely = plan_for(store, ["b@b.example"], NOW, stale_at=NOW + DAY)
    with store.write() as tx:
        assert domains.stale(tx, ["b.example"], NOW) == {"b.example"}
        domains.skip_stale(tx, "b.example", "stale", NOW)
        assert domains.stale(tx, ["b.example"], NOW) == set()
        saw = tx.execute(text("SELECT saw FROM messages WHERE outcome = 'skipped'")).scalar()
    assert outcomes(store)[late["a@b.example"]] == ("skipped", "stale")
    assert outcomes(store)[timely["b@b.example"]] == ("", "0")
    assert saw is not None
    assert '"stale after":"7 days"' in saw.replace(": ", ":")


def test_the_search_for_domains_goes_from_one_to_the_next_by_the_index(sqlite_url: str) -> None:
    store = open_store(sqlite_url, now=NOW)
    with store.read() as tx:
        rows = tx.execute(text(f"EXPLAIN QUERY PLAN {domains._UNPLACED}"), {"after": "?", "most": 9})
        said = [str(it.detail) for it in rows]
    store.close()
    assert "SCAN outbox" not in said
    assert said.count("SEARCH outbox USING INDEX outbox_due (lane>? AND lane<?)") == 2
